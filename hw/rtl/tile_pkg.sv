// What travels with a tile of the array from its issue to where its results go: all that a phase fixes is in it, so that
// phases overlap in the pipeline without a table that both would share.
package tile_pkg;
  /// What a tile's sums become.
  typedef enum logic [1:0] {
    Linear = 2'd0,  // 3.2: channel constants, a scale a row
    Scores = 2'd1,  // 3.5: a key's mantissa, a query's scale
    Values = 2'd2,  // 3.5: probabilities times V
    Raw    = 2'd3   // the sums themselves: the router's digits
  } mode_e;

  /// Where results go.
  typedef enum logic [2:0] {
    ToResidual  = 3'd0,  // wide: added to the residual stream
    ToQueries   = 3'd1,  // rows of one head each, to A0
    ToKeys      = 3'd2,  // rows of one head each, to the keys
    ToValues    = 3'd3,  // to the values, a head of all tokens one row
    ToSoftmax   = 3'd4,
    ToRows      = 3'd5,  // rows to A0: hidden values, attention's output
    ToRouter    = 3'd6
  } destination_e;

  typedef struct packed {
    mode_e mode;
    destination_e destination;
    logic narrow;               // s16.f, else s32.16
    logic gelu;
    logic [3:0] fraction;       // f of the results
    logic signed [7:0] exponent_base;  // what a row's exponent is less by
    logic [4:0] pre_shift;      // of scores
    logic [15:0] row_addr;      // word of the rows' scales
    logic [15:0] channel_addr;  // word of the channels' constants; of the keys' scales; of V's sums
    logic [7:0] head;
    logic [15:0] group;         // of tokens, or of places in an expert's queue
    logic [15:0] column;        // tile within the row that it becomes part of
    logic [15:0] columns;       // tiles of that row
    logic [7:0] tokens;         // in the group
    logic [15:0] keep;          // scores: outputs that are keys
    logic [15:0] base;          // where the destination keeps the row
    logic [7:0] expert;         // whose queue the places belong to
    logic weighted;             // by the router's weight
    logic feeds_norm;           // the residual row is whole behind this phase: to LayerNorm with it
    logic last;                 // of the phase
  } tile_t;
endpackage

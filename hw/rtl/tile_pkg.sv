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

  /// Destinations besides those of a linear phase (edgemoe_pkg::To...).
  // verilator lint_off UNUSEDPARAM
  parameter int ToSoftmax = 5;
  parameter int ToRouter = 6;
  // verilator lint_on UNUSEDPARAM

  typedef struct packed {
    mode_e mode;
    logic [2:0] destination;
    logic [3:0] makes;          // the region whose groups are counted
    logic narrow;               // s16.f, else s32.16
    logic gelu;
    logic unit_rows;            // the rows' scale is 1
    logic [3:0] fraction;       // f of the results
    logic signed [7:0] exponent_base;  // what a row's exponent is less by
    logic [4:0] pre_shift;      // of scores
    logic [15:0] row_addr;      // word of the rows' scales
    logic [15:0] channel_addr;  // word of the channels' constants, of the keys' mantissas or of V's sums
    logic [7:0] head;           // of keys, values, scores
    logic [1:0] digit;          // router: of its input
    logic [15:0] group;         // of tokens, or of places in an expert's queue
    logic [15:0] queue_group;   // the same counted over all experts' queues
    logic [15:0] column;        // tile within the row that the token gets
    logic last_column;          // of that row
    logic last_row;             // of the group
    logic [7:0] tokens;         // in the group
    logic [15:0] keep;          // outputs that are keys, experts
    logic [15:0] base;          // first word of that row where the destination keeps it
    logic [15:0] scales;        // and of its scale
    logic [15:0] first_token;
    logic norm;                 // residual rows go to LayerNorm when they are whole
    logic last;                 // of the phase
    logic [15:0] release_rows;  // weight rows and
    logic [15:0] release_words; // channel words that are free when the last tile has left the array
  } tile_t;
endpackage

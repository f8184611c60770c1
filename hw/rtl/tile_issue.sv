// The steps of tiles: takes a tile, puts out where bank 0 of the operand memories reads, a step a cycle. A tile takes
// max(steps, Tokens) cycles and ends with its last step, so that the sums of one have left, a token a cycle, before those of the
// next are done, however different their steps.
module tile_issue #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  input  logic valid_i,
  /// Taken with valid_i; tiles follow each other without a gap.
  output logic ready_o,
  /// At least 1.
  input  logic [15:0] steps_i,
  /// First words of the tile's rows and columns.
  input  logic [15:0] row_base_i,
  input  logic [15:0] column_base_i,
  /// The other row memory, the other column memory: any meaning, passed on with the steps.
  input  logic row_select_i,
  input  logic column_select_i,
  /// A step: its addresses, whether it is the tile's first, last.
  output logic valid_o,
  output logic first_o,
  output logic last_o,
  output logic [15:0] row_addr_o,
  output logic [15:0] column_addr_o,
  output logic row_select_o,
  output logic column_select_o
);
  logic running_q, take, tile_ends;
  logic [15:0] cycle_q, steps_q, interval, idle;

  assign interval = steps_q < 16'(Tokens) ? 16'(Tokens) : steps_q;
  assign idle = interval - steps_q;
  assign tile_ends = cycle_q + 1'b1 == interval;
  assign ready_o = !running_q || tile_ends;
  assign take = valid_i && ready_o;
  assign valid_o = running_q && cycle_q >= idle;
  assign first_o = cycle_q == idle;
  assign last_o = tile_ends;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) running_q <= 1'b0;
    else if (ready_o) running_q <= valid_i;
    cycle_q <= ready_o ? '0 : cycle_q + 1'b1;
    if (take) begin
      steps_q <= steps_i;
      row_addr_o <= row_base_i;
      column_addr_o <= column_base_i;
      row_select_o <= row_select_i;
      column_select_o <= column_select_i;
    end else if (valid_o) begin
      row_addr_o <= row_addr_o + 1'b1;
      column_addr_o <= column_addr_o + 1'b1;
    end
  end
endmodule

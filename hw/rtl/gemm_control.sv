// The loops of one linear layer: column tiles, in each all row tiles, in each all steps of inputs. A tile takes
// max(steps, Tokens) cycles: the sums of one leave, a token a cycle, while the next is computed.
module gemm_control #(
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  parameter int ActivationWords = edgemoe_pkg::ActivationWords,
  parameter int WeightWords = edgemoe_pkg::WeightWords,
  parameter int RowWords = edgemoe_pkg::MaxTokens / edgemoe_pkg::ArrayTokens,
  parameter int ChannelWords = edgemoe_pkg::ChannelWords
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// Starts a layer. All sizes are at least 1 and stay as they are until the last tile is issued.
  input  logic start_i,
  input  logic [$clog2(RowWords):0] row_tiles_i,
  input  logic [$clog2(ChannelWords):0] column_tiles_i,
  input  logic [$clog2(WeightWords):0] steps_i,
  /// Of the first tiles: activation word, weight word.
  input  logic [$clog2(ActivationWords)-1:0] activation_base_i,
  input  logic [$clog2(WeightWords)-1:0] weight_base_i,
  /// A step of a tile: what bank 0 reads in this cycle.
  output logic valid_o,
  output logic first_o,
  output logic last_o,
  output logic [$clog2(ActivationWords)-1:0] activation_addr_o,
  output logic [$clog2(WeightWords)-1:0] weight_addr_o,
  /// From start_i until the last tile has been issued.
  output logic busy_o
);
  localparam int StepWidth = $clog2(WeightWords) + 1;
  localparam int ActivationWidth = $clog2(ActivationWords);
  localparam int WeightWidth = $clog2(WeightWords);

  logic [StepWidth-1:0] step_q, interval;
  logic [$clog2(RowWords):0] row_q;
  logic [$clog2(ChannelWords):0] column_q;
  logic [ActivationWidth-1:0] activation_tile_q;
  logic [WeightWidth-1:0] weight_tile_q;
  logic tile_ends, last_row, last_column;

  assign interval = steps_i < StepWidth'(Tokens) ? StepWidth'(Tokens) : steps_i;
  assign tile_ends = step_q + 1'b1 == interval;
  assign last_row = row_q + 1'b1 == row_tiles_i;
  assign last_column = column_q + 1'b1 == column_tiles_i;

  assign valid_o = busy_o && step_q < steps_i;
  assign first_o = step_q == '0;
  assign last_o = step_q + 1'b1 == steps_i;
  assign activation_addr_o = activation_tile_q + ActivationWidth'(step_q);
  assign weight_addr_o = weight_tile_q + WeightWidth'(step_q);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_o <= 1'b0;
    end else if (!busy_o) begin
      busy_o <= start_i;
      step_q <= '0;
      row_q <= '0;
      column_q <= '0;
      activation_tile_q <= activation_base_i;
      weight_tile_q <= weight_base_i;
    end else if (!tile_ends) begin
      step_q <= step_q + 1'b1;
    end else begin
      step_q <= '0;
      row_q <= last_row ? '0 : row_q + 1'b1;
      activation_tile_q <= last_row ? activation_base_i : activation_tile_q + ActivationWidth'(steps_i);
      if (last_row) begin
        column_q <= column_q + 1'b1;
        weight_tile_q <= weight_tile_q + WeightWidth'(steps_i);
        busy_o <= !last_column;
      end
    end
  end
endmodule

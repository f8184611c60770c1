// Attention's scores from the array to probabilities that it multiplies with V: row_buffer, softmax, and probabilities less 128,
// for the array takes signed bytes. A unit is a group of queries and a head.
module score_path #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// Tokens of a picture at most, a power of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Units between their issue and softmax, a power of two.
  parameter int Slots = 4,
  /// Depth of the memory of probabilities, in steps of a group; a power of two.
  parameter int Words = edgemoe_pkg::ProbabilityWords,
  /// Units whose scales are kept, a power of two.
  parameter int Units = 4
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// Takes a unit's slot, before its tiles are issued; only with free_o.
  input  logic reserve_i,
  output logic free_o,
  // Scores, tile by tile, in each token by token; never refused.
  input  logic write_i,
  input  logic [$clog2(Tokens)-1:0] write_token_i,
  input  logic [$clog2(MaxTokens/Outputs)-1:0] write_tile_i,
  input  logic [Outputs*16-1:0] write_data_i,
  input  logic write_last_i,
  // With write_last_i: queries, tiles of keys, keys in the last of them; the unit's first word of probabilities, a multiple of
  // Ways, and the place of its scales.
  input  logic [$clog2(Tokens+1)-1:0] write_rows_i,
  input  logic [$clog2(MaxTokens/Outputs+1)-1:0] write_tiles_i,
  input  logic [$clog2(Outputs+1)-1:0] write_last_keys_i,
  input  logic [$clog2(Words)-1:0] write_addr_i,
  input  logic [$clog2(Units)-1:0] write_unit_i,
  // A beat of probabilities less 128 for activation_memory, never refused.
  output logic valid_o,
  output logic [$clog2(Words)-1:0] addr_o,
  output logic [$clog2(Tokens)-1:0] token_o,
  output logic [Outputs*8-1:0] data_o,
  // A query's scale for group_memory: pre-shift (5, from below), reciprocal (15).
  output logic scale_valid_o,
  output logic [$clog2(Units)-1:0] scale_unit_o,
  output logic [$clog2(Tokens)-1:0] scale_token_o,
  output logic [19:0] scale_o,
  /// With the last scale of a unit: all of it is written.
  output logic unit_done_o
);
  localparam int Ways = Outputs / (edgemoe_pkg::ChainLength * Chains);
  localparam int MaxTiles = MaxTokens / Outputs;
  localparam int TokenWidth = $clog2(Tokens);
  localparam int TileWidth = $clog2(MaxTiles);
  localparam int KeysWidth = $clog2(Outputs + 1);
  localparam int AddressWidth = $clog2(Words);
  localparam int UnitWidth = $clog2(Units);
  /// Rows between softmax's input and a row's scale.
  localparam int Rows = 64;

  logic row_valid, row_ready, row_last, row_group_last, softmax_ready, beats_ready, scales_ready;
  logic [TokenWidth-1:0] row_token;
  logic [TileWidth-1:0] row_tile;
  logic [KeysWidth-1:0] last_keys;
  logic [AddressWidth-1:0] row_addr;
  logic [UnitWidth-1:0] row_unit;
  logic [Outputs*16-1:0] scores;
  logic [Outputs-1:0] keep;
  row_buffer #(
    .Tokens(Tokens), .Width(Outputs*16), .MaxBeats(MaxTiles), .TagWidth(KeysWidth+AddressWidth+UnitWidth), .Slots(Slots)
  ) u_rows (
    .clk_i, .rst_ni, .reserve_i, .free_o, .write_i, .write_token_i, .write_beat_i(write_tile_i), .write_data_i,
    .write_last_i, .write_rows_i, .write_beats_i(write_tiles_i),
    .write_tag_i({write_last_keys_i, write_addr_i, write_unit_i}), .valid_o(row_valid), .ready_i(row_ready),
    .token_o(row_token), .beat_o(row_tile), .last_o(row_last), .group_last_o(row_group_last),
    .tag_o({last_keys, row_addr, row_unit}), .data_o(scores)
  );
  for (genvar o = 0; o < Outputs; o++) begin : gen_keep
    assign keep[o] = !row_last || KeysWidth'(o) < last_keys;
  end

  // Rows are told apart by two queues: their probabilities leave before their scales.
  logic take_row, last, beats_valid, scales_valid;
  logic [Outputs*8-1:0] probabilities;
  logic [$clog2(Rows):0] beats_count, scales_count;
  assign row_ready = softmax_ready && beats_ready && scales_ready;
  assign take_row = row_valid && row_ready && row_last;
  softmax #(.Lanes(Outputs), .MaxTokens(MaxTokens)) u_softmax (
    .clk_i, .rst_ni, .valid_i(row_valid && beats_ready && scales_ready), .ready_o(softmax_ready), .last_i(row_last),
    .scores_i(scores), .keep_i(keep), .valid_o, .last_o(last), .probabilities_o(probabilities), .scale_valid_o,
    .pre_shift_o(scale_o[4:0]), .reciprocal_o(scale_o[19:5])
  );
  logic [AddressWidth-1:0] first_addr;
  fifo #(.Width(TokenWidth+AddressWidth), .Depth(Rows)) u_beats (
    .clk_i, .rst_ni, .valid_i(take_row), .ready_o(beats_ready), .data_i({row_token, row_addr}),
    .valid_o(beats_valid), .ready_i(valid_o && last), .data_o({token_o, first_addr}), .count_o(beats_count)
  );
  logic unit_last;
  fifo #(.Width(TokenWidth+UnitWidth+1), .Depth(Rows)) u_scales (
    .clk_i, .rst_ni, .valid_i(take_row), .ready_o(scales_ready), .data_i({row_token, row_unit, row_group_last}),
    .valid_o(scales_valid), .ready_i(scale_valid_o), .data_o({scale_token_o, scale_unit_o, unit_last}),
    .count_o(scales_count)
  );
  assign unit_done_o = scale_valid_o && unit_last;

  logic [AddressWidth-1:0] offset_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) offset_q <= '0;
    else if (valid_o) offset_q <= last ? '0 : offset_q + AddressWidth'(Ways);
  end
  assign addr_o = first_addr + offset_q;
  for (genvar o = 0; o < Outputs; o++) begin : gen_signed
    assign data_o[o*8 +: 8] = {~probabilities[o*8+7], probabilities[o*8 +: 7]};
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && valid_o && !beats_valid) $error("score_path: probabilities of no row");
    if (rst_ni && scale_valid_o && !scales_valid) $error("score_path: a scale of no row");
  end
`endif
  logic unused_signals;
  assign unused_signals = ^{row_tile, beats_valid, scales_valid, beats_count, scales_count};
endmodule

// From scores to probabilities: turns a unit's score tiles (a group of queries, a head) into rows of all keys, and puts their
// softmax into probability memory as p - 128, a unit in one of four places, with the rows' scales beside it.
//
//   scores -> row buffer -> softmax -> probability memory, scales
module score_softmax #(
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  localparam int TokenWidth = $clog2(Tokens)
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// A place for a unit's scores, before its first tile is issued.
  input  logic reserve_i,
  output logic free_o,
  /// Results of score tiles; others are ignored. Never refused.
  input  logic valid_i,
  input  tile_pkg::tile_t tile_i,
  input  logic [TokenWidth-1:0] token_i,
  input  logic [Outputs*16-1:0] values_i,
  /// A beat of p - 128 to probability memory.
  output logic valid_o,
  output logic [15:0] addr_o,
  output logic [TokenWidth-1:0] token_o,
  output logic [Outputs*8-1:0] values_o,
  /// A row's scale: reciprocal above pre-shift, its unit's place.
  output logic scale_valid_o,
  output logic [1:0] scale_place_o,
  output logic [TokenWidth-1:0] scale_token_o,
  output logic [19:0] scale_o,
  /// A unit's probabilities and scales are written.
  output logic done_o
);
  localparam int MaxBeats = MaxTokens / Outputs;
  localparam int BeatWidth = $clog2(MaxBeats);
  localparam int KeepWidth = $clog2(Outputs + 1);

  logic take, unit_ends;
  assign take = valid_i && 32'(tile_i.destination) == tile_pkg::ToSoftmax;
  assign unit_ends = tile_i.last_column && 8'(token_i) + 8'd1 == tile_i.tokens;

  localparam int UnitBits = 2 + 16 + KeepWidth;
  logic row_valid, row_ready, row_last, row_group_last;
  logic [TokenWidth-1:0] row_token;
  logic [BeatWidth-1:0] row_beat;
  logic [UnitBits-1:0] unit;
  logic [1:0] place;
  logic [15:0] base;
  logic [KeepWidth-1:0] last_keep;
  logic [Outputs*16-1:0] row_values;
  logic [Outputs-1:0] keep;
  row_buffer #(.Tokens(Tokens), .Width(Outputs*16), .MaxBeats(MaxBeats), .TagWidth(UnitBits)) u_rows (
    .clk_i, .rst_ni, .reserve_i, .free_o, .write_i(take), .write_token_i(token_i), .write_beat_i(BeatWidth'(tile_i.column)),
    .write_data_i(values_i), .write_last_i(unit_ends), .write_rows_i($clog2(Tokens+1)'(tile_i.tokens)),
    .write_beats_i($clog2(MaxBeats+1)'(tile_i.column + 16'd1)),
    .write_tag_i({tile_i.scales[1:0], tile_i.base, KeepWidth'(tile_i.keep)}),
    .valid_o(row_valid), .ready_i(row_ready), .token_o(row_token), .beat_o(row_beat), .last_o(row_last),
    .group_last_o(row_group_last), .tag_o(unit), .data_o(row_values)
  );
  assign {place, base, last_keep} = unit;
  for (genvar o = 0; o < Outputs; o++) begin : gen_keep
    assign keep[o] = !row_last || KeepWidth'(o) < last_keep;
  end

  // Where rows go: one queue for their beats, one for their scales, which come later.
  localparam int RowBits = 2 + 16 + TokenWidth + 1;
  localparam int RowDepth = 16 * Tokens;
  logic softmax_ready, rows_ready, scales_ready, row_taken, out_valid, out_last, out_row_valid, out_scale_valid;
  logic [Outputs*8-1:0] probabilities;
  logic [RowBits-1:0] out_row;
  logic [2+TokenWidth:0] out_scale;
  logic [1:0] out_place;
  logic [15:0] out_base, beat_q;
  logic out_group_last, scale_group_last;
  logic [$clog2(RowDepth):0] rows_count, scales_count;
  logic [4:0] pre_shift;
  logic [14:0] reciprocal;
  assign row_ready = softmax_ready && rows_ready && scales_ready;
  assign row_taken = row_valid && row_ready;
  fifo #(.Width(RowBits), .Depth(RowDepth)) u_row_places (
    .clk_i, .rst_ni, .valid_i(row_taken && row_last), .ready_o(rows_ready), .data_i({place, base, row_token, row_group_last}),
    .valid_o(out_row_valid), .ready_i(out_valid && out_last), .data_o(out_row), .count_o(rows_count)
  );
  fifo #(.Width(3 + TokenWidth), .Depth(RowDepth)) u_scale_places (
    .clk_i, .rst_ni, .valid_i(row_taken && row_last), .ready_o(scales_ready), .data_i({place, row_token, row_group_last}),
    .valid_o(out_scale_valid), .ready_i(scale_valid_o), .data_o(out_scale), .count_o(scales_count)
  );
  softmax #(.Lanes(Outputs), .MaxTokens(MaxTokens)) u_softmax (
    .clk_i, .rst_ni, .valid_i(row_valid && rows_ready && scales_ready), .ready_o(softmax_ready), .last_i(row_last),
    .scores_i(row_values), .keep_i(keep), .valid_o(out_valid), .last_o(out_last), .probabilities_o(probabilities),
    .scale_valid_o, .pre_shift_o(pre_shift), .reciprocal_o(reciprocal)
  );
  assign {out_place, out_base, token_o, out_group_last} = out_row;
  assign {scale_place_o, scale_token_o, scale_group_last} = out_scale;
  assign scale_o = {reciprocal, pre_shift};
  always_ff @(posedge clk_i) begin
    if (!rst_ni) beat_q <= '0;
    else if (out_valid) beat_q <= out_last ? '0 : beat_q + 1'b1;
  end
  assign valid_o = out_valid;
  assign addr_o = out_base + 16'(beat_q * 16'(edgemoe_pkg::BeatSteps));
  for (genvar o = 0; o < Outputs; o++) begin : gen_signed
    assign values_o[o*8 +: 8] = {~probabilities[o*8+7], probabilities[o*8 +: 7]};
  end
  // A row's scale comes after its probabilities.
  assign done_o = scale_valid_o && scale_group_last;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && out_valid && !out_row_valid) $error("score_softmax: a row without a place");
    if (rst_ni && scale_valid_o && !out_scale_valid) $error("score_softmax: a scale without a row");
  end
`endif
  logic unused_bits;
  assign unused_bits = ^{row_beat, rows_count, scales_count, out_place, out_group_last, tile_i};
endmodule

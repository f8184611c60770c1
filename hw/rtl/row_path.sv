// From results of 16 bits in the array's order to quantised rows: row_buffer, row_quantizer and what belongs to each row.
//
//   beats (tile, token) -> rows -> int8 and a scale, with the tag of the group
//
// A row leaves log2(Outputs) + 24 cycles after its last beat left the buffer, or when the rows before it are through.
module row_path #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Elements of a beat.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Beats of the widest row, a power of two.
  parameter int MaxBeats = edgemoe_pkg::MaxWidth / edgemoe_pkg::ArrayOutputs,
  /// What a group's rows are and where they go, of any meaning.
  parameter int TagWidth = 8,
  /// Groups, a power of two.
  parameter int Slots = 4,
  /// Beats of paced rows that may be under way, at least MaxBeats.
  parameter int PacedDepth = 64
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// Takes a group's slot, before its tiles are issued; only with free_o.
  input  logic reserve_i,
  output logic free_o,
  // Beats, never refused; see row_buffer.
  input  logic write_i,
  input  logic [$clog2(Tokens)-1:0] write_token_i,
  input  logic [$clog2(MaxBeats)-1:0] write_beat_i,
  input  logic [Outputs*16-1:0] write_data_i,
  input  logic write_last_i,
  // With write_last_i: rows, beats a row, the fraction bits of the values, whether whoever takes the rows needs more than a
  // cycle a beat, the tag.
  input  logic [$clog2(Tokens+1)-1:0] write_rows_i,
  input  logic [$clog2(MaxBeats+1)-1:0] write_beats_i,
  input  logic [3:0] write_fraction_i,
  input  logic write_paced_i,
  input  logic [TagWidth-1:0] write_tag_i,
  /// A beat of a paced row has been taken care of.
  input  logic paced_done_i,
  // Quantised beats, never refused.
  output logic valid_o,
  output logic [$clog2(Tokens)-1:0] token_o,
  output logic [$clog2(MaxBeats)-1:0] beat_o,
  /// The row's last beat; the group's last.
  output logic last_o,
  output logic group_last_o,
  output logic paced_o,
  output logic [TagWidth-1:0] tag_o,
  output logic [Outputs*8-1:0] data_o,
  /// The row's scale, with each of its beats: mantissa, exponent, 0 to 29.
  output logic [14:0] mantissa_o,
  output logic [7:0] exponent_o
);
  localparam int TokenWidth = $clog2(Tokens);
  localparam int BeatWidth = $clog2(MaxBeats);
  localparam int PacedWidth = $clog2(PacedDepth + 1);
  localparam int InfoWidth = TokenWidth + 1 + 4 + 1 + TagWidth;
  /// Rows in the quantiser and its last registers.
  localparam int Rows = 128;

  if (PacedDepth < MaxBeats) begin : gen_shallow
    $error("row_path: PacedDepth must hold the widest row");
  end

  logic row_valid, row_ready, row_last, row_group_last, row_paced, quantizer_ready, take, paced_full, info_ready, info_valid;
  logic [TokenWidth-1:0] row_token;
  logic [BeatWidth-1:0] row_beat;
  logic [3:0] row_fraction, fraction;
  logic [TagWidth-1:0] row_tag;
  logic [Outputs*16-1:0] row_data;
  row_buffer #(.Tokens(Tokens), .Width(Outputs*16), .MaxBeats(MaxBeats), .TagWidth(5 + TagWidth), .Slots(Slots)) u_rows (
    .clk_i, .rst_ni, .reserve_i, .free_o, .write_i, .write_token_i, .write_beat_i, .write_data_i, .write_last_i,
    .write_rows_i, .write_beats_i, .write_tag_i({write_fraction_i, write_paced_i, write_tag_i}),
    .valid_o(row_valid), .ready_i(row_ready), .token_o(row_token), .beat_o(row_beat), .last_o(row_last),
    .group_last_o(row_group_last), .tag_o({row_fraction, row_paced, row_tag}), .data_o(row_data)
  );

  logic [PacedWidth-1:0] paced_q;
  assign paced_full = row_paced && paced_q == PacedWidth'(PacedDepth);
  assign row_ready = quantizer_ready && !paced_full;
  assign take = row_valid && row_ready;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) paced_q <= '0;
    else paced_q <= paced_q + PacedWidth'(take && row_paced) - PacedWidth'(paced_done_i);
  end

  // Integers: the fraction is added behind, so that it may differ from row to row.
  logic [4:0] exponent;
  row_quantizer #(.Lanes(Outputs), .MaxWidth(MaxBeats*Outputs)) u_quantizer (
    .clk_i, .rst_ni, .valid_i(row_valid && !paced_full), .ready_o(quantizer_ready), .last_i(row_last), .values_i(row_data),
    .fraction_i(4'd0), .valid_o, .last_o, .values_o(data_o), .mantissa_o, .exponent_o(exponent)
  );

  logic info_group_last;
  logic [$clog2(Rows):0] info_count;
  fifo #(.Width(InfoWidth), .Depth(Rows)) u_infos (
    .clk_i, .rst_ni, .valid_i(take && row_last), .ready_o(info_ready),
    .data_i({row_token, row_group_last, row_fraction, row_paced, row_tag}),
    .valid_o(info_valid), .ready_i(valid_o && last_o), .data_o({token_o, info_group_last, fraction, paced_o, tag_o}),
    .count_o(info_count)
  );
  logic [BeatWidth-1:0] beat_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) beat_q <= '0;
    else if (valid_o) beat_q <= last_o ? '0 : beat_q + 1'b1;
  end
  assign beat_o = beat_q;
  assign group_last_o = last_o && info_group_last;
  assign exponent_o = mantissa_o == '0 ? '0 : {3'b0, exponent} + {4'b0, fraction};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && take && row_last && !info_ready) $error("row_path: more rows under way than it can tell apart");
    if (rst_ni && valid_o && !info_valid) $error("row_path: a row of which nothing is known");
    if (rst_ni && paced_done_i && paced_q == '0) $error("row_path: more beats taken care of than were sent");
  end
`endif
  logic unused_row;
  assign unused_row = ^{row_beat, info_ready, info_valid, info_count};
endmodule

// From the array's narrow results to int8 rows where the next phase reads them: activation memory or keys. A token's heads
// are rows of their own.
//
//   results -> row_path -> keys
//                   \-> queue -> activation memory, when nobody else writes
module row_writer #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Beats of the widest row, a power of two.
  parameter int MaxBeats = edgemoe_pkg::MaxWidth / edgemoe_pkg::ArrayOutputs,
  /// Beats that may be on their way, the queue included, or the one of keys behind it: a power of two, at least a row's.
  parameter int PacedDepth = MaxBeats < 64 ? 64 : MaxBeats,
  localparam int TokenWidth = $clog2(Tokens),
  localparam int BeatWidth = $clog2(MaxBeats)
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// A place for a group's rows of one head, before their first tile is issued.
  input  logic reserve_i,
  output logic free_o,
  /// Results for ToRows and ToKeys; others are ignored. Never refused.
  input  logic valid_i,
  input  tile_pkg::tile_t tile_i,
  input  logic [TokenWidth-1:0] token_i,
  input  logic [Outputs*16-1:0] values_i,
  /// A beat of int8 to activation memory; stays until ready_i.
  output logic valid_o,
  input  logic ready_i,
  output logic [15:0] addr_o,
  output logic [TokenWidth-1:0] token_o,
  output logic [Outputs*8-1:0] values_o,
  /// With it the row's scale, mantissa below exponent, and the word that it belongs to.
  output logic [15:0] scale_addr_o,
  output logic [22:0] scale_o,
  /// It is the group's last, of this region.
  output logic group_last_o,
  output logic [3:0] region_o,
  /// A beat of a key, never refused: key, head, beat in the head; with a key's last one its scale; the last of all. key_done_i: a
  /// beat is written.
  output logic key_valid_o,
  output logic key_last_o,
  output logic keys_last_o,
  output logic [15:0] key_o,
  output logic [7:0] key_head_o,
  output logic [BeatWidth-1:0] key_beat_o,
  output logic [Outputs*8-1:0] key_values_o,
  output logic [14:0] key_mantissa_o,
  output logic [7:0] key_exponent_o,
  input  logic key_done_i,
  /// No key is on its way.
  output logic keys_idle_o
);
  logic take, row_ends, to_keys;
  assign to_keys = 32'(tile_i.destination) == edgemoe_pkg::ToKeys;
  assign take = valid_i && (32'(tile_i.destination) == edgemoe_pkg::ToRows || to_keys);
  assign row_ends = tile_i.last_column && 8'(token_i) + 8'd1 == tile_i.tokens;

  // Of the rows: whether they are keys, and the phase's last, the region and whether they end a group of it, head, first word and scale's word, first
  // token.
  localparam int TagWidth = 1 + 1 + 4 + 1 + 8 + 16 + 16 + 16;
  logic out_valid, out_last, out_rows_last, out_paced, out_key, out_phase_last, out_group_last, done;
  logic [TagWidth-1:0] tag;
  logic [TokenWidth-1:0] out_token;
  logic [BeatWidth-1:0] out_beat;
  logic [Outputs*8-1:0] out_values;
  logic [14:0] out_mantissa;
  logic [7:0] out_exponent, out_head;
  logic [3:0] out_region;
  logic [15:0] out_base, out_scale_addr, out_first;
  row_path #(
    .Tokens(Tokens), .Outputs(Outputs), .MaxBeats(MaxBeats), .TagWidth(TagWidth), .PacedDepth(PacedDepth)
  ) u_path (
    .clk_i, .rst_ni, .reserve_i, .free_o, .write_i(take), .write_token_i(token_i), .write_beat_i(BeatWidth'(tile_i.column)),
    .write_data_i(values_i), .write_last_i(row_ends), .write_rows_i($clog2(Tokens+1)'(tile_i.tokens)),
    .write_beats_i($clog2(MaxBeats+1)'(tile_i.column + 16'd1)), .write_fraction_i(tile_i.fraction), .write_paced_i(1'b1),
    .write_tag_i({to_keys, tile_i.last, tile_i.makes, tile_i.last_row, tile_i.head, tile_i.base, tile_i.scales,
                  16'(tile_i.group * 16'(Tokens))}),
    .paced_done_i(done), .valid_o(out_valid), .token_o(out_token), .beat_o(out_beat), .last_o(out_last),
    .group_last_o(out_rows_last), .paced_o(out_paced), .tag_o(tag), .data_o(out_values), .mantissa_o(out_mantissa),
    .exponent_o(out_exponent)
  );
  assign {out_key, out_phase_last, out_region, out_group_last, out_head, out_base, out_scale_addr, out_first} = tag;

  assign key_valid_o = out_valid && out_key;
  assign key_last_o = out_last;
  assign keys_last_o = out_rows_last && out_phase_last;
  assign key_o = out_first + 16'(out_token);
  assign key_head_o = out_head;
  assign key_beat_o = out_beat;
  assign key_values_o = out_values;
  assign key_mantissa_o = out_mantissa;
  assign key_exponent_o = out_exponent;

  logic queue_ready;
  logic [15:0] out_addr;
  logic [$clog2(PacedDepth):0] queue_count;
  assign out_addr = out_base + 16'(16'(out_beat) * 16'(edgemoe_pkg::BeatSteps));
  fifo #(.Width(16 + TokenWidth + Outputs*8 + 16 + 23 + 5), .Depth(PacedDepth)) u_queue (
    .clk_i, .rst_ni, .valid_i(out_valid && !out_key), .ready_o(queue_ready),
    .data_i({out_addr, out_token, out_values, out_scale_addr, out_exponent, out_mantissa, out_rows_last && out_group_last,
             out_region}),
    .valid_o, .ready_i, .data_o({addr_o, token_o, values_o, scale_addr_o, scale_o, group_last_o, region_o}),
    .count_o(queue_count)
  );
  // Keys and other rows are never on their way together but at the change from one phase to the next: one done a cycle is
  // enough where the other's waits.
  logic [$clog2(PacedDepth):0] keys_done_q;
  logic queue_taken;
  assign queue_taken = valid_o && ready_i;
  assign done = queue_taken || key_done_i || keys_done_q != '0;
  logic [15:0] keys_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      keys_done_q <= '0;
      keys_q <= '0;
    end else begin
      keys_done_q <= keys_done_q + ($clog2(PacedDepth)+1)'(key_done_i) - ($clog2(PacedDepth)+1)'(!queue_taken && done);
      keys_q <= keys_q + 16'(take && to_keys) - 16'(key_done_i);
    end
  end
  assign keys_idle_o = keys_q == '0;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && out_valid && !out_key && !queue_ready) $error("row_writer: the queue to activation memory is full");
  end
`endif
  logic unused_bits;
  assign unused_bits = ^{tile_i, out_paced, queue_count};
endmodule

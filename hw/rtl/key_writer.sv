// Where keys go: each beat of a key to its words of kv_memory, each key's scale to key_scales.
//
//   1: place of the head and the tile of keys | 2: word
module key_writer #(
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Beats of the widest row, a power of two.
  parameter int MaxBeats = edgemoe_pkg::MaxWidth / edgemoe_pkg::ArrayOutputs,
  /// Tokens of a picture at most, a power of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Heads of attention at most, a power of two.
  parameter int MaxHeads = edgemoe_pkg::MaxHeads,
  /// Depth of the memory of keys, and of that of values, in words of 8 banks; a power of two.
  parameter int Words = edgemoe_pkg::KeyValueWords,
  localparam int BeatWidth = $clog2(MaxBeats)
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// A phase that makes keys begins: its command.
  input  logic start_i,
  input  logic [511:0] phase_i,
  // Beats of keys (row_writer.sv).
  input  logic valid_i,
  input  logic last_i,
  input  logic keys_last_i,
  input  logic [15:0] key_i,
  input  logic [7:0] head_i,
  input  logic [BeatWidth-1:0] beat_i,
  input  logic [Outputs*8-1:0] values_i,
  input  logic [14:0] mantissa_i,
  input  logic [7:0] exponent_i,
  // To kv_memory.
  output logic valid_o,
  output logic [$clog2(Words)-1:0] addr_o,
  output logic [$clog2(Outputs)-1:0] output_o,
  output logic [Outputs*8-1:0] values_o,
  /// What attention needs of the keys is there, if all of them have come.
  output logic scales_done_o,
  /// A cycle after the address (key_scales.sv).
  input  logic [$clog2(MaxHeads*MaxTokens/Outputs)-1:0] scale_addr_i,
  output logic [Outputs*16-1:0] mantissas_o,
  input  logic [$clog2(MaxHeads)-1:0] scale_head_i,
  output logic [7:0] exponent_o
);
  localparam int AddressWidth = $clog2(Words);
  localparam int LaneWidth = $clog2(Outputs);
  localparam int KeyWidth = $clog2(MaxTokens);
  localparam int HeadWidth = $clog2(MaxHeads);

  logic [15:0] base_q, key_tiles_q, head_words_q;
  logic [14:0] lambda_q;
  logic [KeyWidth:0] tokens_q;
  logic [HeadWidth:0] heads_q;
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      base_q <= phase_i[edgemoe_pkg::ComputeKeyBaseLsb +: 16];
      key_tiles_q <= phase_i[edgemoe_pkg::ComputeKeyTilesLsb +: 16];
      head_words_q <= 16'(phase_i[edgemoe_pkg::ComputeRowTilesLsb +: 16] * 16'(edgemoe_pkg::BeatSteps));
      lambda_q <= phase_i[edgemoe_pkg::ComputeKeyMantissaLsb +: 15];
      tokens_q <= phase_i[edgemoe_pkg::ComputeRowsLsb +: KeyWidth+1];
      heads_q <= phase_i[edgemoe_pkg::ComputeHeadsLsb +: HeadWidth+1];
    end
  end

  logic valid1_q;
  logic [15:0] place1_q, beat1_q, addr;
  logic [LaneWidth-1:0] output1_q;
  logic [Outputs*8-1:0] values1_q;
  assign addr = base_q + 16'(place1_q * head_words_q) + beat1_q;
  always_ff @(posedge clk_i) begin
    valid1_q <= rst_ni && valid_i;
    place1_q <= 16'(16'(head_i) * key_tiles_q) + (key_i >> LaneWidth);
    beat1_q <= 16'(16'(beat_i) * 16'(edgemoe_pkg::BeatSteps));
    output1_q <= key_i[LaneWidth-1:0];
    values1_q <= values_i;
    valid_o <= rst_ni && valid1_q;
    addr_o <= addr[AddressWidth-1:0];
    output_o <= output1_q;
    values_o <= values1_q;
  end

  key_scales #(.Outputs(Outputs), .MaxTokens(MaxTokens), .MaxHeads(MaxHeads)) u_scales (
    .clk_i, .rst_ni, .lambda_i(lambda_q), .tokens_i(tokens_q), .heads_i(heads_q), .write_i(valid_i && last_i),
    .write_head_i(head_i[HeadWidth-1:0]), .write_key_i(key_i[KeyWidth-1:0]), .write_mantissa_i(mantissa_i),
    .write_exponent_i(exponent_i), .write_last_i(keys_last_i), .done_o(scales_done_o), .read_addr_i(scale_addr_i), .mantissas_o,
    .read_head_i(scale_head_i), .exponent_o
  );

  logic unused_bits;
  assign unused_bits = ^{phase_i, head_i, addr};
endmodule

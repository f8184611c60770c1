// From rows of the residual stream to what the next layers read: LayerNorm, quantised rows, and for a router the normed numbers
// themselves as digits.
//
//   residual rows -> layer_norm -+-> row_quantizer -> beats for activation_memory or gather_unit
//                                +-> digit_writer  -> beats for the memory of probabilities
//
// Rows come in the order of tokens, all of them, norm after norm; start_i stands before each norm.
module norm_path #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// Tokens of a picture at most, a power of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Elements of the widest row, a power of two.
  parameter int MaxWidth = edgemoe_pkg::MaxWidth,
  /// Depth of the memory of gains and biases, in words of Outputs elements; a power of two.
  parameter int NormWords = edgemoe_pkg::NormWords,
  /// Words of the digits' memory.
  parameter int Words = edgemoe_pkg::ProbabilityWords
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// A norm begins; what follows stays as it is until its last row has left (idle_o).
  input  logic start_i,
  /// Elements of a row; see layer_norm.
  input  logic [13:0] count_i,
  input  logic [20:0] eps_i,
  input  logic signed [7:0] out_shift_i,
  input  logic [3:0] fraction_i,
  input  logic [$clog2(NormWords)-1:0] param_base_i,
  /// Rows also leave as digits: first word and steps of a row.
  input  logic digits_i,
  input  logic [$clog2(Words)-1:0] digits_addr_i,
  input  logic [$clog2(Words)-1:0] digits_steps_i,
  // Gains and biases of all norms: a word, for each element bias above gain, s16.
  input  logic param_write_i,
  input  logic [$clog2(NormWords)-1:0] param_addr_i,
  input  logic [Outputs*32-1:0] param_data_i,
  // Rows of the residual stream.
  input  logic valid_i,
  output logic ready_o,
  input  logic last_i,
  input  logic [Outputs*32-1:0] data_i,
  /// Nothing is in the unit.
  output logic idle_o,
  // Quantised beats, never refused: the row's token, with each beat its scale.
  output logic valid_o,
  output logic [$clog2(MaxTokens)-1:0] token_o,
  output logic [$clog2(MaxWidth/Outputs)-1:0] beat_o,
  output logic last_o,
  output logic [Outputs*8-1:0] data_o,
  output logic [14:0] mantissa_o,
  output logic [7:0] exponent_o,
  // Beats of digits, never refused.
  output logic digit_valid_o,
  output logic [$clog2(Words)-1:0] digit_addr_o,
  output logic [$clog2(Tokens)-1:0] digit_token_o,
  output logic [Outputs*8-1:0] digit_data_o,
  /// With the last digit of a row.
  output logic digit_row_done_o
);
  localparam int BeatWidth = $clog2(MaxWidth / Outputs);
  localparam int TokenWidth = $clog2(MaxTokens);
  // LayerNorm puts nothing out before a row is whole: room for one that leaves and one that comes.
  localparam int MaxBeats = MaxWidth / Outputs;
  localparam int DigitDepth = 2 * MaxBeats > 256 ? 2 * MaxBeats : 256;
  localparam int DigitWidth = $clog2(DigitDepth + 1);
  localparam int BeatsWidth = 16;

  // Digits take three cycles a beat: rows wait in front of the norm, where they may.
  logic norm_ready, digits_full, take, beat_done;
  logic [DigitWidth-1:0] digit_beats_q;
  logic [BeatsWidth-1:0] beats_q;
  assign digits_full = digits_i && digit_beats_q == DigitWidth'(DigitDepth);
  assign ready_o = norm_ready && !digits_full;
  assign take = valid_i && ready_o;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) digit_beats_q <= '0;
    else digit_beats_q <= digit_beats_q + DigitWidth'(take && digits_i) - DigitWidth'(beat_done);
    if (!rst_ni) beats_q <= '0;
    else beats_q <= beats_q + BeatsWidth'(take) - BeatsWidth'(valid_o);
  end
  assign idle_o = !valid_i && beats_q == '0 && digit_beats_q == '0;

  logic [Outputs*16-1:0] gains, biases, normed;
  logic normed_valid, normed_last;
  for (genvar o = 0; o < Outputs; o++) begin : gen_param
    assign gains[o*16 +: 16] = param_data_i[o*32 +: 16];
    assign biases[o*16 +: 16] = param_data_i[o*32+16 +: 16];
  end
  layer_norm #(.Lanes(Outputs), .MaxWidth(MaxWidth), .ParamWords(NormWords)) u_norm (
    .clk_i, .rst_ni, .count_i, .eps_i, .out_shift_i, .param_base_i, .param_write_i, .param_addr_i, .gains_i(gains),
    .biases_i(biases), .valid_i(valid_i && !digits_full), .ready_o(norm_ready), .last_i, .values_i(data_i),
    .valid_o(normed_valid), .last_o(normed_last), .values_o(normed)
  );

  logic quantizer_ready;
  logic [4:0] exponent;
  row_quantizer #(.Lanes(Outputs), .MaxWidth(MaxWidth)) u_quantizer (
    .clk_i, .rst_ni, .valid_i(normed_valid), .ready_o(quantizer_ready), .last_i(normed_last), .values_i(normed), .fraction_i,
    .valid_o, .last_o, .values_o(data_o), .mantissa_o, .exponent_o(exponent)
  );
  logic [TokenWidth-1:0] token_q;
  logic [BeatWidth-1:0] beat_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || start_i) begin
      token_q <= '0;
      beat_q <= '0;
    end else if (valid_o) begin
      beat_q <= last_o ? '0 : beat_q + 1'b1;
      if (last_o) token_q <= token_q + 1'b1;
    end
  end
  assign token_o = token_q;
  assign beat_o = beat_q;
  assign exponent_o = {3'b0, exponent};

  digit_writer #(
    .Tokens(Tokens), .Outputs(Outputs), .Chains(Chains), .Words(Words), .Depth(DigitDepth)
  ) u_digits (
    .clk_i, .rst_ni, .start_i, .first_addr_i(digits_addr_i), .steps_i(digits_steps_i), .valid_i(normed_valid && digits_i),
    .last_i(normed_last), .values_i(normed), .write_o(digit_valid_o), .write_addr_o(digit_addr_o),
    .write_token_o(digit_token_o), .write_data_o(digit_data_o), .beat_done_o(beat_done), .row_done_o(digit_row_done_o)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && normed_valid && !quantizer_ready) $error("norm_path: the quantiser refused a beat");
    if (rst_ni && start_i && !(beats_q == '0 && digit_beats_q == '0)) $error("norm_path: a norm begins in the midst of another");
  end
`endif
  logic unused_ready;
  assign unused_ready = quantizer_ready;
endmodule

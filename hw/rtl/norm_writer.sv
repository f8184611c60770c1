// The norms of a phase: asks for a group's residual rows when they are whole, or for all at once, has them normed, and writes
// them where the next phase reads them: activation memory, or the gathering unit's store and digits for the router.
module norm_writer #(
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
  /// Depth of the memory of probabilities, where a router's digits go, in steps of a group; a power of two.
  parameter int DigitWords = edgemoe_pkg::ProbabilityWords,
  localparam int LaneWidth = $clog2(Tokens),
  localparam int TokenWidth = $clog2(MaxTokens),
  localparam int BeatWidth = $clog2(MaxWidth / Outputs)
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// A phase with norms begins: its command.
  input  logic start_i,
  input  logic [511:0] phase_i,
  // Gains and biases of all norms.
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
  // A beat, never refused; to activation memory, with its row's scale.
  output logic valid_o,
  output logic [15:0] addr_o,
  output logic [LaneWidth-1:0] lane_o,
  output logic [Outputs*8-1:0] values_o,
  output logic [15:0] scale_addr_o,
  output logic [22:0] scale_o,
  // The same beat for the gathering unit.
  output logic store_valid_o,
  output logic [TokenWidth-1:0] store_token_o,
  output logic [BeatWidth-1:0] store_beat_o,
  output logic store_last_o,
  // A beat of digits.
  output logic digit_valid_o,
  output logic [$clog2(DigitWords)-1:0] digit_addr_o,
  output logic [LaneWidth-1:0] digit_lane_o,
  output logic [Outputs*8-1:0] digit_values_o,
  /// A group is written.
  output logic group_done_o
);
  localparam int DigitWidth = $clog2(DigitWords);
  localparam int ParamWidth = $clog2(NormWords);

  logic digits_q;
  logic [13:0] count_q;
  logic [20:0] eps_q;
  logic signed [7:0] shift_q;
  logic [3:0] fraction_q;
  logic [15:0] pitch_q, rows_q;
  logic [ParamWidth-1:0] param_base_q;
  logic [DigitWidth-1:0] digits_addr_q, digits_steps_q;
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      digits_q <= phase_i[edgemoe_pkg::ComputeDigitsLsb];
      count_q <= 14'(phase_i[edgemoe_pkg::ComputeRowTilesLsb +: 16] * 16'(Outputs));
      eps_q <= phase_i[edgemoe_pkg::ComputeNormEpsLsb +: 21];
      shift_q <= phase_i[edgemoe_pkg::ComputeNormShiftLsb +: 8];
      fraction_q <= phase_i[edgemoe_pkg::ComputeNormFractionLsb +: 4];
      param_base_q <= phase_i[edgemoe_pkg::ComputeNormBaseLsb +: ParamWidth];
      pitch_q <= phase_i[edgemoe_pkg::ComputeOutputPitchLsb +: 16];
      rows_q <= phase_i[edgemoe_pkg::ComputeRowsLsb +: 16];
      digits_addr_q <= phase_i[edgemoe_pkg::ComputeDigitsBaseLsb +: DigitWidth];
      digits_steps_q <= DigitWidth'(phase_i[edgemoe_pkg::ComputeRowTilesLsb +: 16] * 16'(edgemoe_pkg::BeatSteps));
    end
  end
  logic start_q;
  always_ff @(posedge clk_i) start_q <= rst_ni && start_i;

  logic beat_valid, beat_last, digit_row_done;
  logic [TokenWidth-1:0] token;
  logic [BeatWidth-1:0] beat;
  logic [14:0] mantissa;
  logic [7:0] exponent;
  norm_path #(
    .Tokens(Tokens), .Outputs(Outputs), .Chains(Chains), .MaxTokens(MaxTokens), .MaxWidth(MaxWidth), .NormWords(NormWords),
    .Words(DigitWords)
  ) u_path (
    .clk_i, .rst_ni, .start_i(start_q), .count_i(count_q), .eps_i(eps_q), .out_shift_i(shift_q), .fraction_i(fraction_q),
    .param_base_i(param_base_q), .digits_i(digits_q), .digits_addr_i(digits_addr_q), .digits_steps_i(digits_steps_q),
    .param_write_i, .param_addr_i, .param_data_i, .valid_i, .ready_o, .last_i, .data_i, .idle_o, .valid_o(beat_valid),
    .token_o(token), .beat_o(beat), .last_o(beat_last), .data_o(values_o), .mantissa_o(mantissa), .exponent_o(exponent),
    .digit_valid_o, .digit_addr_o, .digit_token_o(digit_lane_o), .digit_data_o(digit_values_o),
    .digit_row_done_o(digit_row_done)
  );

  // Where the next row goes.
  logic [15:0] group_addr_q, scale_addr_q, done_rows_q;
  logic [LaneWidth-1:0] lane_q, done_lane_q;
  logic row_done, written;
  assign row_done = beat_valid && beat_last;
  // What the next phase waits for: digits, or the rows themselves.
  assign written = digits_q ? digit_row_done : row_done;
  assign group_done_o = written && (32'(done_lane_q) == Tokens - 1 || done_rows_q + 1'b1 == rows_q);
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      group_addr_q <= phase_i[edgemoe_pkg::ComputeOutputBaseLsb +: 16];
      scale_addr_q <= phase_i[edgemoe_pkg::ComputeOutputScalesLsb +: 16];
      lane_q <= '0;
      done_lane_q <= '0;
      done_rows_q <= '0;
    end else begin
      if (row_done) begin
        lane_q <= 32'(lane_q) == Tokens - 1 ? '0 : lane_q + 1'b1;
        if (32'(lane_q) == Tokens - 1) begin
          group_addr_q <= group_addr_q + pitch_q;
          scale_addr_q <= scale_addr_q + 1'b1;
        end
      end
      if (written) begin
        done_lane_q <= 32'(done_lane_q) == Tokens - 1 ? '0 : done_lane_q + 1'b1;
        done_rows_q <= done_rows_q + 1'b1;
      end
    end
  end
  assign valid_o = beat_valid && !digits_q;
  assign addr_o = group_addr_q + 16'(16'(beat) * 16'(edgemoe_pkg::BeatSteps));
  assign lane_o = lane_q;
  assign scale_addr_o = scale_addr_q;
  assign scale_o = {exponent, mantissa};
  assign store_valid_o = beat_valid && digits_q;
  assign store_token_o = token;
  assign store_beat_o = beat;
  assign store_last_o = beat_last;

  logic unused_bits;
  assign unused_bits = ^phase_i;
endmodule

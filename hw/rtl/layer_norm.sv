// LayerNorm of docs/numerics.md, section 3.4: rows of the residual stream, s32.16, to s16.f. Takes a beat a cycle, puts out a
// beat a cycle. A row of B beats comes out 2 * log2(Lanes) + B + 106 cycles after its last beat, or when the rows before
// it are through; it waits in two queues, for its mean and for its deviation.
//
//   sum, least, largest -> mean, shift -> [queue of x] -> deviations, squares -> 1/sigma -> [queue of deviations] -> output
module layer_norm #(
  /// Elements a beat, a power of two; rows are a multiple of it wide.
  parameter int Lanes = edgemoe_pkg::NormLanes,
  /// Elements of the widest row, at most 8192.
  parameter int MaxWidth = edgemoe_pkg::MaxWidth,
  /// Words of gains and biases, of all norms, a power of two.
  parameter int ParamWords = edgemoe_pkg::NormWords
) (
  input  logic clk_i,
  input  logic rst_ni,
  // The norm's constants. They stay as they are while a row is in the unit.
  /// Elements of a row, and epsilon with 32 fraction bits, below 2^21.
  input  logic [13:0] count_i,
  input  logic [20:0] eps_i,
  /// 15 + f + G.
  input  logic signed [7:0] out_shift_i,
  /// Word of the gains and biases of a row's first beat.
  input  logic [$clog2(ParamWords)-1:0] param_base_i,
  /// Writes the gains and biases of a beat's elements, s16, at any time outside of what a row in the unit reads.
  input  logic param_write_i,
  input  logic [$clog2(ParamWords)-1:0] param_addr_i,
  input  logic [Lanes*16-1:0] gains_i,
  input  logic [Lanes*16-1:0] biases_i,
  // Rows.
  input  logic valid_i,
  output logic ready_o,
  input  logic last_i,
  input  logic [Lanes*32-1:0] values_i,
  /// Never refused.
  output logic valid_o,
  output logic last_o,
  output logic [Lanes*16-1:0] values_o
);
  localparam int Levels = $clog2(Lanes);
  localparam int MaxBeats = MaxWidth / Lanes;
  /// Beats in the unit: enough for its latency, so that short rows do not wait for room.
  localparam int Depth = 8 * MaxBeats < 256 ? 256 : 8 * MaxBeats;
  localparam int DepthWidth = $clog2(Depth);

  // What is in the unit has a place in both queues: the second one then never refuses.
  logic take, queue_ready;
  logic [DepthWidth:0] beats_q;
  assign ready_o = queue_ready && !beats_q[DepthWidth];
  assign take = valid_i && ready_o;

  // 1. Sum, largest, least. Numbers with their top bit turned are unsigned; the least is the largest of the complements.
  logic [Lanes*32-1:0] biased;
  logic signed [32+Levels-1:0] beat_sum;
  logic [31:0] beat_max, beat_min_inverted;
  for (genvar i = 0; i < Lanes; i++) begin : gen_biased
    assign biased[i*32 +: 32] = {~values_i[i*32+31], values_i[i*32 +: 31]};
  end
  sum_tree #(.Lanes(Lanes), .Width(32)) u_sum (.clk_i, .values_i, .sum_o(beat_sum));
  max_tree #(.Lanes(Lanes), .Width(32)) u_max (.clk_i, .values_i(biased), .max_o(beat_max));
  max_tree #(.Lanes(Lanes), .Width(32)) u_min (.clk_i, .values_i(~biased), .max_o(beat_min_inverted));

  logic [Levels-1:0] in_valid_q;
  logic in_valid, in_last, row_done_q, row_start_q;
  logic signed [44:0] running_sum_q, row_sum_d, row_sum_q;
  logic [31:0] running_max_q, row_max_d, row_max_q, running_min_inverted_q, row_min_inverted_d, row_min_inverted_q;
  delay_line #(.Width(1), .Cycles(Levels)) u_in_last (.clk_i, .data_i(last_i), .data_o(in_last));
  assign in_valid = in_valid_q[Levels-1];
  assign row_sum_d = (row_start_q ? '0 : running_sum_q) + 45'(beat_sum);
  assign row_max_d = row_start_q || beat_max > running_max_q ? beat_max : running_max_q;
  assign row_min_inverted_d =
    row_start_q || beat_min_inverted > running_min_inverted_q ? beat_min_inverted : running_min_inverted_q;
  always_ff @(posedge clk_i) begin
    in_valid_q <= rst_ni ? Levels'({in_valid_q, take}) : '0;
    row_done_q <= rst_ni && in_valid && in_last;
    if (!rst_ni) row_start_q <= 1'b1;
    else if (in_valid) row_start_q <= in_last;
    if (in_valid) begin
      running_sum_q <= row_sum_d;
      running_max_q <= row_max_d;
      running_min_inverted_q <= row_min_inverted_d;
    end
    row_sum_q <= row_sum_d;
    row_max_q <= row_max_d;
    row_min_inverted_q <= row_min_inverted_d;
  end

  // 2. The mean, moved up by 2^31 as the biased numbers are: floor((2 * (sum + count * 2^31) + count) / (2 * count)),
  // which is floor((sum + count * 2^31 + floor(count / 2)) / count).
  localparam int MeanLatency = 32;
  logic [45:0] numerator_q;
  logic numerator_valid_q;
  logic [31:0] biased_mean, max_at_mean, min_inverted_at_mean;
  logic [MeanLatency-1:0] mean_valid_q;
  always_ff @(posedge clk_i) begin
    numerator_q <= {row_sum_q[44], row_sum_q} + {1'b0, count_i, 31'b0} + {33'b0, count_i[13:1]};
    numerator_valid_q <= rst_ni && row_done_q;
    mean_valid_q <= rst_ni ? {mean_valid_q[MeanLatency-2:0], numerator_valid_q} : '0;
  end
  pipelined_divider #(.DivisorWidth(14), .QuotientWidth(MeanLatency), .SteadyDivisor(1'b1)) u_mean (
    .clk_i, .remainder_i(numerator_q[45:32]), .dividend_i(numerator_q[31:0]), .divisor_i(count_i), .quotient_o(biased_mean)
  );
  delay_line #(.Width(64), .Cycles(MeanLatency + 1)) u_range (
    .clk_i, .data_i({row_max_q, row_min_inverted_q}), .data_o({max_at_mean, min_inverted_at_mean})
  );

  // 3. The largest deviation, and the shift that brings it to 16 bits.
  logic [31:0] above_q, below_q, largest_q, mean2_q, mean3_q, mean4_q;
  logic [5:0] length;
  logic signed [5:0] shift_q;
  logic [2:0] shift_valid_q;
  bit_length #(.Width(32)) u_length (.value_i(largest_q), .length_o(length));
  always_ff @(posedge clk_i) begin
    above_q <= max_at_mean - biased_mean;
    below_q <= biased_mean - ~min_inverted_at_mean;
    largest_q <= above_q > below_q ? above_q : below_q;
    shift_q <= length == '0 ? '0 : $signed(length - 6'd15);
    mean2_q <= biased_mean;
    mean3_q <= mean2_q;
    mean4_q <= mean3_q;
    shift_valid_q <= rst_ni ? {shift_valid_q[1:0], mean_valid_q[MeanLatency-1]} : '0;
  end

  // 4. Deviations.
  logic out1_valid, out1_last;
  logic [Lanes*32-1:0] values;
  logic [31:0] mean;
  logic signed [5:0] shift, shift_d_q;
  row_queue #(.Width(Lanes*32), .InfoWidth(38), .Depth(Depth), .Rows(Depth)) u_values (
    .clk_i, .rst_ni, .valid_i(take), .ready_o(queue_ready), .last_i, .data_i(biased),
    .release_i(shift_valid_q[2]), .info_i({shift_q, mean4_q}),
    .valid_o(out1_valid), .last_o(out1_last), .data_o(values), .info_o({shift, mean})
  );
  logic [Lanes*16-1:0] deviations;
  for (genvar i = 0; i < Lanes; i++) begin : gen_deviation
    logic signed [32:0] difference_q;
    logic signed [31:0] deviation;
    always_ff @(posedge clk_i) difference_q <= $signed({1'b0, values[i*32 +: 32]}) - $signed({1'b0, mean});
    saturating_shift #(.InWidth(33), .MaxLeft(14)) u_shift (
      .clk_i, .value_i(difference_q), .shift_i(8'(shift_d_q)), .narrow_i(1'b1), .value_o(deviation)
    );
    assign deviations[i*16 +: 16] = deviation[15:0];
    logic unused_bits;
    assign unused_bits = ^deviation[31:16];
  end
  localparam int DeviationLatency = 3;
  logic [DeviationLatency-1:0] deviation_valid_q;
  logic deviation_valid, deviation_last;
  logic signed [5:0] deviation_shift;
  always_ff @(posedge clk_i) begin
    shift_d_q <= shift;
    deviation_valid_q <= rst_ni ? {deviation_valid_q[DeviationLatency-2:0], out1_valid} : '0;
  end
  assign deviation_valid = deviation_valid_q[DeviationLatency-1];
  delay_line #(.Width(1), .Cycles(DeviationLatency)) u_deviation_last (
    .clk_i, .data_i(out1_last), .data_o(deviation_last)
  );
  delay_line #(.Width(6), .Cycles(DeviationLatency-1)) u_deviation_shift (
    .clk_i, .data_i(shift_d_q), .data_o(deviation_shift)
  );

  // 5. Squares.
  logic [Lanes*32-1:0] squares_q;
  logic signed [32+Levels-1:0] beat_squares;
  logic [43:0] running_squares_q, row_squares_d, row_squares_q;
  logic squares_valid, squares_last, squares_done_q, squares_start_q;
  logic signed [5:0] squares_shift;
  logic [Levels:0] squares_valid_q;
  for (genvar i = 0; i < Lanes; i++) begin : gen_square
    logic signed [15:0] deviation;
    assign deviation = deviations[i*16 +: 16];
    always_ff @(posedge clk_i) squares_q[i*32 +: 32] <= 32'(deviation) * 32'(deviation);
  end
  sum_tree #(.Lanes(Lanes), .Width(32)) u_squares (.clk_i, .values_i(squares_q), .sum_o(beat_squares));
  delay_line #(.Width(1), .Cycles(Levels + 1)) u_squares_last (.clk_i, .data_i(deviation_last), .data_o(squares_last));
  delay_line #(.Width(6), .Cycles(Levels + 2)) u_squares_shift (
    .clk_i, .data_i(deviation_shift), .data_o(squares_shift)
  );
  assign squares_valid = squares_valid_q[Levels];
  assign row_squares_d = (squares_start_q ? '0 : running_squares_q) + 44'($unsigned(beat_squares));
  always_ff @(posedge clk_i) begin
    squares_valid_q <= rst_ni ? {squares_valid_q[Levels-1:0], deviation_valid} : '0;
    squares_done_q <= rst_ni && squares_valid && squares_last;
    if (!rst_ni) squares_start_q <= 1'b1;
    else if (squares_valid) squares_start_q <= squares_last;
    if (squares_valid) running_squares_q <= row_squares_d;
    row_squares_q <= row_squares_d;
  end

  // 6. 1/sigma, and how far the output is shifted to the right.
  localparam int InverseLatency = 53;
  logic [34:0] eps_sum_q;
  logic [14:0] mantissa;
  logic [6:0] exponent;
  logic signed [8:0] out_shift;
  logic signed [7:0] out_shift_q;
  logic [14:0] mantissa_q;
  logic [InverseLatency:0] inverse_valid_q;
  inverse_deviation u_inverse (
    .clk_i, .squares_i(row_squares_q), .shift_i(squares_shift), .count_i, .eps_sum_i(eps_sum_q),
    .mantissa_o(mantissa), .exponent_o(exponent)
  );
  assign out_shift = $signed({2'b0, exponent}) - 9'(out_shift_i);
  always_ff @(posedge clk_i) begin
    eps_sum_q <= 35'(count_i) * 35'(eps_i);
    // Beyond 8 bits nothing would be left anyhow.
    out_shift_q <= out_shift > 127 ? 8'sd127 : out_shift[7:0];
    mantissa_q <= mantissa;
    inverse_valid_q <= rst_ni ? {inverse_valid_q[InverseLatency-1:0], squares_done_q} : '0;
  end

  // 7. Output: (v times r) times gain, shifted, biased.
  logic out2_valid, out2_last, out2_ready;
  logic [Lanes*16-1:0] out2_deviations;
  logic [14:0] out2_mantissa;
  logic signed [7:0] out2_shift, shift_at_shifter;
  row_queue #(.Width(Lanes*16), .InfoWidth(23), .Depth(Depth), .Rows(Depth)) u_deviations (
    .clk_i, .rst_ni, .valid_i(deviation_valid), .ready_o(out2_ready), .last_i(deviation_last), .data_i(deviations),
    .release_i(inverse_valid_q[InverseLatency]), .info_i({mantissa_q, out_shift_q}),
    .valid_o(out2_valid), .last_o(out2_last), .data_o(out2_deviations), .info_o({out2_mantissa, out2_shift})
  );

  // Gains and biases of the beat: read with it, there a cycle later.
  localparam int BeatWidth = $clog2(MaxBeats);
  localparam int ParamWidth = $clog2(ParamWords);
  logic [BeatWidth-1:0] beat_q;
  logic [Lanes*32-1:0] params;
  logic [Lanes*16-1:0] gains, biases;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) beat_q <= '0;
    else if (out2_valid) beat_q <= out2_last ? '0 : beat_q + 1'b1;
  end
  ram_1r1w #(.Width(Lanes*32), .Depth(ParamWords)) u_params (
    .clk_i, .write_i(param_write_i), .waddr_i(param_addr_i), .wdata_i({biases_i, gains_i}),
    .raddr_i(param_base_i + ParamWidth'(beat_q)), .rdata_o(params)
  );
  delay_line #(.Width(Lanes*16), .Cycles(1)) u_gains (.clk_i, .data_i(params[Lanes*16-1:0]), .data_o(gains));
  delay_line #(.Width(Lanes*16), .Cycles(5)) u_biases (.clk_i, .data_i(params[Lanes*32-1 -: Lanes*16]), .data_o(biases));
  delay_line #(.Width(8), .Cycles(4)) u_out_shift (.clk_i, .data_i(out2_shift), .data_o(shift_at_shifter));

  for (genvar i = 0; i < Lanes; i++) begin : gen_output
    logic signed [31:0] normal_product_q, normal_rounded, gain_product_q, gain_rounded, shifted;
    logic signed [15:0] normal_q, scaled_q, gain, bias;
    logic signed [16:0] biased_value;
    logic [15:0] value_q;
    assign normal_rounded = normal_product_q + 32'sd16384;
    assign gain_rounded = gain_product_q + 32'sd16384;
    assign gain = gains[i*16 +: 16];
    assign bias = biases[i*16 +: 16];
    always_ff @(posedge clk_i) begin
      normal_product_q <= 32'($signed(out2_deviations[i*16 +: 16])) * $signed({17'b0, out2_mantissa});
      normal_q <= normal_rounded[30:15];
      gain_product_q <= 32'(normal_q) * 32'(gain);
      scaled_q <= gain_rounded[30:15];
    end
    // 15 to the left bring all but 0 beyond 16 bits.
    saturating_shift #(.InWidth(16), .MaxLeft(15)) u_shift (
      .clk_i, .value_i(scaled_q), .shift_i(shift_at_shifter), .narrow_i(1'b1), .value_o(shifted)
    );
    assign biased_value = 17'($signed(shifted[15:0])) + 17'(bias);
    always_ff @(posedge clk_i) begin
      value_q <= biased_value[16] != biased_value[15] ? {biased_value[16], {15{~biased_value[16]}}} : biased_value[15:0];
    end
    assign values_o[i*16 +: 16] = value_q;
    logic unused_bits;
    assign unused_bits = ^{normal_rounded[31], normal_rounded[14:0], gain_rounded[31], gain_rounded[14:0], shifted[31:16]};
  end
  localparam int OutLatency = 7;
  logic [OutLatency-1:0] out_valid_q;
  always_ff @(posedge clk_i) begin
    out_valid_q <= rst_ni ? {out_valid_q[OutLatency-2:0], out2_valid} : '0;
    if (!rst_ni) beats_q <= '0;
    else beats_q <= beats_q + (DepthWidth+1)'(take) - (DepthWidth+1)'(out2_valid);
  end
  assign valid_o = out_valid_q[OutLatency-1];
  delay_line #(.Width(1), .Cycles(OutLatency)) u_out_last (.clk_i, .data_i(out2_last), .data_o(last_o));

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && deviation_valid && !out2_ready) $error("layer_norm: the second queue refused a beat");
  end
`endif
  logic unused_ready;
  assign unused_ready = out2_ready;
endmodule

// Softmax of docs/numerics.md, section 3.5: a query's scores to exponentials and probabilities, in one pass over them once
// their maximum is known, which the unit finds while they come in. Takes a beat a cycle, puts out a beat a cycle; a row comes
// out log2(Lanes) + 7 cycles after its last beat, or when the rows before it are through; its scale follows its last
// beat by log2(Lanes) + 16 cycles.
//
//   cycles after the last beat | log2(Lanes): largest | 1: of the row | 2: out of the queue | 4: distance, table, shift, round
//   cycles after the last exponential | log2(Lanes): summed | 1: of the row | 1: normalised | 15: divided
module softmax #(
  /// Scores a beat, a power of two.
  parameter int Lanes = edgemoe_pkg::SoftmaxLanes,
  /// Scores of the longest row, at most 8192.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// A beat of a row, taken with ready_o; last_i: its last.
  input  logic valid_i,
  output logic ready_o,
  input  logic last_i,
  /// s16.6, in units of log2; a lane without keep_i is no key: its probability is 0 and it counts nowhere.
  input  logic [Lanes*16-1:0] scores_i,
  input  logic [Lanes-1:0] keep_i,
  /// Probabilities, 255 is 1. Never refused.
  output logic valid_o,
  output logic last_o,
  output logic [Lanes*8-1:0] probabilities_o,
  /// A row's scale: the pre-shift of its products with V and 2^36 / (127 * (sum >> pre-shift)), in the order of rows.
  output logic scale_valid_o,
  output logic [4:0] pre_shift_o,
  output logic [14:0] reciprocal_o
);
  localparam int Levels = $clog2(Lanes);
  localparam int Depth = 4 * MaxTokens / Lanes;

  // Scores with their top bit turned are unsigned; what is not kept is below all, as -32768.
  logic take;
  logic [Lanes*16-1:0] biased;
  assign take = valid_i && ready_o;
  for (genvar i = 0; i < Lanes; i++) begin : gen_biased
    assign biased[i*16 +: 16] = keep_i[i] ? {~scores_i[i*16+15], scores_i[i*16 +: 15]} : '0;
  end

  logic [15:0] beat_max, running_max_q, row_max_d, row_max_q;
  logic beat_valid, beat_last, row_done_q, row_start_q;
  logic [Levels-1:0] valid_line_q;
  max_tree #(.Lanes(Lanes), .Width(16)) u_max (.clk_i, .values_i(biased), .max_o(beat_max));
  delay_line #(.Width(1), .Cycles(Levels)) u_last (.clk_i, .data_i(last_i), .data_o(beat_last));
  assign beat_valid = valid_line_q[Levels-1];
  assign row_max_d = row_start_q || beat_max > running_max_q ? beat_max : running_max_q;
  always_ff @(posedge clk_i) begin
    valid_line_q <= rst_ni ? Levels'({valid_line_q, take}) : '0;
    row_done_q <= rst_ni && beat_valid && beat_last;
    if (!rst_ni) row_start_q <= 1'b1;
    else if (beat_valid) row_start_q <= beat_last;
    if (beat_valid) running_max_q <= row_max_d;
    row_max_q <= row_max_d;
  end

  logic beat_out, beat_out_last;
  logic [Lanes*17-1:0] beat;
  logic [15:0] max;
  row_queue #(.Width(Lanes*17), .InfoWidth(16), .Depth(Depth)) u_queue (
    .clk_i, .rst_ni, .valid_i, .ready_o, .last_i, .data_i({keep_i, biased}), .release_i(row_done_q), .info_i(row_max_q),
    .valid_o(beat_out), .last_o(beat_out_last), .data_o(beat), .info_o(max)
  );

  logic [Lanes*17-1:0] exponentials;  // signed for the tree
  for (genvar i = 0; i < Lanes; i++) begin : gen_lane
    logic [15:0] distance_q, table_q, exponential_q;
    logic [3:0] halvings_q;
    logic keep_q, some_q;
    logic [16:0] rounded;
    logic [7:0] probability_q;
    assign rounded = {1'b0, exponential_q} + 17'd128;
    always_ff @(posedge clk_i) begin
      distance_q <= max - beat[i*16 +: 16];
      keep_q <= beat[Lanes*16+i];
      table_q <= edgemoe_pkg::exp2_entry(distance_q[5:0]);
      halvings_q <= distance_q[9:6];
      some_q <= keep_q && distance_q[15:10] == '0;
      exponential_q <= some_q ? table_q >> halvings_q : '0;
      probability_q <= rounded[15:8];
    end
    assign exponentials[i*17 +: 17] = {1'b0, exponential_q};
    assign probabilities_o[i*8 +: 8] = probability_q;
    logic unused_bits;
    assign unused_bits = ^{rounded[16], rounded[7:0]};
  end
  localparam int LaneLatency = 4;
  logic [LaneLatency-1:0] out_q;
  logic exponential_last;
  always_ff @(posedge clk_i) out_q <= rst_ni ? {out_q[LaneLatency-2:0], beat_out} : '0;
  assign valid_o = out_q[LaneLatency-1];
  delay_line #(.Width(1), .Cycles(LaneLatency-1)) u_exponential_last (
    .clk_i, .data_i(beat_out_last), .data_o(exponential_last)
  );
  always_ff @(posedge clk_i) last_o <= exponential_last;

  // the row's sum: 8192 * 65280 at most
  logic signed [17+Levels-1:0] beat_sum;
  logic [29:0] running_sum_q, row_sum_d, row_sum_q;
  logic sum_valid, sum_last, sum_done_q, sum_start_q;
  logic [Levels-1:0] sum_valid_q;
  sum_tree #(.Lanes(Lanes), .Width(17)) u_sum (.clk_i, .values_i(exponentials), .sum_o(beat_sum));
  delay_line #(.Width(1), .Cycles(Levels)) u_sum_last (.clk_i, .data_i(exponential_last), .data_o(sum_last));
  assign sum_valid = sum_valid_q[Levels-1];
  assign row_sum_d = (sum_start_q ? '0 : running_sum_q) + 30'($unsigned(beat_sum));
  always_ff @(posedge clk_i) begin
    sum_valid_q <= rst_ni ? Levels'({sum_valid_q, out_q[LaneLatency-2]}) : '0;
    sum_done_q <= rst_ni && sum_valid && sum_last;
    if (!rst_ni) sum_start_q <= 1'b1;
    else if (sum_valid) sum_start_q <= sum_last;
    if (sum_valid) running_sum_q <= row_sum_d;
    row_sum_q <= row_sum_d;
  end

  // normalised: 16 bits. The largest exponential, 65280, is in a sum, so it has at least 16.
  logic [4:0] length, pre_shift_q;
  logic [15:0] normal_sum;
  logic [22:0] divisor_q;
  logic normalized_q;
  bit_length #(.Width(30)) u_length (.value_i(row_sum_q), .length_o(length));
  assign normal_sum = 16'(row_sum_q >> (length - 5'd16));
  always_ff @(posedge clk_i) begin
    normalized_q <= rst_ni && sum_done_q;
    pre_shift_q <= length - 5'd16;
    divisor_q <= {normal_sum, 7'b0} - {7'b0, normal_sum};
  end

  // 2^36 is 2^21 above 15 bits of 0
  localparam int DivideLatency = 15;
  logic [DivideLatency-1:0] divided_q;
  pipelined_divider #(.DivisorWidth(23), .QuotientWidth(DivideLatency), .HasDividend(1'b0)) u_divider (
    .clk_i, .remainder_i(23'h200000), .dividend_i(15'd0), .divisor_i(divisor_q), .quotient_o(reciprocal_o)
  );
  delay_line #(.Width(5), .Cycles(DivideLatency)) u_pre_shift (.clk_i, .data_i(pre_shift_q), .data_o(pre_shift_o));
  always_ff @(posedge clk_i) divided_q <= rst_ni ? {divided_q[DivideLatency-2:0], normalized_q} : '0;
  assign scale_valid_o = divided_q[DivideLatency-1];
endmodule

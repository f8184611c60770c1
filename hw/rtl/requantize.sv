// One lane of docs/numerics.md, section 3.2: a sum of products to s16.f or to the residual stream. Also scores (the
// channel is a key) and what softmax makes of its products with V. One number a cycle, latency 9:
//
//   1-2 pre-shift, clip | 3-4 times the channel's mantissa | 5 times the row's | 6 q15 where narrow | 7-8 shift, clip | 9 bias
//
// Every input is taken with sum_i.
module requantize (
  input  logic clk_i,
  /// The array's sum, s32, one every cycle.
  input  logic signed [31:0] sum_i,
  /// The channel's pre-shift, mantissa and bias (s16.f where narrow_i, else s32.16).
  input  logic [4:0] pre_shift_i,
  input  logic signed [15:0] mantissa_i,
  input  logic signed [31:0] bias_i,
  /// The row's mantissa.
  input  logic signed [15:0] row_mantissa_i,
  /// e - E - 15 - f where narrow_i, else e - E - 16; see saturating_shift.
  input  logic signed [7:0] shift_i,
  /// To s16.f instead of s32.16.
  input  logic narrow_i,
  /// s16 is extended by its sign.
  output logic signed [31:0] value_o
);
  logic signed [15:0] clipped;
  logic signed [31:0] clipped_wide;
  saturating_shift #(.InWidth(32), .MaxLeft(0)) u_pre_shift (
    .clk_i, .value_i(sum_i), .shift_i({3'b0, pre_shift_i}), .narrow_i(1'b1), .value_o(clipped_wide)
  );
  assign clipped = clipped_wide[15:0];

  logic signed [15:0] mantissa, row_mantissa;
  logic signed [7:0] shift;
  logic narrow_product, narrow_bias;
  logic signed [31:0] bias;
  delay_line #(.Width(16), .Cycles(2)) u_mantissa (.clk_i, .data_i(mantissa_i), .data_o(mantissa));
  delay_line #(.Width(16), .Cycles(4)) u_row_mantissa (.clk_i, .data_i(row_mantissa_i), .data_o(row_mantissa));
  delay_line #(.Width(1), .Cycles(5)) u_narrow (.clk_i, .data_i(narrow_i), .data_o(narrow_product));
  delay_line #(.Width(8), .Cycles(6)) u_shift (.clk_i, .data_i(shift_i), .data_o(shift));
  delay_line #(.Width(32), .Cycles(8)) u_bias (.clk_i, .data_i(bias_i), .data_o(bias));

  logic signed [31:0] channel_product_q, channel_rounded, row_product_q, row_rounded, scaled_q;
  logic signed [15:0] channel_q;
  assign channel_rounded = channel_product_q + 32'sd16384;
  assign row_rounded = row_product_q + 32'sd16384;
  always_ff @(posedge clk_i) begin
    channel_product_q <= 32'(clipped) * 32'(mantissa);
    channel_q <= channel_rounded[30:15];
    row_product_q <= 32'(channel_q) * 32'(row_mantissa);
    scaled_q <= narrow_product ? row_rounded >>> 15 : row_product_q;
  end

  logic signed [31:0] shifted;
  logic narrow_shift;
  delay_line #(.Width(1), .Cycles(1)) u_narrow_shift (.clk_i, .data_i(narrow_product), .data_o(narrow_shift));
  delay_line #(.Width(1), .Cycles(2)) u_narrow_bias (.clk_i, .data_i(narrow_shift), .data_o(narrow_bias));
  saturating_shift u_shifter (
    .clk_i, .value_i(scaled_q), .shift_i(shift), .narrow_i(narrow_shift), .value_o(shifted)
  );

  logic signed [32:0] biased;
  logic overflows_narrow, overflows_wide;
  assign biased = 33'(shifted) + 33'(bias);
  assign overflows_narrow = biased[32:15] != {18{biased[32]}};
  assign overflows_wide = biased[32] != biased[31];
  always_ff @(posedge clk_i) begin
    if (narrow_bias && overflows_narrow) value_o <= biased[32] ? -32'sd32768 : 32'sd32767;
    else if (overflows_wide) value_o <= {biased[32], {31{~biased[32]}}};
    else value_o <= biased[31:0];
  end

  logic unused_bits;
  assign unused_bits = ^{clipped_wide[31:16], channel_rounded[31], channel_rounded[14:0]};
endmodule

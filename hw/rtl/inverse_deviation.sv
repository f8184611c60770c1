// 1/sigma of a row, inverse_deviation of docs/numerics.md, section 3.4: r and X with 1/sigma = r * 2^-X. A row a cycle,
// latency 53:
//
//   1 epsilon shifted | 1 sum | 1 its bits | 1 normalised | 32 divided | 1 below 2^30 | 15 root | 1 X
module inverse_deviation (
  input  logic clk_i,
  /// Sum of the squares of the deviations, and how far these were shifted to the right, -14 to 18.
  input  logic [43:0] squares_i,
  input  logic signed [5:0] shift_i,
  /// Elements of a row, 1 to 8192, and the norm's epsilon times them; both stay as they are.
  input  logic [13:0] count_i,
  input  logic [34:0] eps_sum_i,
  output logic [14:0] mantissa_o,
  output logic [6:0] exponent_o
);
  localparam int DivideLatency = 32;
  localparam int RootLatency = 15;

  // The count times the least power of four that brings it to 2^12.
  logic [3:0] count_shift;
  logic [13:0] normal_count;
  always_comb begin
    count_shift = '0;
    for (int j = 2; j <= 12; j += 2) begin
      if ((count_i >> (14 - j)) == '0) count_shift = 4'(j);
    end
    normal_count = count_i << count_shift;
  end

  // 1: D * eps * 2^(-2 shift), at most 35 + 28 bits
  logic [62:0] eps_q;
  logic [43:0] squares_q;
  logic [5:0] right_shift, left_shift;
  assign right_shift = {shift_i[4:0], 1'b0};
  assign left_shift = -right_shift;
  always_ff @(posedge clk_i) begin
    squares_q <= squares_i;
    eps_q <= shift_i < 0 ? {28'b0, eps_sum_i} << left_shift : {28'b0, eps_sum_i} >> right_shift;
  end

  // 2 to 4: to 31 or 32 bits by an even shift
  logic [63:0] sum_q, sum2_q;
  logic [6:0] length;
  logic signed [7:0] sum_shift, sum_shift_q, sum_shift2_q;
  logic [31:0] normal_sum_q;
  bit_length #(.Width(64)) u_length (.value_i(sum_q), .length_o(length));
  assign sum_shift = $signed({1'b0, length}) - 8'sd32;
  always_ff @(posedge clk_i) begin
    sum_q <= 64'(squares_q) + 64'(eps_q);
    sum2_q <= sum_q;
    sum_shift_q <= sum_shift + $signed({7'b0, sum_shift[0]});
    // From 32 bits up so that both directions are one shift to the right.
    normal_sum_q <= 32'({sum2_q, 32'b0} >> (8'sd32 + sum_shift_q));
    sum_shift2_q <= sum_shift_q;
  end

  // floor(count * 2^48 / sum): 2^16 above 32 bits of 0; below 2^32
  logic [31:0] ratio;
  logic signed [7:0] ratio_shift;
  pipelined_divider #(.DivisorWidth(32), .QuotientWidth(DivideLatency), .HasDividend(1'b0)) u_divider (
    .clk_i, .remainder_i({2'b0, normal_count, 16'b0}), .dividend_i('0), .divisor_i(normal_sum_q), .quotient_o(ratio)
  );
  delay_line #(.Width(8), .Cycles(DivideLatency)) u_shift (.clk_i, .data_i(sum_shift2_q), .data_o(ratio_shift));

  // below 2^30 by an even shift
  logic [29:0] normal_ratio_q;
  logic signed [7:0] exponent_q, exponent, root_exponent;
  assign exponent = 8'sd48 + $signed({4'b0, count_shift}) + ratio_shift;
  always_ff @(posedge clk_i) begin
    normal_ratio_q <= ratio[31:30] != '0 ? ratio[31:2] : ratio[29:0];
    exponent_q <= ratio[31:30] != '0 ? exponent - 8'sd2 : exponent;
  end

  logic [14:0] root;
  pipelined_sqrt #(.RootWidth(RootLatency)) u_root (.clk_i, .value_i(normal_ratio_q), .root_o(root));
  delay_line #(.Width(8), .Cycles(RootLatency)) u_exponent (.clk_i, .data_i(exponent_q), .data_o(root_exponent));
  always_ff @(posedge clk_i) begin
    mantissa_o <= root;
    exponent_o <= root_exponent[7:1];
  end

  logic unused_bits;
  assign unused_bits = ^{root_exponent[0], shift_i[5]};
endmodule

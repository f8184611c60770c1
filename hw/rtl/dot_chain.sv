// A chain of DSPs: the dot products of two tokens with one output's weights over ChainLength inputs.
//
// Element k of a1_i, a0_i and w_i belongs to link k and comes k cycles after element 0. The sums are there ChainLength + 3
// edges after element 0, and a new pair of sums every cycle.
module dot_chain (
  input  logic clk_i,
  /// ChainLength signed bytes each, element 0 lowest. w_i within +-127.
  input  logic [edgemoe_pkg::ChainLength*8-1:0] a1_i,
  input  logic [edgemoe_pkg::ChainLength*8-1:0] a0_i,
  input  logic [edgemoe_pkg::ChainLength*8-1:0] w_i,
  output logic signed [17:0] sum1_o,
  output logic signed [17:0] sum0_o
);
  localparam int Length = edgemoe_pkg::ChainLength;

  logic [(Length+1)*48-1:0] cascade;
  logic [Length*48-1:0] sums;
  logic [47:0] sum;
  assign cascade[47:0] = '0;

  for (genvar k = 0; k < Length; k++) begin : gen_link
    dsp_mac #(.First(k == 0)) u_mac (
      .clk_i,
      .a1_i(a1_i[k*8 +: 8]), .a0_i(a0_i[k*8 +: 8]), .w_i(w_i[k*8 +: 8]),
      .cascade_i(cascade[k*48 +: 48]), .cascade_o(cascade[(k+1)*48 +: 48]), .sum_o(sums[k*48 +: 48])
    );
  end

  // The start at 2^17 turns the low half's top bit.
  assign sum = sums[(Length-1)*48 +: 48];
  assign sum0_o = {~sum[17], sum[16:0]};
  assign sum1_o = sum[35:18];

  logic unused_bits;
  assign unused_bits = ^{sum[47:36], sums[(Length-1)*48-1:0], cascade[Length*48 +: 48]};
endmodule

// Two int8 products in one DSP: (a1 * 2^18 + a0) * w, added to the chain's sum. The one place that knows a device family:
// EDGEMOE_DSP48E2 takes the primitive, without it the same registers are described.
//
// The chain starts at 2^17, so that its low half never borrows from the high one. The low half holds 8 products: w must
// lie within +-127 (a1 and a0 may be -128), and a chain has at most 8 links.
//
//   edge after a, w | 1: A, D, B1 | 2: AD, B2 | 3: M | 4: P = M + cascade
//
// The operands of link k come k cycles after those of link 0.
module dsp_mac #(
  /// The first link of a chain: starts the sum instead of taking cascade_i.
  parameter bit First = 1'b0
) (
  input  logic clk_i,
  /// Signed; a1_i and a0_i belong to two tokens, w_i is shared.
  input  logic [7:0] a1_i,
  input  logic [7:0] a0_i,
  input  logic [7:0] w_i,
  /// The sum of the link before; 0 for the first.
  input  logic [47:0] cascade_i,
  /// The sum to the next link: nothing else may take it (it has no way into the fabric).
  output logic [47:0] cascade_o,
  /// The sum to the fabric.
  output logic [47:0] sum_o
);
  localparam logic [47:0] Start = 48'h20000;

`ifdef EDGEMOE_DSP48E2
  DSP48E2 #(
    .AMULTSEL("AD"), .BMULTSEL("B"), .PREADDINSEL("A"), .USE_MULT("MULTIPLY"), .USE_SIMD("ONE48"), .RND(Start),
    .AREG(1), .ACASCREG(1), .BREG(2), .BCASCREG(2), .DREG(1), .ADREG(1), .MREG(1), .PREG(1), .CREG(0),
    .INMODEREG(0), .OPMODEREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0)
  ) u_dsp (
    .CLK(clk_i),
    .A({{4{a1_i[7]}}, a1_i, 18'b0}), .D({{19{a0_i[7]}}, a0_i}), .B({{10{w_i[7]}}, w_i}), .C(48'b0),
    .INMODE(5'b00100),
    // W: RND for the first; Z: PCIN for the others; Y, X: the product.
    .OPMODE(First ? 9'b10_000_01_01 : 9'b00_001_01_01),
    .ALUMODE(4'b0000), .CARRYIN(1'b0), .CARRYINSEL(3'b000),
    .PCIN(cascade_i), .ACIN(30'b0), .BCIN(18'b0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0),
    .CEA1(1'b0), .CEA2(1'b1), .CEB1(1'b1), .CEB2(1'b1), .CEC(1'b0), .CED(1'b1), .CEAD(1'b1), .CEM(1'b1), .CEP(1'b1),
    .CEALUMODE(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b0), .CEINMODE(1'b0),
    .RSTA(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTD(1'b0), .RSTM(1'b0), .RSTP(1'b0), .RSTALLCARRYIN(1'b0),
    .RSTALUMODE(1'b0), .RSTCTRL(1'b0), .RSTINMODE(1'b0),
    .P(sum_o), .PCOUT(cascade_o),
    .ACOUT(), .BCOUT(), .CARRYCASCOUT(), .CARRYOUT(), .MULTSIGNOUT(), .OVERFLOW(), .UNDERFLOW(),
    .PATTERNDETECT(), .PATTERNBDETECT(), .XOROUT()
  );
`else
  logic signed [26:0] a_q, d_q, ad_q;
  logic signed [7:0] b1_q, b2_q;
  logic signed [34:0] m_q;
  logic [47:0] p_q;

  always_ff @(posedge clk_i) begin
    a_q <= {a1_i[7], a1_i, 18'b0};
    d_q <= {{19{a0_i[7]}}, a0_i};
    b1_q <= w_i;
    ad_q <= a_q + d_q;
    b2_q <= b1_q;
    m_q <= 35'(ad_q) * 35'(b2_q);
    p_q <= (First ? Start : cascade_i) + {{13{m_q[34]}}, m_q};
  end
  assign sum_o = p_q;
  assign cascade_o = p_q;
`endif
endmodule

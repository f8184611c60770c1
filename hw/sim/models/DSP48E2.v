// The part of AMD's DSP48E2 that this project's netlists use, after UG579: multiply with pre-adder, add RND or PCIN. Any
// other configuration ends the simulation. Netlists alone need it: the RTL describes the same registers itself.
module DSP48E2 #(
  parameter integer ACASCREG = 1, ADREG = 1, ALUMODEREG = 1, AREG = 1, BCASCREG = 1, BREG = 1, CARRYINREG = 1,
  parameter integer CARRYINSELREG = 1, CREG = 1, DREG = 1, INMODEREG = 1, MREG = 1, OPMODEREG = 1, PREG = 1,
  parameter AMULTSEL = "A", BMULTSEL = "B", PREADDINSEL = "A", A_INPUT = "DIRECT", B_INPUT = "DIRECT",
  parameter USE_MULT = "MULTIPLY", USE_SIMD = "ONE48",
  parameter [47:0] RND = 48'h0
) (
  input CLK,
  input [29:0] A, input [17:0] B, input [47:0] C, input [26:0] D,
  input [4:0] INMODE, input [8:0] OPMODE, input [3:0] ALUMODE, input CARRYIN, input [2:0] CARRYINSEL,
  input [47:0] PCIN, input [29:0] ACIN, input [17:0] BCIN, input CARRYCASCIN, MULTSIGNIN,
  input CEA1, CEA2, CEB1, CEB2, CEC, CED, CEAD, CEM, CEP, CEALUMODE, CECARRYIN, CECTRL, CEINMODE,
  input RSTA, RSTB, RSTC, RSTD, RSTM, RSTP, RSTALLCARRYIN, RSTALUMODE, RSTCTRL, RSTINMODE,
  output [47:0] P, PCOUT,
  output [29:0] ACOUT, output [17:0] BCOUT, output [3:0] CARRYOUT, output [7:0] XOROUT,
  output CARRYCASCOUT, MULTSIGNOUT, OVERFLOW, UNDERFLOW, PATTERNDETECT, PATTERNBDETECT
);
  reg signed [26:0] a_q, d_q, ad_q;
  reg signed [17:0] b1_q, b2_q;
  reg signed [44:0] m_q;
  reg [47:0] p_q;

  wire signed [26:0] a = AREG == 0 ? A[26:0] : a_q;
  wire signed [26:0] d = DREG == 0 ? D : d_q;
  wire signed [26:0] pre_added = a + (INMODE[2] ? d : 27'sd0);
  wire signed [26:0] ad = ADREG == 0 ? pre_added : ad_q;
  wire signed [26:0] a_mult = AMULTSEL == "AD" ? ad : a;
  wire signed [17:0] b = BREG == 0 ? B : BREG == 1 ? b1_q : b2_q;
  wire signed [44:0] product = a_mult * b;
  wire signed [44:0] m = MREG == 0 ? product : m_q;
  wire [47:0] w_mux = OPMODE[8:7] == 2'b10 ? RND : 48'd0;
  wire [47:0] z_mux = OPMODE[6:4] == 3'b001 ? PCIN : 48'd0;
  wire [47:0] sum = {{3{m[44]}}, m} + w_mux + z_mux;

  always @(posedge CLK) begin
    if (CEA2) a_q <= A[26:0];
    if (CED) d_q <= D;
    if (CEAD) ad_q <= pre_added;
    if (CEB1) b1_q <= B;
    if (CEB2) b2_q <= b1_q;
    if (CEM) m_q <= product;
    if (CEP) p_q <= sum;
  end
  assign P = PREG == 0 ? sum : p_q;
  assign PCOUT = P;

  // BREG 1 would be B2 alone with CEB2; DREG, MREG and PREG are 0 or 1.
  wire known = (OPMODE == 9'b10_000_01_01 || OPMODE == 9'b00_001_01_01 || OPMODE == 9'b00_000_01_01) && ALUMODE == 4'd0 &&
               (INMODE == 5'b00100 || INMODE == 5'b00000) && AREG <= 1 && BREG != 1 && USE_MULT == "MULTIPLY" &&
               USE_SIMD == "ONE48" && BMULTSEL == "B" && PREADDINSEL == "A" && A_INPUT == "DIRECT" && B_INPUT == "DIRECT" &&
               !CARRYIN && CARRYINSEL == 3'd0;
  always @(posedge CLK) begin
    if (!known) begin
      $display("DSP48E2 %m: a configuration that the model does not know");
      $stop;
    end
  end
endmodule

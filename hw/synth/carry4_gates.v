// CARRY4 as gates. Verilator takes the primitive's own model, whose carries are bits of one vector, for a loop, and does
// not always settle it.
module CARRY4(output [3:0] CO, O, input CI, CYINIT, input [3:0] DI, S);
  wire c0 = CI | CYINIT;
  wire c1 = S[0] ? c0 : DI[0];
  wire c2 = S[1] ? c1 : DI[1];
  wire c3 = S[2] ? c2 : DI[2];
  wire c4 = S[3] ? c3 : DI[3];
  assign CO = {c4, c3, c2, c1};
  assign O = S ^ {c3, c2, c1, c0};
endmodule

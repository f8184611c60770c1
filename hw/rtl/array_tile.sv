// The array: sums of products of Tokens rows with Outputs columns, Chains * ChainLength inputs a cycle, output
// stationary. Finished sums move to a second set of registers, so that the next tile starts in the next cycle.
//
// Operands come in banks, bank k for link k of every chain, k cycles after bank 0:
//   a_i: byte (k * Chains + chain) * Tokens + token      w_i: byte (k * Chains + chain) * Outputs + output
// valid_i, first_i and last_i go with bank 0; cycles without valid_i may stand anywhere.
//
//   edge after bank 0 | 1-11: chain | 12: sum of chains | 13: accumulator, sums_o
module array_tile #(
  /// Even: two tokens share a DSP.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  input  logic valid_i,
  /// First and last cycle of a tile; both in a tile of one cycle.
  input  logic first_i,
  input  logic last_i,
  input  logic [Tokens*Chains*edgemoe_pkg::ChainLength*8-1:0] a_i,
  input  logic [Outputs*Chains*edgemoe_pkg::ChainLength*8-1:0] w_i,
  /// One cycle, the first in which sums_o holds a tile's sums; they stay until the next done_o.
  output logic done_o,
  /// s32, token * Outputs + output.
  output logic [Tokens*Outputs*32-1:0] sums_o
);
  localparam int Length = edgemoe_pkg::ChainLength;
  localparam int SumWidth = 18 + $clog2(Chains);
  /// From bank 0 to the sum of chains.
  localparam int SumLatency = Length + 4;

  if (Tokens % 2 != 0) begin : gen_odd
    $error("array_tile: Tokens must be even, two share a DSP");
  end

  logic [SumLatency-1:0] valid_q, first_q, last_q;
  logic valid, first, last;
  always_ff @(posedge clk_i) begin
    valid_q <= rst_ni ? {valid_q[SumLatency-2:0], valid_i} : '0;
    first_q <= {first_q[SumLatency-2:0], first_i};
    last_q <= {last_q[SumLatency-2:0], last_i};
    done_o <= rst_ni && valid && last;
  end
  assign valid = valid_q[SumLatency-1];
  assign first = first_q[SumLatency-1];
  assign last = last_q[SumLatency-1];

  for (genvar pair = 0; pair < Tokens / 2; pair++) begin : gen_pair
    // What a pair of tokens sees of the banks, gathered once for all outputs.
    logic [Chains*Length*8-1:0] a0, a1;
    for (genvar c = 0; c < Chains; c++) begin : gen_operand
      for (genvar k = 0; k < Length; k++) begin : gen_bank
        assign a0[(c*Length+k)*8 +: 8] = a_i[((k*Chains+c)*Tokens+2*pair)*8 +: 8];
        assign a1[(c*Length+k)*8 +: 8] = a_i[((k*Chains+c)*Tokens+2*pair+1)*8 +: 8];
      end
    end

    for (genvar o = 0; o < Outputs; o++) begin : gen_output
      logic [Chains*18-1:0] chain_sum0, chain_sum1;
      for (genvar c = 0; c < Chains; c++) begin : gen_chain
        logic [Length*8-1:0] w;
        for (genvar k = 0; k < Length; k++) begin : gen_bank
          assign w[k*8 +: 8] = w_i[((k*Chains+c)*Outputs+o)*8 +: 8];
        end
        dot_chain u_chain (
          .clk_i,
          .a1_i(a1[c*Length*8 +: Length*8]), .a0_i(a0[c*Length*8 +: Length*8]), .w_i(w),
          .sum1_o(chain_sum1[c*18 +: 18]), .sum0_o(chain_sum0[c*18 +: 18])
        );
      end

      logic signed [SumWidth-1:0] sum0_d, sum1_d, sum0_q, sum1_q;
      always_comb begin
        sum0_d = '0;
        sum1_d = '0;
        for (int c = 0; c < Chains; c++) begin
          sum0_d += SumWidth'(signed'(chain_sum0[c*18 +: 18]));
          sum1_d += SumWidth'(signed'(chain_sum1[c*18 +: 18]));
        end
      end

      logic [31:0] acc0_d, acc1_d, acc0_q, acc1_q, done0_q, done1_q;
      assign acc0_d = (first ? '0 : acc0_q) + 32'(sum0_q);
      assign acc1_d = (first ? '0 : acc1_q) + 32'(sum1_q);
      always_ff @(posedge clk_i) begin
        sum0_q <= sum0_d;
        sum1_q <= sum1_d;
        if (valid) begin
          acc0_q <= acc0_d;
          acc1_q <= acc1_d;
        end
        if (valid && last) begin
          done0_q <= acc0_d;
          done1_q <= acc1_d;
        end
      end
      assign sums_o[((2*pair)*Outputs+o)*32 +: 32] = done0_q;
      assign sums_o[((2*pair+1)*Outputs+o)*32 +: 32] = done1_q;
    end
  end
endmodule

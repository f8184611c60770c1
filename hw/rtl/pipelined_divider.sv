// floor({remainder_i, dividend_i} / divisor_i), a quotient bit a stage: one division a cycle, latency QuotientWidth.
module pipelined_divider #(
  /// Bits of the divisor and of the remainder.
  parameter int DivisorWidth = 16,
  /// Bits of the quotient: stages.
  parameter int QuotientWidth = 16,
  /// 0: the lower part of the dividend is 0, and no stage keeps bits of it.
  parameter bit HasDividend = 1'b1,
  /// The divisor stays as it is while a division is in the unit: no stage keeps it.
  parameter bit SteadyDivisor = 1'b0
) (
  input  logic clk_i,
  /// Upper part of the dividend; below divisor_i, so that the quotient fits (any quotient comes out where it is not).
  input  logic [DivisorWidth-1:0] remainder_i,
  input  logic [QuotientWidth-1:0] dividend_i,
  input  logic [DivisorWidth-1:0] divisor_i,
  output logic [QuotientWidth-1:0] quotient_o
);
  // Of each stage, its inputs lowest. `low` gives a bit of the dividend from its top and takes one of the quotient below.
  logic [(QuotientWidth+1)*DivisorWidth-1:0] remainders, divisors;
  logic [(QuotientWidth+1)*QuotientWidth-1:0] lows;
  assign remainders[DivisorWidth-1:0] = remainder_i;
  assign divisors[DivisorWidth-1:0] = divisor_i;
  assign lows[QuotientWidth-1:0] = HasDividend ? dividend_i : '0;

  for (genvar i = 0; i < QuotientWidth; i++) begin : gen_stage
    localparam int LowWidth = HasDividend ? QuotientWidth : i + 1;
    logic [DivisorWidth-1:0] divisor, remainder_q;
    logic [QuotientWidth-1:0] low;
    logic [LowWidth-1:0] low_q;
    logic [DivisorWidth:0] shifted, less;
    logic fits;
    assign divisor = divisors[i*DivisorWidth +: DivisorWidth];
    assign low = lows[i*QuotientWidth +: QuotientWidth];
    assign shifted = {remainders[i*DivisorWidth +: DivisorWidth], HasDividend && low[QuotientWidth-1]};
    assign fits = shifted >= {1'b0, divisor};
    assign less = shifted - {1'b0, divisor};
    always_ff @(posedge clk_i) begin
      remainder_q <= fits ? less[DivisorWidth-1:0] : shifted[DivisorWidth-1:0];
      low_q <= LowWidth'({low, fits});
    end
    assign remainders[(i+1)*DivisorWidth +: DivisorWidth] = remainder_q;
    if (SteadyDivisor) begin : gen_steady
      assign divisors[(i+1)*DivisorWidth +: DivisorWidth] = divisor_i;
    end else begin : gen_divisor
      logic [DivisorWidth-1:0] divisor_q;
      always_ff @(posedge clk_i) divisor_q <= divisor;
      assign divisors[(i+1)*DivisorWidth +: DivisorWidth] = divisor_q;
    end
    assign lows[(i+1)*QuotientWidth +: QuotientWidth] = QuotientWidth'(low_q);
    logic unused_top;
    assign unused_top = less[DivisorWidth];
  end
  assign quotient_o = lows[QuotientWidth*QuotientWidth +: QuotientWidth];

  logic unused_bits;
  assign unused_bits = ^{remainders[QuotientWidth*DivisorWidth +: DivisorWidth],
                         divisors[QuotientWidth*DivisorWidth +: DivisorWidth]};
endmodule

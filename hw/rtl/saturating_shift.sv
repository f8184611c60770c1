// saturating_shift of docs/numerics.md: right by shift_i, half up; left where it is negative; clipped to 16 or 32 bits.
// Latency 2: the shifter, then rounding and clipping.
module saturating_shift #(
  /// Bits of the number, at most 33.
  parameter int InWidth = 32,
  /// Furthest shift to the left, at most 29: what is more counts as that.
  parameter int MaxLeft = 29
) (
  input  logic clk_i,
  /// A number every cycle.
  input  logic signed [InWidth-1:0] value_i,
  /// Whoever makes the command clips it to 8 bits: nothing is left from 63 on.
  input  logic signed [7:0] shift_i,
  /// Clips to 16 bits instead of 32.
  input  logic narrow_i,
  output logic signed [31:0] value_o
);
  // One shifter for both directions: the number stands MaxLeft + 1 bits up, and shift + MaxLeft bits to the right of there it
  // has one bit left behind its point, the one that rounds. Shifted by its whole width it is all sign, which rounds to 0.
  localparam int WideWidth = InWidth + MaxLeft + 1;
  localparam int AmountWidth = $clog2(WideWidth + 1);
  logic signed [8:0] amount_full;
  logic [AmountWidth-1:0] amount;
  logic signed [WideWidth-1:0] shifted_d, shifted_q;
  logic narrow_q;
  assign amount_full = 9'(shift_i) + 9'(MaxLeft);
  assign amount = amount_full < 0             ? '0
                : amount_full > 9'(WideWidth) ? AmountWidth'(WideWidth)
                                              : amount_full[AmountWidth-1:0];
  assign shifted_d = $signed({value_i, {(MaxLeft+1){1'b0}}}) >>> amount;

  // What does not fit in 32 bits before it is rounded does not after it either, so that only 33 bits are added to.
  localparam int HighWidth = WideWidth < 33 ? 1 : WideWidth - 32;
  logic sign, overflows, overflows_narrow, overflows_wide;
  logic signed [32:0] rounded;
  assign sign = shifted_q[WideWidth-1];
  assign overflows = shifted_q[WideWidth-1 -: HighWidth] != {HighWidth{sign}};
  assign rounded = $signed({sign, 32'(shifted_q >>> 1)}) + 33'($signed({1'b0, shifted_q[0]}));
  assign overflows_narrow = overflows || rounded[32:15] != {18{rounded[32]}};
  assign overflows_wide = overflows || rounded[32] != rounded[31];

  always_ff @(posedge clk_i) begin
    shifted_q <= shifted_d;
    narrow_q <= narrow_i;
    if (narrow_q && overflows_narrow) value_o <= sign ? -32'sd32768 : 32'sd32767;
    else if (overflows_wide) value_o <= {sign, {31{~sign}}};
    else value_o <= rounded[31:0];
  end
endmodule

// saturating_shift of docs/numerics.md: right by shift_i, half up; left where it is negative; clipped to 16 or 32 bits.
// Latency 2: the shifter, then rounding and clipping.
module saturating_shift #(
  /// Bits of the number, at most 33.
  parameter int InWidth = 32
) (
  input  logic clk_i,
  input  logic signed [InWidth-1:0] value_i,
  /// -29 and below are the same, as are 63 and above: whoever makes the command clips to 8 bits.
  input  logic signed [7:0] shift_i,
  /// Clips to 16 bits instead of 32.
  input  logic narrow_i,
  output logic signed [31:0] value_o
);
  // One shifter for both directions: the number stands 30 bits up, and shift + 29 bits to the right of there it has one
  // bit left behind its point, the one that rounds.
  localparam int WideWidth = InWidth + 30;
  logic signed [8:0] amount_full;
  logic [5:0] amount;
  logic signed [WideWidth-1:0] shifted_d, shifted_q;
  logic narrow_q;
  assign amount_full = 9'(shift_i) + 9'sd29;
  assign amount = amount_full < 0 ? 6'd0 : amount_full > 63 ? 6'd63 : amount_full[5:0];
  assign shifted_d = $signed({value_i, 30'b0}) >>> amount;

  logic signed [WideWidth-1:0] rounded;
  logic overflows_narrow, overflows_wide;
  assign rounded = (shifted_q >>> 1) + WideWidth'($signed({1'b0, shifted_q[0]}));
  assign overflows_narrow = rounded[WideWidth-1:15] != {(WideWidth-15){rounded[WideWidth-1]}};
  assign overflows_wide = rounded[WideWidth-1:31] != {(WideWidth-31){rounded[WideWidth-1]}};

  always_ff @(posedge clk_i) begin
    shifted_q <= shifted_d;
    narrow_q <= narrow_i;
    if (narrow_q && overflows_narrow) value_o <= rounded[WideWidth-1] ? -32'sd32768 : 32'sd32767;
    else if (overflows_wide) value_o <= {rounded[WideWidth-1], {31{~rounded[WideWidth-1]}}};
    else value_o <= rounded[31:0];
  end
endmodule

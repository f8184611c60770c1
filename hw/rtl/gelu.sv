// One lane of GELU, docs/numerics.md, section 3.6: ReLU less a table of the difference, straight lines between its knots.
// One number a cycle, latency 4.
module gelu (
  input  logic clk_i,
  /// s16 with fraction_i bits behind the point, a number every cycle.
  input  logic signed [15:0] value_i,
  /// Bits behind the point, of value_i and of value_o.
  input  logic [3:0] fraction_i,
  output logic signed [15:0] value_o
);
  // |x| with 19 bits behind the point: the upper ones are the segment, the lower 15 the place in it.
  logic [15:0] magnitude;
  logic [34:0] position;
  assign magnitude = value_i < 0 ? -value_i : value_i;
  assign position = 35'({magnitude, 4'b0}) << (4'd15 - fraction_i);

  // 1: segment and place
  logic beyond_q;
  logic [5:0] segment_q;
  logic [14:0] place_q;
  logic [15:0] relu_q;
  logic [3:0] fraction_q;
  always_ff @(posedge clk_i) begin
    beyond_q <= position[34:21] != '0;
    segment_q <= position[20:15];
    place_q <= position[14:0];
    relu_q <= value_i < 0 ? '0 : value_i;
    fraction_q <= fraction_i;
  end

  // 2: knots; beyond the last segment the difference is 0
  logic [15:0] knot, next_knot;
  logic signed [15:0] knot2_q, rise_q;
  logic [14:0] place2_q;
  logic [15:0] relu2_q;
  logic [3:0] fraction2_q;
  assign knot = edgemoe_pkg::gelu_knot({1'b0, segment_q});
  assign next_knot = edgemoe_pkg::gelu_knot({1'b0, segment_q} + 7'd1);
  always_ff @(posedge clk_i) begin
    knot2_q <= beyond_q ? '0 : knot;
    rise_q <= beyond_q ? '0 : next_knot - knot;
    place2_q <= place_q;
    relu2_q <= relu_q;
    fraction2_q <= fraction_q;
  end

  // 3: the straight line
  logic signed [31:0] slope;
  logic signed [16:0] difference_q;
  logic [15:0] relu3_q;
  logic [3:0] fraction3_q;
  assign slope = 32'(rise_q) * $signed({17'b0, place2_q}) + 32'sd16384;
  always_ff @(posedge clk_i) begin
    difference_q <= 17'(knot2_q) + slope[31:15];
    relu3_q <= relu2_q;
    fraction3_q <= fraction2_q;
  end

  // 4: from 17 fraction bits to fraction_i, half up; 2 to 17 bits to the right, one bit kept that rounds
  logic signed [16:0] shifted, rounded;
  assign shifted = (difference_q >>> 1) >>> (4'd15 - fraction3_q);
  assign rounded = (shifted >>> 1) + 17'($signed({1'b0, shifted[0]}));
  always_ff @(posedge clk_i) value_o <= relu3_q - rounded[15:0];

  logic unused_bits;
  assign unused_bits = ^{slope[14:0], rounded[16]};
endmodule

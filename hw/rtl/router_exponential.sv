// The exponential of a difference of logits, docs/numerics.md, section 3.8: distance = difference * kappa * 2^-right, then
// 2^(-distance / 2^12) from the table with a straight line between its entries. One a cycle, latency 7.
module router_exponential (
  input  logic clk_i,
  /// Largest logit less this one.
  input  logic [46:0] difference_i,
  /// 2^14 to 2^15 - 1, and sigma - s; both stay as they are.
  input  logic [14:0] kappa_i,
  input  logic signed [7:0] right_i,
  /// 65280 is 1.
  output logic [15:0] exponential_o
);
  // From here on nothing is left of it, and a distance is clipped to here.
  localparam logic [17:0] Far = 18'h20000;

  // 1-2: product
  logic [46:0] difference_q;
  logic [61:0] product_q;
  always_ff @(posedge clk_i) begin
    difference_q <= difference_i;
    product_q <= 62'(difference_q) * 62'(kappa_i);
  end

  // 3: shifted, one bit behind the point; to the left at most 18, which brings all but 0 beyond the end
  logic [5:0] left;
  logic [17:0] near;
  logic [62:0] shifted_q;
  assign left = right_i < -8'sd18 ? 6'd18 : 6'(-right_i);
  assign near = product_q > 62'(Far) ? Far : product_q[17:0];
  always_ff @(posedge clk_i) begin
    shifted_q <= right_i < 0 ? {44'b0, near, 1'b0} << left : {product_q, 1'b0} >> right_i[6:0];
  end

  // 4: rounded, clipped
  logic [62:0] rounded;
  logic [17:0] distance_q;
  assign rounded = (shifted_q >> 1) + {62'b0, shifted_q[0]};
  always_ff @(posedge clk_i) distance_q <= rounded > 63'(Far) ? Far : rounded[17:0];

  // 5: entries
  logic [15:0] here_q, next_q;
  logic [5:0] place_q, halvings_q;
  always_ff @(posedge clk_i) begin
    here_q <= edgemoe_pkg::exp2_entry(distance_q[11:6]);
    next_q <= distance_q[11:6] == 6'd63 ? 16'd32640 : edgemoe_pkg::exp2_entry(distance_q[11:6] + 6'd1);
    place_q <= distance_q[5:0];
    halvings_q <= distance_q[17:12];
  end

  // 6: straight line
  logic [15:0] step;
  logic [21:0] fall;
  logic [15:0] line_q;
  logic [5:0] halvings2_q;
  assign step = here_q - next_q;
  assign fall = 22'(step) * 22'(place_q) + 22'd32;
  always_ff @(posedge clk_i) begin
    line_q <= here_q - fall[21:6];
    halvings2_q <= halvings_q;
  end

  // 7: halvings
  always_ff @(posedge clk_i) exponential_o <= halvings2_q[5:4] != '0 ? '0 : line_q >> halvings2_q[3:0];

  logic unused_bits;
  assign unused_bits = ^fall[5:0];
endmodule

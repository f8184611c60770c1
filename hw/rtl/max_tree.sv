// The largest of Lanes unsigned numbers, a register a level: latency log2(Lanes).
module max_tree #(
  /// A power of two, at least 2.
  parameter int Lanes = 4,
  /// Bits of a number.
  parameter int Width = 16
) (
  input  logic clk_i,
  /// Number i in bits [i * Width +: Width].
  input  logic [Lanes*Width-1:0] values_i,
  /// Of the numbers log2(Lanes) cycles before.
  output logic [Width-1:0] max_o
);
  // A heap: node i has the nodes 2i + 1 and 2i + 2 below it, the last Lanes are the inputs.
  logic [(2*Lanes-1)*Width-1:0] nodes;
  assign nodes[(Lanes-1)*Width +: Lanes*Width] = values_i;
  for (genvar i = 0; i < Lanes - 1; i++) begin : gen_node
    logic [Width-1:0] left, right, larger_q;
    assign left = nodes[(2*i+1)*Width +: Width];
    assign right = nodes[(2*i+2)*Width +: Width];
    always_ff @(posedge clk_i) larger_q <= left > right ? left : right;
    assign nodes[i*Width +: Width] = larger_q;
  end
  assign max_o = nodes[Width-1:0];
endmodule

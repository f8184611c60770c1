// The sum of Lanes signed numbers, a register a level: latency log2(Lanes).
module sum_tree #(
  /// A power of two, at least 2.
  parameter int Lanes = 4,
  /// Bits of a number.
  parameter int Width = 16
) (
  input  logic clk_i,
  /// Number i in bits [i * Width +: Width].
  input  logic [Lanes*Width-1:0] values_i,
  /// Of the numbers log2(Lanes) cycles before.
  output logic signed [Width+$clog2(Lanes)-1:0] sum_o
);
  localparam int SumWidth = Width + $clog2(Lanes);
  // A heap, as in max_tree.
  logic [(2*Lanes-1)*SumWidth-1:0] nodes;
  for (genvar i = 0; i < Lanes; i++) begin : gen_leaf
    assign nodes[(Lanes-1+i)*SumWidth +: SumWidth] = SumWidth'($signed(values_i[i*Width +: Width]));
  end
  for (genvar i = 0; i < Lanes - 1; i++) begin : gen_node
    logic [SumWidth-1:0] sum_q;
    always_ff @(posedge clk_i) begin
      sum_q <= nodes[(2*i+1)*SumWidth +: SumWidth] + nodes[(2*i+2)*SumWidth +: SumWidth];
    end
    assign nodes[i*SumWidth +: SumWidth] = sum_q;
  end
  assign sum_o = nodes[SumWidth-1:0];
endmodule

// A memory with one write and one read port, the only form that maps to block RAM everywhere: all block RAM is this, or
// ram_1r1w_be where parts of a word are written.
module ram_1r1w #(
  /// Bits of a word.
  parameter int Width = 8,
  /// Words, a power of two.
  parameter int Depth = 16
) (
  input  logic clk_i,
  /// Writes wdata_i to waddr_i.
  input  logic write_i,
  input  logic [$clog2(Depth)-1:0] waddr_i,
  input  logic [Width-1:0] wdata_i,
  input  logic [$clog2(Depth)-1:0] raddr_i,
  /// The word at raddr_i, a cycle later. A word that is written in the same cycle is undefined.
  output logic [Width-1:0] rdata_o
);
  if (Depth < 2 || 2 ** $clog2(Depth) != Depth) begin : gen_wrong_depth
    $error("ram_1r1w: Depth, its words, must be a power of two from 2 on");
  end
  logic [Width-1:0] words [0:Depth-1];

  always_ff @(posedge clk_i) begin
    if (write_i) words[waddr_i] <= wdata_i;
    rdata_o <= words[raddr_i];
  end
endmodule

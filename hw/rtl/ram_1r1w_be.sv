// ram_1r1w with a write enable for each part of a word.
module ram_1r1w_be #(
  /// Bits of a word, a multiple of PartWidth.
  parameter int Width = 16,
  /// Words, a power of two.
  parameter int Depth = 16,
  /// Bits that are written or left together.
  parameter int PartWidth = 8
) (
  input  logic clk_i,
  /// Writes those parts of wdata_i to waddr_i.
  input  logic [Width/PartWidth-1:0] write_i,
  input  logic [$clog2(Depth)-1:0] waddr_i,
  input  logic [Width-1:0] wdata_i,
  input  logic [$clog2(Depth)-1:0] raddr_i,
  /// The word at raddr_i, a cycle later. A part that is written in the same cycle is undefined.
  output logic [Width-1:0] rdata_o
);
  if (Depth < 2 || 2 ** $clog2(Depth) != Depth) begin : gen_wrong_depth
    $error("ram_1r1w_be: Depth, its words, must be a power of two from 2 on");
  end
  logic [Width-1:0] words [0:Depth-1];

  always_ff @(posedge clk_i) begin
    for (int i = 0; i < Width / PartWidth; i++) begin
      if (write_i[i]) words[waddr_i][i*PartWidth +: PartWidth] <= wdata_i[i*PartWidth +: PartWidth];
    end
    rdata_o <= words[raddr_i];
  end
endmodule

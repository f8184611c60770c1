// What belongs to each token of a group: rows' scales, softmax's scales, the places of gathered rows. Written a token at a
// time, read for all tokens of a group.
module group_memory #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Bits a token.
  parameter int Width = 23,
  /// A power of two.
  parameter int Groups = 16
) (
  input  logic clk_i,
  /// Writes the place of one token of a group.
  input  logic write_i,
  input  logic [$clog2(Groups)-1:0] write_group_i,
  input  logic [$clog2(Tokens)-1:0] write_token_i,
  input  logic [Width-1:0] write_data_i,
  /// All places of a group, every cycle.
  input  logic [$clog2(Groups)-1:0] read_group_i,
  /// A cycle later; token t from bit t * Width on. What is written in the same cycle is undefined.
  output logic [Tokens*Width-1:0] data_o
);
  if (Groups < 2 || 2 ** $clog2(Groups) != Groups) begin : gen_wrong_groups
    $error("group_memory: Groups, its groups, must be a power of two from 2 on");
  end
  for (genvar t = 0; t < Tokens; t++) begin : gen_token
    logic write;
    assign write = write_i && 32'(write_token_i) == t;
    ram_1r1w #(.Width(Width), .Depth(Groups)) u_token (
      .clk_i, .write_i(write), .waddr_i(write_group_i), .wdata_i(write_data_i),
      .raddr_i(read_group_i), .rdata_o(data_o[t*Width +: Width])
    );
  end
endmodule

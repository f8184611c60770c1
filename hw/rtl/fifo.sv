// A queue of a few words, in LUTs: what waits between two units. A word that goes in can come out a cycle later.
module fifo #(
  /// Bits of a word.
  parameter int Width = 8,
  /// Words, a power of two.
  parameter int Depth = 4
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// A word is there to be taken, with ready_o.
  input  logic valid_i,
  /// No word is taken without it; does not depend on ready_i.
  output logic ready_o,
  input  logic [Width-1:0] data_i,
  /// The oldest word stays until ready_i.
  output logic valid_o,
  input  logic ready_i,
  output logic [Width-1:0] data_o,
  /// Words held.
  output logic [$clog2(Depth):0] count_o
);
  if (Depth < 2 || 2 ** $clog2(Depth) != Depth) begin : gen_wrong_depth
    $error("fifo: Depth, its words, must be a power of two from 2 on");
  end
  localparam int AddressWidth = $clog2(Depth);

  logic [Width-1:0] words [0:Depth-1];
  // A bit more than an address: equal is empty, Depth apart is full.
  logic [AddressWidth:0] write_q, read_q;

  assign count_o = write_q - read_q;
  assign ready_o = !count_o[AddressWidth];
  assign valid_o = write_q != read_q;
  assign data_o = words[read_q[AddressWidth-1:0]];

  always_ff @(posedge clk_i) begin
    if (valid_i && ready_o) write_q <= write_q + 1'b1;
    if (valid_o && ready_i) read_q <= read_q + 1'b1;
    if (!rst_ni) begin
      write_q <= '0;
      read_q <= '0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (valid_i && ready_o) words[write_q[AddressWidth-1:0]] <= data_i;
  end
endmodule

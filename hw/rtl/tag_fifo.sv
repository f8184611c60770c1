// A short queue in registers: what is pushed is at data_o when all before it are popped, from the next cycle on.
module tag_fifo #(
  parameter int Width = 8,
  /// A power of two.
  parameter int Depth = 4
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// Not while full_o.
  input  logic push_i,
  input  logic [Width-1:0] data_i,
  output logic full_o,
  /// Not while empty_o.
  input  logic pop_i,
  output logic empty_o,
  /// The oldest.
  output logic [Width-1:0] data_o
);
  localparam int IndexWidth = $clog2(Depth);
  // Counters have a bit more than an index: equal is empty, Depth apart is full.
  logic [IndexWidth:0] write_q, read_q, fill;
  logic [Width-1:0] entries [0:Depth-1];

  assign fill = write_q - read_q;
  assign full_o = fill[IndexWidth];
  assign empty_o = fill == '0;
  assign data_o = entries[read_q[IndexWidth-1:0]];
  always_ff @(posedge clk_i) begin
    if (push_i) entries[write_q[IndexWidth-1:0]] <= data_i;
    if (!rst_ni) begin
      write_q <= '0;
      read_q <= '0;
    end else begin
      if (push_i) write_q <= write_q + 1'b1;
      if (pop_i) read_q <= read_q + 1'b1;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && push_i && full_o) $error("tag_fifo: pushed while full");
    if (rst_ni && pop_i && empty_o) $error("tag_fifo: popped while empty");
  end
`endif
endmodule

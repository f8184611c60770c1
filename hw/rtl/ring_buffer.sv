// A ring of rows between a stream that fills it and phases that read it: a row is Banks words, which arrive one after the other.
// Rows stay until they are released, in the order of their arrival. Counters run modulo twice the rows and begin at 0 with each
// run, so that a counter's lower bits are a row's address.
//
// Reading is as the array needs it: bank k reads in a cycle what bank 0 read k cycles before; data come through a register.
module ring_buffer #(
  /// A power of two.
  parameter int Banks = 8,
  /// Bits of a word.
  parameter int Width = 64,
  /// A power of two.
  parameter int Rows = 64
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// A run begins: the ring is empty.
  input  logic clear_i,
  /// The next word. Who writes has counted: no more than there is room for.
  input  logic write_i,
  input  logic [Width-1:0] data_i,
  /// Rows that are there since the run began, all their words; rows that have been given back.
  output logic [$clog2(Rows):0] rows_o,
  output logic [$clog2(Rows):0] released_o,
  /// Gives back the oldest rows, at the earliest in the cycle after the last of them was at raddr_i.
  input  logic release_i,
  input  logic [$clog2(Rows):0] release_rows_i,
  input  logic [$clog2(Rows)-1:0] raddr_i,
  /// Bank 0 two cycles later, bank k another k cycles later.
  output logic [Banks*Width-1:0] rdata_o
);
  localparam int RowWidth = $clog2(Rows);
  localparam int BankWidth = Banks == 1 ? 1 : $clog2(Banks);

  logic [BankWidth-1:0] bank_q;
  logic [RowWidth:0] row_q;
  logic row_ends;
  assign row_ends = write_i && 32'(bank_q) == Banks - 1;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      bank_q <= '0;
      row_q <= '0;
    end else if (write_i) begin
      bank_q <= row_ends ? '0 : bank_q + 1'b1;
      if (row_ends) row_q <= row_q + 1'b1;
    end
  end
  assign rows_o = row_q;

  // Room appears when the last bank has read, too.
  logic [Banks-1:0] release_line_q;
  logic [RowWidth:0] release_rows;
  delay_line #(.Width(RowWidth + 1), .Cycles(Banks)) u_release (.clk_i, .data_i(release_rows_i), .data_o(release_rows));
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      release_line_q <= '0;
      released_o <= '0;
    end else begin
      release_line_q <= Banks'({release_line_q, release_i});
      if (release_line_q[Banks-1]) released_o <= released_o + release_rows;
    end
  end

  logic [Banks*RowWidth-1:0] raddrs;
  logic [Banks*Width-1:0] words;
  always_ff @(posedge clk_i) rdata_o <= words;
  assign raddrs[RowWidth-1:0] = raddr_i;
  for (genvar k = 0; k < Banks; k++) begin : gen_bank
    if (k > 0) begin : gen_skew
      delay_line #(.Width(RowWidth), .Cycles(1)) u_raddr (
        .clk_i, .data_i(raddrs[(k-1)*RowWidth +: RowWidth]), .data_o(raddrs[k*RowWidth +: RowWidth])
      );
    end
    logic write;
    assign write = write_i && 32'(bank_q) == k;
    ram_1r1w #(.Width(Width), .Depth(Rows)) u_words (
      .clk_i, .write_i(write), .waddr_i(row_q[RowWidth-1:0]), .wdata_i(data_i),
      .raddr_i(raddrs[k*RowWidth +: RowWidth]), .rdata_o(words[k*Width +: Width])
    );
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && !clear_i && release_line_q[Banks-1] && release_rows > row_q - released_o) begin
      $error("ring_buffer: %0d rows given back, of %0d that are there", release_rows, row_q - released_o);
    end
  end
`endif
endmodule

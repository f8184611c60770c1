// Rows that wait for what is found from all of their elements: a row goes in beat by beat, and comes out when its constants
// are there, in the order in which it came, a beat a cycle and without gaps in a row.
module row_queue #(
  /// Bits of a beat.
  parameter int Width = 8,
  /// Bits of a row's constants.
  parameter int InfoWidth = 8,
  /// Beats, a power of two; a row must fit.
  parameter int Depth = 16,
  /// Rows, a power of two.
  parameter int Rows = 16
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// A beat of a row, taken with ready_o.
  input  logic valid_i,
  /// No beat is taken without it.
  output logic ready_o,
  /// The beat is its row's last.
  input  logic last_i,
  input  logic [Width-1:0] data_i,
  /// The constants of the next row, all of whose beats have gone in.
  input  logic release_i,
  input  logic [InfoWidth-1:0] info_i,
  /// A beat, its row's constants, and whether it is the row's last. Never refused.
  output logic valid_o,
  output logic last_o,
  output logic [Width-1:0] data_o,
  output logic [InfoWidth-1:0] info_o
);
  if (Depth < 2 || 2 ** $clog2(Depth) != Depth) begin : gen_wrong_depth
    $error("row_queue: Depth, the beats it holds, must be a power of two from 2 on");
  end
  if (Rows < 2 || 2 ** $clog2(Rows) != Rows) begin : gen_wrong_rows
    $error("row_queue: Rows, the rows it holds, must be a power of two from 2 on");
  end
  localparam int AddressWidth = $clog2(Depth);
  localparam int RowWidth = $clog2(Rows);

  // Counters have a bit more than an address: equal is empty, Depth apart is full.
  logic [AddressWidth:0] write_q, read_q, fill;
  logic [RowWidth:0] write_row_q, release_row_q, read_row_q, rows;
  logic [AddressWidth:0] ends [0:Rows-1];
  logic [InfoWidth-1:0] infos [0:Rows-1];
  logic take, emit, row_ends;

  assign fill = write_q - read_q;
  assign rows = write_row_q - read_row_q;
  assign ready_o = !fill[AddressWidth] && !rows[RowWidth];
  assign take = valid_i && ready_o;
  assign emit = release_row_q != read_row_q;
  assign row_ends = emit && read_q == ends[read_row_q[RowWidth-1:0]];

  always_ff @(posedge clk_i) begin
    if (take) write_q <= write_q + 1'b1;
    if (take && last_i) write_row_q <= write_row_q + 1'b1;
    if (release_i) release_row_q <= release_row_q + 1'b1;
    if (emit) read_q <= read_q + 1'b1;
    if (row_ends) read_row_q <= read_row_q + 1'b1;
    valid_o <= emit;
    if (!rst_ni) begin
      write_q <= '0;
      read_q <= '0;
      write_row_q <= '0;
      release_row_q <= '0;
      read_row_q <= '0;
      valid_o <= 1'b0;
    end
  end
  // Without reset: written before they are read.
  always_ff @(posedge clk_i) begin
    if (take && last_i) ends[write_row_q[RowWidth-1:0]] <= write_q;
    if (release_i) infos[release_row_q[RowWidth-1:0]] <= info_i;
    last_o <= row_ends;
    info_o <= infos[read_row_q[RowWidth-1:0]];
  end

  ram_1r1w #(.Width(Width), .Depth(Depth)) u_beats (
    .clk_i, .write_i(take), .waddr_i(write_q[AddressWidth-1:0]), .wdata_i(data_i),
    .raddr_i(read_q[AddressWidth-1:0]), .rdata_o(data_o)
  );
endmodule

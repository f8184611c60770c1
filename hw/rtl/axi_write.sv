// The one AXI4 write port: a stream of words to consecutive addresses. A burst is begun when all of its beats are here, so that
// neither channel waits for the other, and a burst that has begun always ends.
module axi_write #(
  /// Of a word of the stream; whole beats, a power of two of them.
  parameter int Width = 256,
  /// Of a beat, a power of two.
  parameter int DataBytes = 8,
  /// Bits of the memory's byte addresses, 32 to 64.
  parameter int AddressWidth = 40,
  /// Beats of the longest burst, a power of two; BurstBeats * DataBytes is at most 4096.
  parameter int BurstBeats = 16
) (
  input  logic clk_i,
  /// Of the whole AXI side: what is outstanding is forgotten.
  input  logic rst_ni,
  /// Begins a stream at address_i, a multiple of DataBytes.
  input  logic start_i,
  input  logic [AddressWidth-1:0] address_i,
  /// Begins no burst any more; what has begun ends.
  input  logic stop_i,
  /// Forgets the stream, only while idle_o.
  input  logic flush_i,
  input  logic valid_i,
  output logic ready_o,
  /// The stream's last word.
  input  logic last_i,
  input  logic [Width-1:0] data_i,
  /// All of the stream is written and confirmed.
  output logic done_o,
  /// Nothing is outstanding.
  output logic idle_o,
  /// Pulse: a response other than OKAY.
  output logic response_error_o,
  // Which of the channels is waited for.
  output logic address_waits_o,
  output logic data_waits_o,
  output logic response_waits_o,
  // AXI4
  output logic awvalid_o,
  input  logic awready_i,
  output logic [AddressWidth-1:0] awaddr_o,
  output logic [7:0] awlen_o,
  output logic [2:0] awsize_o,
  output logic [1:0] awburst_o,
  output logic wvalid_o,
  input  logic wready_i,
  output logic [DataBytes*8-1:0] wdata_o,
  output logic [DataBytes-1:0] wstrb_o,
  output logic wlast_o,
  input  logic bvalid_i,
  output logic bready_o,
  input  logic [1:0] bresp_i
);
  localparam int Parts = Width / (DataBytes * 8);
  localparam int Depth = 2 * BurstBeats;
  localparam int BurstWidth = $clog2(BurstBeats) + 1;
  localparam int CountWidth = $clog2(Depth) + 1;
  localparam int PartWidth = Parts == 1 ? 1 : $clog2(Parts);
  /// Bursts that may be unconfirmed.
  localparam int Outstanding = 8;

  if (BurstBeats * DataBytes > 4096) begin : gen_refused
    $error("axi_write: a burst of BurstBeats * DataBytes bytes must fit into 4 KiB");
  end

  // Words to beats, the lowest first.
  logic beat_ready, word_q, last_q;
  logic [Width-1:0] data_q;
  logic [PartWidth-1:0] part_q;
  logic push, last_part;
  assign last_part = 32'(part_q) == Parts - 1;
  assign push = word_q && beat_ready;
  assign ready_o = !word_q || (push && last_part);
  always_ff @(posedge clk_i) begin
    if (valid_i && ready_o) begin
      data_q <= data_i;
      last_q <= last_i;
    end else if (push) begin
      data_q <= data_q >> (DataBytes * 8);
    end
    if (!rst_ni || start_i || flush_i) begin
      word_q <= 1'b0;
      part_q <= '0;
    end else begin
      if (valid_i && ready_o) word_q <= 1'b1;
      else if (push && last_part) word_q <= 1'b0;
      if (push) part_q <= last_part ? '0 : part_q + 1'b1;
    end
  end

  logic beat_valid, pop;
  logic [CountWidth-1:0] held;
  fifo #(.Width(DataBytes * 8), .Depth(Depth)) u_beats (
    .clk_i, .rst_ni(rst_ni && !start_i && !flush_i), .valid_i(word_q), .ready_o(beat_ready), .data_i(data_q[DataBytes*8-1:0]),
    .valid_o(beat_valid), .ready_i(pop), .data_o(wdata_o), .count_o(held)
  );

  // Bursts: all of it here, the burst before it on its way, its address taken.
  logic [AddressWidth-1:0] address_q;
  logic ended_q, begins, confirmed;
  logic [BurstWidth-1:0] beats, left_q;
  logic [$clog2(Outstanding):0] unconfirmed_q;
  burst_size #(.DataBytes(DataBytes), .BurstBeats(BurstBeats), .AddressWidth(AddressWidth), .CountWidth(CountWidth)) u_burst (
    .address_i(address_q), .left_i(held), .beats_o(beats)
  );
  logic [BurstWidth-1:0] to_boundary;
  burst_size #(.DataBytes(DataBytes), .BurstBeats(BurstBeats), .AddressWidth(AddressWidth), .CountWidth(CountWidth)) u_whole (
    .address_i(address_q), .left_i(CountWidth'(BurstBeats)), .beats_o(to_boundary)
  );
  assign begins = !stop_i && beat_valid && left_q == '0 && !awvalid_o && !unconfirmed_q[$clog2(Outstanding)] &&
                  (ended_q || beats == to_boundary);
  assign awsize_o = 3'($clog2(DataBytes));
  assign awburst_o = 2'b01;
  assign wstrb_o = '1;
  assign wvalid_o = left_q != '0;
  assign wlast_o = left_q == BurstWidth'(1);
  assign pop = wvalid_o && wready_i;
  assign bready_o = unconfirmed_q != '0;
  assign confirmed = bvalid_i && bready_o;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      awvalid_o <= 1'b0;
      left_q <= '0;
      unconfirmed_q <= '0;
    end else begin
      if (begins) awvalid_o <= 1'b1;
      else if (awready_i) awvalid_o <= 1'b0;
      if (begins) left_q <= beats;
      else if (pop) left_q <= left_q - 1'b1;
      unconfirmed_q <= unconfirmed_q + ($clog2(Outstanding)+1)'(begins) - ($clog2(Outstanding)+1)'(confirmed);
    end
    if (!rst_ni || start_i || flush_i) ended_q <= 1'b0;
    else if (push && last_part && last_q) ended_q <= 1'b1;
    if (begins) begin
      awaddr_o <= address_q;
      awlen_o <= 8'(beats) - 1'b1;
    end
    if (start_i) address_q <= address_i;
    else if (begins) address_q <= address_q + (AddressWidth'(beats) << $clog2(DataBytes));
    response_error_o <= rst_ni && confirmed && bresp_i != 2'b00;
  end
  assign idle_o = !awvalid_o && !wvalid_o && unconfirmed_q == '0;
  assign done_o = ended_q && !beat_valid && idle_o;
  assign address_waits_o = awvalid_o && !awready_i;
  assign data_waits_o = wvalid_o && !wready_i && !address_waits_o;
  assign response_waits_o = !awvalid_o && !wvalid_o && unconfirmed_q != '0;
endmodule

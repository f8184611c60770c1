// The one AXI4 read port: bursts for several sources, whose data come back in the order of the requests (one ID). A source asks
// only for what it has room for, so that data are never refused and no source can hold up another.
//
// A burst lies within an aligned block of BurstBeats beats, which is the sources' affair (burst_size) and keeps it within 4 KiB.
//
// A burst ends with its LAST, whatever its length: one that is too short gives fewer beats than were asked for, what is too much of
// one is taken and dropped, and length_error_o says so. So the bus is never left with a burst that nobody takes.
module axi_read #(
  /// Who may ask; of several at once the lowest.
  parameter int Sources = 3,
  /// Of a beat, a power of two.
  parameter int DataBytes = 8,
  /// Bits of the memory's byte addresses, 32 to 64.
  parameter int AddressWidth = 40,
  /// Beats of the longest burst, a power of two; BurstBeats * DataBytes is at most 4096.
  parameter int BurstBeats = 16,
  /// Bursts that may be asked for before the first has come, a power of two.
  parameter int Outstanding = 16
) (
  input  logic clk_i,
  /// Of the whole AXI side: what is outstanding is forgotten.
  input  logic rst_ni,
  /// Takes no request any more; what is outstanding still comes.
  input  logic stop_i,
  // Requests; of several the source with the lowest number goes first. All signals stay until ready.
  input  logic [Sources-1:0] request_valid_i,
  output logic [Sources-1:0] request_ready_o,
  input  logic [Sources*AddressWidth-1:0] request_address_i,
  input  logic [Sources*($clog2(BurstBeats)+1)-1:0] request_beats_i,
  /// A beat for one of the sources. Never refused.
  output logic [Sources-1:0] valid_o,
  output logic [DataBytes*8-1:0] data_o,
  /// Nothing is asked for and nothing is to come.
  output logic idle_o,
  /// Pulses: a response other than OKAY; a burst that ends too early or too late, a beat of no burst.
  output logic response_error_o,
  output logic length_error_o,
  /// An address waits to be taken; data are waited for.
  output logic address_waits_o,
  output logic data_waits_o,
  // AXI4
  output logic arvalid_o,
  input  logic arready_i,
  output logic [AddressWidth-1:0] araddr_o,
  output logic [7:0] arlen_o,
  output logic [2:0] arsize_o,
  output logic [1:0] arburst_o,
  input  logic rvalid_i,
  output logic rready_o,
  input  logic [DataBytes*8-1:0] rdata_i,
  input  logic [1:0] rresp_i,
  input  logic rlast_i
);
  localparam int BeatWidth = $clog2(BurstBeats) + 1;

  if (BurstBeats * DataBytes > 4096) begin : gen_refused
    $error("axi_read: a burst of BurstBeats * DataBytes bytes must fit into 4 KiB");
  end

  // Addresses.
  logic [Sources-1:0] grant;
  logic [AddressWidth-1:0] address;
  logic [BeatWidth-1:0] beats;
  logic room, take;
  always_comb begin
    grant = '0;
    address = '0;
    beats = '0;
    for (int s = Sources - 1; s >= 0; s--) begin
      if (request_valid_i[s]) begin
        grant = '0;
        grant[s] = 1'b1;
        address = request_address_i[s*AddressWidth +: AddressWidth];
        beats = request_beats_i[s*BeatWidth +: BeatWidth];
      end
    end
  end
  assign take = !stop_i && room && (!arvalid_o || arready_i);
  assign request_ready_o = take ? grant : '0;
  assign arsize_o = 3'($clog2(DataBytes));
  assign arburst_o = 2'b01;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) arvalid_o <= 1'b0;
    else if (take && grant != '0) arvalid_o <= 1'b1;
    else if (arready_i) arvalid_o <= 1'b0;
    if (take) begin
      araddr_o <= address;
      arlen_o <= 8'(beats) - 1'b1;
    end
  end

  // Whose data come, and how many.
  logic [Sources-1:0] data_source;
  logic [BeatWidth-1:0] data_beats, beat_q;
  // over_q: all of the burst's beats have come, and LAST has not.
  logic asked, beat, last_beat, over_q;
  logic [$clog2(Outstanding):0] bursts;
  fifo #(.Width(Sources + BeatWidth), .Depth(Outstanding)) u_outstanding (
    .clk_i, .rst_ni, .valid_i(take && grant != '0), .ready_o(room), .data_i({grant, beats}), .valid_o(asked),
    .ready_i(beat && rlast_i), .data_o({data_source, data_beats}), .count_o(bursts)
  );
  assign rready_o = 1'b1;
  assign beat = rvalid_i && asked;
  assign last_beat = !over_q && beat_q + 1'b1 == data_beats;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      beat_q <= '0;
      over_q <= 1'b0;
    end else if (beat) begin
      beat_q <= rlast_i ? '0 : beat_q + 1'b1;
      over_q <= !rlast_i && (over_q || last_beat);
    end
    valid_o <= rst_ni && beat && !over_q ? data_source : '0;
    data_o <= rdata_i;
    response_error_o <= rst_ni && beat && rresp_i != 2'b00;
    length_error_o <= rst_ni && rvalid_i && (!asked || rlast_i != last_beat);
  end
  assign idle_o = bursts == '0 && !arvalid_o && valid_o == '0;
  assign address_waits_o = arvalid_o && !arready_i;
  assign data_waits_o = asked && !rvalid_i && !address_waits_o;
endmodule

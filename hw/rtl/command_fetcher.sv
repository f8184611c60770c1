// Reads a list of 64-byte commands ahead of who executes them, as far as its queue has room.
module command_fetcher #(
  /// Of a beat, a power of two, at most 64.
  parameter int DataBytes = 8,
  /// Bits of the memory's byte addresses, 32 to 64.
  parameter int AddressWidth = 40,
  /// Beats of the longest burst, a power of two; BurstBeats beats are at most 4 KiB.
  parameter int BurstBeats = 16,
  /// Commands read ahead, a power of two.
  parameter int Depth = 4
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// Begins with a list of count_i commands at address_i, a multiple of 64; whatever was left of another is forgotten. Nothing
  /// of an earlier list may be outstanding.
  input  logic start_i,
  input  logic [AddressWidth-1:0] address_i,
  input  logic [15:0] count_i,
  // To axi_read.
  output logic request_valid_o,
  input  logic request_ready_i,
  output logic [AddressWidth-1:0] request_address_o,
  output logic [$clog2(BurstBeats):0] request_beats_o,
  input  logic valid_i,
  input  logic [DataBytes*8-1:0] data_i,
  /// The list's next command.
  output logic valid_o,
  input  logic ready_i,
  output logic [511:0] command_o,
  /// All of the list has been taken.
  output logic done_o
);
  localparam int Beats = 64 / DataBytes;
  localparam int PartWidth = Beats == 1 ? 1 : $clog2(Beats);

  if (DataBytes > 64 || Beats > BurstBeats) begin : gen_refused
    $error("command_fetcher: a command of 64 bytes must be whole beats and no more than a burst");
  end

  // Commands not asked for, not taken; asked for and not taken.
  logic [15:0] ask_left_q, take_left_q, ahead;
  logic [AddressWidth-1:0] address_q;
  logic take;
  assign ahead = take_left_q - ask_left_q;
  assign request_valid_o = ask_left_q != '0 && ahead < 16'(Depth);
  assign request_address_o = address_q;
  assign request_beats_o = ($clog2(BurstBeats)+1)'(Beats);
  assign take = valid_o && ready_i;
  assign done_o = take_left_q == '0;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ask_left_q <= '0;
      take_left_q <= '0;
    end else if (start_i) begin
      ask_left_q <= count_i;
      take_left_q <= count_i;
    end else begin
      if (request_valid_o && request_ready_i) ask_left_q <= ask_left_q - 1'b1;
      if (take) take_left_q <= take_left_q - 1'b1;
    end
    if (start_i) address_q <= address_i;
    else if (request_valid_o && request_ready_i) address_q <= address_q + AddressWidth'(64);
  end

  // Beats to commands, the first at the bottom.
  logic [511:0] command;
  logic whole;
  if (Beats == 1) begin : gen_whole
    assign command = data_i;
    assign whole = valid_i;
  end else begin : gen_parts
    logic [511-DataBytes*8:0] parts_q;
    logic [PartWidth-1:0] part_q;
    assign command = {data_i, parts_q};
    assign whole = valid_i && 32'(part_q) == Beats - 1;
    always_ff @(posedge clk_i) begin
      if (valid_i) parts_q <= command[511:DataBytes*8];
      if (!rst_ni || start_i) part_q <= '0;
      else if (valid_i) part_q <= whole ? '0 : part_q + 1'b1;
    end
  end

  logic unused_ready;
  logic [$clog2(Depth):0] unused_count;
  fifo #(.Width(512), .Depth(Depth)) u_commands (
    .clk_i, .rst_ni(rst_ni && !start_i), .valid_i(whole), .ready_o(unused_ready), .data_i(command), .valid_o, .ready_i,
    .data_o(command_o), .count_o(unused_count)
  );
endmodule

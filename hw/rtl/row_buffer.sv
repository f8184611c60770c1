// Turns the array's order into rows: beats come column tile by column tile, in each a token a cycle, and leave token by token,
// each one's beats together. One slot takes a group of Tokens rows; while one is read others are written.
//
// Who issues a group's tiles takes a slot for it first; what then comes is never refused.
module row_buffer #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Bits of a beat.
  parameter int Width = edgemoe_pkg::ArrayOutputs * 16,
  /// Beats of the widest row, a power of two.
  parameter int MaxBeats = edgemoe_pkg::MaxWidth / edgemoe_pkg::ArrayOutputs,
  /// What a group's rows are, of any meaning.
  parameter int TagWidth = 8,
  /// A power of two.
  parameter int Slots = 4
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// Takes a slot; only with free_o.
  input  logic reserve_i,
  output logic free_o,
  // Groups in the order in which their slots were taken.
  input  logic write_i,
  input  logic [$clog2(Tokens)-1:0] write_token_i,
  input  logic [$clog2(MaxBeats)-1:0] write_beat_i,
  input  logic [Width-1:0] write_data_i,
  /// The group's last: of its rows, this many, each of this many beats, all have come.
  input  logic write_last_i,
  input  logic [$clog2(Tokens+1)-1:0] write_rows_i,
  input  logic [$clog2(MaxBeats+1)-1:0] write_beats_i,
  input  logic [TagWidth-1:0] write_tag_i,
  // Rows. A beat stays until ready_i.
  output logic valid_o,
  input  logic ready_i,
  output logic [$clog2(Tokens)-1:0] token_o,
  output logic [$clog2(MaxBeats)-1:0] beat_o,
  /// The row's last beat; the group's last.
  output logic last_o,
  output logic group_last_o,
  output logic [TagWidth-1:0] tag_o,
  output logic [Width-1:0] data_o
);
  if (MaxBeats < 2 || 2 ** $clog2(MaxBeats) != MaxBeats) begin : gen_wrong_maxbeats
    $error("row_buffer: MaxBeats, the beats of its widest row, must be a power of two from 2 on");
  end
  if (Slots < 2 || 2 ** $clog2(Slots) != Slots) begin : gen_wrong_slots
    $error("row_buffer: Slots, its groups, must be a power of two from 2 on");
  end
  localparam int TokenWidth = $clog2(Tokens);
  localparam int RowsWidth = $clog2(Tokens + 1);
  localparam int BeatWidth = $clog2(MaxBeats);
  localparam int BeatsWidth = $clog2(MaxBeats + 1);
  localparam int SlotWidth = $clog2(Slots);

  // Counters of slots have a bit more than an index: equal is empty, Slots apart is full.
  // A group is shown a cycle after it is written, when the memory has read its first beat.
  logic [SlotWidth:0] reserve_q, write_q, shown_q, read_q, read_d, taken;
  logic [TokenWidth-1:0] token_q, token_d;
  logic [BeatWidth-1:0] beat_q, beat_d;
  logic group_ends, advance;
  logic [RowsWidth+BeatsWidth+TagWidth-1:0] infos [0:Slots-1];
  logic [RowsWidth-1:0] rows;
  logic [BeatsWidth-1:0] beats;

  assign taken = reserve_q - read_q;
  assign free_o = !taken[SlotWidth];
  assign valid_o = shown_q != read_q;
  assign {rows, beats, tag_o} = infos[read_q[SlotWidth-1:0]];
  assign last_o = BeatsWidth'(beat_q) + 1'b1 == beats;
  assign group_last_o = last_o && RowsWidth'(token_q) + 1'b1 == rows;
  assign token_o = token_q;
  assign beat_o = beat_q;
  assign advance = valid_o && ready_i;
  assign group_ends = advance && group_last_o;
  assign beat_d = !advance ? beat_q : last_o ? '0 : beat_q + 1'b1;
  assign token_d = !advance || !last_o ? token_q : group_last_o ? '0 : token_q + 1'b1;
  assign read_d = group_ends ? read_q + 1'b1 : read_q;

  always_ff @(posedge clk_i) begin
    if (write_i && write_last_i) infos[write_q[SlotWidth-1:0]] <= {write_rows_i, write_beats_i, write_tag_i};
    shown_q <= write_q;
    if (!rst_ni) begin
      reserve_q <= '0;
      write_q <= '0;
      shown_q <= '0;
      read_q <= '0;
      token_q <= '0;
      beat_q <= '0;
    end else begin
      if (reserve_i) reserve_q <= reserve_q + 1'b1;
      if (write_i && write_last_i) write_q <= write_q + 1'b1;
      read_q <= read_d;
      token_q <= token_d;
      beat_q <= beat_d;
    end
  end

  // The memory reads what stands at the outputs in the next cycle.
  ram_1r1w #(.Width(Width), .Depth((Slots << TokenWidth) * MaxBeats)) u_beats (
    .clk_i, .write_i, .waddr_i({write_q[SlotWidth-1:0], write_token_i, write_beat_i}), .wdata_i(write_data_i),
    .raddr_i({read_d[SlotWidth-1:0], token_d, beat_d}), .rdata_o(data_o)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && reserve_i && !free_o) $error("row_buffer: a slot taken while none is free");
    if (rst_ni && write_i && write_q == reserve_q) $error("row_buffer: a beat without a slot");
    if (rst_ni && write_i && write_last_i && (write_rows_i == '0 || write_beats_i == '0)) begin
      $error("row_buffer: a group of %0d rows of %0d beats", write_rows_i, write_beats_i);
    end
  end
`endif
endmodule

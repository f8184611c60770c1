// Rows by expert: keeps the normed rows of all tokens, and when they are routed copies them, expert by expert in ascending order,
// into groups of Tokens rows of activation memory. An expert's rows begin a group; its place in memory follows from how many
// rows the experts before it have, first_group.
//
// A row takes beats_i + 2 cycles, and one for each expert; a beat waits where activation memory takes something else.
module gather_unit #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// Tokens of a picture at most, a power of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Experts of a mixture at most, a power of two.
  parameter int MaxExperts = edgemoe_pkg::MaxExperts,
  /// Beats of the widest row, a power of two.
  parameter int MaxBeats = edgemoe_pkg::MaxWidth / edgemoe_pkg::ArrayOutputs,
  /// Beats of all tokens; words of activation memory; groups of gathered rows: powers of two.
  parameter int StoreWords = edgemoe_pkg::GatherWords,
  /// Depth of the memory that rows go to, in steps of a group; a power of two.
  parameter int Words = edgemoe_pkg::ActivationWords,
  /// Depth of the memory of the rows' scales, in groups; a power of two.
  parameter int Groups = edgemoe_pkg::ScaleWords
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// Beats of a row; stays as it is from the first row's writing on until done_o.
  input  logic [$clog2(MaxBeats+1)-1:0] beats_i,
  // Rows, a beat at a time; with the last one the row's scale. Not while gathering.
  input  logic write_i,
  input  logic [$clog2(MaxTokens)-1:0] write_token_i,
  input  logic [$clog2(MaxBeats)-1:0] write_beat_i,
  input  logic write_last_i,
  input  logic [Outputs*8-1:0] write_data_i,
  input  logic [14:0] write_mantissa_i,
  input  logic [7:0] write_exponent_i,
  /// Gathering begins: the queues are whole. First word and words of a group, multiples of Ways; they stay as they are.
  input  logic start_i,
  input  logic [$clog2(Words)-1:0] first_addr_i,
  input  logic [$clog2(Words)-1:0] pitch_i,
  // expert_queues: how many tokens each expert has; a place of a queue, a cycle later.
  input  logic [MaxExperts*$clog2(MaxTokens+1)-1:0] counts_i,
  output logic [$clog2(MaxExperts)-1:0] queue_expert_o,
  output logic [$clog2(MaxTokens)-1:0] queue_place_o,
  input  logic [$clog2(MaxTokens)-1:0] queue_token_i,
  input  logic [15:0] queue_weight_i,
  // A beat for activation_memory; stays until ready_i.
  output logic valid_o,
  input  logic ready_i,
  output logic [$clog2(Words)-1:0] addr_o,
  output logic [$clog2(Tokens)-1:0] token_o,
  output logic [Outputs*8-1:0] data_o,
  /// With the last beat of a row that is taken: its scale, for place token_o of group_o.
  output logic scale_valid_o,
  output logic [$clog2(Groups)-1:0] group_o,
  output logic [22:0] scale_o,
  /// A group is wholly written; all are.
  output logic group_done_o,
  output logic done_o,
  /// Of an expert whose rows have begun to come: its first group, in the same cycle.
  input  logic [$clog2(MaxExperts)-1:0] first_expert_i,
  output logic [$clog2(Groups)-1:0] first_group_o,
  // A group's places, a cycle later: token (from below) and the router's weight of each.
  input  logic [$clog2(Groups)-1:0] place_group_i,
  output logic [Tokens*($clog2(MaxTokens)+16)-1:0] places_o
);
  localparam int Ways = Outputs / (edgemoe_pkg::ChainLength * Chains);
  localparam int TokenWidth = $clog2(MaxTokens);
  localparam int CountWidth = $clog2(MaxTokens + 1);
  localparam int ExpertWidth = $clog2(MaxExperts);
  localparam int BeatsWidth = $clog2(MaxBeats + 1);
  localparam int BeatWidth = $clog2(MaxBeats);
  localparam int StoreWidth = $clog2(StoreWords);
  localparam int AddressWidth = $clog2(Words);
  localparam int GroupWidth = $clog2(Groups);
  localparam int LaneWidth = $clog2(Tokens);

  typedef enum logic [1:0] {Idle, Seek, Fetch, Copy} state_e;
  state_e state_q;
  logic [ExpertWidth-1:0] expert_q;
  logic [CountWidth-1:0] place_q;
  logic [LaneWidth-1:0] lane_q;
  logic [GroupWidth:0] group_q;
  logic [AddressWidth-1:0] group_addr_q, offset_q;
  logic [BeatWidth-1:0] beat_q;
  logic [StoreWidth-1:0] store_addr_q, store_addr_d, fetched_addr;
  logic [TokenWidth-1:0] token_q;
  logic expert_ends, last_expert, last_beat, row_ends, lane_ends, next_group;
  assign expert_ends = place_q == counts_i[32'(expert_q)*CountWidth +: CountWidth];
  assign last_expert = 32'(expert_q) == MaxExperts - 1;
  assign last_beat = BeatsWidth'(beat_q) + 1'b1 == beats_i;
  assign row_ends = state_q == Copy && ready_i && last_beat;
  assign lane_ends = 32'(lane_q) == Tokens - 1;
  // A group is whole with its last row, or with its expert's.
  assign next_group = (row_ends && lane_ends) || (state_q == Seek && expert_ends && lane_q != '0);
  assign group_done_o = next_group;
  assign queue_expert_o = expert_q;
  assign queue_place_o = place_q[TokenWidth-1:0];

  // Seek: the expert's next place is read | Fetch: the token is there, its first beat is read | Copy: a beat a cycle
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= Idle;
      done_o <= 1'b0;
      group_q <= '0;
    end else begin
      unique case (state_q)
        Idle: begin
          if (start_i) begin
            state_q <= Seek;
            done_o <= 1'b0;
          end
        end
        Seek: begin
          if (!expert_ends) state_q <= Fetch;
          else if (last_expert) begin
            state_q <= Idle;
            done_o <= 1'b1;
          end
        end
        Fetch: state_q <= Copy;
        default: if (row_ends) state_q <= Seek;
      endcase
      if (state_q == Idle && start_i) group_q <= '0;
      else if (next_group) group_q <= group_q + 1'b1;
    end
    if (state_q == Idle) begin
      expert_q <= '0;
      place_q <= '0;
      lane_q <= '0;
      if (start_i) group_addr_q <= first_addr_i;
    end else begin
      if (state_q == Seek && expert_ends) begin
        expert_q <= expert_q + 1'b1;
        place_q <= '0;
        lane_q <= '0;
      end else if (row_ends) begin
        place_q <= place_q + 1'b1;
        lane_q <= lane_ends ? '0 : lane_q + 1'b1;
      end
      if (next_group) group_addr_q <= group_addr_q + pitch_i;
    end
    if (state_q != Copy) begin
      beat_q <= '0;
      offset_q <= '0;
      token_q <= queue_token_i;
    end else if (ready_i) begin
      beat_q <= beat_q + 1'b1;
      offset_q <= offset_q + AddressWidth'(Ways);
    end
    store_addr_q <= store_addr_d;
  end

  // The store reads what stands at the outputs in the next cycle.
  logic [StoreWidth-1:0] write_addr;
  logic [TokenWidth-1:0] scale_addr;
  assign write_addr = StoreWidth'(32'(write_token_i) * 32'(beats_i)) + StoreWidth'(write_beat_i);
  assign fetched_addr = StoreWidth'(32'(queue_token_i) * 32'(beats_i));
  assign store_addr_d = state_q != Copy ? fetched_addr : ready_i ? store_addr_q + 1'b1 : store_addr_q;
  ram_1r1w #(.Width(Outputs*8), .Depth(StoreWords)) u_store (
    .clk_i, .write_i, .waddr_i(write_addr), .wdata_i(write_data_i), .raddr_i(store_addr_d), .rdata_o(data_o)
  );
  assign scale_addr = state_q != Copy ? queue_token_i : token_q;
  ram_1r1w #(.Width(23), .Depth(MaxTokens)) u_scales (
    .clk_i, .write_i(write_i && write_last_i), .waddr_i(write_token_i), .wdata_i({write_exponent_i, write_mantissa_i}),
    .raddr_i(scale_addr), .rdata_o(scale_o)
  );
  assign valid_o = state_q == Copy;
  assign addr_o = group_addr_q + offset_q;
  assign token_o = lane_q;
  assign scale_valid_o = row_ends;
  assign group_o = group_q[GroupWidth-1:0];

  // Where each expert's rows are, and whose they are.
  logic [GroupWidth-1:0] first_groups [0:MaxExperts-1];
  always_ff @(posedge clk_i) begin
    if (state_q == Seek && place_q == '0) first_groups[expert_q] <= group_q[GroupWidth-1:0];
  end
  assign first_group_o = first_groups[first_expert_i];
  group_memory #(.Tokens(Tokens), .Width(TokenWidth+16), .Groups(Groups)) u_places (
    .clk_i, .write_i(state_q == Fetch), .write_group_i(group_q[GroupWidth-1:0]), .write_token_i(lane_q),
    .write_data_i({queue_weight_i, queue_token_i}), .read_group_i(place_group_i), .data_o(places_o)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && write_i && state_q != Idle) $error("gather_unit: a row comes while rows are gathered");
    if (rst_ni && write_i && 32'(write_token_i) * 32'(beats_i) + 32'(write_beat_i) >= StoreWords) begin
      $error("gather_unit: token %0d of %0d beats a row is beyond the store's %0d words", write_token_i, beats_i, StoreWords);
    end
    if (rst_ni && start_i && state_q != Idle) $error("gather_unit: started while gathering");
    if (rst_ni && row_ends && group_q == (GroupWidth+1)'(Groups)) $error("gather_unit: more groups than there are places for");
  end
`endif
endmodule

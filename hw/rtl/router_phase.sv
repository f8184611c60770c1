// A router phase: its constants from the channel ring, then its sums to queues of tokens (router_unit.sv).
//
//   cycles after start_i | 0: word 0 | 1: word 1 | 2: constants | 3: scalars | 4: routing begins
module router_phase #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Tokens of a picture at most, a power of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Experts of a mixture at most, a power of two.
  parameter int MaxExperts = edgemoe_pkg::MaxExperts,
  localparam int ChannelAddress = $clog2(edgemoe_pkg::ChannelWords),
  localparam int LaneWidth = $clog2(Tokens),
  localparam int TokenWidth = $clog2(MaxTokens),
  localparam int ExpertWidth = $clog2(MaxExperts)
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  input  logic run_start_i,
  /// The phase begins, its channel words are there: its command, the first of them. Nobody else reads channels until free_o.
  input  logic start_i,
  input  logic [511:0] phase_i,
  input  logic [ChannelAddress-1:0] channel_base_i,
  output logic channel_read_o,
  output logic [ChannelAddress-1:0] channel_raddr_o,
  input  logic [Outputs*64-1:0] channel_rdata_i,
  /// A place for a group's sums, before its tiles are issued.
  input  logic reserve_i,
  output logic free_o,
  /// Sums, never refused.
  input  logic valid_i,
  input  tile_pkg::tile_t tile_i,
  input  logic [LaneWidth-1:0] token_i,
  input  logic [Outputs*32-1:0] sums_i,
  /// All tokens are in their queues; how many such routings the run has had, and which experts have tokens.
  output logic done_o,
  output logic [7:0] routings_o,
  output logic [MaxExperts-1:0] used_o,
  // Queues (router_unit.sv).
  output logic [MaxExperts*(TokenWidth+1)-1:0] counts_o,
  input  logic [ExpertWidth-1:0] read_expert_i,
  input  logic [TokenWidth-1:0] read_place_i,
  output logic [TokenWidth-1:0] token_o,
  output logic [15:0] weight_o
);
  localparam int TopKWidth = $clog2(edgemoe_pkg::MaxTopK + 1);

  logic [4:0] setup_q;
  logic ready_q, routing_free, done;
  logic [ChannelAddress-1:0] second_q;
  logic [TokenWidth:0] tokens_q;
  logic [63:0] scalars_q;
  logic [15:0] routings;
  assign channel_read_o = start_i || setup_q[0];
  assign channel_raddr_o = start_i ? channel_base_i : second_q;
  assign free_o = ready_q && routing_free;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      setup_q <= '0;
      ready_q <= 1'b0;
    end else begin
      setup_q <= {setup_q[3:0], start_i};
      if (start_i) ready_q <= 1'b0;
      else if (setup_q[4]) ready_q <= 1'b1;
    end
    if (start_i) begin
      second_q <= channel_base_i + 1'b1;
      tokens_q <= phase_i[edgemoe_pkg::ComputeRowsLsb +: TokenWidth+1];
    end
    if (setup_q[2]) scalars_q <= channel_rdata_i[63:0];
  end
  // Between its beginning and its end, the routing of before is not to be taken for this one's.
  assign done_o = done && ready_q;

  router_unit #(.Tokens(Tokens), .Outputs(Outputs), .MaxTokens(MaxTokens), .MaxExperts(MaxExperts)) u_router (
    .clk_i, .rst_ni, .run_start_i, .start_i(setup_q[3]), .tokens_i(tokens_q),
    .first_expert_i(scalars_q[edgemoe_pkg::RouterFirstExpertLsb +: ExpertWidth]),
    .experts_i(scalars_q[edgemoe_pkg::RouterExpertsLsb +: ExpertWidth+1]),
    .top_k_i(scalars_q[edgemoe_pkg::RouterTopKLsb +: TopKWidth]),
    .kappa_i(scalars_q[edgemoe_pkg::RouterKappaLsb +: edgemoe_pkg::RouterKappaBits]),
    .right_i(scalars_q[edgemoe_pkg::RouterRightLsb +: edgemoe_pkg::RouterRightBits]),
    .softmax_after_topk_i(scalars_q[edgemoe_pkg::RouterSoftmaxAfterTopkLsb]),
    .prune_above_i(scalars_q[edgemoe_pkg::RouterPruneAboveLsb +: edgemoe_pkg::RouterPruneAboveBits]),
    .constants_write_i(setup_q[1]), .constants_i(channel_rdata_i), .reserve_i, .free_o(routing_free), .sum_i(valid_i),
    .sum_token_i(token_i), .sum_digit_i(tile_i.digit), .sum_tile_i(tile_i.column[7:0]), .sum_last_i(tile_i.last_column),
    .sum_group_last_i(tile_i.last_column && 8'(token_i) + 8'd1 == tile_i.tokens), .sums_i, .done_o(done),
    .routings_o(routings), .used_o, .counts_o, .read_expert_i, .read_place_i, .token_o, .weight_o
  );
  assign routings_o = routings[7:0];

  logic unused_bits;
  assign unused_bits = ^{phase_i, tile_i, scalars_q, routings};
endmodule

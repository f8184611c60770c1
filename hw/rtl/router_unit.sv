// The router behind the array: sums to logits, to each token's k experts with their weights, to a queue of tokens for each expert.
//
//   sums -> router_logits -> Tokens x router_topk, token after token in turn -> expert_queues
//
// Tokens are numbered in the order in which their sums come.
module router_unit #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Tokens of a picture at most, a power of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Experts of a mixture at most, a power of two.
  parameter int MaxExperts = edgemoe_pkg::MaxExperts,
  /// Experts of a token at most.
  parameter int MaxTopK = edgemoe_pkg::MaxTopK
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// A run begins: no routing has been.
  input  logic run_start_i,
  /// A routing begins: queues are emptied. Nothing is in the unit.
  input  logic start_i,
  // The router's constants; they stay as they are from start_i until done_o.
  input  logic [$clog2(MaxTokens+1)-1:0] tokens_i,
  /// Of the task's group: the first, how many.
  input  logic [$clog2(MaxExperts)-1:0] first_expert_i,
  input  logic [$clog2(MaxExperts+1)-1:0] experts_i,
  /// See router_topk.
  input  logic [$clog2(MaxTopK+1)-1:0] top_k_i,
  input  logic [14:0] kappa_i,
  input  logic signed [7:0] right_i,
  input  logic softmax_after_topk_i,
  input  logic signed [16:0] prune_above_i,
  /// Writes the experts' constants; see router_logits.
  input  logic constants_write_i,
  input  logic [Outputs*64-1:0] constants_i,
  /// Takes a group's place, before its tiles are issued; only with free_o.
  input  logic reserve_i,
  output logic free_o,
  // Sums, never refused; see router_logits.
  input  logic sum_i,
  input  logic [$clog2(Tokens)-1:0] sum_token_i,
  input  logic [1:0] sum_digit_i,
  input  logic [7:0] sum_tile_i,
  input  logic sum_last_i,
  input  logic sum_group_last_i,
  input  logic [Outputs*32-1:0] sums_i,
  /// From the last token's last queue entry until the next start_i.
  output logic done_o,
  /// Routings done in this run, and which experts have tokens in the latest that is done.
  output logic [15:0] routings_o,
  output logic [MaxExperts-1:0] used_o,
  /// Tokens in each expert's queue.
  output logic [MaxExperts*$clog2(MaxTokens+1)-1:0] counts_o,
  // A place of a queue, a cycle later.
  input  logic [$clog2(MaxExperts)-1:0] read_expert_i,
  input  logic [$clog2(MaxTokens)-1:0] read_place_i,
  output logic [$clog2(MaxTokens)-1:0] token_o,
  output logic [15:0] weight_o
);
  localparam int ExpertWidth = $clog2(MaxExperts);
  localparam int TokensWidth = $clog2(MaxTokens + 1);
  localparam int UnitWidth = $clog2(Tokens);

  logic take, logit_valid, logit_last;
  logic signed [46:0] logit;
  logic [Tokens-1:0] unit_ready, result_valid, result_last;
  logic [Tokens*ExpertWidth-1:0] result_experts;
  logic [Tokens*16-1:0] result_weights;
  // The unit of the next token; of the one whose logits come.
  logic [UnitWidth-1:0] next_unit_q, unit_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || start_i) next_unit_q <= '0;
    else if (take) next_unit_q <= 32'(next_unit_q) == Tokens - 1 ? '0 : next_unit_q + 1'b1;
    if (take) unit_q <= next_unit_q;
  end
  router_logits #(.Tokens(Tokens), .Outputs(Outputs), .MaxExperts(MaxExperts)) u_logits (
    .clk_i, .rst_ni, .experts_i, .constants_write_i, .constants_i, .reserve_i, .free_o, .sum_i, .sum_token_i, .sum_digit_i,
    .sum_tile_i, .sum_last_i, .sum_group_last_i, .sums_i, .ready_i(unit_ready[next_unit_q]), .take_o(take),
    .valid_o(logit_valid), .last_o(logit_last), .logit_o(logit)
  );
  // A token's last logits leave while the next token is taken.
  logic [UnitWidth-1:0] logit_unit;
  delay_line #(.Width(UnitWidth), .Cycles(2)) u_unit (.clk_i, .data_i(unit_q), .data_o(logit_unit));
  for (genvar u = 0; u < Tokens; u++) begin : gen_unit
    router_topk #(.MaxExperts(MaxExperts), .MaxTopK(MaxTopK)) u_topk (
      .clk_i, .rst_ni, .top_k_i, .kappa_i, .right_i, .softmax_after_topk_i, .prune_above_i,
      .valid_i(logit_valid && logit_unit == UnitWidth'(u)), .ready_o(unit_ready[u]), .last_i(logit_last), .logit_i(logit),
      .valid_o(result_valid[u]), .last_o(result_last[u]), .expert_o(result_experts[u*ExpertWidth +: ExpertWidth]),
      .weight_o(result_weights[u*16 +: 16])
    );
  end

  // A token has at least as many logits as results, and all take as long: no two units put out at once.
  logic result_last_any;
  logic [ExpertWidth-1:0] result_expert;
  logic [15:0] result_weight;
  always_comb begin
    result_last_any = 1'b0;
    result_expert = '0;
    result_weight = '0;
    for (int u = 0; u < Tokens; u++) begin
      if (result_valid[u]) begin
        result_last_any = result_last_any || result_last[u];
        result_expert = result_expert | result_experts[u*ExpertWidth +: ExpertWidth];
        result_weight = result_weight | result_weights[u*16 +: 16];
      end
    end
  end

  logic push_q, push_last_q, busy_q, finished_q;
  logic [ExpertWidth-1:0] push_expert_q;
  logic [15:0] push_weight_q;
  logic [TokensWidth-1:0] token_q;
  logic token_done, all_done;
  assign token_done = push_q && push_last_q;
  assign all_done = token_done && token_q + 1'b1 == tokens_i;
  always_ff @(posedge clk_i) begin
    push_q <= rst_ni && |result_valid;
    push_last_q <= result_last_any;
    push_expert_q <= first_expert_i + result_expert;
    push_weight_q <= result_weight;
    if (!rst_ni || start_i) token_q <= '0;
    else if (token_done) token_q <= token_q + 1'b1;
    if (!rst_ni) begin
      busy_q <= 1'b0;
      finished_q <= 1'b0;
      done_o <= 1'b0;
      routings_o <= '0;
    end else begin
      if (start_i) busy_q <= 1'b1;
      else if (all_done) busy_q <= 1'b0;
      finished_q <= all_done;
      if (start_i) done_o <= 1'b0;
      else if (finished_q) done_o <= 1'b1;
      if (run_start_i) routings_o <= '0;
      else if (finished_q) routings_o <= routings_o + 1'b1;
    end
  end
  for (genvar e = 0; e < MaxExperts; e++) begin : gen_used
    // The last token is counted in its queue when the routing is finished.
    always_ff @(posedge clk_i) if (finished_q) used_o[e] <= counts_o[e*TokensWidth +: TokensWidth] != '0;
  end
  expert_queues #(.MaxTokens(MaxTokens), .MaxExperts(MaxExperts)) u_queues (
    .clk_i, .rst_ni, .clear_i(start_i), .push_i(push_q), .push_expert_i(push_expert_q),
    .push_token_i(token_q[$clog2(MaxTokens)-1:0]), .push_weight_i(push_weight_q), .counts_o,
    .read_expert_i, .read_place_i, .token_o, .weight_o
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && (result_valid & (result_valid - 1'b1)) != '0) $error("router_unit: two tokens' results at once");
    if (rst_ni && push_q && !busy_q) $error("router_unit: a token of no routing");
  end
`endif
endmodule

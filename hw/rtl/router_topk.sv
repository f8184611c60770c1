// Router of docs/numerics.md, section 3.8, from the logits on: a token's k largest logits (of equal ones the lower index) and
// their weights. One token at a time: E logits come in, a cycle each, then the unit is busy for S + 2k + 28 cycles,
// S = E where softmax runs over all experts, 0 where over the chosen ones; the results of the last k leave 2 cycles later.
//
//   fill: E, sorted into the list while they come | sum: S exponentials | chosen: k | drain: 10 | divide: 18 | weights: k
module router_topk #(
  /// Experts of a mixture at most, a power of two.
  parameter int MaxExperts = edgemoe_pkg::MaxExperts,
  /// Experts of a token at most.
  parameter int MaxTopK = edgemoe_pkg::MaxTopK
) (
  input  logic clk_i,
  input  logic rst_ni,
  // The router's constants. They stay as they are while a token is in the unit.
  /// 1 to MaxTopK, and no more than experts.
  input  logic [$clog2(MaxTopK+1)-1:0] top_k_i,
  /// kappa, 2^14 to 2^15 - 1; sigma - s.
  input  logic [14:0] kappa_i,
  input  logic signed [7:0] right_i,
  /// Softmax over the chosen ones instead of all.
  input  logic softmax_after_topk_i,
  /// Weights up to it become 0; -1: none do.
  input  logic signed [16:0] prune_above_i,
  /// Logits in the order of experts, below 2^46 in magnitude.
  input  logic valid_i,
  output logic ready_o,
  input  logic last_i,
  input  logic signed [46:0] logit_i,
  /// Experts by falling logit with their weights, 65536 would be 1. Never refused.
  output logic valid_o,
  output logic last_o,
  output logic [$clog2(MaxExperts)-1:0] expert_o,
  output logic [15:0] weight_o
);
  localparam int ExpertWidth = $clog2(MaxExperts);
  localparam int SlotWidth = $clog2(MaxTopK + 1);
  localparam int SumWidth = 16 + ExpertWidth;
  localparam int ExponentialLatency = 7;
  localparam int DrainCycles = 10;
  localparam int DivideLatency = 17;

  typedef enum logic [2:0] {Fill, Sum, Chosen, Drain, Divide, Weigh} state_e;
  state_e state_q;
  logic [ExpertWidth-1:0] expert_q, last_expert_q;
  logic [SlotWidth-1:0] slot_q;
  logic [4:0] wait_q;
  logic take, last_slot;
  assign ready_o = state_q == Fill;
  assign take = valid_i && ready_o;
  assign last_slot = slot_q + 1'b1 == top_k_i;

  always_ff @(posedge clk_i) begin
    unique case (state_q)
      Fill: begin
        slot_q <= '0;
        wait_q <= '0;
        if (take) begin
          expert_q <= last_i ? '0 : expert_q + 1'b1;
          last_expert_q <= expert_q;
          if (last_i) state_q <= softmax_after_topk_i ? Chosen : Sum;
        end
      end
      Sum: begin
        expert_q <= expert_q + 1'b1;
        if (expert_q == last_expert_q) state_q <= Chosen;
      end
      Chosen: begin
        slot_q <= last_slot ? '0 : slot_q + 1'b1;
        if (last_slot) state_q <= Drain;
      end
      Drain: begin
        wait_q <= wait_q == 5'(DrainCycles - 1) ? '0 : wait_q + 1'b1;
        if (wait_q == 5'(DrainCycles - 1)) state_q <= Divide;
      end
      Divide: begin
        wait_q <= wait_q + 1'b1;
        if (wait_q == 5'(DivideLatency)) state_q <= Weigh;
      end
      default: begin
        slot_q <= slot_q + 1'b1;
        expert_q <= '0;
        if (last_slot) state_q <= Fill;
      end
    endcase
    if (!rst_ni) begin
      state_q <= Fill;
      expert_q <= '0;
      slot_q <= '0;
    end
  end

  // The list, falling; a logit goes in front of the first that is smaller.
  logic [MaxTopK*47-1:0] values_q;
  logic [MaxTopK*ExpertWidth-1:0] experts_q;
  logic [MaxTopK-1:0] filled_q;
  for (genvar i = 0; i < MaxTopK; i++) begin : gen_entry
    logic larger, larger_than_previous;
    logic [46:0] previous_value;
    logic [ExpertWidth-1:0] previous_expert;
    assign larger = !filled_q[i] || logit_i > $signed(values_q[i*47 +: 47]);
    if (i == 0) begin : gen_first
      assign larger_than_previous = 1'b0;
      assign previous_value = '0;
      assign previous_expert = '0;
    end else begin : gen_other
      assign larger_than_previous = !filled_q[i-1] || logit_i > $signed(values_q[(i-1)*47 +: 47]);
      assign previous_value = values_q[(i-1)*47 +: 47];
      assign previous_expert = experts_q[(i-1)*ExpertWidth +: ExpertWidth];
    end
    always_ff @(posedge clk_i) begin
      if (take && larger) begin
        values_q[i*47 +: 47] <= larger_than_previous ? previous_value : logit_i;
        experts_q[i*ExpertWidth +: ExpertWidth] <= larger_than_previous ? previous_expert : expert_q;
      end
    end
    if (i == 0) begin : gen_first_filled
      always_ff @(posedge clk_i) filled_q[0] <= rst_ni && state_q != Weigh && (filled_q[0] || take);
    end else begin : gen_other_filled
      always_ff @(posedge clk_i) filled_q[i] <= rst_ni && state_q != Weigh && (filled_q[i] || (take && filled_q[i-1]));
    end
  end

  // Logits again for their exponentials: all of them, or those of the list.
  logic [46:0] stored, chosen_q, difference;
  logic sum_q, chosen_valid_q;
  logic [SlotWidth-1:0] chosen_slot_q;
  ram_1r1w #(.Width(47), .Depth(MaxExperts)) u_logits (
    .clk_i, .write_i(take), .waddr_i(expert_q), .wdata_i(logit_i), .raddr_i(expert_q), .rdata_o(stored)
  );
  always_ff @(posedge clk_i) begin
    chosen_q <= values_q[32'(slot_q)*47 +: 47];
    chosen_slot_q <= slot_q;
    sum_q <= rst_ni && state_q == Sum;
    chosen_valid_q <= rst_ni && state_q == Chosen;
  end
  assign difference = values_q[46:0] - (chosen_valid_q ? chosen_q : stored);

  logic [15:0] exponential;
  logic sum_valid, chosen_valid;
  logic [SlotWidth-1:0] chosen_slot;
  logic [ExponentialLatency-1:0] sum_line_q, chosen_line_q;
  router_exponential u_exponential (.clk_i, .difference_i(difference), .kappa_i, .right_i, .exponential_o(exponential));
  delay_line #(.Width(SlotWidth), .Cycles(ExponentialLatency)) u_slot (
    .clk_i, .data_i(chosen_slot_q), .data_o(chosen_slot)
  );
  assign sum_valid = sum_line_q[ExponentialLatency-1];
  assign chosen_valid = chosen_line_q[ExponentialLatency-1];

  logic [SumWidth-1:0] total_q;
  logic [MaxTopK*16-1:0] exponentials_q;
  always_ff @(posedge clk_i) begin
    sum_line_q <= rst_ni ? {sum_line_q[ExponentialLatency-2:0], sum_q} : '0;
    chosen_line_q <= rst_ni ? {chosen_line_q[ExponentialLatency-2:0], chosen_valid_q} : '0;
    if (take) total_q <= '0;
    else if (sum_valid || (chosen_valid && softmax_after_topk_i)) total_q <= total_q + SumWidth'(exponential);
  end
  for (genvar i = 0; i < MaxTopK; i++) begin : gen_exponential
    always_ff @(posedge clk_i) begin
      if (chosen_valid && chosen_slot == SlotWidth'(i)) exponentials_q[i*16 +: 16] <= exponential;
    end
  end

  // floor(2^32 / total): 2^15 above 17 bits of 0
  logic [16:0] reciprocal, reciprocal_q;
  pipelined_divider #(.DivisorWidth(SumWidth), .QuotientWidth(DivideLatency), .HasDividend(1'b0)) u_divider (
    .clk_i, .remainder_i(SumWidth'(32768)), .dividend_i('0), .divisor_i(total_q), .quotient_o(reciprocal)
  );
  always_ff @(posedge clk_i) reciprocal_q <= reciprocal;

  // weight = min(65535, round(exponential * reciprocal / 2^16))
  logic [32:0] product_q;
  logic [16:0] rounded;
  logic [15:0] weight;
  logic [1:0] weigh_valid_q, weigh_last_q;
  logic [ExpertWidth-1:0] weigh_expert_q;
  assign rounded = product_q[32:16] + {16'b0, product_q[15]};
  assign weight = rounded[16] ? 16'hffff : rounded[15:0];
  always_ff @(posedge clk_i) begin
    product_q <= 33'(exponentials_q[32'(slot_q)*16 +: 16]) * 33'(reciprocal_q);
    weigh_expert_q <= experts_q[32'(slot_q)*ExpertWidth +: ExpertWidth];
    weight_o <= $signed({1'b0, weight}) > prune_above_i ? weight : '0;
    expert_o <= weigh_expert_q;
    weigh_valid_q <= rst_ni ? {weigh_valid_q[0], state_q == Weigh} : '0;
    weigh_last_q <= {weigh_last_q[0], last_slot};
  end
  assign valid_o = weigh_valid_q[1];
  assign last_o = weigh_last_q[1];

  logic unused_bits;
  assign unused_bits = ^product_q[14:0];
endmodule

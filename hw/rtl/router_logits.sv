// From the array's sums to a router's logits, docs/numerics.md, section 3.8. The array multiplies int8: an input is three digits to
// the base 64 (digit_writer), a gate's weight wh * 256 + wl two outputs, 2i and 2i + 1 for the tile's expert i. So
//
//   logit_e = sum over digits d of 64^d * (S_d[wl] + 256 * S_d[wh]) + constant_e        exact
//
// Sums come a token of a tile a cycle: for each tile of experts the digits 0, 1, 2. Logits leave a token after the other, an
// expert a cycle.
module router_logits #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Experts of a mixture at most, a power of two.
  parameter int MaxExperts = edgemoe_pkg::MaxExperts
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// 1 to MaxExperts; stays as it is while a token is in the unit.
  input  logic [$clog2(MaxExperts+1)-1:0] experts_i,
  /// Writes all constants, of 64 bits for each output the lower 47: output e is expert e.
  input  logic constants_write_i,
  input  logic [Outputs*64-1:0] constants_i,
  /// Takes a group's place, before its tiles are issued; only with free_o.
  input  logic reserve_i,
  output logic free_o,
  // Sums of a token, never refused: digit, tile of Outputs / 2 experts; the token's last, which is its last tile's digit 2; the
  // group's last.
  input  logic sum_i,
  input  logic [$clog2(Tokens)-1:0] sum_token_i,
  input  logic [1:0] sum_digit_i,
  input  logic [7:0] sum_tile_i,
  input  logic sum_last_i,
  input  logic sum_group_last_i,
  input  logic [Outputs*32-1:0] sums_i,
  /// Whoever takes the next token can take all of its logits.
  input  logic ready_i,
  /// A token is taken: its logits follow.
  output logic take_o,
  output logic valid_o,
  output logic last_o,
  output logic signed [46:0] logit_o
);
  localparam int Experts = Outputs / 2;  // of a tile
  localparam int Tiles = MaxExperts > Experts ? MaxExperts / Experts : 1;
  /// At least a bit.
  localparam int TileWidth = Tiles > 1 ? $clog2(Tiles) : 1;
  localparam int PlaceWidth = $clog2(Experts);
  localparam int TokenWidth = $clog2(Tokens);
  localparam int ExpertWidth = $clog2(MaxExperts);

  if (MaxExperts > Outputs) begin : gen_many
    $error("router_logits: MaxExperts must not be more than Outputs, a word of constants holds them all");
  end

  // 1: both bytes
  logic [Experts*41-1:0] combined1_q;
  logic sum1_q, last1_q, group_last1_q;
  logic [TokenWidth-1:0] token1_q;
  logic [1:0] digit1_q;
  logic [TileWidth-1:0] tile1_q;
  for (genvar i = 0; i < Experts; i++) begin : gen_combined
    always_ff @(posedge clk_i) begin
      combined1_q[i*41 +: 41] <= 41'($signed(sums_i[2*i*32 +: 32])) + {sums_i[(2*i+1)*32+31], sums_i[(2*i+1)*32 +: 32], 8'b0};
    end
  end
  always_ff @(posedge clk_i) begin
    sum1_q <= rst_ni && sum_i;
    token1_q <= sum_token_i;
    digit1_q <= sum_digit_i;
    tile1_q <= sum_tile_i[TileWidth-1:0];
    last1_q <= sum_last_i;
    group_last1_q <= sum_group_last_i;
  end

  // 2: added to what the lower digits gave
  logic [Experts*47-1:0] partial [0:Tokens-1];
  logic [Experts*47-1:0] partial_now, partial_next;
  assign partial_now = partial[token1_q];
  for (genvar i = 0; i < Experts; i++) begin : gen_partial
    logic signed [46:0] combined, weighed;
    assign combined = 47'($signed(combined1_q[i*41 +: 41]));
    assign weighed = digit1_q == 2'd0 ? combined : digit1_q == 2'd1 ? combined <<< 6 : combined <<< 12;
    assign partial_next[i*47 +: 47] = (digit1_q == 2'd0 ? '0 : partial_now[i*47 +: 47]) + weighed;
  end
  always_ff @(posedge clk_i) begin
    if (sum1_q) partial[token1_q] <= partial_next;
  end

  // Two groups of whole sums: one comes, one leaves.
  logic write_slot_q, slot, group_last, token_waits, token_ready, finish;
  logic [TokenWidth-1:0] token;
  logic [TokenWidth+1:0] token_count;
  logic [1:0] slots_q;
  assign free_o = slots_q != 2'd2;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      write_slot_q <= 1'b0;
      slots_q <= '0;
    end else begin
      if (sum1_q && group_last1_q) write_slot_q <= !write_slot_q;
      slots_q <= slots_q + 2'(reserve_i) - 2'(finish && group_last);
    end
  end
  fifo #(.Width(TokenWidth+2), .Depth(2 << TokenWidth)) u_tokens (
    .clk_i, .rst_ni, .valid_i(sum1_q && last1_q), .ready_o(token_ready), .data_i({write_slot_q, token1_q, group_last1_q}),
    .valid_o(token_waits), .ready_i(finish), .data_o({slot, token, group_last}), .count_o(token_count)
  );

  logic [ExpertWidth-1:0] expert_q, expert_d;
  logic [Experts*47-1:0] logits;
  logic [TileWidth-1:0] read_tile;
  logic running_q, loaded_q, last_expert;
  assign take_o = token_waits && !running_q && ready_i;
  assign last_expert = 32'(expert_q) + 1 == 32'(experts_i);
  assign finish = loaded_q && last_expert;
  assign expert_d = loaded_q ? expert_q + 1'b1 : expert_q;
  assign read_tile = TileWidth'(32'(expert_d) / Experts);
  ram_1r1w #(.Width(Experts*47), .Depth(2 << (TokenWidth + TileWidth))) u_logits (
    .clk_i, .write_i(sum1_q && digit1_q == 2'd2), .waddr_i({write_slot_q, token1_q, tile1_q}), .wdata_i(partial_next),
    .raddr_i({slot, token, read_tile}), .rdata_o(logits)
  );
  always_ff @(posedge clk_i) begin
    if (!rst_ni || finish) begin
      running_q <= 1'b0;
      loaded_q <= 1'b0;
    end else begin
      running_q <= running_q || take_o;
      loaded_q <= running_q;
    end
    expert_q <= running_q && !finish ? expert_d : '0;
  end

  // An expert's sum and constant, then the logit.
  logic [MaxExperts*47-1:0] constants_q;
  logic [46:0] sum_q, constant_q;
  logic [1:0] valid_q, last_q;
  for (genvar e = 0; e < MaxExperts; e++) begin : gen_constant
    always_ff @(posedge clk_i) begin
      if (constants_write_i) constants_q[e*47 +: 47] <= constants_i[e*64 +: 47];
    end
  end
  always_ff @(posedge clk_i) begin
    sum_q <= logits[32'(PlaceWidth'(expert_q))*47 +: 47];
    constant_q <= constants_q[32'(expert_q)*47 +: 47];
    logit_o <= sum_q + constant_q;
    valid_q <= rst_ni ? {valid_q[0], loaded_q} : '0;
    last_q <= {last_q[0], last_expert};
  end
  assign valid_o = valid_q[1];
  assign last_o = last_q[1];

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && reserve_i && !free_o) $error("router_logits: a group without a place");
    if (rst_ni && sum1_q && last1_q && !token_ready) $error("router_logits: a token without a place");
  end
`endif
  logic unused_signals;
  assign unused_signals = ^{token_ready, token_count, sum_tile_i, constants_i};
endmodule

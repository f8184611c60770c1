// A queue of tokens for each expert, in the order in which they come, with the router's weight for each.
module expert_queues #(
  /// Powers of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Experts of a mixture at most, a power of two.
  parameter int MaxExperts = edgemoe_pkg::MaxExperts
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// Empties all queues.
  input  logic clear_i,
  input  logic push_i,
  input  logic [$clog2(MaxExperts)-1:0] push_expert_i,
  input  logic [$clog2(MaxTokens)-1:0] push_token_i,
  input  logic [15:0] push_weight_i,
  /// Tokens in each queue.
  output logic [MaxExperts*$clog2(MaxTokens+1)-1:0] counts_o,
  // A place of a queue, a cycle later.
  input  logic [$clog2(MaxExperts)-1:0] read_expert_i,
  input  logic [$clog2(MaxTokens)-1:0] read_place_i,
  output logic [$clog2(MaxTokens)-1:0] token_o,
  output logic [15:0] weight_o
);
  localparam int ExpertWidth = $clog2(MaxExperts);
  localparam int TokenWidth = $clog2(MaxTokens);
  localparam int CountWidth = $clog2(MaxTokens + 1);

  logic [CountWidth-1:0] push_count;
  assign push_count = counts_o[32'(push_expert_i)*CountWidth +: CountWidth];
  for (genvar e = 0; e < MaxExperts; e++) begin : gen_count
    always_ff @(posedge clk_i) begin
      if (!rst_ni || clear_i) counts_o[e*CountWidth +: CountWidth] <= '0;
      else if (push_i && push_expert_i == ExpertWidth'(e)) begin
        counts_o[e*CountWidth +: CountWidth] <= counts_o[e*CountWidth +: CountWidth] + 1'b1;
      end
    end
  end
  ram_1r1w #(.Width(TokenWidth+16), .Depth(MaxExperts*MaxTokens)) u_queues (
    .clk_i, .write_i(push_i), .waddr_i({push_expert_i, push_count[TokenWidth-1:0]}),
    .wdata_i({push_weight_i, push_token_i}), .raddr_i({read_expert_i, read_place_i}), .rdata_o({weight_o, token_o})
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && push_i && push_count == CountWidth'(MaxTokens)) $error("expert_queues: expert %0d has no place left", push_expert_i);
  end
`endif
endmodule

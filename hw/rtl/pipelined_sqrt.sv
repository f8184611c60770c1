// floor(sqrt(value_i)), a bit of the root a stage: one root a cycle, latency RootWidth.
module pipelined_sqrt #(
  parameter int RootWidth = 15
) (
  input  logic clk_i,
  input  logic [2*RootWidth-1:0] value_i,
  output logic [RootWidth-1:0] root_o
);
  // Of each stage, its inputs lowest: what is left of the value, the root so far, and the value's bits to come.
  localparam int RestWidth = RootWidth + 2;
  logic [(RootWidth+1)*RestWidth-1:0] rests;
  logic [(RootWidth+1)*RootWidth-1:0] roots;
  logic [(RootWidth+1)*2*RootWidth-1:0] lows;
  assign rests[RestWidth-1:0] = '0;
  assign roots[RootWidth-1:0] = '0;
  assign lows[2*RootWidth-1:0] = value_i;

  for (genvar i = 0; i < RootWidth; i++) begin : gen_stage
    logic [RestWidth-1:0] rest, rest_q;
    logic [RootWidth-1:0] root, root_q;
    logic [2*RootWidth-1:0] low, low_q;
    logic [RestWidth-1:0] shifted, trial;
    logic fits;
    assign rest = rests[i*RestWidth +: RestWidth];
    assign root = roots[i*RootWidth +: RootWidth];
    assign low = lows[i*2*RootWidth +: 2*RootWidth];
    assign shifted = {rest[RestWidth-3:0], low[2*RootWidth-1 -: 2]};
    assign trial = {root, 2'b01};
    assign fits = shifted >= trial;
    always_ff @(posedge clk_i) begin
      rest_q <= fits ? shifted - trial : shifted;
      root_q <= {root[RootWidth-2:0], fits};
      low_q <= {low[2*RootWidth-3:0], 2'b00};
    end
    assign rests[(i+1)*RestWidth +: RestWidth] = rest_q;
    assign roots[(i+1)*RootWidth +: RootWidth] = root_q;
    assign lows[(i+1)*2*RootWidth +: 2*RootWidth] = low_q;
    logic unused_bits;
    assign unused_bits = ^{rest[RestWidth-1:RestWidth-2], root[RootWidth-1]};
  end
  assign root_o = roots[RootWidth*RootWidth +: RootWidth];

  logic unused_bits;
  assign unused_bits = ^{rests[RootWidth*RestWidth +: RestWidth], lows[RootWidth*2*RootWidth +: 2*RootWidth]};
endmodule

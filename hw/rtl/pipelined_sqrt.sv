// floor(sqrt(value_i)), a bit of the root a stage: one root a cycle, latency RootWidth.
module pipelined_sqrt #(
  /// Bits of the root: stages; the number has twice as many.
  parameter int RootWidth = 15
) (
  input  logic clk_i,
  /// A number every cycle.
  input  logic [2*RootWidth-1:0] value_i,
  /// Of the number RootWidth cycles before, rounded down.
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
    // Behind the stage: the root has i + 1 bits, what is left is at most twice the root, 2 * Coming bits are to come.
    localparam int Coming = RootWidth - 1 - i;
    logic [RestWidth-1:0] shifted, trial, rest_d;
    logic [i+1:0] rest_q;
    logic [i:0] root_q;
    logic fits;
    assign shifted = {rests[i*RestWidth +: RestWidth-2], lows[(i+1)*2*RootWidth-1 -: 2]};
    assign trial = {roots[i*RootWidth +: RootWidth], 2'b01};
    assign fits = shifted >= trial;
    assign rest_d = fits ? shifted - trial : shifted;
    always_ff @(posedge clk_i) begin
      rest_q <= rest_d[i+1:0];
      root_q <= (i+1)'({roots[i*RootWidth +: RootWidth], fits});
    end
    assign rests[(i+1)*RestWidth +: RestWidth] = RestWidth'(rest_q);
    assign roots[(i+1)*RootWidth +: RootWidth] = RootWidth'(root_q);
    if (Coming > 0) begin : gen_coming
      logic [2*Coming-1:0] low_q;
      always_ff @(posedge clk_i) low_q <= lows[(i+1)*2*RootWidth-3 -: 2*Coming];
      assign lows[(i+1)*2*RootWidth +: 2*RootWidth] = {low_q, {(2*i+2){1'b0}}};
    end else begin : gen_none
      assign lows[(i+1)*2*RootWidth +: 2*RootWidth] = '0;
    end
    logic unused_bits;
    assign unused_bits = ^{rests[(i+1)*RestWidth-1 -: 2], rest_d[RestWidth-1:i+2]};
  end
  assign root_o = roots[RootWidth*RootWidth +: RootWidth];

  logic unused_bits;
  assign unused_bits = ^{rests[RootWidth*RestWidth +: RestWidth], lows};
endmodule

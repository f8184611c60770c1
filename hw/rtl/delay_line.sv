// `Cycles` registers in a row, without reset: what is known when data enters a pipeline and needed further down.
module delay_line #(
  /// Bits of the data.
  parameter int Width = 1,
  /// At least 1.
  parameter int Cycles = 1
) (
  input  logic clk_i,
  /// Taken every cycle.
  input  logic [Width-1:0] data_i,
  /// What data_i was `Cycles` cycles before.
  output logic [Width-1:0] data_o
);
  logic [Width*Cycles-1:0] stages_q;

  if (Cycles == 1) begin : gen_one
    always_ff @(posedge clk_i) stages_q <= data_i;
  end else begin : gen_many
    always_ff @(posedge clk_i) stages_q <= {stages_q[Width*(Cycles-1)-1:0], data_i};
  end
  assign data_o = stages_q[Width*Cycles-1 -: Width];
endmodule

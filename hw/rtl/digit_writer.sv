// The router's input for the array: each normed number of 16 bits as three signed digits to the base 64, docs/rtl.md:
// y = y0 + 64 * y1 + 4096 * y2, y0 and y1 in -32 ... 31, y2 in -8 ... 8. A beat is three writes, so beats wait in a queue.
//
// Rows come in the order of tokens. Word first_addr_i + group * 3 * steps_i + digit * steps_i + step of activation_memory.
module digit_writer #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// Depth of the memory of probabilities, where a router's digits go, in steps of a group; a power of two.
  parameter int Words = edgemoe_pkg::ProbabilityWords,
  /// Beats that can wait, a power of two: who sends them counts.
  parameter int Depth = 128
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// The next row is the first of all tokens; nothing is in the unit.
  input  logic start_i,
  /// First word; steps of a row. Multiples of Ways; they stay as they are from start_i on.
  input  logic [$clog2(Words)-1:0] first_addr_i,
  input  logic [$clog2(Words)-1:0] steps_i,
  input  logic valid_i,
  input  logic last_i,
  input  logic [Outputs*16-1:0] values_i,
  // A beat of a digit.
  output logic write_o,
  output logic [$clog2(Words)-1:0] write_addr_o,
  output logic [$clog2(Tokens)-1:0] write_token_o,
  output logic [Outputs*8-1:0] write_data_o,
  /// A beat's last digit is written; the last beat's of a row.
  output logic beat_done_o,
  output logic row_done_o
);
  localparam int Ways = Outputs / (edgemoe_pkg::ChainLength * Chains);
  localparam int AddressWidth = $clog2(Words);
  localparam int TokenWidth = $clog2(Tokens);
  localparam int DepthWidth = $clog2(Depth);

  // The queue: the memory reads the beat that is written in the next cycle.
  logic [DepthWidth:0] put_q, shown_q, take_q, take_d;
  logic [Outputs*16:0] beat;
  logic beat_last;
  logic [1:0] digit_q;
  logic [TokenWidth-1:0] token_q;
  logic group_done;
  assign take_d = beat_done_o ? take_q + 1'b1 : take_q;
  assign write_o = shown_q != take_q;
  assign beat_done_o = write_o && digit_q == 2'd2;
  assign beat_last = beat[Outputs*16];
  assign row_done_o = beat_done_o && beat_last;
  assign group_done = row_done_o && 32'(token_q) == Tokens - 1;
  ram_1r1w #(.Width(Outputs*16+1), .Depth(Depth)) u_beats (
    .clk_i, .write_i(valid_i), .waddr_i(put_q[DepthWidth-1:0]), .wdata_i({last_i, values_i}),
    .raddr_i(take_d[DepthWidth-1:0]), .rdata_o(beat)
  );

  logic [AddressWidth-1:0] group_addr_q, digit_offset_q, step_q;
  assign write_addr_o = group_addr_q + digit_offset_q + step_q;
  assign write_token_o = token_q;
  always_ff @(posedge clk_i) begin
    shown_q <= put_q;
    if (!rst_ni) begin
      put_q <= '0;
      shown_q <= '0;
      take_q <= '0;
      digit_q <= '0;
    end else begin
      if (valid_i) put_q <= put_q + 1'b1;
      take_q <= take_d;
      if (write_o) digit_q <= beat_done_o ? '0 : digit_q + 1'b1;
    end
    if (start_i) begin
      token_q <= '0;
      group_addr_q <= first_addr_i;
      digit_offset_q <= '0;
      step_q <= '0;
    end else if (write_o) begin
      digit_offset_q <= beat_done_o ? '0 : digit_offset_q + steps_i;
      if (beat_done_o) step_q <= beat_last ? '0 : step_q + AddressWidth'(Ways);
      if (row_done_o) token_q <= group_done ? '0 : token_q + 1'b1;
      if (group_done) group_addr_q <= group_addr_q + (steps_i << 1) + steps_i;
    end
  end

  // y = y0 + 64 * upper; upper = y1 + 64 * y2: what is taken below leaves what is rounded half up above.
  for (genvar o = 0; o < Outputs; o++) begin : gen_digit
    logic signed [15:0] value;
    logic signed [10:0] upper, rounded;
    logic signed [5:0] top, top_rounded;
    logic [7:0] digit0, digit1, digit2;
    assign value = beat[o*16 +: 16];
    assign rounded = 11'(value >>> 6) + 11'(value[5]);
    assign upper = rounded;
    assign top = 6'(upper >>> 6);
    assign top_rounded = top + 6'(upper[5]);
    assign digit0 = {{2{value[5]}}, value[5:0]};
    assign digit1 = {{2{upper[5]}}, upper[5:0]};
    assign digit2 = {{2{top_rounded[5]}}, top_rounded};
    assign write_data_o[o*8 +: 8] = digit_q == 2'd0 ? digit0 : digit_q == 2'd1 ? digit1 : digit2;
  end

`ifndef SYNTHESIS
  logic [DepthWidth:0] fill;
  assign fill = put_q - take_q;
  always_ff @(posedge clk_i) begin
    if (rst_ni && valid_i && fill[DepthWidth]) $error("digit_writer: a beat without room");
    if (rst_ni && start_i && (valid_i || put_q != take_q)) $error("digit_writer: started while beats are in it");
  end
`endif
endmodule

// docs/numerics.md, section 3.1: rows of s16.f to int8 within +-127 and a scale a row. Takes a beat a cycle, puts out a beat
// a cycle; a row comes out log2(Lanes) + 23 cycles after its last beat, or when the rows before it are through. Beats
// that come without a pause leave as fast: ready_o never falls then, where Depth holds the widest row and 32 beats.
//
//   cycles after the last beat | 1: magnitudes | log2(Lanes): largest | 1: of the row | 1: normalised | 15: divided | 2: out of
//   the queue | 3: normalise, multiply, round
module row_quantizer #(
  /// Elements a beat, a power of two. A row whose width is no multiple is padded with zeros.
  parameter int Lanes = edgemoe_pkg::QuantizerLanes,
  /// Elements of the widest row.
  parameter int MaxWidth = edgemoe_pkg::MaxWidth,
  /// Beats that wait for their row's largest, a power of two.
  parameter int Depth = 4 * MaxWidth / Lanes < 64 ? 64 : 4 * MaxWidth / Lanes
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// A beat of a row, taken with ready_o; last_i: its last.
  input  logic valid_i,
  output logic ready_o,
  input  logic last_i,
  /// s16, and the bits behind their point; one fraction for all rows in the unit.
  input  logic [Lanes*16-1:0] values_i,
  input  logic [3:0] fraction_i,
  /// A beat of int8 with its row's scale: mantissa 0 or 2^14 to 2^15 - 1, exponent 0 to 29. Never refused.
  output logic valid_o,
  output logic last_o,
  output logic [Lanes*8-1:0] values_o,
  output logic [14:0] mantissa_o,
  output logic [4:0] exponent_o
);
  /// As many as there are in the unit where each is a beat.
  localparam int Rows = 64;
  localparam int InfoWidth = 15 + 5 + 4 + 15;  // mantissa, exponent, left shift, reciprocal

  // 1: magnitudes, 32768 clipped to 32767
  logic take;
  logic [Lanes*15-1:0] magnitudes_q;
  assign take = valid_i && ready_o;
  for (genvar i = 0; i < Lanes; i++) begin : gen_magnitude
    logic [15:0] value, magnitude;
    assign value = values_i[i*16 +: 16];
    assign magnitude = value[15] ? -value : value;
    always_ff @(posedge clk_i) magnitudes_q[i*15 +: 15] <= magnitude[15] ? 15'd32767 : magnitude[14:0];
  end

  // the beat's largest, then the row's
  localparam int TreeLatency = 1 + $clog2(Lanes);
  logic [14:0] beat_max, running_max_q, row_max_d, row_max_q;
  logic beat_valid, beat_last, row_done_q, row_start_q;
  logic [TreeLatency-1:0] valid_line_q;
  max_tree #(.Lanes(Lanes), .Width(15)) u_max (.clk_i, .values_i(magnitudes_q), .max_o(beat_max));
  delay_line #(.Width(1), .Cycles(TreeLatency)) u_last (.clk_i, .data_i(last_i), .data_o(beat_last));
  assign beat_valid = valid_line_q[TreeLatency-1];
  assign row_max_d = row_start_q || beat_max > running_max_q ? beat_max : running_max_q;
  always_ff @(posedge clk_i) begin
    valid_line_q <= rst_ni ? {valid_line_q[TreeLatency-2:0], take} : '0;
    row_done_q <= rst_ni && beat_valid && beat_last;
    if (!rst_ni) row_start_q <= 1'b1;
    else if (beat_valid) row_start_q <= beat_last;
    if (beat_valid) running_max_q <= row_max_d;
    row_max_q <= row_max_d;
  end

  // normalised: the top bit at 2^14
  logic [3:0] length;
  logic [3:0] left_shift_q;
  logic [14:0] mantissa_q;
  logic normalized_q;
  bit_length #(.Width(15)) u_length (.value_i(row_max_q), .length_o(length));
  always_ff @(posedge clk_i) begin
    normalized_q <= rst_ni && row_done_q;
    left_shift_q <= 4'd15 - length;
    mantissa_q <= row_max_q << (4'd15 - length);
  end

  // reciprocal = floor(127 * 2^22 / mantissa): 127 * 2^7 stands above 15 bits of 0
  localparam int DivideLatency = 15;
  logic [14:0] reciprocal, mantissa;
  logic [3:0] left_shift;
  logic [4:0] exponent;
  logic [DivideLatency-1:0] divided_q;
  pipelined_divider #(.DivisorWidth(15), .QuotientWidth(DivideLatency), .HasDividend(1'b0)) u_divider (
    .clk_i, .remainder_i(15'd16256), .dividend_i(15'd0), .divisor_i(mantissa_q), .quotient_o(reciprocal)
  );
  delay_line #(.Width(19), .Cycles(DivideLatency)) u_scale (
    .clk_i, .data_i({mantissa_q, left_shift_q}), .data_o({mantissa, left_shift})
  );
  assign exponent = mantissa == '0 ? '0 : {1'b0, fraction_i} + {1'b0, left_shift};
  always_ff @(posedge clk_i) divided_q <= rst_ni ? {divided_q[DivideLatency-2:0], normalized_q} : '0;

  logic beat_out, beat_out_last;
  logic [Lanes*16-1:0] values;
  logic [InfoWidth-1:0] info;
  row_queue #(.Width(Lanes*16), .InfoWidth(InfoWidth), .Depth(Depth), .Rows(Rows)) u_queue (
    .clk_i, .rst_ni, .valid_i, .ready_o, .last_i, .data_i(values_i),
    .release_i(divided_q[DivideLatency-1]), .info_i({mantissa, exponent, left_shift, reciprocal}),
    .valid_o(beat_out), .last_o(beat_out_last), .data_o(values), .info_o(info)
  );

  // elements
  logic [14:0] reciprocal_q;
  always_ff @(posedge clk_i) reciprocal_q <= info[14:0];
  for (genvar i = 0; i < Lanes; i++) begin : gen_element
    logic signed [15:0] normal_q;
    logic signed [31:0] product_q, rounded;
    logic [7:0] value_q;
    assign rounded = product_q + 32'sd2097152;
    always_ff @(posedge clk_i) begin
      normal_q <= $signed(values[i*16 +: 16]) <<< info[18:15];
      product_q <= 32'(normal_q) * $signed({17'b0, reciprocal_q});
      value_q <= rounded[29:22];
    end
    assign values_o[i*8 +: 8] = value_q;
    logic unused_bits;
    assign unused_bits = ^{rounded[31:30], rounded[21:0]};
  end

  localparam int ElementLatency = 3;
  logic [ElementLatency-1:0] out_q;
  always_ff @(posedge clk_i) out_q <= rst_ni ? {out_q[ElementLatency-2:0], beat_out} : '0;
  assign valid_o = out_q[ElementLatency-1];
  delay_line #(.Width(21), .Cycles(ElementLatency)) u_out (
    .clk_i, .data_i({beat_out_last, info[38:19]}), .data_o({last_o, mantissa_o, exponent_o})
  );
endmodule

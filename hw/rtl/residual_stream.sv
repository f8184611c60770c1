// The residual stream of all tokens, s32.16: written with the positions, grown by layers' outputs, read row by row. Word
// token * beats_i + beat holds Outputs elements of a token.
//
// An addition is x = sat32(x + y), docs/numerics.md, section 3.7, or x = sat32(x + round_shift(y * weight, 16)), section 3.9; one
// a cycle, of any tokens in any order. It is written 4 cycles later: what a row request sees of additions up to its own cycle is whole.
//
//   1: address, product | 2: rounded, word read | 3: sum | 4: written
module residual_stream #(
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Tokens of a picture at most, a power of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Beats of the widest row.
  parameter int MaxBeats = edgemoe_pkg::MaxWidth / edgemoe_pkg::ArrayOutputs,
  /// A power of two.
  parameter int Words = edgemoe_pkg::TokenWords
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// Beats of a row; stays as it is while anything is in the unit.
  input  logic [$clog2(MaxBeats+1)-1:0] beats_i,
  /// Writes a word; not while an addition is in the unit.
  input  logic load_i,
  input  logic [$clog2(Words)-1:0] load_addr_i,
  input  logic [Outputs*32-1:0] load_data_i,
  // An addition, never refused.
  input  logic add_i,
  input  logic [$clog2(MaxTokens)-1:0] add_token_i,
  input  logic [$clog2(MaxBeats)-1:0] add_beat_i,
  input  logic [Outputs*32-1:0] add_data_i,
  input  logic add_weighted_i,
  /// 65536 would be 1.
  input  logic [15:0] add_weight_i,
  /// Additions are under way.
  output logic adding_o,
  // Rows to read: so many from a token on. Never refused: room for as many requests as there are groups of tokens.
  input  logic rows_i,
  input  logic [$clog2(MaxTokens)-1:0] rows_token_i,
  input  logic [$clog2(MaxTokens+1)-1:0] rows_count_i,
  /// All rows that were asked for have left.
  output logic rows_idle_o,
  // Their beats; one stays until ready_i. A word is read in cycles without an addition.
  output logic valid_o,
  input  logic ready_i,
  output logic last_o,
  /// The last beat of the request.
  output logic rows_last_o,
  output logic [$clog2(MaxTokens)-1:0] token_o,
  output logic [Outputs*32-1:0] data_o
);
  localparam int TokenWidth = $clog2(MaxTokens);
  localparam int TokensWidth = $clog2(MaxTokens + 1);
  localparam int BeatWidth = $clog2(MaxBeats);
  localparam int BeatsWidth = $clog2(MaxBeats + 1);
  localparam int AddressWidth = $clog2(Words);
  localparam int Requests = 1 << $clog2((MaxTokens + Tokens - 1) / Tokens);

  // Additions. Two that follow each other closely may be to one word: what is not yet written, or written in the cycle in which
  // it would be read, is taken from the registers.
  logic add1_q, add2_q, add3_q, weighted1_q, forward3_q, forward4_q;
  logic [AddressWidth-1:0] addr1_q, addr2_q, addr3_q, read_addr, row_addr_q;
  logic [Outputs*32-1:0] word, sum3_q, sum4_q;
  assign adding_o = add1_q || add2_q || add3_q;
  always_ff @(posedge clk_i) begin
    add1_q <= rst_ni && add_i;
    add2_q <= rst_ni && add1_q;
    add3_q <= rst_ni && add2_q;
    addr1_q <= AddressWidth'(32'(add_token_i) * 32'(beats_i)) + AddressWidth'(add_beat_i);
    addr2_q <= addr1_q;
    addr3_q <= addr2_q;
    weighted1_q <= add_weighted_i;
    // Of stage 2: the addition before it, the one before that.
    forward3_q <= add2_q && addr2_q == addr1_q;
    forward4_q <= add3_q && addr3_q == addr1_q;
  end
  for (genvar o = 0; o < Outputs; o++) begin : gen_lane
    logic signed [48:0] product1_q;
    logic signed [31:0] plain1_q, value2_q, old;
    logic signed [32:0] sum;
    logic signed [48:0] rounded;
    assign rounded = product1_q + 49'sd32768;
    assign old = forward3_q ? sum3_q[o*32 +: 32] : forward4_q ? sum4_q[o*32 +: 32] : word[o*32 +: 32];
    assign sum = 33'(old) + 33'(value2_q);
    always_ff @(posedge clk_i) begin
      product1_q <= 49'($signed(add_data_i[o*32 +: 32])) * $signed({33'b0, add_weight_i});
      plain1_q <= add_data_i[o*32 +: 32];
      value2_q <= weighted1_q ? rounded[47:16] : plain1_q;
      sum3_q[o*32 +: 32] <= sum[32] != sum[31] ? {sum[32], {31{~sum[32]}}} : sum[31:0];
      sum4_q[o*32 +: 32] <= sum3_q[o*32 +: 32];
    end
    logic unused_bits;
    assign unused_bits = ^{rounded[48], rounded[15:0]};
  end
  ram_1r1w #(.Width(Outputs*32), .Depth(Words)) u_words (
    .clk_i, .write_i(load_i || add3_q), .waddr_i(load_i ? load_addr_i : addr3_q), .wdata_i(load_i ? load_data_i : sum3_q),
    .raddr_i(read_addr), .rdata_o(word)
  );

  // Requests, as old as the additions that they must see when they are taken.
  localparam int RequestDelay = 4;
  logic [RequestDelay-1:0] request_line_q;
  logic request_valid, request_ready, request_waits, request_taken;
  logic [TokenWidth-1:0] request_token, first_token;
  logic [TokensWidth-1:0] request_count, row_count;
  logic [$clog2(Requests):0] request_fill;
  delay_line #(.Width(TokenWidth+TokensWidth), .Cycles(RequestDelay)) u_request (
    .clk_i, .data_i({rows_token_i, rows_count_i}), .data_o({request_token, request_count})
  );
  always_ff @(posedge clk_i) request_line_q <= rst_ni ? {request_line_q[RequestDelay-2:0], rows_i} : '0;
  assign request_valid = request_line_q[RequestDelay-1];
  fifo #(.Width(TokenWidth+TokensWidth), .Depth(Requests)) u_requests (
    .clk_i, .rst_ni, .valid_i(request_valid), .ready_o(request_ready), .data_i({request_token, request_count}),
    .valid_o(request_waits), .ready_i(request_taken), .data_o({first_token, row_count}), .count_o(request_fill)
  );

  // Reading: a word that is read has a place in the queue of beats.
  localparam int BeatDepth = 4;
  logic reading_q, read, read_q, last_beat, last_row, read_last_q, read_rows_last_q;
  logic [TokenWidth-1:0] token_q, read_token_q;
  logic [TokensWidth-1:0] rows_left_q;
  logic [BeatWidth-1:0] beat_q;
  logic [2:0] beats_held;
  assign request_taken = request_waits && !reading_q;
  assign read = reading_q && !add1_q && beats_held + 3'(read_q) < 3'(BeatDepth);
  assign read_addr = add1_q ? addr1_q : row_addr_q;
  assign last_beat = BeatsWidth'(beat_q) + 1'b1 == beats_i;
  assign last_row = rows_left_q == TokensWidth'(1);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) reading_q <= 1'b0;
    else if (request_taken) reading_q <= 1'b1;
    else if (read && last_beat && last_row) reading_q <= 1'b0;
    if (request_taken) begin
      token_q <= first_token;
      rows_left_q <= row_count;
      beat_q <= '0;
      row_addr_q <= AddressWidth'(32'(first_token) * 32'(beats_i));
    end else if (read) begin
      row_addr_q <= row_addr_q + 1'b1;
      beat_q <= last_beat ? '0 : beat_q + 1'b1;
      if (last_beat) begin
        token_q <= token_q + 1'b1;
        rows_left_q <= rows_left_q - 1'b1;
      end
    end
    read_q <= rst_ni && read;
    read_last_q <= last_beat;
    read_rows_last_q <= last_beat && last_row;
    read_token_q <= token_q;
  end
  logic beat_ready;
  fifo #(.Width(Outputs*32+TokenWidth+2), .Depth(BeatDepth)) u_beats (
    .clk_i, .rst_ni, .valid_i(read_q), .ready_o(beat_ready), .data_i({read_rows_last_q, read_last_q, read_token_q, word}),
    .valid_o, .ready_i, .data_o({rows_last_o, last_o, token_o, data_o}), .count_o(beats_held)
  );
  assign rows_idle_o = !rows_i && request_line_q == '0 && !request_waits && !reading_q && !read_q && !valid_o;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && load_i && (add_i || adding_o)) $error("residual_stream: a word loaded while additions are under way");
    if (rst_ni && request_valid && !request_ready) $error("residual_stream: more requests than groups of tokens");
    if (rst_ni && rows_i && rows_count_i == '0) $error("residual_stream: a request for no rows");
  end
`endif
  logic unused_fifo;
  assign unused_fifo = ^{request_ready, request_fill, beat_ready};
endmodule

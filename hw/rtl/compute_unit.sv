// The one unit that multiplies: patch embedding, Q, K, V, projection, MLP, experts, router, scores and P * V are tiles of it.
//
//   tile -> steps -> operand memories -> array -> a token a cycle -> Outputs requantise lanes -> wide results
//      \------------- tags ---------------------------^                       \-> GELU ------> narrow results
//
// From a tile's last step at the memories' address ports, in cycles, its token t:
//   sums leave the array 16 + t | raw sums 17 + t | wide results 28 + t | narrow results 32 + t
//
// Nothing behind it refuses: whoever offers a tile sees to it that there is room for its results. Memories answer a cycle
// after their address, the rings of weights and channels two; bank k of an operand memory is read k cycles after bank 0.
module compute_unit #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  // A tile.
  input  logic tile_valid_i,
  output logic tile_ready_o,
  input  tile_pkg::tile_t tile_i,
  /// At least 1; first words of its operands; rows are probabilities, columns keys or values.
  input  logic [15:0] steps_i,
  input  logic [15:0] row_base_i,
  input  logic [15:0] column_base_i,
  input  logic row_select_i,
  input  logic column_select_i,
  /// Nothing is in the unit, results of this cycle included.
  output logic idle_o,
  // Operand memories, as array_tile has them.
  output logic read_o,
  output logic [15:0] row_addr_o,
  output logic [15:0] column_addr_o,
  input  logic [Tokens*Chains*edgemoe_pkg::ChainLength*8-1:0] activations_i,
  input  logic [Tokens*Chains*edgemoe_pkg::ChainLength*8-1:0] probabilities_i,
  input  logic [Outputs*Chains*edgemoe_pkg::ChainLength*8-1:0] weights_i,
  input  logic [Outputs*Chains*edgemoe_pkg::ChainLength*8-1:0] keys_values_i,
  // What scales the sums, looked up when a tile leaves the array: tile_i's row_addr and channel_addr, head.
  output logic [15:0] row_scale_addr_o,
  output logic [15:0] channel_addr_o,
  output logic [7:0] head_addr_o,
  /// 23 bits a token, from below mantissa (15), exponent (8, signed); 20 bits a token, pre-shift (5), reciprocal (15).
  input  logic [Tokens*23-1:0] row_scales_i,
  input  logic [Tokens*20-1:0] softmax_scales_i,
  /// 64 bits an output, from below bias (32), mantissa (16), pre-shift (5).
  input  logic [Outputs*64-1:0] channels_i,
  /// The keys' mantissas and their head's least exponent.
  input  logic [Outputs*16-1:0] key_mantissas_i,
  input  logic [7:0] key_exponent_i,
  /// 128 times the sums of V; their head's scale, mantissa and exponent.
  input  logic [Outputs*32-1:0] value_sums_i,
  input  logic [14:0] value_mantissa_i,
  input  logic [7:0] value_exponent_i,
  /// The last token of a tile's sums leaves: its constants are no longer needed.
  output logic drained_o,
  output tile_pkg::tile_t drained_tile_o,
  // Results, never refused: a token of a tile, tokens and tiles in order.
  output logic raw_valid_o,
  output tile_pkg::tile_t raw_tile_o,
  output logic [$clog2(Tokens)-1:0] raw_token_o,
  output logic [Outputs*32-1:0] raw_values_o,
  output logic wide_valid_o,
  output tile_pkg::tile_t wide_tile_o,
  output logic [$clog2(Tokens)-1:0] wide_token_o,
  output logic [Outputs*32-1:0] wide_values_o,
  output logic narrow_valid_o,
  output tile_pkg::tile_t narrow_tile_o,
  output logic [$clog2(Tokens)-1:0] narrow_token_o,
  output logic [Outputs*16-1:0] narrow_values_o
);
  localparam int Banks = edgemoe_pkg::ChainLength;
  localparam int RowWidth = Tokens * Chains * 8;
  localparam int ColumnWidth = Outputs * Chains * 8;
  localparam int TokenWidth = $clog2(Tokens);
  localparam int TileWidth = $bits(tile_i);
  /// Tiles between their first step and their last sum: one every Tokens cycles at most, and 16 cycles of latency.
  localparam int TagDepth = 16;
  /// (32512, 8): a scale of 1.
  localparam logic [22:0] UnitScale = {8'd8, 15'd32512};

  // Steps, and what goes with a tile.
  logic step_valid, step_first, step_last, row_select, column_select, tags_free, tags_valid, take;
  logic [$clog2(TagDepth):0] tags_count;
  logic [2:0] step_valid_q, step_first_q, step_last_q;
  logic issue_ready;
  assign tile_ready_o = issue_ready && tags_free;
  assign take = tile_valid_i && tile_ready_o;
  tile_issue #(.Tokens(Tokens)) u_issue (
    .clk_i, .rst_ni, .valid_i(tile_valid_i && tags_free), .ready_o(issue_ready), .steps_i, .row_base_i, .column_base_i,
    .row_select_i, .column_select_i, .valid_o(step_valid), .first_o(step_first), .last_o(step_last), .row_addr_o,
    .column_addr_o, .row_select_o(row_select), .column_select_o(column_select)
  );
  assign read_o = step_valid;
  always_ff @(posedge clk_i) begin
    step_valid_q <= rst_ni ? {step_valid_q[1:0], step_valid} : '0;
    step_first_q <= {step_first_q[1:0], step_first};
    step_last_q <= {step_last_q[1:0], step_last};
  end

  // Operands: a choice between two memories, which follows the banks' skew, and registers.
  localparam int Selects = Banks + 1;
  logic [Banks-1:0] row_selects_q;
  logic [Selects-1:0] column_selects_q;
  logic [Banks*RowWidth-1:0] rows_q, rows2_q;
  logic [Banks*ColumnWidth-1:0] keys_values_q, columns_q;
  always_ff @(posedge clk_i) begin
    row_selects_q <= {row_selects_q[Banks-2:0], row_select};
    column_selects_q <= {column_selects_q[Selects-2:0], column_select};
    keys_values_q <= keys_values_i;
    rows2_q <= rows_q;
  end
  for (genvar k = 0; k < Banks; k++) begin : gen_bank
    always_ff @(posedge clk_i) begin
      rows_q[k*RowWidth +: RowWidth] <=
        row_selects_q[k] ? probabilities_i[k*RowWidth +: RowWidth] : activations_i[k*RowWidth +: RowWidth];
      columns_q[k*ColumnWidth +: ColumnWidth] <=
        column_selects_q[k+1] ? keys_values_q[k*ColumnWidth +: ColumnWidth] : weights_i[k*ColumnWidth +: ColumnWidth];
    end
  end

  logic tile_done;
  logic [Tokens*Outputs*32-1:0] sums;
  array_tile #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains)) u_array (
    .clk_i, .rst_ni, .valid_i(step_valid_q[2]), .first_i(step_first_q[2]), .last_i(step_last_q[2]), .a_i(rows2_q), .w_i(columns_q),
    .done_o(tile_done), .sums_o(sums)
  );

  // Drain: a token a cycle, tiles in the order of issue.
  logic [TileWidth-1:0] head_bits;
  tile_pkg::tile_t drain_tile;
  logic draining_q, drain_valid, drain_last;
  logic [TokenWidth-1:0] drain_token_q, drain_token;
  assign drain_valid = tile_done || draining_q;
  assign drain_token = tile_done ? '0 : drain_token_q;
  assign drain_last = 8'(drain_token) + 8'd1 == drain_tile.tokens;
  assign drain_tile = head_bits;
  fifo #(.Width(TileWidth), .Depth(TagDepth)) u_tags (
    .clk_i, .rst_ni, .valid_i(take), .ready_o(tags_free), .data_i(tile_i), .valid_o(tags_valid),
    .ready_i(drain_valid && drain_last), .data_o(head_bits), .count_o(tags_count)
  );
  always_ff @(posedge clk_i) begin
    drain_token_q <= drain_token + 1'b1;
    draining_q <= rst_ni && drain_valid && !drain_last;
  end
  assign row_scale_addr_o = drain_tile.row_addr;
  assign channel_addr_o = drain_tile.channel_addr;
  assign head_addr_o = drain_tile.head;
  assign drained_o = drain_valid && drain_last;
  assign drained_tile_o = drain_tile;

  // 1: a token's sums; its constants come
  logic [Outputs*32-1:0] sums1_q;
  logic [TokenWidth-1:0] token1_q;
  logic valid1_q;
  tile_pkg::tile_t tile1_q;
  logic [Outputs*32-1:0] drain_sums;
  // A choice among Tokens rows; a part select by a variable would be a shifter of all of them.
  always_comb begin
    drain_sums = sums[Outputs*32-1:0];
    for (int t = 1; t < Tokens; t++) begin
      if (drain_token == TokenWidth'(t)) drain_sums = sums[t*Outputs*32 +: Outputs*32];
    end
  end
  always_ff @(posedge clk_i) begin
    valid1_q <= rst_ni && drain_valid;
    token1_q <= drain_token;
    tile1_q <= drain_tile;
    sums1_q <= drain_sums;
  end
  assign raw_valid_o = valid1_q && tile1_q.mode == tile_pkg::Raw;
  assign raw_tile_o = tile1_q;
  assign raw_token_o = token1_q;
  assign raw_values_o = sums1_q;

  // 2: the row's part
  logic [22:0] row_scale;
  logic [19:0] softmax_scale;
  logic signed [9:0] shift;
  logic signed [7:0] shift2_q, shift3_q;
  logic [15:0] row_mantissa2_q, row_mantissa3_q;
  logic [4:0] row_pre_shift2_q;
  logic [Outputs*32-1:0] sums2_q, sums3_q, biases3_q;
  logic [Outputs*16-1:0] key_mantissas2_q, mantissas3_q;
  logic [Outputs*5-1:0] pre_shifts3_q;
  logic valid2_q, valid3_q, scores, values, scores2, values2;
  logic [TokenWidth-1:0] token2_q, token3_q;
  tile_pkg::tile_t tile2_q, tile3_q;
  assign row_scale = tile1_q.unit_rows ? UnitScale : row_scales_i[32'(token1_q)*23 +: 23];
  assign softmax_scale = softmax_scales_i[32'(token1_q)*20 +: 20];
  assign scores = tile1_q.mode == tile_pkg::Scores;
  assign values = tile1_q.mode == tile_pkg::Values;
  assign scores2 = tile2_q.mode == tile_pkg::Scores;
  assign values2 = tile2_q.mode == tile_pkg::Values;
  assign shift = (values ? 10'($signed(value_exponent_i)) : 10'($signed(row_scale[22:15])))
               + (scores ? 10'($signed(key_exponent_i)) : 10'sd0) - 10'(tile1_q.exponent_base);
  always_ff @(posedge clk_i) begin
    valid2_q <= rst_ni && valid1_q && tile1_q.mode != tile_pkg::Raw;
    valid3_q <= rst_ni && valid2_q;
    token2_q <= token1_q;
    token3_q <= token2_q;
    tile2_q <= tile1_q;
    tile3_q <= tile2_q;
    row_mantissa2_q <= {1'b0, values ? softmax_scale[19:5] : row_scale[14:0]};
    row_mantissa3_q <= row_mantissa2_q;
    row_pre_shift2_q <= scores ? tile1_q.pre_shift : softmax_scale[4:0];
    // Beyond 8 bits either all or nothing is left, as at their ends.
    shift2_q <= shift > 127 ? 8'sd127 : shift < -128 ? -8'sd128 : shift[7:0];
    shift3_q <= shift2_q;
    key_mantissas2_q <= key_mantissas_i;
  end

  // 3: the channel's part
  logic [15:0] value_mantissa2_q;
  always_ff @(posedge clk_i) value_mantissa2_q <= {1'b0, value_mantissa_i};
  for (genvar o = 0; o < Outputs; o++) begin : gen_constant
    logic [63:0] channel;
    assign channel = channels_i[o*64 +: 64];
    always_ff @(posedge clk_i) begin
      sums2_q[o*32 +: 32] <= sums1_q[o*32 +: 32] + (values ? value_sums_i[o*32 +: 32] : '0);
      sums3_q[o*32 +: 32] <= sums2_q[o*32 +: 32];
      biases3_q[o*32 +: 32] <= scores2 || values2 ? '0 : channel[31:0];
      mantissas3_q[o*16 +: 16] <= scores2 ? key_mantissas2_q[o*16 +: 16] : values2 ? value_mantissa2_q : channel[47:32];
      pre_shifts3_q[o*5 +: 5] <= scores2 || values2 ? row_pre_shift2_q : channel[52:48];
    end
    logic unused_channel;
    assign unused_channel = ^channel[63:53];
  end

  // 4 to 12: requantised
  localparam int RequantizeLatency = 9;
  logic [Outputs*32-1:0] values12;
  logic [TileWidth+TokenWidth-1:0] tag12;
  logic [RequantizeLatency-1:0] valid_line_q;
  logic valid12;
  tile_pkg::tile_t tile12;
  logic [TokenWidth-1:0] token12;
  for (genvar o = 0; o < Outputs; o++) begin : gen_requantize
    requantize u_requantize (
      .clk_i, .sum_i(sums3_q[o*32 +: 32]), .bias_i(biases3_q[o*32 +: 32]), .mantissa_i(mantissas3_q[o*16 +: 16]),
      .pre_shift_i(pre_shifts3_q[o*5 +: 5]), .row_mantissa_i(row_mantissa3_q), .shift_i(shift3_q),
      .narrow_i(tile3_q.narrow), .value_o(values12[o*32 +: 32])
    );
  end
  always_ff @(posedge clk_i) valid_line_q <= rst_ni ? {valid_line_q[RequantizeLatency-2:0], valid3_q} : '0;
  delay_line #(.Width(TileWidth + TokenWidth), .Cycles(RequantizeLatency)) u_tag (
    .clk_i, .data_i({tile3_q, token3_q}), .data_o(tag12)
  );
  assign valid12 = valid_line_q[RequantizeLatency-1];
  assign tile12 = tag12[TokenWidth +: TileWidth];
  assign token12 = tag12[TokenWidth-1:0];
  assign wide_valid_o = valid12 && !tile12.narrow;
  assign wide_tile_o = tile12;
  assign wide_token_o = token12;
  assign wide_values_o = values12;

  // 13 to 16: GELU, or as long without it
  localparam int GeluLatency = 4;
  logic [TileWidth+TokenWidth-1:0] tag16;
  logic [GeluLatency-1:0] narrow_line_q;
  tile_pkg::tile_t tile16;
  for (genvar o = 0; o < Outputs; o++) begin : gen_gelu
    logic signed [15:0] activated;
    logic [15:0] plain;
    gelu u_gelu (.clk_i, .value_i(values12[o*32 +: 16]), .fraction_i(tile12.fraction), .value_o(activated));
    delay_line #(.Width(16), .Cycles(GeluLatency)) u_plain (.clk_i, .data_i(values12[o*32 +: 16]), .data_o(plain));
    assign narrow_values_o[o*16 +: 16] = tile16.gelu ? activated : plain;
  end
  always_ff @(posedge clk_i) begin
    narrow_line_q <= rst_ni ? {narrow_line_q[GeluLatency-2:0], valid12 && tile12.narrow} : '0;
  end
  delay_line #(.Width(TileWidth + TokenWidth), .Cycles(GeluLatency)) u_gelu_tag (
    .clk_i, .data_i(tag12), .data_o(tag16)
  );
  assign tile16 = tag16[TokenWidth +: TileWidth];
  assign narrow_valid_o = narrow_line_q[GeluLatency-1];
  assign narrow_tile_o = tile16;
  assign narrow_token_o = tag16[TokenWidth-1:0];

  assign idle_o = !tags_valid && !valid1_q && !valid2_q && !valid3_q && valid_line_q == '0 && narrow_line_q == '0;

  logic unused_bits;
  assign unused_bits = ^tags_count;

`ifndef SYNTHESIS
  // Weights of -128: bytes of 8'h80, which are those whose upper bit is set and the others are not. A router's gate bytes may be, its
  // digits are small.
  localparam logic [ColumnWidth-1:0] UpperBits = {(ColumnWidth/8){8'h80}};
  logic [Selects-1:0] linear_steps_q;
  always_ff @(posedge clk_i) begin
    linear_steps_q <= {linear_steps_q[Selects-2:0], rst_ni && step_valid && !row_select && !column_select};
  end
  for (genvar k = 0; k < Banks; k++) begin : gen_weight_check
    logic [ColumnWidth-1:0] weights, lower;
    assign weights = weights_i[k*ColumnWidth +: ColumnWidth];
    assign lower = (weights & ~UpperBits) + ~UpperBits;
    always_ff @(posedge clk_i) begin
      if (rst_ni && linear_steps_q[k+1] && (weights & ~lower & UpperBits) != '0) begin
        $error("compute_unit: a weight of -128, expected within +-127");
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (rst_ni && tile_done && draining_q) $error("compute_unit: a tile is done while token %0d of %0d of the one before it leaves", drain_token_q, drain_tile.tokens);
    if (rst_ni && take && (tile_i.tokens == '0 || tile_i.tokens > 8'(Tokens))) begin
      $error("compute_unit: a tile of %0d tokens, expected 1 to %0d", tile_i.tokens, Tokens);
    end
  end
`endif
endmodule

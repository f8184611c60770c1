// One linear layer of any size: C[M, N] = A[M, K] * B[N, K]^T in int8 and its requantisation, from memories that are loaded
// beforehand. Column tiles of Outputs, in each row tiles of Tokens, in each ceil(K / (Chains * ChainLength)) steps.
//
//   memories -> array -> one token of a tile a cycle -> Outputs requantise lanes
//
// From the edge that takes start_i to the one that brings the last result:
//   (row tiles * column tiles - 1) * max(steps, Tokens) + steps + tokens of the last row tile + 24 cycles.
//
// Memory layouts. k = (step * Chains + chain) * ChainLength + bank; what lies beyond M, N or K in a word is 0 (K) or anything.
//   activations  bank, word row_tile * steps + step:     byte chain * Tokens + token,   int8
//   weights      bank, word column_tile * steps + step:  byte chain * Outputs + output, within +-127
//   channels     word column_tile: 53 bits an output, from below bias (32), mantissa (16), pre-shift (5)
//   rows         word row_tile:    23 bits a token, from below mantissa (15), exponent (8, signed)
module gemm #(
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// Words of a bank of activations, of weights; of channel constants; of row scales. Powers of two.
  parameter int ActivationWords = edgemoe_pkg::ActivationWords,
  parameter int WeightWords = edgemoe_pkg::WeightWords,
  parameter int ChannelWords = edgemoe_pkg::ChannelWords,
  parameter int RowWords = edgemoe_pkg::MaxTokens / edgemoe_pkg::ArrayTokens
) (
  input  logic clk_i,
  input  logic rst_ni,
  // Loading, at any time outside of what a running layer reads.
  input  logic activation_write_i,
  input  logic weight_write_i,
  input  logic [$clog2(edgemoe_pkg::ChainLength)-1:0] bank_i,
  input  logic [$clog2(ActivationWords)-1:0] activation_addr_i,
  input  logic [Tokens*Chains*8-1:0] activation_data_i,
  input  logic [$clog2(WeightWords)-1:0] weight_addr_i,
  input  logic [Outputs*Chains*8-1:0] weight_data_i,
  input  logic channel_write_i,
  input  logic [$clog2(ChannelWords)-1:0] channel_addr_i,
  input  logic [Outputs*53-1:0] channel_data_i,
  input  logic row_write_i,
  input  logic [$clog2(RowWords)-1:0] row_addr_i,
  input  logic [Tokens*23-1:0] row_data_i,
  // A layer; its sizes, all at least 1, stay as they are until done_o.
  /// Taken with ready_o.
  input  logic start_i,
  output logic ready_o,
  input  logic [$clog2(RowWords):0] row_tiles_i,
  input  logic [$clog2(ChannelWords):0] column_tiles_i,
  input  logic [$clog2(WeightWords):0] steps_i,
  /// Tokens in the last row tile, outputs in the last column tile.
  input  logic [$clog2(Tokens+1)-1:0] last_tokens_i,
  input  logic [$clog2(Outputs+1)-1:0] last_outputs_i,
  /// First words of the layer.
  input  logic [$clog2(ActivationWords)-1:0] activation_base_i,
  input  logic [$clog2(WeightWords)-1:0] weight_base_i,
  input  logic [$clog2(ChannelWords)-1:0] channel_base_i,
  input  logic [$clog2(RowWords)-1:0] row_base_i,
  /// E + 15 + f where narrow_i, else E + 16, clipped to what fits here, beyond which every shift gives the same: a row's
  /// exponent less it is its shift.
  input  logic signed [7:0] exponent_base_i,
  input  logic narrow_i,
  // Results, never refused: a token's values of one column tile.
  output logic valid_o,
  /// The layer's last.
  output logic done_o,
  output logic [$clog2(RowWords)-1:0] row_tile_o,
  output logic [$clog2(Tokens)-1:0] token_o,
  output logic [$clog2(ChannelWords)-1:0] column_tile_o,
  /// Which of the outputs the layer has.
  output logic [Outputs-1:0] keep_o,
  output logic [Outputs*32-1:0] values_o
);
  localparam int Banks = edgemoe_pkg::ChainLength;
  localparam int ActivationWidth = $clog2(ActivationWords);
  localparam int WeightWidth = $clog2(WeightWords);
  localparam int RowWidth = $clog2(RowWords);
  localparam int ColumnWidth = $clog2(ChannelWords);
  localparam int TokenWidth = $clog2(Tokens);
  localparam int OutputWidth = $clog2(Outputs + 1);

  // Issue. A layer is over when its last result has left.
  logic running_q, issuing, step_valid, step_first, step_last, step_valid_q, step_first_q, step_last_q;
  logic [ActivationWidth-1:0] activation_addr;
  logic [WeightWidth-1:0] weight_addr;
  assign ready_o = !running_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) running_q <= 1'b0;
    else if (ready_o) running_q <= start_i;
    else if (done_o) running_q <= 1'b0;
    step_valid_q <= rst_ni && step_valid;
    step_first_q <= step_first;
    step_last_q <= step_last;
  end
  gemm_control #(
    .Tokens(Tokens), .ActivationWords(ActivationWords), .WeightWords(WeightWords), .RowWords(RowWords),
    .ChannelWords(ChannelWords)
  ) u_control (
    .clk_i, .rst_ni, .start_i(start_i && ready_o), .row_tiles_i, .column_tiles_i, .steps_i, .activation_base_i, .weight_base_i,
    .valid_o(step_valid), .first_o(step_first), .last_o(step_last), .activation_addr_o(activation_addr),
    .weight_addr_o(weight_addr), .busy_o(issuing)
  );

  // Banks: each reads what the one before it read a cycle ago, which is the skew that the chains need.
  logic [Banks*Tokens*Chains*8-1:0] activations;
  logic [Banks*Outputs*Chains*8-1:0] weights;
  logic [Banks*ActivationWidth-1:0] activation_addrs;
  logic [Banks*WeightWidth-1:0] weight_addrs;
  assign activation_addrs[ActivationWidth-1:0] = activation_addr;
  assign weight_addrs[WeightWidth-1:0] = weight_addr;
  for (genvar k = 0; k < Banks; k++) begin : gen_bank
    if (k > 0) begin : gen_skew
      delay_line #(.Width(ActivationWidth), .Cycles(1)) u_activation_addr (
        .clk_i, .data_i(activation_addrs[(k-1)*ActivationWidth +: ActivationWidth]),
        .data_o(activation_addrs[k*ActivationWidth +: ActivationWidth])
      );
      delay_line #(.Width(WeightWidth), .Cycles(1)) u_weight_addr (
        .clk_i, .data_i(weight_addrs[(k-1)*WeightWidth +: WeightWidth]),
        .data_o(weight_addrs[k*WeightWidth +: WeightWidth])
      );
    end
    ram_1r1w #(.Width(Tokens*Chains*8), .Depth(ActivationWords)) u_activations (
      .clk_i, .write_i(activation_write_i && 32'(bank_i) == k), .waddr_i(activation_addr_i), .wdata_i(activation_data_i),
      .raddr_i(activation_addrs[k*ActivationWidth +: ActivationWidth]),
      .rdata_o(activations[k*Tokens*Chains*8 +: Tokens*Chains*8])
    );
    ram_1r1w #(.Width(Outputs*Chains*8), .Depth(WeightWords)) u_weights (
      .clk_i, .write_i(weight_write_i && 32'(bank_i) == k), .waddr_i(weight_addr_i), .wdata_i(weight_data_i),
      .raddr_i(weight_addrs[k*WeightWidth +: WeightWidth]), .rdata_o(weights[k*Outputs*Chains*8 +: Outputs*Chains*8])
    );
  end

  logic tile_done;
  logic [Tokens*Outputs*32-1:0] sums;
  array_tile #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains)) u_array (
    .clk_i, .rst_ni, .valid_i(step_valid_q), .first_i(step_first_q), .last_i(step_last_q), .a_i(activations), .w_i(weights),
    .done_o(tile_done), .sums_o(sums)
  );

  // Drain: a token a cycle, tiles in the order of issue.
  logic draining_q, drain_valid, drain_last_token, drain_last_row, drain_last_column, drain_real;
  logic [TokenWidth-1:0] drain_token_q, drain_token;
  logic [RowWidth:0] drain_row_q;
  logic [ColumnWidth:0] drain_column_q;
  assign drain_valid = tile_done || draining_q;
  assign drain_token = tile_done ? '0 : drain_token_q;
  assign drain_last_token = 32'(drain_token) == Tokens - 1;
  assign drain_last_row = drain_row_q + 1'b1 == row_tiles_i;
  assign drain_last_column = drain_column_q + 1'b1 == column_tiles_i;
  assign drain_real = !drain_last_row || 32'(drain_token) < 32'(last_tokens_i);
  always_ff @(posedge clk_i) begin
    drain_token_q <= drain_token + 1'b1;
    if (!rst_ni || ready_o) begin
      draining_q <= 1'b0;
      drain_row_q <= '0;
      drain_column_q <= '0;
    end else if (drain_valid) begin
      draining_q <= !drain_last_token;
      if (drain_last_token) begin
        drain_row_q <= drain_last_row ? '0 : drain_row_q + 1'b1;
        if (drain_last_row) drain_column_q <= drain_column_q + 1'b1;
      end
    end
  end

  // 1: a token's sums, its tile's constants
  localparam int TagWidth = 2 + RowWidth + TokenWidth + ColumnWidth;
  logic [Outputs*32-1:0] row_sums_q;
  logic [Outputs*53-1:0] channels;
  logic [Tokens*23-1:0] rows;
  logic [TagWidth-1:0] tag_q;
  logic [TokenWidth-1:0] token_q;
  logic valid_q, valid2_q;
  always_ff @(posedge clk_i) begin
    valid_q <= rst_ni && drain_valid && drain_real && running_q;
    token_q <= drain_token;
    row_sums_q <= sums[32'(drain_token)*Outputs*32 +: Outputs*32];
    tag_q <= {drain_last_row && drain_last_column && 32'(drain_token) + 1 == 32'(last_tokens_i), drain_last_column,
              drain_row_q[RowWidth-1:0], drain_token, drain_column_q[ColumnWidth-1:0]};
  end
  ram_1r1w #(.Width(Outputs*53), .Depth(ChannelWords)) u_channels (
    .clk_i, .write_i(channel_write_i), .waddr_i(channel_addr_i), .wdata_i(channel_data_i),
    .raddr_i(channel_base_i + drain_column_q[ColumnWidth-1:0]), .rdata_o(channels)
  );
  ram_1r1w #(.Width(Tokens*23), .Depth(RowWords)) u_rows (
    .clk_i, .write_i(row_write_i), .waddr_i(row_addr_i), .wdata_i(row_data_i),
    .raddr_i(row_base_i + drain_row_q[RowWidth-1:0]), .rdata_o(rows)
  );

  // 2: its scale
  logic [Outputs*32-1:0] row_sums2_q;
  logic [Outputs*53-1:0] channels_q;
  logic [22:0] row;
  logic [15:0] row_mantissa_q;
  logic signed [8:0] shift;
  logic signed [7:0] shift_q;
  logic [TagWidth-1:0] tag2_q;
  assign row = rows[32'(token_q)*23 +: 23];
  assign shift = 9'($signed(row[22:15])) - 9'(exponent_base_i);
  always_ff @(posedge clk_i) begin
    valid2_q <= rst_ni && valid_q;
    row_sums2_q <= row_sums_q;
    channels_q <= channels;
    row_mantissa_q <= {1'b0, row[14:0]};
    // Beyond 8 bits either all or nothing is left, as at their ends.
    shift_q <= shift > 127 ? 8'sd127 : shift < -128 ? -8'sd128 : shift[7:0];
    tag2_q <= tag_q;
  end

  // 3 to 11: requantised
  localparam int RequantizeLatency = 9;
  for (genvar o = 0; o < Outputs; o++) begin : gen_requantize
    requantize u_requantize (
      .clk_i, .sum_i(row_sums2_q[o*32 +: 32]), .bias_i(channels_q[o*53 +: 32]), .mantissa_i(channels_q[o*53+32 +: 16]),
      .pre_shift_i(channels_q[o*53+48 +: 5]), .row_mantissa_i(row_mantissa_q), .shift_i(shift_q), .narrow_i,
      .value_o(values_o[o*32 +: 32])
    );
  end
  logic [RequantizeLatency-1:0] valid_line_q;
  logic out_last, out_last_column;
  always_ff @(posedge clk_i) valid_line_q <= rst_ni ? {valid_line_q[RequantizeLatency-2:0], valid2_q} : '0;
  delay_line #(.Width(TagWidth), .Cycles(RequantizeLatency)) u_tag (
    .clk_i, .data_i(tag2_q), .data_o({out_last, out_last_column, row_tile_o, token_o, column_tile_o})
  );
  assign valid_o = valid_line_q[RequantizeLatency-1];
  assign done_o = valid_o && out_last;
  for (genvar o = 0; o < Outputs; o++) begin : gen_keep
    assign keep_o[o] = !out_last_column || OutputWidth'(o) < last_outputs_i;
  end

`ifndef SYNTHESIS
  // The chains' sums overflow with -128 in the shared operand.
  always_ff @(posedge clk_i) begin
    for (int i = 0; i < Outputs * Chains; i++) begin
      if (weight_write_i && weight_data_i[i*8 +: 8] == 8'h80) $error("gemm: a weight of -128; weights lie within +-127");
    end
  end
`endif
  logic unused_issuing;
  assign unused_issuing = issuing;
endmodule

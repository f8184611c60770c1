// Values from the array to kv_memory: a head of all tokens is one row for the quantiser, whatever order its elements come in.
// Also what P * V needs of a head: its scale, and 128 times the sums of its values over all keys, because the array multiplies
// probabilities less 128.
//
// A head's beats leave in the order in which they came: group by group, in each tile by tile, in each token by token. The first
// leaves log2(Outputs) + 24 cycles after the last came, or when the head before is through.
module value_path #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// Tokens of a picture at most, a power of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Heads of attention at most, a power of two.
  parameter int MaxHeads = edgemoe_pkg::MaxHeads,
  /// Tiles of all heads, a power of two.
  parameter int MaxTiles = edgemoe_pkg::MaxWidth / edgemoe_pkg::ArrayOutputs,
  /// Beats of two heads, a power of two.
  parameter int QueueBeats = 4 * edgemoe_pkg::MaxTokens,
  /// Depth of the memory of keys, and of that of values, in words of 8 banks; a power of two.
  parameter int Words = edgemoe_pkg::KeyValueWords
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  // Sizes; they stay as they are while values are in the unit. All at least 1; 2 * tokens * tiles no more than QueueBeats.
  input  logic [$clog2(MaxTokens+1)-1:0] tokens_i,
  /// Tiles of Outputs dimensions of a head; steps of 8 * Chains keys.
  input  logic [$clog2(MaxTiles+1)-1:0] tiles_i,
  input  logic [$clog2(Words)-1:0] steps_i,
  /// Takes a place for a head, before its tiles are issued; only with free_o.
  input  logic reserve_i,
  output logic free_o,
  // Beats of a head, never refused.
  input  logic write_i,
  input  logic [Outputs*16-1:0] write_data_i,
  /// The head's last, and with it the head, its first word and its values' fraction bits.
  input  logic write_last_i,
  input  logic [$clog2(MaxHeads)-1:0] write_head_i,
  input  logic [$clog2(Words)-1:0] write_addr_i,
  input  logic [3:0] write_fraction_i,
  // To kv_memory.
  output logic value_valid_o,
  output logic [$clog2(Words)-1:0] value_addr_o,
  output logic [$clog2(edgemoe_pkg::ChainLength*Chains)-1:0] value_place_o,
  output logic [Outputs*8-1:0] value_data_o,
  /// With a head's last beat.
  output logic head_done_o,
  // What P * V needs, a cycle after the address.
  input  logic [$clog2(MaxHeads)-1:0] scale_head_i,
  output logic [14:0] scale_mantissa_o,
  output logic [7:0] scale_exponent_o,
  /// head * tiles_i + tile.
  input  logic [$clog2(MaxTiles)-1:0] sum_addr_i,
  output logic [Outputs*32-1:0] sums_o
);
  localparam int Step = edgemoe_pkg::ChainLength * Chains;
  localparam int TokenWidth = $clog2(Tokens);
  localparam int TokensWidth = $clog2(MaxTokens + 1);
  localparam int HeadWidth = $clog2(MaxHeads);
  localparam int TileWidth = $clog2(MaxTiles);
  localparam int TilesWidth = $clog2(MaxTiles + 1);
  localparam int AddressWidth = $clog2(Words);
  localparam int PlaceWidth = $clog2(Step);
  /// Of MaxTokens values within +-127.
  localparam int SumWidth = 8 + $clog2(MaxTokens);

  // Heads: two have their places in the queue.
  logic [1:0] heads_q;
  assign free_o = heads_q != 2'd2;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) heads_q <= '0;
    else heads_q <= heads_q + 2'(reserve_i) - 2'(head_done_o);
  end

  logic quantizer_ready, last;
  logic [14:0] mantissa;
  logic [4:0] exponent;
  row_quantizer #(.Lanes(Outputs), .MaxWidth(MaxTiles*Outputs), .Depth(QueueBeats)) u_quantizer (
    .clk_i, .rst_ni, .valid_i(write_i), .ready_o(quantizer_ready), .last_i(write_last_i), .values_i(write_data_i),
    .fraction_i(4'd0), .valid_o(value_valid_o), .last_o(last), .values_o(value_data_o), .mantissa_o(mantissa),
    .exponent_o(exponent)
  );
  assign head_done_o = value_valid_o && last;

  logic info_ready, info_valid;
  logic [2:0] info_count;
  logic [HeadWidth-1:0] head;
  logic [AddressWidth-1:0] first_addr;
  logic [3:0] fraction;
  fifo #(.Width(HeadWidth+AddressWidth+4), .Depth(4)) u_heads (
    .clk_i, .rst_ni, .valid_i(write_i && write_last_i), .ready_o(info_ready),
    .data_i({write_head_i, write_addr_i, write_fraction_i}), .valid_o(info_valid), .ready_i(head_done_o),
    .data_o({head, first_addr, fraction}), .count_o(info_count)
  );

  // Which token and tile a beat is of: groups, in them tiles, in them tokens.
  logic [TokensWidth-1:0] group_token_q, key;
  logic [TokenWidth-1:0] token_q;
  logic [TileWidth-1:0] tile_q;
  logic [AddressWidth-1:0] tile_addr_q;  // from the head's first word
  logic last_token, last_tile;
  assign key = group_token_q + TokensWidth'(token_q);
  assign last_token = 32'(token_q) == Tokens - 1 || key + 1'b1 == tokens_i;
  assign last_tile = TilesWidth'(tile_q) + 1'b1 == tiles_i;
  assign value_addr_o = first_addr + tile_addr_q + AddressWidth'(32'(key) >> PlaceWidth);
  assign value_place_o = key[PlaceWidth-1:0];
  always_ff @(posedge clk_i) begin
    if (!rst_ni || head_done_o) begin
      group_token_q <= '0;
      token_q <= '0;
      tile_q <= '0;
      tile_addr_q <= '0;
    end else if (value_valid_o) begin
      token_q <= last_token ? '0 : token_q + 1'b1;
      if (last_token) begin
        tile_q <= last_tile ? '0 : tile_q + 1'b1;
        tile_addr_q <= last_tile ? '0 : tile_addr_q + steps_i;
        if (last_tile) group_token_q <= group_token_q + TokensWidth'(Tokens);
      end
    end
  end

  // The sums of a tile grow with each of its beats; its head's first key starts them.
  logic [Outputs*SumWidth-1:0] sums [0:MaxTiles-1];
  logic [Outputs*SumWidth-1:0] sums_now, sums_next, sums_read_q;
  logic [TileWidth-1:0] sum_addr;
  assign sum_addr = TileWidth'(32'(head) * 32'(tiles_i)) + tile_q;
  assign sums_now = sums[sum_addr];
  for (genvar o = 0; o < Outputs; o++) begin : gen_sum
    logic [SumWidth-1:0] value;
    assign value = SumWidth'($signed(value_data_o[o*8 +: 8]));
    assign sums_next[o*SumWidth +: SumWidth] = (key == '0 ? '0 : sums_now[o*SumWidth +: SumWidth]) + value;
    assign sums_o[o*32 +: 32] = {{(25-SumWidth){sums_read_q[(o+1)*SumWidth-1]}}, sums_read_q[o*SumWidth +: SumWidth], 7'b0};
  end
  always_ff @(posedge clk_i) begin
    if (value_valid_o) sums[sum_addr] <= sums_next;
    sums_read_q <= sums[sum_addr_i];
  end

  logic [22:0] scales [0:MaxHeads-1];
  always_ff @(posedge clk_i) begin
    if (head_done_o) scales[head] <= {mantissa == '0 ? 8'd0 : {3'b0, exponent} + {4'b0, fraction}, mantissa};
    {scale_exponent_o, scale_mantissa_o} <= scales[scale_head_i];
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && write_i && !quantizer_ready) $error("value_path: a beat without room");
    if (rst_ni && reserve_i && !free_o) $error("value_path: a head without a place");
    if (rst_ni && value_valid_o && !info_valid) $error("value_path: values of no head");
    if (rst_ni && value_valid_o && last != (last_token && last_tile && key + 1'b1 == tokens_i)) begin
      $error("value_path: a head of other than tokens_i * tiles_i beats");
    end
  end
`endif
  logic unused_signals;
  assign unused_signals = ^{quantizer_ready, info_ready, info_valid, info_count};
endmodule

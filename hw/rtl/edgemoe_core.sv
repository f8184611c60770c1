// The machine without what reads and writes memory: the unified array between its memories, and the sequencer that runs the
// compute list on it.
//
//   commands, tags -> sequencer -> tiles -> compute_unit <- activations, probabilities | weight ring, keys and values
//                                             |-- narrow -> row_writer --> activations, keys
//                                             |          -> value_path --> values
//                                             |          -> score_path --> probabilities
//                                             |-- raw ---> router_unit -> queues -> gather_unit --> activations
//                                             '-- wide --> residual_stream -> norm_writer --> activations, digits, gather_unit
//                                                                          '-> result
module edgemoe_core #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  localparam int WeightAddress = $clog2(edgemoe_pkg::WeightWords),
  localparam int ChannelAddress = $clog2(edgemoe_pkg::ChannelWords),
  localparam int DataBytes = Outputs * Chains
) (
  input  logic clk_i,
  /// Synchronous; long enough to empty the pipelines. start_i: a run begins, in an idle machine.
  input  logic rst_ni,
  input  logic start_i,
  /// The last command is executed and the last result handed over.
  output logic done_o,
  /// Something moves.
  output logic progress_o,
  /// What is waited for, by edgemoe_pkg::CoreWait*; the same as its number + 1, or 0.
  output logic [edgemoe_pkg::CoreWaits-1:0] waits_o,
  output logic [7:0] stage_o,
  /// A command that is none.
  output logic error_o,
  // Commands, tags, and what the loading side waits for (memory_system.sv).
  input  logic command_valid_i,
  output logic command_ready_o,
  input  logic [511:0] command_i,
  input  logic tag_valid_i,
  output logic tag_ready_o,
  input  logic [WeightAddress:0] tag_rows_i,
  input  logic [ChannelAddress:0] tag_words_i,
  output logic [15:0] phases_done_o,
  output logic [7:0] routings_done_o,
  output logic [edgemoe_pkg::MaxExperts-1:0] expert_used_o,
  // Rings (ring_buffer.sv).
  input  logic [WeightAddress:0] weight_rows_i,
  output logic weight_release_o,
  output logic [WeightAddress:0] weight_release_rows_o,
  output logic [WeightAddress-1:0] weight_raddr_o,
  input  logic [edgemoe_pkg::ChainLength*DataBytes*8-1:0] weight_rdata_i,
  input  logic [ChannelAddress:0] channel_words_i,
  output logic channel_release_o,
  output logic [ChannelAddress:0] channel_release_words_o,
  output logic [ChannelAddress-1:0] channel_raddr_o,
  input  logic [Outputs*64-1:0] channel_rdata_i,
  // Words that are loaded.
  input  logic norm_write_i,
  input  logic position_write_i,
  input  logic image_write_i,
  input  logic [15:0] load_address_i,
  input  logic [Outputs*32-1:0] row_data_i,
  input  logic [edgemoe_pkg::ChainLength*Tokens*Chains*8-1:0] image_data_i,
  // The result, token by token; a word stays until ready.
  output logic result_valid_o,
  input  logic result_ready_i,
  output logic result_last_o,
  output logic [Outputs*32-1:0] result_data_o
);
  localparam int Banks = edgemoe_pkg::ChainLength;
  localparam int LaneWidth = $clog2(Tokens);
  localparam int ActivationAddress = $clog2(edgemoe_pkg::ActivationWords);
  localparam int ScaleAddress = $clog2(edgemoe_pkg::ScaleWords);
  localparam int ProbabilityAddress = $clog2(edgemoe_pkg::ProbabilityWords);
  localparam int KeyValueAddress = $clog2(edgemoe_pkg::KeyValueWords);
  localparam int NormAddress = $clog2(edgemoe_pkg::NormWords);
  localparam int ResidualAddress = $clog2(edgemoe_pkg::TokenWords);
  localparam int TokenWidth = $clog2(edgemoe_pkg::MaxTokens);
  localparam int HeadWidth = $clog2(edgemoe_pkg::MaxHeads);
  localparam int MaxBeats = edgemoe_pkg::MaxWidth / Outputs;
  localparam int BeatWidth = $clog2(MaxBeats);
  /// Beats of rows and keys that may be on their way: who sends them counts up to it, who takes them has room for it.
  localparam int PacedDepth = MaxBeats < 64 ? 64 : MaxBeats;
  localparam int KeyTiles = edgemoe_pkg::MaxTokens / Outputs;
  localparam int Units = 4;
  localparam int UnitWidth = $clog2(Units);
  localparam int PlaceWidth = $clog2(Banks * Chains);
  localparam int ExpertWidth = $clog2(edgemoe_pkg::MaxExperts);

  logic rst_n;
  assign rst_n = rst_ni && !start_i;

  // Sequencer and compute unit.
  logic begin_phase, tile_valid, tile_ready, row_select, column_select, drained, compute_idle, read_step;
  logic [511:0] phase;
  logic [3:0] phase_kind, phase_destination;
  tile_pkg::tile_t tile, drained_tile, raw_tile, wide_tile, narrow_tile;
  logic [15:0] steps, row_base, column_base, row_addr, column_addr, row_scale_addr, channel_addr;
  logic [7:0] head_addr;
  logic residual_idle, keys_values_idle, router_idle, row_free, row_reserve, score_free, score_reserve, value_free, value_reserve;
  logic probabilities_done, finish;
  logic [7:0] queue_expert;
  logic [15:0] queue_rows, queue_group;
  logic queue_known;
  logic router_begin, router_free, router_reserve, router_channel_read;
  logic [ChannelAddress-1:0] router_channel_base, router_channel_addr;
  logic [edgemoe_pkg::RegionGathered:0] finished;
  sequencer #(.Tokens(Tokens), .Outputs(Outputs)) u_sequencer (
    .clk_i, .rst_ni(rst_n), .command_valid_i, .command_ready_o, .command_i, .tag_valid_i, .tag_ready_o, .tag_rows_i, .tag_words_i,
    .weight_rows_i, .channel_words_i, .weight_release_o, .weight_release_rows_o, .channel_release_o, .channel_release_words_o,
    .tile_valid_o(tile_valid), .tile_ready_i(tile_ready), .tile_o(tile), .steps_o(steps), .row_base_o(row_base),
    .column_base_o(column_base), .row_select_o(row_select), .column_select_o(column_select), .drained_i(drained),
    .drained_tile_i(drained_tile), .begin_o(begin_phase), .phase_o(phase), .compute_idle_i(compute_idle),
    .residual_idle_i(residual_idle), .keys_values_idle_i(keys_values_idle), .router_idle_i(router_idle),
    .queue_expert_o(queue_expert), .queue_known_i(queue_known), .queue_rows_i(queue_rows), .queue_group_i(queue_group), .finished_i(finished),
    .row_free_i(row_free), .row_reserve_o(row_reserve), .score_free_i(score_free), .score_reserve_o(score_reserve),
    .value_free_i(value_free), .value_reserve_o(value_reserve), .probabilities_done_i(probabilities_done), .finish_o(finish),
    .error_o, .router_begin_o(router_begin), .channel_base_o(router_channel_base), .router_free_i(router_free),
    .router_reserve_o(router_reserve), .phases_done_o, .waits_o
  );
  assign phase_kind = phase[edgemoe_pkg::ComputeKindLsb +: 4];
  assign phase_destination = phase[edgemoe_pkg::ComputeDestinationLsb +: 4];

  logic [Banks*Tokens*Chains*8-1:0] activations, probabilities;
  logic [Banks*DataBytes*8-1:0] keys_values;
  logic [Tokens*23-1:0] row_scales;
  logic [Tokens*20-1:0] softmax_scales;
  logic [Outputs*16-1:0] key_mantissas, narrow_values;
  logic [7:0] key_exponent, value_exponent;
  logic [14:0] value_mantissa;
  logic [Outputs*32-1:0] value_sums, raw_values, wide_values;
  logic raw_valid, wide_valid, narrow_valid;
  logic [LaneWidth-1:0] raw_lane, wide_lane, narrow_lane;
  compute_unit #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains)) u_compute (
    .clk_i, .rst_ni(rst_n), .tile_valid_i(tile_valid), .tile_ready_o(tile_ready), .tile_i(tile), .steps_i(steps),
    .row_base_i(row_base), .column_base_i(column_base), .row_select_i(row_select), .column_select_i(column_select),
    .idle_o(compute_idle), .read_o(read_step), .row_addr_o(row_addr), .column_addr_o(column_addr), .activations_i(activations),
    .probabilities_i(probabilities), .weights_i(weight_rdata_i), .keys_values_i(keys_values), .row_scale_addr_o(row_scale_addr),
    .channel_addr_o(channel_addr), .head_addr_o(head_addr), .row_scales_i(row_scales), .softmax_scales_i(softmax_scales),
    .channels_i(channel_rdata_i), .key_mantissas_i(key_mantissas), .key_exponent_i(key_exponent), .value_sums_i(value_sums),
    .value_mantissa_i(value_mantissa), .value_exponent_i(value_exponent), .drained_o(drained), .drained_tile_o(drained_tile),
    .raw_valid_o(raw_valid), .raw_tile_o(raw_tile), .raw_token_o(raw_lane), .raw_values_o(raw_values),
    .wide_valid_o(wide_valid), .wide_tile_o(wide_tile), .wide_token_o(wide_lane), .wide_values_o(wide_values),
    .narrow_valid_o(narrow_valid), .narrow_tile_o(narrow_tile), .narrow_token_o(narrow_lane), .narrow_values_o(narrow_values)
  );
  assign weight_raddr_o = column_addr[WeightAddress-1:0];

  // Activation memory: norms write first, then gathered rows, then what waits in the row writer's queue.
  logic norm_valid, gather_valid, gather_ready, rows_valid, rows_ready, activation_write;
  logic [15:0] norm_addr, norm_scale_addr, gather_addr, gather_scale_addr, rows_addr, rows_scale_addr, write_addr, write_scale_addr;
  logic [LaneWidth-1:0] norm_lane, gather_lane, rows_lane, write_lane;
  logic [Outputs*8-1:0] norm_values, gather_values, rows_values, write_values;
  logic [22:0] norm_scale, gather_scale, rows_scale, write_scale;
  assign gather_ready = !norm_valid;
  assign rows_ready = !norm_valid && !gather_valid;
  assign activation_write = norm_valid || gather_valid || rows_valid;
  always_comb begin
    {write_addr, write_scale_addr, write_lane, write_values, write_scale} =
      {rows_addr, rows_scale_addr, rows_lane, rows_values, rows_scale};
    if (gather_valid) begin
      {write_addr, write_scale_addr, write_lane, write_values, write_scale} =
        {gather_addr, gather_scale_addr, gather_lane, gather_values, gather_scale};
    end
    if (norm_valid) begin
      {write_addr, write_scale_addr, write_lane, write_values, write_scale} =
        {norm_addr, norm_scale_addr, norm_lane, norm_values, norm_scale};
    end
  end
  activation_memory #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains)) u_activations (
    .clk_i, .write_i(activation_write), .write_addr_i(write_addr[ActivationAddress-1:0]), .write_token_i(write_lane),
    .write_data_i(write_values), .load_i(image_write_i), .load_addr_i(load_address_i[ActivationAddress-1:0]),
    .load_data_i(image_data_i), .read_addr_i(row_addr[ActivationAddress-1:0]), .data_o(activations)
  );
  group_memory #(.Tokens(Tokens), .Width(23), .Groups(edgemoe_pkg::ScaleWords)) u_row_scales (
    .clk_i, .write_i(activation_write), .write_group_i(write_scale_addr[ScaleAddress-1:0]), .write_token_i(write_lane),
    .write_data_i(write_scale), .read_group_i(row_scale_addr[ScaleAddress-1:0]), .data_o(row_scales)
  );

  // Rows: of queries, attention's outputs, hidden values; keys.
  logic rows_group_last, key_valid, key_last, keys_last, key_done, row_keys_idle;
  logic [3:0] rows_region;
  logic [15:0] key;
  logic [7:0] key_head, key_row_exponent;
  logic [BeatWidth-1:0] key_beat;
  logic [Outputs*8-1:0] key_row_values;
  logic [14:0] key_row_mantissa;
  row_writer #(.Tokens(Tokens), .Outputs(Outputs), .PacedDepth(PacedDepth)) u_rows (
    .clk_i, .rst_ni(rst_n), .reserve_i(row_reserve), .free_o(row_free), .valid_i(narrow_valid), .tile_i(narrow_tile),
    .token_i(narrow_lane), .values_i(narrow_values), .valid_o(rows_valid), .ready_i(rows_ready), .addr_o(rows_addr),
    .token_o(rows_lane), .values_o(rows_values), .scale_addr_o(rows_scale_addr), .scale_o(rows_scale),
    .group_last_o(rows_group_last), .region_o(rows_region), .key_valid_o(key_valid), .key_last_o(key_last),
    .keys_last_o(keys_last), .key_o(key), .key_head_o(key_head), .key_beat_o(key_beat), .key_values_o(key_row_values),
    .key_mantissa_o(key_row_mantissa), .key_exponent_o(key_row_exponent), .key_done_i(key_done), .keys_idle_o(row_keys_idle)
  );

  // Keys and values.
  logic key_write, value_write, keys_idle, key_scales_done, value_head_done;
  logic [KeyValueAddress-1:0] key_addr, value_addr;
  logic [$clog2(Outputs)-1:0] key_output;
  logic [PlaceWidth-1:0] value_place;
  logic [Outputs*8-1:0] key_values, value_values;
  key_writer #(.Outputs(Outputs), .MaxBeats(MaxBeats)) u_keys (
    .clk_i, .rst_ni(rst_n),
    .start_i(begin_phase && 32'(phase_kind) == edgemoe_pkg::PhaseLinear && 32'(phase_destination) == edgemoe_pkg::ToKeys),
    .phase_i(phase), .valid_i(key_valid), .last_i(key_last), .keys_last_i(keys_last), .key_i(key), .head_i(key_head),
    .beat_i(key_beat), .values_i(key_row_values), .mantissa_i(key_row_mantissa), .exponent_i(key_row_exponent),
    .valid_o(key_write), .addr_o(key_addr), .output_o(key_output), .values_o(key_values), .scales_done_o(key_scales_done),
    .scale_addr_i(channel_addr[$clog2(edgemoe_pkg::MaxHeads*KeyTiles)-1:0]), .mantissas_o(key_mantissas),
    .scale_head_i(head_addr[HeadWidth-1:0]), .exponent_o(key_exponent)
  );
  kv_memory #(.Outputs(Outputs), .Chains(Chains), .KeyDepth(PacedDepth)) u_keys_values (
    .clk_i, .rst_ni(rst_n), .key_valid_i(key_write), .key_addr_i(key_addr), .key_output_i(key_output), .key_data_i(key_values),
    .key_done_o(key_done), .keys_idle_o(keys_idle), .value_valid_i(value_write), .value_addr_i(value_addr),
    .value_place_i(value_place), .value_data_i(value_values), .read_addr_i(column_addr[KeyValueAddress-1:0]), .data_o(keys_values)
  );

  logic values_begin;
  logic [TokenWidth:0] value_tokens_q;
  logic [BeatWidth:0] value_tiles_q;
  logic [KeyValueAddress-1:0] value_steps_q;
  logic [1:0] value_heads_q;
  assign values_begin =
    begin_phase && 32'(phase_kind) == edgemoe_pkg::PhaseLinear && 32'(phase_destination) == edgemoe_pkg::ToValues;
  always_ff @(posedge clk_i) begin
    if (values_begin) begin
      value_tokens_q <= phase[edgemoe_pkg::ComputeRowsLsb +: TokenWidth+1];
      value_tiles_q <= phase[edgemoe_pkg::ComputeRowTilesLsb +: BeatWidth+1];
      value_steps_q <= phase[edgemoe_pkg::ComputeValueStepsLsb +: KeyValueAddress];
    end
    if (!rst_n) value_heads_q <= '0;
    else value_heads_q <= value_heads_q + 2'(value_reserve) - 2'(value_head_done);
  end
  value_path #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains)) u_values (
    .clk_i, .rst_ni(rst_n), .tokens_i(value_tokens_q), .tiles_i(value_tiles_q), .steps_i(value_steps_q),
    .reserve_i(value_reserve), .free_o(value_free),
    .write_i(narrow_valid && 32'(narrow_tile.destination) == edgemoe_pkg::ToValues), .write_data_i(narrow_values),
    .write_last_i(narrow_tile.last && 8'(narrow_lane) + 8'd1 == narrow_tile.tokens),
    .write_head_i(narrow_tile.head[HeadWidth-1:0]), .write_addr_i(narrow_tile.base[KeyValueAddress-1:0]),
    .write_fraction_i(narrow_tile.fraction), .value_valid_o(value_write), .value_addr_o(value_addr), .value_place_o(value_place),
    .value_data_o(value_values), .head_done_o(value_head_done), .scale_head_i(head_addr[HeadWidth-1:0]),
    .scale_mantissa_o(value_mantissa), .scale_exponent_o(value_exponent), .sum_addr_i(channel_addr[BeatWidth-1:0]),
    .sums_o(value_sums)
  );
  assign keys_values_idle = row_keys_idle && keys_idle && key_scales_done && value_heads_q == '0;

  // Scores to probabilities; the same memory holds a router's digits.
  logic probability_write, digit_write, scale_write;
  logic [ProbabilityAddress-1:0] probability_addr, digit_addr;
  logic [LaneWidth-1:0] probability_lane, digit_lane, scale_lane;
  logic [Outputs*8-1:0] probability_values, digit_values;
  logic [UnitWidth-1:0] scale_unit;
  logic [19:0] softmax_scale;
  score_path #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains), .Units(Units)) u_scores (
    .clk_i, .rst_ni(rst_n), .reserve_i(score_reserve), .free_o(score_free),
    .write_i(narrow_valid && 32'(narrow_tile.destination) == tile_pkg::ToSoftmax), .write_token_i(narrow_lane),
    .write_tile_i(narrow_tile.column[$clog2(KeyTiles)-1:0]), .write_data_i(narrow_values),
    .write_last_i(narrow_tile.last_column && 8'(narrow_lane) + 8'd1 == narrow_tile.tokens),
    .write_rows_i(narrow_tile.tokens[$clog2(Tokens+1)-1:0]), .write_tiles_i($clog2(KeyTiles+1)'(narrow_tile.column + 16'd1)),
    .write_last_keys_i(narrow_tile.keep[$clog2(Outputs+1)-1:0]), .write_addr_i(narrow_tile.base[ProbabilityAddress-1:0]),
    .write_unit_i(narrow_tile.scales[UnitWidth-1:0]), .valid_o(probability_write), .addr_o(probability_addr),
    .token_o(probability_lane), .data_o(probability_values), .scale_valid_o(scale_write), .scale_unit_o(scale_unit),
    .scale_token_o(scale_lane), .scale_o(softmax_scale), .unit_done_o(probabilities_done)
  );
  activation_memory #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains), .Words(edgemoe_pkg::ProbabilityWords)) u_probabilities (
    .clk_i, .write_i(probability_write || digit_write), .write_addr_i(digit_write ? digit_addr : probability_addr),
    .write_token_i(digit_write ? digit_lane : probability_lane), .write_data_i(digit_write ? digit_values : probability_values),
    .load_i(1'b0), .load_addr_i('0), .load_data_i('0), .read_addr_i(row_addr[ProbabilityAddress-1:0]), .data_o(probabilities)
  );
  group_memory #(.Tokens(Tokens), .Width(20), .Groups(Units)) u_softmax_scales (
    .clk_i, .write_i(scale_write), .write_group_i(scale_unit), .write_token_i(scale_lane), .write_data_i(softmax_scale),
    .read_group_i(row_scale_addr[UnitWidth-1:0]), .data_o(softmax_scales)
  );

  // The router, and its tokens by expert. It reads the channel ring while the compute unit has nothing in it.
  localparam int CountWidth = TokenWidth + 1;
  logic [edgemoe_pkg::MaxExperts*CountWidth-1:0] queue_counts;
  logic [ExpertWidth-1:0] gather_expert;
  logic [TokenWidth-1:0] gather_place, queue_token;
  logic [15:0] queue_weight;
  router_phase #(.Tokens(Tokens), .Outputs(Outputs)) u_router (
    .clk_i, .rst_ni(rst_n), .run_start_i(start_i), .start_i(router_begin), .phase_i(phase), .channel_base_i(router_channel_base),
    .channel_read_o(router_channel_read), .channel_raddr_o(router_channel_addr), .channel_rdata_i, .reserve_i(router_reserve),
    .free_o(router_free), .valid_i(raw_valid), .tile_i(raw_tile), .token_i(raw_lane), .sums_i(raw_values), .done_o(router_idle),
    .routings_o(routings_done_o), .used_o(expert_used_o), .counts_o(queue_counts), .read_expert_i(gather_expert),
    .read_place_i(gather_place), .token_o(queue_token), .weight_o(queue_weight)
  );
  assign channel_raddr_o = router_channel_read ? router_channel_addr : channel_addr[ChannelAddress-1:0];

  logic gather_begin, gather_done, gather_group_done, gather_row_done;
  logic [15:0] gather_pitch_q, gather_base_q, gather_scales_q;
  logic [BeatWidth:0] row_beats_q;
  logic gather_start_q;
  logic [ActivationAddress-1:0] gather_word;
  logic [ScaleAddress-1:0] gather_group, expert_first_group;
  logic [Tokens*(TokenWidth+16)-1:0] places;
  logic store_valid, store_last;
  logic [TokenWidth-1:0] store_token;
  logic [BeatWidth-1:0] store_beat;
  assign gather_begin = begin_phase && 32'(phase_kind) == edgemoe_pkg::PhaseGather;
  always_ff @(posedge clk_i) begin
    gather_start_q <= rst_n && gather_begin;
    if (gather_begin) begin
      gather_base_q <= phase[edgemoe_pkg::ComputeOutputBaseLsb +: 16];
      gather_pitch_q <= phase[edgemoe_pkg::ComputeOutputPitchLsb +: 16];
      gather_scales_q <= phase[edgemoe_pkg::ComputeOutputScalesLsb +: 16];
    end
  end
  gather_unit #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains)) u_gather (
    .clk_i, .rst_ni(rst_n), .beats_i(row_beats_q), .write_i(store_valid), .write_token_i(store_token),
    .write_beat_i(store_beat), .write_last_i(store_last), .write_data_i(norm_values), .write_mantissa_i(norm_scale[14:0]),
    .write_exponent_i(norm_scale[22:15]), .start_i(gather_start_q), .first_addr_i(gather_base_q[ActivationAddress-1:0]),
    .pitch_i(gather_pitch_q[ActivationAddress-1:0]), .counts_i(queue_counts), .queue_expert_o(gather_expert),
    .queue_place_o(gather_place), .queue_token_i(queue_token), .queue_weight_i(queue_weight), .valid_o(gather_valid),
    .ready_i(gather_ready), .addr_o(gather_word), .token_o(gather_lane), .data_o(gather_values), .scale_valid_o(gather_row_done),
    .group_o(gather_group), .scale_o(gather_scale), .group_done_o(gather_group_done),
    .done_o(gather_done), .first_expert_i(queue_expert[ExpertWidth-1:0]), .first_group_o(expert_first_group),
    .place_group_i(wide_tile.queue_group[ScaleAddress-1:0]), .places_o(places)
  );
  assign gather_addr = 16'(gather_word);
  assign gather_scale_addr = gather_scales_q + 16'(gather_group);
  assign queue_rows = 16'(queue_counts[32'(queue_expert[ExpertWidth-1:0])*CountWidth +: CountWidth]);
  assign queue_group = 16'(expert_first_group);
  assign queue_known = gather_done || 8'(gather_expert) > queue_expert;

  // The residual stream: results a cycle after they leave the compute unit, when a queue's places are there.
  logic adding, wide_q, rows_request, residual_rows_idle, row_valid, row_ready, row_last, row_rows_last, norm_ready, norm_idle;
  logic norm_begin, finish_begin, result_mode_q, result_done_q, group_ends;
  tile_pkg::tile_t wide_tile_q;
  logic [LaneWidth-1:0] wide_lane_q;
  logic [Outputs*32-1:0] wide_values_q, row_data;
  logic [TokenWidth+15:0] place;
  logic [15:0] group_token;
  logic [TokenWidth-1:0] add_token, row_token;
  logic [TokenWidth-1:0] rows_token;
  logic [TokenWidth:0] rows_count;
  logic weighted;
  assign norm_begin = begin_phase && (32'(phase_kind) == edgemoe_pkg::PhaseNorm || phase[edgemoe_pkg::ComputeNormLsb]);
  assign finish_begin = begin_phase && 32'(phase_kind) == edgemoe_pkg::PhaseFinish;
  always_ff @(posedge clk_i) begin
    wide_q <= rst_n && wide_valid;
    wide_tile_q <= wide_tile;
    wide_lane_q <= wide_lane;
    wide_values_q <= wide_values;
    // All phases of the residual stream have rows of one width.
    if (begin_phase && (norm_begin || finish_begin || 32'(phase_destination) == edgemoe_pkg::ToResidual
                        || 32'(phase_destination) == edgemoe_pkg::ToWeighted)) begin
      row_beats_q <= phase[edgemoe_pkg::ComputeRowTilesLsb +: BeatWidth+1];
    end
  end
  assign weighted = 32'(wide_tile_q.destination) == edgemoe_pkg::ToWeighted;
  assign place = places[32'(wide_lane_q)*(TokenWidth+16) +: TokenWidth+16];
  assign group_token = wide_tile_q.first_token + 16'(wide_tile_q.group * 16'(Tokens));
  assign add_token = weighted ? place[TokenWidth-1:0] : group_token[TokenWidth-1:0] + TokenWidth'(wide_lane_q);
  assign group_ends = wide_q && wide_tile_q.norm && wide_tile_q.last_column && 8'(wide_lane_q) + 8'd1 == wide_tile_q.tokens;
  // Rows for the norm: a group, or all; at the end, all for the result.
  logic all_rows_q;
  logic [TokenWidth:0] all_count_q;
  always_ff @(posedge clk_i) begin
    all_rows_q <= rst_n && ((norm_begin && 32'(phase_kind) == edgemoe_pkg::PhaseNorm) || finish_begin);
    all_count_q <= phase[edgemoe_pkg::ComputeRowsLsb +: TokenWidth+1];
  end
  assign rows_request = all_rows_q || group_ends;
  assign rows_token = all_rows_q ? '0 : group_token[TokenWidth-1:0];
  assign rows_count = all_rows_q ? all_count_q : (TokenWidth+1)'(wide_tile_q.tokens);
  residual_stream #(.Outputs(Outputs), .Tokens(Tokens)) u_residual (
    .clk_i, .rst_ni(rst_n), .beats_i(row_beats_q), .load_i(position_write_i), .load_addr_i(load_address_i[ResidualAddress-1:0]),
    .load_data_i(row_data_i), .add_i(wide_q), .add_token_i(add_token), .add_beat_i(wide_tile_q.column[BeatWidth-1:0]),
    .add_data_i(wide_values_q), .add_weighted_i(weighted), .add_weight_i(place[TokenWidth +: 16]), .adding_o(adding),
    .rows_i(rows_request), .rows_token_i(rows_token), .rows_count_i(rows_count), .rows_idle_o(residual_rows_idle),
    .valid_o(row_valid), .ready_i(row_ready), .last_o(row_last), .rows_last_o(row_rows_last), .token_o(row_token),
    .data_o(row_data)
  );
  assign residual_idle = !adding && !wide_q && residual_rows_idle && norm_idle;
  assign row_ready = result_mode_q ? result_ready_i : norm_ready;
  assign result_valid_o = result_mode_q && row_valid;
  assign result_last_o = row_rows_last;
  assign result_data_o = row_data;
  always_ff @(posedge clk_i) begin
    if (!rst_n) begin
      result_mode_q <= 1'b0;
      result_done_q <= 1'b0;
    end else begin
      if (finish_begin) result_mode_q <= 1'b1;
      if (result_valid_o && result_ready_i && result_last_o) result_done_q <= 1'b1;
    end
  end
  assign done_o = finish && result_done_q;

  logic norm_group_done;
  norm_writer #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains)) u_norms (
    .clk_i, .rst_ni(rst_n), .start_i(norm_begin), .phase_i(phase), .param_write_i(norm_write_i),
    .param_addr_i(load_address_i[NormAddress-1:0]), .param_data_i(row_data_i), .valid_i(row_valid && !result_mode_q),
    .ready_o(norm_ready), .last_i(row_last), .data_i(row_data), .idle_o(norm_idle), .valid_o(norm_valid), .addr_o(norm_addr),
    .lane_o(norm_lane), .values_o(norm_values), .scale_addr_o(norm_scale_addr), .scale_o(norm_scale), .store_valid_o(store_valid),
    .store_token_o(store_token), .store_beat_o(store_beat), .store_last_o(store_last), .digit_valid_o(digit_write),
    .digit_addr_o(digit_addr), .digit_lane_o(digit_lane), .digit_values_o(digit_values), .group_done_o(norm_group_done)
  );

  // Groups that are finished.
  always_comb begin
    finished = '0;
    if (rows_valid && rows_ready && rows_group_last) finished[rows_region[2:0]] = 1'b1;
    finished[edgemoe_pkg::RegionNormed] = norm_group_done;
    finished[edgemoe_pkg::RegionGathered] = gather_group_done;
    finished[edgemoe_pkg::RegionNone] = 1'b0;
  end

  assign progress_o = read_step || drained || activation_write || digit_write || probability_write || row_valid && row_ready
                   || begin_phase || image_write_i || position_write_i || norm_write_i;
  always_comb begin
    stage_o = '0;
    for (int i = 0; i < edgemoe_pkg::CoreWaits; i++) begin
      if (waits_o[i]) stage_o = 8'(i + 1);
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && probability_write && digit_write) $error("edgemoe_core: digits and probabilities at once");
    if (rst_ni && image_write_i && activation_write) $error("edgemoe_core: a picture is loaded while rows are written");
    if (rst_ni && activation_write && 32'(write_addr) % edgemoe_pkg::BeatSteps != 0) begin
      $error("edgemoe_core: a row at word %0d, expected a multiple of %0d", write_addr, edgemoe_pkg::BeatSteps);
    end
  end
`endif
  logic unused_bits;
  assign unused_bits = ^{row_addr, column_addr, row_scale_addr, channel_addr, head_addr, write_addr, write_scale_addr, raw_tile,
                         wide_tile, wide_tile_q, narrow_tile, load_address_i, phase, rows_region, gather_row_done,
                         queue_expert, group_token, row_token, gather_base_q, gather_pitch_q};
endmodule

// Runs the compute list: one phase after the other is cut into tiles, which go to the compute unit as soon as their rows and
// weights are there and what follows has room for their results. The next phase's first tiles are issued while the last results
// of the one before are on their way.
//
//   fetch -> tag (linear, router) -> barrier (attention, norm, gather, finish) -> queue (experts) -> tiles -> end
//
// Rows are there when more groups of the awaited region are finished than the tile's index; a phase that makes a region
// starts its count at 0. A whole weight row is in the ring when weight_rows_i has passed it.
module sequencer #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Depth of the ring of weights, in words of its 8 banks; a power of two.
  parameter int WeightWords = edgemoe_pkg::WeightWords,
  /// Depth of the ring of constants, in words of Outputs channels; a power of two.
  parameter int ChannelWords = edgemoe_pkg::ChannelWords,
  localparam int WeightAddress = $clog2(WeightWords),
  localparam int ChannelAddress = $clog2(ChannelWords)
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  // Commands of the compute list, and a tag for each load of weights: rows and channel words that came with it.
  input  logic command_valid_i,
  output logic command_ready_o,
  input  logic [511:0] command_i,
  input  logic tag_valid_i,
  output logic tag_ready_o,
  input  logic [WeightAddress:0] tag_rows_i,
  input  logic [ChannelAddress:0] tag_words_i,
  // Rings: what has arrived, counted modulo twice their size, and what is no longer needed.
  input  logic [WeightAddress:0] weight_rows_i,
  input  logic [ChannelAddress:0] channel_words_i,
  output logic weight_release_o,
  output logic [WeightAddress:0] weight_release_rows_o,
  output logic channel_release_o,
  output logic [ChannelAddress:0] channel_release_words_o,
  // A tile to the compute unit, and its last token on the way out of the array.
  output logic tile_valid_o,
  input  logic tile_ready_i,
  output tile_pkg::tile_t tile_o,
  output logic [15:0] steps_o,
  output logic [15:0] row_base_o,
  output logic [15:0] column_base_o,
  output logic row_select_o,
  output logic column_select_o,
  input  logic drained_i,
  input  tile_pkg::tile_t drained_tile_i,
  // The phase itself for units that a phase sets up: as it is from begin_o until the next one's begin_o.
  output logic begin_o,
  output logic [511:0] phase_o,
  // Barriers.
  /// Nothing is in the compute unit; the residual stream is written; keys and values are written.
  input  logic compute_idle_i,
  input  logic residual_idle_i,
  input  logic keys_values_idle_i,
  /// All tokens of the router phase are in their queues.
  input  logic router_idle_i,
  /// Expert's queue: rows, and the group at which they begin; known when it has been gathered.
  output logic [7:0] queue_expert_o,
  input  logic queue_known_i,
  input  logic [15:0] queue_rows_i,
  input  logic [15:0] queue_group_i,
  /// A router phase begins: the first of its channel words, which are there. A place for a group's sums.
  output logic router_begin_o,
  output logic [ChannelAddress-1:0] channel_base_o,
  input  logic router_free_i,
  output logic router_reserve_o,
  // Groups that are finished: written where a later phase reads them; several regions may have one in a cycle.
  input  logic [edgemoe_pkg::RegionGathered:0] finished_i,
  // Room behind the compute unit.
  /// Places of the row buffer and the score buffer for all that a group, a unit, makes: there is one, it is taken.
  input  logic row_free_i,
  output logic row_reserve_o,
  input  logic score_free_i,
  output logic score_reserve_o,
  /// The same for a head of values.
  input  logic value_free_i,
  output logic value_reserve_o,
  /// Probabilities of a unit, and their scales, are written.
  input  logic probabilities_done_i,
  /// The last phase is over: the residual stream leaves.
  output logic finish_o,
  /// A command is none; nothing follows.
  output logic error_o,
  /// Phases whose tiles are all issued, since reset.
  output logic [15:0] phases_done_o,
  /// What the array waits for in this cycle, at most one, by edgemoe_pkg::CoreWait*.
  output logic [edgemoe_pkg::CoreWaits-1:0] waits_o
);
  // Fields of the phase.
  logic [511:0] phase_q;
  logic [3:0] kind, destination, waits, makes;
  logic [15:0] steps, column_tiles, row_tiles, value_steps, rows;
  logic [7:0] heads, expert;
  logic norm, legal_q, is_linear, is_router, is_attention, has_queue;
  assign phase_o = phase_q;
  assign kind = phase_q[edgemoe_pkg::ComputeKindLsb +: 4];
  assign destination = phase_q[edgemoe_pkg::ComputeDestinationLsb +: 4];
  assign waits = phase_q[edgemoe_pkg::ComputeWaitsLsb +: 4];
  assign makes = phase_q[edgemoe_pkg::ComputeMakesLsb +: 4];
  assign norm = phase_q[edgemoe_pkg::ComputeNormLsb];
  assign expert = phase_q[edgemoe_pkg::ComputeExpertLsb +: 8];
  assign heads = phase_q[edgemoe_pkg::ComputeHeadsLsb +: 8];
  assign steps = phase_q[edgemoe_pkg::ComputeStepsLsb +: 16];
  assign rows = phase_q[edgemoe_pkg::ComputeRowsLsb +: 16];
  assign column_tiles = phase_q[edgemoe_pkg::ComputeColumnTilesLsb +: 16];
  assign row_tiles = phase_q[edgemoe_pkg::ComputeRowTilesLsb +: 16];
  assign value_steps = phase_q[edgemoe_pkg::ComputeValueStepsLsb +: 16];
  assign is_linear = 32'(kind) == edgemoe_pkg::PhaseLinear;
  assign is_router = 32'(kind) == edgemoe_pkg::PhaseRouter;
  assign is_attention = 32'(kind) == edgemoe_pkg::PhaseAttention;
  assign has_queue = is_linear && 32'(expert) != edgemoe_pkg::NoExpert;
  assign queue_expert_o = expert;

  // Whether the command that comes is one: a kind, a destination, regions and an expert that there are, and something of what its
  // kind counts; of the rest any number is one.
  logic [3:0] next_kind, next_destination;
  logic [7:0] next_expert;
  logic has_rows, has_steps, has_columns, has_row_tiles, has_heads, has_keys, next_quantises, next_linear, sized, fits;
  assign next_kind = command_i[edgemoe_pkg::ComputeKindLsb +: 4];
  assign next_destination = command_i[edgemoe_pkg::ComputeDestinationLsb +: 4];
  assign next_expert = command_i[edgemoe_pkg::ComputeExpertLsb +: 8];
  assign has_rows = command_i[edgemoe_pkg::ComputeRowsLsb +: 16] != '0;
  assign has_steps = command_i[edgemoe_pkg::ComputeStepsLsb +: 16] != '0;
  assign has_columns = command_i[edgemoe_pkg::ComputeColumnTilesLsb +: 16] != '0;
  assign has_row_tiles = command_i[edgemoe_pkg::ComputeRowTilesLsb +: 16] != '0;
  assign has_heads = command_i[edgemoe_pkg::ComputeHeadsLsb +: 8] != '0;
  assign has_keys = command_i[edgemoe_pkg::ComputeKeyTilesLsb +: 16] != '0 && command_i[edgemoe_pkg::ComputeLastKeysLsb +: 8] != '0
                 && command_i[edgemoe_pkg::ComputeValueStepsLsb +: 16] != '0;
  assign next_linear = 32'(next_kind) == edgemoe_pkg::PhaseLinear;
  assign next_quantises = 32'(next_destination) == edgemoe_pkg::ToRows || 32'(next_destination) == edgemoe_pkg::ToKeys;
  always_comb begin
    case (32'(next_kind))
      edgemoe_pkg::PhaseLinear:
        sized = has_steps && has_columns && has_row_tiles && (has_heads || !next_quantises)
             && (has_rows || 32'(next_expert) != edgemoe_pkg::NoExpert);
      edgemoe_pkg::PhaseAttention: sized = has_rows && has_steps && has_row_tiles && has_heads && has_keys;
      edgemoe_pkg::PhaseRouter:    sized = has_rows && has_steps && has_columns;
      edgemoe_pkg::PhaseNorm:      sized = has_rows && has_row_tiles;
      edgemoe_pkg::PhaseFinish:    sized = has_rows && has_row_tiles;
      edgemoe_pkg::PhaseGather:    sized = 1'b1;
      default:                     sized = 1'b0;
    endcase
  end
  assign fits = sized && 32'(next_destination) <= edgemoe_pkg::ToWeighted
             && 32'(command_i[edgemoe_pkg::ComputeWaitsLsb +: 4]) <= edgemoe_pkg::RegionGathered
             && 32'(command_i[edgemoe_pkg::ComputeMakesLsb +: 4]) <= edgemoe_pkg::RegionGathered
             && command_i[edgemoe_pkg::ComputeDigitsLsb+1 +: edgemoe_pkg::ComputeDigitsBits-1] == '0
             && (32'(next_expert) < edgemoe_pkg::MaxExperts || 32'(next_expert) == edgemoe_pkg::NoExpert);

  // Phases.
  typedef enum logic [2:0] {Fetch, Tag, Barrier, Queue, Start, Tiles, End, Done} state_e;
  state_e state_q;
  logic barrier_open, tile_taken, loop_last, first_q, ends;
  logic [15:0] rows_q, queue_group_q, input_q, scales_q;
  logic [WeightAddress:0] weight_base_q, tag_rows_q, weights_there;
  logic [ChannelAddress:0] channel_base_q, tag_words_q, channels_there;
  logic [15:0] undrained_q;
  logic gathered;
  assign command_ready_o = state_q == Fetch;
  assign tag_ready_o = state_q == Tag;
  assign begin_o = state_q == Start && first_q;
  // What a phase without tiles has brought is given back when those before it are out of the array, for it lies behind theirs, and
  // when all of it has come.
  assign ends = state_q == End
             && (rows_q != '0 || (undrained_q == '0 && weights_there >= tag_rows_q && channels_there >= tag_words_q));
  assign gathered = 32'(waits) == edgemoe_pkg::RegionGathered;
  always_comb begin
    case (32'(kind))
      edgemoe_pkg::PhaseAttention: barrier_open = compute_idle_i && keys_values_idle_i;
      // Its unit reads its constants while nobody else does.
      edgemoe_pkg::PhaseRouter:    barrier_open = compute_idle_i && channels_there >= tag_words_q;
      edgemoe_pkg::PhaseNorm:      barrier_open = compute_idle_i && residual_idle_i;
      edgemoe_pkg::PhaseGather:    barrier_open = compute_idle_i && router_idle_i;
      edgemoe_pkg::PhaseFinish:    barrier_open = compute_idle_i && residual_idle_i;
      // A linear phase of values: its head needs a place in their queue. An expert's: its rows must be counted.
      default: barrier_open = (32'(destination) != edgemoe_pkg::ToValues || value_free_i) && (!has_queue || queue_known_i);
    endcase
  end

  always_ff @(posedge clk_i) begin
    first_q <= 1'b0;
    unique case (state_q)
      Fetch: if (command_valid_i) begin
        phase_q <= command_i;
        legal_q <= fits;
        tag_rows_q <= '0;
        tag_words_q <= '0;
        state_q <= fits && (next_linear || 32'(next_kind) == edgemoe_pkg::PhaseRouter) ? Tag : Barrier;
      end
      Tag: if (tag_valid_i) begin
        tag_rows_q <= tag_rows_i;
        tag_words_q <= tag_words_i;
        state_q <= Barrier;
      end
      Barrier: if (!legal_q) state_q <= Done;
      else if (barrier_open) state_q <= Queue;
      Queue: begin
        rows_q <= has_queue ? queue_rows_i : rows;
        queue_group_q <= has_queue ? queue_group_i : '0;
        first_q <= 1'b1;
        state_q <= Start;
      end
      // Addresses of an expert's rows; then the first tile.
      Start: begin
        input_q <= phase_q[edgemoe_pkg::ComputeInputBaseLsb +: 16]
                 + (gathered ? 16'(queue_group_q * phase_q[edgemoe_pkg::ComputeInputPitchLsb +: 16]) : '0);
        scales_q <= phase_q[edgemoe_pkg::ComputeInputScalesLsb +: 16] + (gathered ? queue_group_q : '0);
        if (!first_q) begin
          if ((is_linear && rows_q != '0) || is_router || is_attention) state_q <= Tiles;
          else state_q <= End;
        end
      end
      Tiles: if (tile_taken && loop_last) state_q <= End;
      End: if (ends) begin
        state_q <= 32'(kind) == edgemoe_pkg::PhaseFinish ? Done : Fetch;
      end
      default: state_q <= Done;
    endcase
    if (!rst_ni) state_q <= Fetch;
  end
  assign finish_o = state_q == Done && legal_q;
  assign error_o = state_q == Barrier && !legal_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      phases_done_o <= '0;
      weight_base_q <= '0;
      channel_base_q <= '0;
      undrained_q <= '0;
    end else begin
      undrained_q <= undrained_q + 16'(tile_taken) - 16'(drained_i);
      if (ends) begin
        phases_done_o <= phases_done_o + 1'b1;
        weight_base_q <= weight_base_q + tag_rows_q;
        channel_base_q <= channel_base_q + tag_words_q;
      end
    end
  end

  // Rings. What a phase has read goes when its last tile leaves the array; what an empty phase brought, when all before have.
  logic [15:0] weight_steps;
  logic drained_last, empty_ends;
  assign drained_last = drained_i && drained_tile_i.last;
  assign empty_ends = ends && rows_q == '0;
  assign channel_release_o = weight_release_o;
  always_ff @(posedge clk_i) begin
    weight_release_o <= rst_ni && (drained_last || empty_ends);
    weight_release_rows_o <= drained_last ? (WeightAddress+1)'(drained_tile_i.release_rows) : tag_rows_q;
    channel_release_words_o <= drained_last ? (ChannelAddress+1)'(drained_tile_i.release_words) : tag_words_q;
  end
  assign weights_there = weight_rows_i - weight_base_q;
  assign channels_there = channel_words_i - channel_base_q;

  // Loops.
  logic [15:0] linear_group, linear_column, linear_tokens, linear_input, linear_weights, linear_scales, linear_output;
  logic [15:0] linear_output_scales;
  logic [1:0] linear_digit;
  logic [15:0] linear_row_column, row_words_q;
  logic [7:0] linear_row;
  logic linear_last_column, linear_last, linear_row_last;
  logic loop_start;
  assign loop_start = state_q == Start;
  linear_loop #(.Tokens(Tokens)) u_linear (
    .clk_i, .start_i(loop_start), .columns_outer_i(phase_q[edgemoe_pkg::ComputeColumnsOuterLsb]), .router_i(is_router),
    .rows_i(rows_q), .column_tiles_i(column_tiles), .steps_i(steps), .input_i(input_q),
    .input_pitch_i(phase_q[edgemoe_pkg::ComputeInputPitchLsb +: 16]), .scales_i(scales_q),
    .output_i(phase_q[edgemoe_pkg::ComputeOutputBaseLsb +: 16]),
    .output_pitch_i(phase_q[edgemoe_pkg::ComputeOutputPitchLsb +: 16]),
    .output_scales_i(phase_q[edgemoe_pkg::ComputeOutputScalesLsb +: 16]),
    .output_scales_pitch_i(norm ? 16'd1 : 16'(heads)), .row_tiles_i(row_tiles), .row_words_i(row_words_q),
    .next_i(tile_taken && !is_attention), .group_o(linear_group), .column_o(linear_column), .digit_o(linear_digit),
    .tokens_o(linear_tokens), .row_o(linear_row), .row_column_o(linear_row_column), .row_last_o(linear_row_last), .last_column_o(linear_last_column), .last_o(linear_last), .input_o(linear_input),
    .weights_o(linear_weights), .scales_o(linear_scales), .output_o(linear_output), .output_scales_o(linear_output_scales)
  );

  logic values, unit_first, unit_last, attention_last_column, attention_last;
  logic [15:0] attention_group, attention_tokens, attention_tile, attention_column, attention_input, attention_columns;
  logic [15:0] attention_scales, attention_output, attention_output_scales;
  logic [7:0] attention_head;
  logic [1:0] place;
  attention_loop #(.Tokens(Tokens)) u_attention (
    .clk_i, .start_i(loop_start), .rows_i(rows_q), .heads_i(heads),
    .key_tiles_i(phase_q[edgemoe_pkg::ComputeKeyTilesLsb +: 16]), .head_tiles_i(row_tiles), .steps_i(steps),
    .value_steps_i(value_steps), .input_i(input_q), .input_pitch_i(phase_q[edgemoe_pkg::ComputeInputPitchLsb +: 16]),
    .scales_i(scales_q), .key_base_i(phase_q[edgemoe_pkg::ComputeKeyBaseLsb +: 16]),
    .value_base_i(phase_q[edgemoe_pkg::ComputeValueBaseLsb +: 16]),
    .output_i(phase_q[edgemoe_pkg::ComputeOutputBaseLsb +: 16]),
    .output_pitch_i(phase_q[edgemoe_pkg::ComputeOutputPitchLsb +: 16]),
    .output_scales_i(phase_q[edgemoe_pkg::ComputeOutputScalesLsb +: 16]), .next_i(tile_taken && is_attention),
    .values_o(values), .group_o(attention_group), .head_o(attention_head), .tokens_o(attention_tokens), .place_o(place),
    .first_tile_o(unit_first), .last_tile_o(unit_last), .last_column_o(attention_last_column), .last_o(attention_last),
    .tile_o(attention_tile), .column_o(attention_column), .input_o(attention_input), .columns_o(attention_columns),
    .scales_o(attention_scales), .output_o(attention_output), .output_scales_o(attention_output_scales)
  );
  assign loop_last = is_attention ? attention_last : linear_last;

  // The places of probabilities: BeatSteps words a key tile. Four, which one unit after the other takes.
  logic [15:0] place_words_q;
  logic [17:0] place_base;
  assign place_base = 18'(place_words_q) * 18'(place);
  always_ff @(posedge clk_i) begin
    row_words_q <= 16'(row_tiles * 16'(edgemoe_pkg::BeatSteps));
    place_words_q <= 16'(phase_q[edgemoe_pkg::ComputeKeyTilesLsb +: 16] * 16'(edgemoe_pkg::BeatSteps));
  end

  // Rows, weights, room.
  logic [16*(edgemoe_pkg::RegionGathered+1)-1:0] finished_q;
  logic [15:0] finished, needed_group;
  logic rows_ready, weights_ready, room, to_rows;
  logic [2:0] probability_units_q;
  for (genvar r = 0; r <= edgemoe_pkg::RegionGathered; r++) begin : gen_region
    always_ff @(posedge clk_i) begin
      if (!rst_ni || (begin_o && 32'(makes) == r)) finished_q[r*16 +: 16] <= '0;
      else if (finished_i[r]) finished_q[r*16 +: 16] <= finished_q[r*16 +: 16] + 1'b1;
    end
  end
  logic [15:0] queue_group_offset;
  assign queue_group_offset = gathered ? queue_group_q : '0;
  assign finished = finished_q[16*32'(waits) +: 16];
  assign needed_group = is_attention ? attention_group : linear_group + queue_group_offset;
  // Values wait for their unit's probabilities instead.
  assign rows_ready = is_attention && values ? probability_units_q != '0
                    : 32'(waits) == edgemoe_pkg::RegionNone || finished > needed_group;
  assign weight_steps = linear_weights + steps;
  assign weights_ready = is_attention
    || (16'(weights_there) >= weight_steps && 16'(channels_there) >= (is_router ? 16'd0 : linear_column + 16'd1));

  assign to_rows = is_attention ? values
                                : is_linear && (32'(destination) == edgemoe_pkg::ToRows || 32'(destination) == edgemoe_pkg::ToKeys);
  // A row's first tile takes a place; all heads of an attention's token are one row.
  logic row_first;
  assign row_first = is_attention ? unit_first && attention_head == '0 : linear_row_column == '0;
  logic router_first;
  assign router_first = linear_column == '0 && linear_digit == '0;
  always_comb begin
    room = 1'b1;
    if (to_rows && row_first) room = row_free_i;
    if (is_router && router_first) room = router_free_i;
    if (is_attention && !values && unit_first) room = score_free_i;
  end
  assign tile_valid_o = state_q == Tiles && rows_ready && weights_ready && room;
  assign tile_taken = tile_valid_o && tile_ready_i;
  assign row_reserve_o = tile_taken && to_rows && row_first;
  assign router_begin_o = begin_o && is_router;
  assign channel_base_o = channel_base_q[ChannelAddress-1:0];
  assign router_reserve_o = tile_taken && is_router && router_first;
  assign score_reserve_o = tile_taken && is_attention && !values && unit_first;
  assign value_reserve_o = begin_o && is_linear && 32'(destination) == edgemoe_pkg::ToValues;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      probability_units_q <= '0;
    end else begin
      probability_units_q <= probability_units_q + 3'(probabilities_done_i)
                           - 3'(tile_taken && is_attention && values && unit_last);
    end
  end

  // The tile.
  // Each head's keys have as many words of scales as the longest row.
  localparam int HeadWords = edgemoe_pkg::MaxTokens / Outputs;
  logic [15:0] channel_word, key_scale_word;
  assign key_scale_word = 16'(16'(attention_head) * 16'(HeadWords)) + attention_tile;
  assign channel_word = 16'(channel_base_q) + linear_column;
  always_comb begin
    tile_o = '0;
    tile_o.makes = makes;
    tile_o.fraction = phase_q[edgemoe_pkg::ComputeFractionLsb +: 4];
    if (is_attention) begin
      tile_o.mode = values ? tile_pkg::Values : tile_pkg::Scores;
      tile_o.destination = values ? 3'(edgemoe_pkg::ToRows) : 3'(tile_pkg::ToSoftmax);
      tile_o.narrow = 1'b1;
      tile_o.exponent_base = values ? 8'sd2 + $signed({4'b0, phase_q[edgemoe_pkg::ComputeFractionLsb +: 4]})
                                    : -$signed(phase_q[edgemoe_pkg::ComputeScoreShiftLsb +: 8]);
      tile_o.pre_shift = phase_q[edgemoe_pkg::ComputeScorePreShiftLsb +: 5];
      tile_o.row_addr = values ? 16'(place) : attention_scales;
      tile_o.channel_addr = values ? attention_column : key_scale_word;
      tile_o.head = attention_head;
      tile_o.group = attention_group;
      tile_o.column = values ? attention_column : attention_tile;
      tile_o.tokens = 8'(attention_tokens);
      tile_o.keep = unit_last ? 16'(phase_q[edgemoe_pkg::ComputeLastKeysLsb +: 8]) : 16'(Outputs);
      tile_o.base = values ? attention_output : 16'(place_base);
      tile_o.scales = values ? attention_output_scales : 16'(place);
      tile_o.last_column = attention_last_column;
      tile_o.last_row = 1'b1;
      tile_o.last = attention_last;
    end else begin
      tile_o.mode = is_router ? tile_pkg::Raw : tile_pkg::Linear;
      tile_o.destination = is_router ? 3'(tile_pkg::ToRouter) : destination[2:0];
      tile_o.narrow = phase_q[edgemoe_pkg::ComputeNarrowLsb];
      tile_o.gelu = phase_q[edgemoe_pkg::ComputeGeluLsb];
      tile_o.unit_rows = phase_q[edgemoe_pkg::ComputeUnitRowsLsb];
      tile_o.exponent_base = phase_q[edgemoe_pkg::ComputeExponentBaseLsb +: 8];
      tile_o.row_addr = linear_scales;
      tile_o.channel_addr = channel_word;
      tile_o.head = 32'(destination) == edgemoe_pkg::ToValues ? phase_q[edgemoe_pkg::ComputeHeadLsb +: 8] : linear_row;
      tile_o.digit = linear_digit;
      tile_o.group = linear_group;
      tile_o.queue_group = linear_group + queue_group_q;
      // Where rows are whole, so are the columns: of a residual token, a router's group.
      tile_o.column = to_rows ? linear_row_column : linear_column;
      tile_o.tokens = 8'(linear_tokens);
      tile_o.keep = 16'(Outputs);
      tile_o.base = 32'(destination) == edgemoe_pkg::ToValues ? phase_q[edgemoe_pkg::ComputeValueBaseLsb +: 16] : linear_output;
      tile_o.scales = linear_output_scales;
      tile_o.first_token = phase_q[edgemoe_pkg::ComputeFirstTokenLsb +: 16];
      tile_o.norm = norm;
      tile_o.last_column = to_rows ? linear_row_last : linear_last_column;
      tile_o.last_row = linear_last_column;
      tile_o.last = linear_last;
      tile_o.release_rows = 16'(tag_rows_q);
      tile_o.release_words = 16'(tag_words_q);
    end
  end
  assign steps_o = is_attention && values ? value_steps : steps;
  assign row_base_o = !is_attention ? linear_input : values ? 16'(place_base) : attention_input;
  assign column_base_o = is_attention ? attention_columns : 16'(weight_base_q) + linear_weights;
  assign row_select_o = is_router || (is_attention && values);
  assign column_select_o = is_attention;

  always_comb begin
    waits_o = '0;
    waits_o[edgemoe_pkg::CoreWaitCommand] = state_q == Fetch && !command_valid_i;
    waits_o[edgemoe_pkg::CoreWaitWeights] = (state_q == Tag && !tag_valid_i) || (state_q == Tiles && rows_ready && !weights_ready);
    waits_o[edgemoe_pkg::CoreWaitRows] = state_q == Tiles && !rows_ready;
    waits_o[edgemoe_pkg::CoreWaitRoom] = state_q == Tiles && rows_ready && weights_ready && !room;
    waits_o[edgemoe_pkg::CoreWaitDrain] = state_q == Barrier && !barrier_open && 32'(kind) != edgemoe_pkg::PhaseGather;
    waits_o[edgemoe_pkg::CoreWaitRouting] = state_q == Barrier && !barrier_open && 32'(kind) == edgemoe_pkg::PhaseGather;
    waits_o[edgemoe_pkg::CoreWaitResult] = state_q == Done;
  end

  logic unused_bits;
  assign unused_bits = ^{drained_tile_i, linear_tokens[15:8], attention_tokens[15:8], place_base[17:16]};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && drained_last && empty_ends) $error("sequencer: two releases in a cycle");
    if (rst_ni && ends && tag_rows_q != '0 && rows_q != '0 && is_linear && 16'(tag_rows_q) != 16'(column_tiles * steps)) begin
      $error("sequencer: %0d weight rows came for a phase of %0d", tag_rows_q, column_tiles * steps);
    end
  end
`endif
endmodule

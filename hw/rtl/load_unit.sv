// Executes the list of loads: reads weights, constants, norms, positions and the picture from memory and puts them where they
// belong, in the order of the list and as far ahead as there is room. Data arrive in the order of the list too, so what arrived
// before a row of weights is there when the row is.
//
// An expert without tokens in the routing that the load belongs to is not loaded. With Prefetch a load whose routing is not known
// yet goes ahead; without it, it waits.
//
// Every load of weights, also a skipped one, sends a tag to who computes: the rows that come (0: skipped) and the words of channel
// constants loaded since the tag before. A phase gives back what its tag says.
module load_unit #(
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Depth of the ring of weights, in words of its 8 banks; a power of two.
  parameter int WeightWords = edgemoe_pkg::WeightWords,
  /// Depth of the ring of constants, in words of Outputs channels; a power of two.
  parameter int ChannelWords = edgemoe_pkg::ChannelWords,
  /// Experts of a mixture at most, a power of two.
  parameter int MaxExperts = edgemoe_pkg::MaxExperts,
  /// Bits of the memory's byte addresses, 32 to 64.
  parameter int AddressWidth = 40,
  /// Beats of the longest burst, a power of two; BurstBeats beats are at most 4 KiB.
  parameter int BurstBeats = 16,
  /// Whether an expert's weights are asked for before the router has chosen.
  parameter bit Prefetch = 1'b1,
  /// Tags that may wait, a power of two.
  parameter int Tags = 64,
  localparam int BeatBits = Outputs * Chains * 8,
  localparam int WeightCount = $clog2(WeightWords) + 1,
  localparam int ChannelCount = $clog2(ChannelWords) + 1,
  localparam int ImageBits = edgemoe_pkg::ChainLength * Tokens * Chains * 8
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// A run begins.
  input  logic start_i,
  /// As they are throughout a run. Multiples of a beat's bytes.
  input  logic [AddressWidth-1:0] image_base_i,
  input  logic [AddressWidth-1:0] input_base_i,
  input  logic [7:0] task_i,
  // The list.
  input  logic command_valid_i,
  output logic command_ready_o,
  input  logic [511:0] command_i,
  /// Since the run began: phases computed; routings done; experts that have tokens in the latest routing.
  input  logic [15:0] phases_done_i,
  input  logic [7:0] routings_done_i,
  input  logic [MaxExperts-1:0] expert_used_i,
  // To axi_read.
  output logic request_valid_o,
  input  logic request_ready_i,
  output logic [AddressWidth-1:0] request_address_o,
  output logic [$clog2(BurstBeats):0] request_beats_o,
  input  logic valid_i,
  input  logic [BeatBits-1:0] data_i,
  /// What the rings have given back.
  input  logic [WeightCount-1:0] weight_released_i,
  input  logic [ChannelCount-1:0] channel_released_i,
  output logic tag_valid_o,
  input  logic tag_ready_i,
  output logic [WeightCount-1:0] tag_rows_o,
  output logic [ChannelCount-1:0] tag_words_o,
  // A word for one of five memories, never refused.
  output logic weight_write_o,
  output logic [BeatBits-1:0] weight_data_o,
  output logic channel_write_o,
  output logic [Outputs*64-1:0] channel_data_o,
  output logic norm_write_o,
  output logic position_write_o,
  output logic image_write_o,
  /// Of the last three: word address, counted from the command's destination.
  output logic [15:0] address_o,
  /// Norm: gains and biases, 16 bits each; position: s32.16.
  output logic [Outputs*32-1:0] row_data_o,
  /// A word of activations: [bank][chain * Tokens + token].
  output logic [ImageBits-1:0] image_data_o,
  /// Nothing is being loaded.
  output logic idle_o,
  /// Pulses: a command that is none.
  output logic command_error_o,
  // What the next load waits for, at most one: a phase to end, a routing, a tag to be taken, room in a ring.
  output logic phase_waits_o,
  output logic routing_waits_o,
  output logic tag_waits_o,
  output logic room_waits_o
);
  localparam int Banks = edgemoe_pkg::ChainLength;
  localparam int DataBytes = BeatBits / 8;
  localparam int ByteWidth = $clog2(DataBytes);
  // Beats a word.
  localparam int ChannelParts = Outputs * 64 / BeatBits;
  localparam int RowParts = Outputs * 32 / BeatBits;
  localparam int ImageParts = (ImageBits + BeatBits - 1) / BeatBits;  // the last one's upper bits may be nothing
  localparam int MaxParts = ChannelParts > ImageParts ? ChannelParts : ImageParts;
  localparam int PartWidth = $clog2(MaxParts + 1);
  localparam int ExpertWidth = $clog2(MaxExperts);
  // Counters of beats wrap where the rings' counters of rows and words do.
  localparam int WeightBeatCount = WeightCount + $clog2(Banks);
  localparam int ChannelBeatCount = ChannelCount + $clog2(ChannelParts);

  if (Outputs * 32 % BeatBits != 0) begin : gen_refused
    $error("load_unit: a word must be whole beats: chains 1, 2 or 4");
  end

  localparam logic [2:0] Weight = 3'(edgemoe_pkg::LoadWeight), Channel = 3'(edgemoe_pkg::LoadChannel),
                         Norm = 3'(edgemoe_pkg::LoadNorm), Position = 3'(edgemoe_pkg::LoadPosition),
                         Image = 3'(edgemoe_pkg::LoadImage);
  localparam logic [1:0] Take = 2'd0, Decide = 2'd1, Locate = 2'd2, Issue = 2'd3;

  // The command at hand.
  logic [1:0] state_q;
  logic [2:0] kind_q;
  logic legal_q;
  logic [7:0] expert_q, routing_q, task_q;
  logic [15:0] wait_phases_q, destination_q;
  logic [31:0] stride_q, left_q;
  logic [AddressWidth-1:0] address_q;
  logic [31:0] command_beats;
  logic [2:0] command_kind;
  logic [7:0] command_expert;
  logic fits, whole_words;
  assign command_kind = command_i[edgemoe_pkg::LoadKindLsb +: 3];
  assign command_expert = command_i[edgemoe_pkg::LoadExpertLsb +: 8];
  assign command_beats = command_i[edgemoe_pkg::LoadBeatsLsb +: 32];
  // A kind and an expert that there are; numbers that fit the counters here; nothing behind the fields.
  localparam int FieldsEnd = edgemoe_pkg::LoadDestinationLsb + edgemoe_pkg::LoadDestinationBits;
  assign fits = command_i[edgemoe_pkg::LoadKindLsb+3 +: 5] == '0 && command_i[edgemoe_pkg::LoadRoutingLsb+8 +: 8] == '0 &&
                command_i[edgemoe_pkg::LoadWaitPhasesLsb+16 +: 16] == '0 &&
                command_i[edgemoe_pkg::LoadDestinationLsb+16 +: 16] == '0 && command_i[511:FieldsEnd] == '0 &&
                command_beats != '0 && (32'(command_expert) < MaxExperts || 32'(command_expert) == edgemoe_pkg::NoExpert);
  always_comb begin
    unique case (command_kind)
      Weight: whole_words = command_beats % 32'(Banks) == '0;
      Channel: whole_words = command_beats % 32'(ChannelParts) == '0;
      Norm, Position: whole_words = command_beats % 32'(RowParts) == '0;
      Image: whole_words = command_beats % 32'(ImageParts) == '0;
      default: whole_words = 1'b0;
    endcase
  end

  // Whether it may begin, and whether it is needed.
  logic for_expert, routing_known, skip, phase_ready, routing_ready, room_behind, begins;
  logic is_weight, tag_room, arrival_room;
  assign is_weight = kind_q == Weight;
  // Without a routing nobody says whether an expert has tokens: it is loaded.
  assign for_expert = 32'(expert_q) != edgemoe_pkg::NoExpert && routing_q != '0;
  assign routing_known = routings_done_i >= routing_q;
  assign skip = for_expert && routing_known && !expert_used_i[expert_q[ExpertWidth-1:0]];
  assign phase_ready = phases_done_i >= wait_phases_q;
  assign routing_ready = Prefetch || !for_expert || routing_known;
  assign room_behind = (!is_weight || tag_room) && arrival_room;
  assign begins = state_q == Decide && legal_q && phase_ready && routing_ready && room_behind;

  // Room in the rings, in beats and words: what was asked for and not given back stays below what they hold.
  logic [WeightBeatCount-1:0] weight_issued_q, weight_used;
  logic [ChannelBeatCount-1:0] channel_issued_q, channel_used;
  logic room;
  assign weight_used = weight_issued_q - WeightBeatCount'(32'(weight_released_i) * Banks);
  assign channel_used = channel_issued_q - ChannelBeatCount'(32'(channel_released_i) * ChannelParts);
  always_comb begin
    unique case (kind_q)
      Weight: room = 32'(weight_used) + 32'(request_beats_o) <= WeightWords * Banks;
      Channel: room = 32'(channel_used) + 32'(request_beats_o) <= ChannelWords * ChannelParts;
      default: room = 1'b1;
    endcase
  end
  assign request_valid_o = state_q == Issue && room;
  assign request_address_o = address_q;
  burst_size #(.DataBytes(DataBytes), .BurstBeats(BurstBeats), .AddressWidth(AddressWidth)) u_burst (
    .address_i(address_q), .left_i(left_q), .beats_o(request_beats_o)
  );

  logic issue;
  assign issue = request_valid_o && request_ready_i;
  assign command_ready_o = state_q == Take;
  always_ff @(posedge clk_i) begin
    command_error_o <= rst_ni && state_q == Decide && !legal_q;
    unique case (state_q)
      Take: begin
        kind_q <= command_kind;
        legal_q <= fits && whole_words;
        expert_q <= command_expert;
        routing_q <= command_i[edgemoe_pkg::LoadRoutingLsb +: 8];
        wait_phases_q <= command_i[edgemoe_pkg::LoadWaitPhasesLsb +: 16];
        stride_q <= command_i[edgemoe_pkg::LoadTaskStrideLsb +: 32];
        destination_q <= command_i[edgemoe_pkg::LoadDestinationLsb +: 16];
        left_q <= command_beats;
        task_q <= task_i;
        address_q <= (command_kind == Image ? input_base_i : image_base_i) +
                     (AddressWidth'(command_i[edgemoe_pkg::LoadOffsetLsb +: 32]) << ByteWidth);
        if (command_valid_i) state_q <= Decide;
      end
      Decide: begin
        // An unknown command is dropped: the run ends with an error.
        if (!legal_q || (begins && skip)) state_q <= Take;
        else if (begins) state_q <= task_q == '0 || stride_q == '0 ? Issue : Locate;
      end
      Locate: begin
        address_q <= address_q + (AddressWidth'(stride_q) << ByteWidth);
        task_q <= task_q - 1'b1;
        if (task_q == 8'd1) state_q <= Issue;
      end
      default: begin
        if (issue) begin
          address_q <= address_q + (AddressWidth'(request_beats_o) << ByteWidth);
          left_q <= left_q - 32'(request_beats_o);
          if (left_q == 32'(request_beats_o)) state_q <= Take;
        end
      end
    endcase
    if (!rst_ni || start_i) state_q <= Take;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni || start_i) begin
      weight_issued_q <= '0;
      channel_issued_q <= '0;
    end else if (issue) begin
      if (kind_q == Weight) weight_issued_q <= weight_issued_q + WeightBeatCount'(request_beats_o);
      if (kind_q == Channel) channel_issued_q <= channel_issued_q + ChannelBeatCount'(request_beats_o);
    end
  end

  // Tags.
  logic [ChannelCount-1:0] words_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || start_i || (begins && is_weight)) words_q <= '0;
    else if (begins && !skip && kind_q == Channel) words_q <= words_q + ChannelCount'(left_q / 32'(ChannelParts));
  end
  logic [$clog2(Tags):0] unused_tags;
  fifo #(.Width(WeightCount + ChannelCount), .Depth(Tags)) u_tags (
    .clk_i, .rst_ni(rst_ni && !start_i), .valid_i(begins && is_weight), .ready_o(tag_room),
    .data_i({skip ? '0 : WeightCount'(left_q / 32'(Banks)), words_q}), .valid_o(tag_valid_o), .ready_i(tag_ready_i),
    .data_o({tag_rows_o, tag_words_o}), .count_o(unused_tags)
  );

  // Arrival: beats of the loads in the order in which they began, the first of a word at its bottom.
  logic arriving, load_ends;
  logic [2:0] arriving_kind;
  logic [15:0] arriving_destination;
  logic [31:0] arriving_beats, beat_q;
  logic [2:0] unused_arrivals;
  fifo #(.Width(3 + 16 + 32), .Depth(4)) u_arrivals (
    .clk_i, .rst_ni(rst_ni && !start_i), .valid_i(begins && !skip), .ready_o(arrival_room),
    .data_i({kind_q, destination_q, left_q}), .valid_o(arriving), .ready_i(load_ends),
    .data_o({arriving_kind, arriving_destination, arriving_beats}), .count_o(unused_arrivals)
  );
  logic [MaxParts*BeatBits-1:0] parts_q;
  logic [PartWidth-1:0] parts, part_q;
  logic [15:0] word_q;
  logic word_ends;
  always_comb begin
    unique case (arriving_kind)
      Weight: parts = PartWidth'(1);
      Channel: parts = PartWidth'(ChannelParts);
      Image: parts = PartWidth'(ImageParts);
      default: parts = PartWidth'(RowParts);
    endcase
  end
  assign word_ends = valid_i && part_q + 1'b1 == parts;
  assign load_ends = valid_i && beat_q + 1'b1 == arriving_beats;
  if (MaxParts == 1) begin : gen_one_part
    always_ff @(posedge clk_i) if (valid_i) parts_q <= data_i;
  end else begin : gen_many_parts
    always_ff @(posedge clk_i) if (valid_i) parts_q <= {data_i, parts_q[MaxParts*BeatBits-1:BeatBits]};
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni || start_i) begin
      part_q <= '0;
      beat_q <= '0;
      word_q <= '0;
    end else if (valid_i) begin
      part_q <= word_ends ? '0 : part_q + 1'b1;
      beat_q <= load_ends ? '0 : beat_q + 1'b1;
      if (load_ends) word_q <= '0;
      else if (word_ends) word_q <= word_q + 1'b1;
    end
    weight_write_o <= rst_ni && word_ends && arriving_kind == Weight;
    channel_write_o <= rst_ni && word_ends && arriving_kind == Channel;
    norm_write_o <= rst_ni && word_ends && arriving_kind == Norm;
    position_write_o <= rst_ni && word_ends && arriving_kind == Position;
    image_write_o <= rst_ni && word_ends && arriving_kind == Image;
    address_o <= arriving_destination + word_q;
  end
  assign weight_data_o = parts_q[MaxParts*BeatBits-1 -: BeatBits];
  assign channel_data_o = parts_q[MaxParts*BeatBits-1 -: Outputs*64];
  assign row_data_o = parts_q[MaxParts*BeatBits-1 -: Outputs*32];
  assign image_data_o = parts_q[(MaxParts-ImageParts)*BeatBits +: ImageBits];

  assign idle_o = state_q == Take && !arriving && !weight_write_o && !channel_write_o && !norm_write_o && !position_write_o &&
                  !image_write_o;
  assign phase_waits_o = state_q == Decide && legal_q && !phase_ready;
  assign routing_waits_o = state_q == Decide && legal_q && phase_ready && !routing_ready;
  assign tag_waits_o = state_q == Decide && legal_q && phase_ready && routing_ready && is_weight && !tag_room;
  assign room_waits_o = state_q == Issue && !room;
endmodule

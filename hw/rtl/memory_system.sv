// All that reads and writes memory for the core: the fetchers of both lists of commands, the load unit with the rings of weights
// and channel constants, and the writer of results, on one AXI4 master.
//
//   load list -> fetcher -> load unit -+-> weight ring, channel ring -> array
//   compute list -> fetcher -> sequencer +-> norms, positions, picture
//   results -> writer
module memory_system #(
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
  parameter int AddressWidth = edgemoe_pkg::AddressWidth,
  /// Beats of the longest burst, a power of two; BurstBeats beats are at most 4 KiB.
  parameter int BurstBeats = edgemoe_pkg::BurstBeats,
  /// Bursts that may be asked for before the first has come, a power of two.
  parameter int OutstandingBursts = edgemoe_pkg::OutstandingBursts,
  /// Whether an expert's weights are asked for before the router has chosen.
  parameter bit Prefetch = 1'(edgemoe_pkg::Prefetch),
  localparam int DataBytes = Outputs * Chains,
  localparam int WeightAddress = $clog2(WeightWords),
  localparam int ChannelAddress = $clog2(ChannelWords)
) (
  input  logic clk_i,
  /// Of the AXI side; AXI's own reset.
  input  logic rst_ni,
  /// Of everything else; only while idle_o, or with rst_ni.
  input  logic core_rst_ni,
  /// A run begins: what follows is as it is until the next one. List addresses are multiples of 64, the others of a beat's bytes.
  input  logic start_i,
  input  logic [AddressWidth-1:0] image_base_i,
  input  logic [AddressWidth-1:0] input_base_i,
  input  logic [AddressWidth-1:0] output_base_i,
  input  logic [AddressWidth-1:0] load_list_i,
  input  logic [15:0] load_count_i,
  input  logic [AddressWidth-1:0] compute_list_i,
  input  logic [15:0] compute_count_i,
  input  logic [7:0] task_i,
  /// Begins no transaction any more; what has begun ends, and idle_o follows.
  input  logic stop_i,
  output logic idle_o,
  /// All loads have arrived and all results are confirmed.
  output logic done_o,

  // To the sequencer: commands, and a tag a load of weights (load_unit.sv).
  output logic command_valid_o,
  input  logic command_ready_i,
  output logic [511:0] command_o,
  output logic tag_valid_o,
  input  logic tag_ready_i,
  output logic [WeightAddress:0] tag_rows_o,
  output logic [ChannelAddress:0] tag_words_o,
  // From sequencer and router, counted since the run began; the experts that have tokens in the latest routing.
  input  logic [15:0] phases_done_i,
  input  logic [7:0] routings_done_i,
  input  logic [MaxExperts-1:0] expert_used_i,

  // The rings (ring_buffer.sv).
  output logic [WeightAddress:0] weight_rows_o,
  input  logic weight_release_i,
  input  logic [WeightAddress:0] weight_release_rows_i,
  input  logic [WeightAddress-1:0] weight_raddr_i,
  output logic [edgemoe_pkg::ChainLength*DataBytes*8-1:0] weight_rdata_o,
  output logic [ChannelAddress:0] channel_words_o,
  input  logic channel_release_i,
  input  logic [ChannelAddress:0] channel_release_words_i,
  input  logic [ChannelAddress-1:0] channel_raddr_i,
  output logic [Outputs*64-1:0] channel_rdata_o,

  // Words that are loaded elsewhere, never refused.
  output logic norm_write_o,
  output logic position_write_o,
  output logic image_write_o,
  output logic [15:0] load_address_o,
  output logic [Outputs*32-1:0] row_data_o,
  output logic [edgemoe_pkg::ChainLength*Tokens*Chains*8-1:0] image_data_o,

  // The result, word by word; stays until it is taken.
  input  logic result_valid_i,
  output logic result_ready_o,
  input  logic result_last_i,
  input  logic [Outputs*32-1:0] result_data_i,

  // What happens, for the counters: beats read and written; and what is waited for.
  output logic read_beat_o,
  output logic write_beat_o,
  output logic read_address_waits_o,
  output logic read_data_waits_o,
  output logic write_address_waits_o,
  output logic write_data_waits_o,
  output logic write_response_waits_o,
  output logic load_phase_waits_o,
  output logic load_routing_waits_o,
  output logic load_tag_waits_o,
  output logic load_room_waits_o,
  // Pulses.
  output logic read_response_error_o,
  output logic read_length_error_o,
  output logic write_response_error_o,
  output logic command_error_o,

  // AXI4, one ID.
  output logic arvalid_o,
  input  logic arready_i,
  output logic [AddressWidth-1:0] araddr_o,
  output logic [7:0] arlen_o,
  output logic [2:0] arsize_o,
  output logic [1:0] arburst_o,
  input  logic rvalid_i,
  output logic rready_o,
  input  logic [DataBytes*8-1:0] rdata_i,
  input  logic [1:0] rresp_i,
  input  logic rlast_i,
  output logic awvalid_o,
  input  logic awready_i,
  output logic [AddressWidth-1:0] awaddr_o,
  output logic [7:0] awlen_o,
  output logic [2:0] awsize_o,
  output logic [1:0] awburst_o,
  output logic wvalid_o,
  input  logic wready_i,
  output logic [DataBytes*8-1:0] wdata_o,
  output logic [DataBytes-1:0] wstrb_o,
  output logic wlast_o,
  input  logic bvalid_i,
  output logic bready_o,
  input  logic [1:0] bresp_i
);
  localparam int BurstWidth = $clog2(BurstBeats) + 1;
  // Sources of the read port, the most urgent first. Commands are few.
  localparam int Compute = 0, Commands = 1, Loads = 2, Sources = 3;

  logic [Sources-1:0] request_valid, request_ready, data_valid;
  logic [Sources*AddressWidth-1:0] request_address;
  logic [Sources*BurstWidth-1:0] request_beats;
  logic [DataBytes*8-1:0] data;
  logic read_idle, write_idle;
  axi_read #(
    .Sources(Sources), .DataBytes(DataBytes), .AddressWidth(AddressWidth), .BurstBeats(BurstBeats), .Outstanding(OutstandingBursts)
  ) u_read (
    .clk_i, .rst_ni, .stop_i, .request_valid_i(request_valid), .request_ready_o(request_ready), .request_address_i(request_address),
    .request_beats_i(request_beats), .valid_o(data_valid), .data_o(data), .idle_o(read_idle),
    .response_error_o(read_response_error_o), .length_error_o(read_length_error_o), .address_waits_o(read_address_waits_o),
    .data_waits_o(read_data_waits_o), .arvalid_o, .arready_i, .araddr_o, .arlen_o, .arsize_o, .arburst_o, .rvalid_i, .rready_o,
    .rdata_i, .rresp_i, .rlast_i
  );
  assign read_beat_o = rvalid_i && rready_o;

  logic compute_done, load_valid, load_ready, loads_done, load_idle;
  logic [511:0] load_command;
  command_fetcher #(.DataBytes(DataBytes), .AddressWidth(AddressWidth), .BurstBeats(BurstBeats)) u_compute (
    .clk_i, .rst_ni(core_rst_ni), .start_i, .address_i(compute_list_i), .count_i(compute_count_i),
    .request_valid_o(request_valid[Compute]), .request_ready_i(request_ready[Compute]),
    .request_address_o(request_address[Compute*AddressWidth +: AddressWidth]),
    .request_beats_o(request_beats[Compute*BurstWidth +: BurstWidth]), .valid_i(data_valid[Compute]), .data_i(data),
    .valid_o(command_valid_o), .ready_i(command_ready_i), .command_o, .done_o(compute_done)
  );
  command_fetcher #(.DataBytes(DataBytes), .AddressWidth(AddressWidth), .BurstBeats(BurstBeats)) u_loads (
    .clk_i, .rst_ni(core_rst_ni), .start_i, .address_i(load_list_i), .count_i(load_count_i),
    .request_valid_o(request_valid[Commands]), .request_ready_i(request_ready[Commands]),
    .request_address_o(request_address[Commands*AddressWidth +: AddressWidth]),
    .request_beats_o(request_beats[Commands*BurstWidth +: BurstWidth]), .valid_i(data_valid[Commands]), .data_i(data),
    .valid_o(load_valid), .ready_i(load_ready), .command_o(load_command), .done_o(loads_done)
  );

  logic weight_write, channel_write;
  logic [DataBytes*8-1:0] weight_data;
  logic [Outputs*64-1:0] channel_data;
  logic [WeightAddress:0] weight_released;
  logic [ChannelAddress:0] channel_released;
  load_unit #(
    .Outputs(Outputs), .Chains(Chains), .Tokens(Tokens), .WeightWords(WeightWords), .ChannelWords(ChannelWords),
    .MaxExperts(MaxExperts), .AddressWidth(AddressWidth), .BurstBeats(BurstBeats), .Prefetch(Prefetch)
  ) u_load (
    .clk_i, .rst_ni(core_rst_ni), .start_i, .image_base_i, .input_base_i, .task_i, .command_valid_i(load_valid),
    .command_ready_o(load_ready), .command_i(load_command), .phases_done_i, .routings_done_i, .expert_used_i,
    .request_valid_o(request_valid[Loads]), .request_ready_i(request_ready[Loads]),
    .request_address_o(request_address[Loads*AddressWidth +: AddressWidth]),
    .request_beats_o(request_beats[Loads*BurstWidth +: BurstWidth]), .valid_i(data_valid[Loads]), .data_i(data),
    .weight_released_i(weight_released), .channel_released_i(channel_released), .tag_valid_o, .tag_ready_i, .tag_rows_o,
    .tag_words_o, .weight_write_o(weight_write), .weight_data_o(weight_data), .channel_write_o(channel_write),
    .channel_data_o(channel_data), .norm_write_o, .position_write_o, .image_write_o, .address_o(load_address_o), .row_data_o,
    .image_data_o, .idle_o(load_idle), .command_error_o, .phase_waits_o(load_phase_waits_o),
    .routing_waits_o(load_routing_waits_o), .tag_waits_o(load_tag_waits_o), .room_waits_o(load_room_waits_o)
  );
  ring_buffer #(.Banks(edgemoe_pkg::ChainLength), .Width(DataBytes * 8), .Rows(WeightWords)) u_weights (
    .clk_i, .rst_ni(core_rst_ni), .clear_i(start_i), .write_i(weight_write), .data_i(weight_data), .rows_o(weight_rows_o),
    .released_o(weight_released), .release_i(weight_release_i), .release_rows_i(weight_release_rows_i), .raddr_i(weight_raddr_i),
    .rdata_o(weight_rdata_o)
  );
  ring_buffer #(.Banks(1), .Width(Outputs * 64), .Rows(ChannelWords)) u_channels (
    .clk_i, .rst_ni(core_rst_ni), .clear_i(start_i), .write_i(channel_write), .data_i(channel_data), .rows_o(channel_words_o),
    .released_o(channel_released), .release_i(channel_release_i), .release_rows_i(channel_release_words_i),
    .raddr_i(channel_raddr_i), .rdata_o(channel_rdata_o)
  );

  logic results_done;
  axi_write #(.Width(Outputs * 32), .DataBytes(DataBytes), .AddressWidth(AddressWidth), .BurstBeats(BurstBeats)) u_write (
    .clk_i, .rst_ni, .start_i, .address_i(output_base_i), .stop_i, .flush_i(!core_rst_ni), .valid_i(result_valid_i),
    .ready_o(result_ready_o), .last_i(result_last_i), .data_i(result_data_i), .done_o(results_done), .idle_o(write_idle),
    .response_error_o(write_response_error_o), .address_waits_o(write_address_waits_o), .data_waits_o(write_data_waits_o),
    .response_waits_o(write_response_waits_o), .awvalid_o, .awready_i, .awaddr_o, .awlen_o, .awsize_o, .awburst_o, .wvalid_o,
    .wready_i, .wdata_o, .wstrb_o, .wlast_o, .bvalid_i, .bready_o, .bresp_i
  );
  assign write_beat_o = wvalid_o && wready_i;

  assign idle_o = read_idle && write_idle;
  assign done_o = compute_done && loads_done && load_idle && results_done && idle_o;
endmodule

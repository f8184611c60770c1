// Everything around the core: the host's registers, the control of runs, and all that reads and writes memory. Between this and the
// core are commands, tags, rings, words that are loaded, and the result.
module shell #(
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
  /// Synchronous; AXI's reset of both buses.
  input  logic rst_ni,

  /// Of the core: low for long enough to empty its pipelines, after the AXI reset and after each run that ended early.
  output logic core_rst_no,
  /// A run begins; all counters of the core begin at 0.
  output logic core_start_o,
  /// The core has executed the last command of its list, and has handed over its last result.
  input  logic core_done_i,
  /// Something moved in the core: what the watchdog looks for.
  input  logic core_progress_i,
  /// What the core waits for in this cycle, by edgemoe_pkg::CoreWait*; and the one to be named by a time-out, + 1, or 0.
  input  logic [edgemoe_pkg::CoreWaits-1:0] core_waits_i,
  input  logic [7:0] core_stage_i,
  /// Pulse: a command that is none.
  input  logic core_error_i,

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

  // AXI4-Lite: the host.
  output logic interrupt_o,
  input  logic host_awvalid_i,
  output logic host_awready_o,
  input  logic [11:0] host_awaddr_i,
  input  logic host_wvalid_i,
  output logic host_wready_o,
  input  logic [31:0] host_wdata_i,
  input  logic [3:0] host_wstrb_i,
  output logic host_bvalid_o,
  input  logic host_bready_i,
  output logic [1:0] host_bresp_o,
  input  logic host_arvalid_i,
  output logic host_arready_o,
  input  logic [11:0] host_araddr_i,
  output logic host_rvalid_o,
  input  logic host_rready_i,
  output logic [31:0] host_rdata_o,
  output logic [1:0] host_rresp_o,

  // AXI4: memory.
  output logic bus_arvalid_o,
  input  logic bus_arready_i,
  output logic [AddressWidth-1:0] bus_araddr_o,
  output logic [7:0] bus_arlen_o,
  output logic [2:0] bus_arsize_o,
  output logic [1:0] bus_arburst_o,
  input  logic bus_rvalid_i,
  output logic bus_rready_o,
  input  logic [DataBytes*8-1:0] bus_rdata_i,
  input  logic [1:0] bus_rresp_i,
  input  logic bus_rlast_i,
  output logic bus_awvalid_o,
  input  logic bus_awready_i,
  output logic [AddressWidth-1:0] bus_awaddr_o,
  output logic [7:0] bus_awlen_o,
  output logic [2:0] bus_awsize_o,
  output logic [1:0] bus_awburst_o,
  output logic bus_wvalid_o,
  input  logic bus_wready_i,
  output logic [DataBytes*8-1:0] bus_wdata_o,
  output logic [DataBytes-1:0] bus_wstrb_o,
  output logic bus_wlast_o,
  input  logic bus_bvalid_i,
  output logic bus_bready_o,
  input  logic [1:0] bus_bresp_i
);
  logic [AddressWidth-1:0] image_base, input_base, output_base, load_list, compute_list;
  logic [15:0] load_count, compute_count;
  logic [7:0] task_number;
  logic stop, bus_done, bus_idle, read_beat, write_beat;
  logic read_response_error, read_length_error, write_response_error, load_command_error;
  logic [edgemoe_pkg::BusWaits-1:0] bus_waits;

  host_interface #(
    .AddressWidth(AddressWidth), .DataBytes(DataBytes)
  ) u_host (
    .clk_i, .rst_ni, .interrupt_o,
    .awvalid_i(host_awvalid_i), .awready_o(host_awready_o), .awaddr_i(host_awaddr_i), .wvalid_i(host_wvalid_i),
    .wready_o(host_wready_o), .wdata_i(host_wdata_i), .wstrb_i(host_wstrb_i), .bvalid_o(host_bvalid_o), .bready_i(host_bready_i),
    .bresp_o(host_bresp_o), .arvalid_i(host_arvalid_i), .arready_o(host_arready_o), .araddr_i(host_araddr_i),
    .rvalid_o(host_rvalid_o), .rready_i(host_rready_i), .rdata_o(host_rdata_o), .rresp_o(host_rresp_o),
    .start_o(core_start_o), .core_rst_no, .stop_o(stop), .image_base_o(image_base), .input_base_o(input_base),
    .output_base_o(output_base), .load_list_o(load_list), .load_count_o(load_count), .compute_list_o(compute_list),
    .compute_count_o(compute_count), .task_o(task_number), .core_done_i, .bus_done_i(bus_done), .bus_idle_i(bus_idle), .core_progress_i,
    .core_waits_i, .core_stage_i, .bus_waits_i(bus_waits), .read_beat_i(read_beat), .write_beat_i(write_beat),
    .read_response_error_i(read_response_error), .read_length_error_i(read_length_error),
    .write_response_error_i(write_response_error), .load_command_error_i(load_command_error), .core_error_i,
    .phases_done_i
  );

  // The bits of bus_waits are BusWait of src/accel/registers.h.
  memory_system #(
    .Outputs(Outputs), .Chains(Chains), .Tokens(Tokens), .WeightWords(WeightWords), .ChannelWords(ChannelWords),
    .MaxExperts(MaxExperts), .AddressWidth(AddressWidth), .BurstBeats(BurstBeats), .OutstandingBursts(OutstandingBursts),
    .Prefetch(Prefetch)
  ) u_memory (
    .clk_i, .rst_ni, .core_rst_ni(core_rst_no), .start_i(core_start_o), .image_base_i(image_base), .input_base_i(input_base),
    .output_base_i(output_base), .load_list_i(load_list), .load_count_i(load_count), .compute_list_i(compute_list),
    .compute_count_i(compute_count), .task_i(task_number), .stop_i(stop), .idle_o(bus_idle), .done_o(bus_done),
    .command_valid_o, .command_ready_i, .command_o, .tag_valid_o, .tag_ready_i, .tag_rows_o, .tag_words_o,
    .phases_done_i, .routings_done_i, .expert_used_i, .weight_rows_o, .weight_release_i, .weight_release_rows_i,
    .weight_raddr_i, .weight_rdata_o, .channel_words_o, .channel_release_i, .channel_release_words_i, .channel_raddr_i,
    .channel_rdata_o, .norm_write_o, .position_write_o, .image_write_o, .load_address_o, .row_data_o, .image_data_o,
    .result_valid_i, .result_ready_o, .result_last_i, .result_data_i,
    .read_beat_o(read_beat), .write_beat_o(write_beat), .read_address_waits_o(bus_waits[0]), .read_data_waits_o(bus_waits[1]),
    .write_address_waits_o(bus_waits[2]), .write_data_waits_o(bus_waits[3]), .write_response_waits_o(bus_waits[4]),
    .load_phase_waits_o(bus_waits[5]), .load_routing_waits_o(bus_waits[6]), .load_tag_waits_o(bus_waits[7]),
    .load_room_waits_o(bus_waits[8]), .read_response_error_o(read_response_error), .read_length_error_o(read_length_error),
    .write_response_error_o(write_response_error), .command_error_o(load_command_error),
    .arvalid_o(bus_arvalid_o), .arready_i(bus_arready_i), .araddr_o(bus_araddr_o), .arlen_o(bus_arlen_o),
    .arsize_o(bus_arsize_o), .arburst_o(bus_arburst_o), .rvalid_i(bus_rvalid_i), .rready_o(bus_rready_o),
    .rdata_i(bus_rdata_i), .rresp_i(bus_rresp_i), .rlast_i(bus_rlast_i), .awvalid_o(bus_awvalid_o),
    .awready_i(bus_awready_i), .awaddr_o(bus_awaddr_o), .awlen_o(bus_awlen_o), .awsize_o(bus_awsize_o),
    .awburst_o(bus_awburst_o), .wvalid_o(bus_wvalid_o), .wready_i(bus_wready_i), .wdata_o(bus_wdata_o),
    .wstrb_o(bus_wstrb_o), .wlast_o(bus_wlast_o), .bvalid_i(bus_bvalid_i), .bready_o(bus_bready_o), .bresp_i(bus_bresp_i)
  );
endmodule

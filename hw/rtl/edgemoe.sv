// The accelerator: a host's registers on AXI4-Lite, memory on AXI4, and the machine between them.
module edgemoe #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// Bits of the memory's byte addresses, 32 to 64.
  parameter int AddressWidth = edgemoe_pkg::AddressWidth,
  /// Experts are loaded ahead of the router; else only when it has chosen.
  parameter bit Prefetch = 1'(edgemoe_pkg::Prefetch),
  localparam int DataBytes = Outputs * Chains
) (
  input  logic clk_i,
  /// Synchronous; AXI's reset of both buses.
  input  logic rst_ni,
  /// A run has ended, where the host asked to be told.
  output logic interrupt_o,
  // AXI4-Lite: the host.
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
  localparam int MaxExperts = edgemoe_pkg::MaxExperts;
  localparam int WeightAddress = $clog2(edgemoe_pkg::WeightWords);
  localparam int ChannelAddress = $clog2(edgemoe_pkg::ChannelWords);

  logic core_rst_n, core_start, core_done, core_progress, core_error, command_valid, command_ready, tag_valid, tag_ready,
    weight_release, channel_release, norm_write, position_write, image_write, result_valid, result_ready, result_last;
  logic [7:0] core_stage, routings_done;
  logic [edgemoe_pkg::CoreWaits-1:0] core_waits;
  logic [511:0] command;
  logic [WeightAddress:0] tag_rows, weight_rows, weight_release_rows;
  logic [ChannelAddress:0] tag_words, channel_words, channel_release_words;
  logic [15:0] phases_done, load_address;
  logic [MaxExperts-1:0] expert_used;
  logic [WeightAddress-1:0] weight_raddr;
  logic [edgemoe_pkg::ChainLength*DataBytes*8-1:0] weight_rdata;
  logic [ChannelAddress-1:0] channel_raddr;
  logic [Outputs*64-1:0] channel_rdata;
  logic [Outputs*32-1:0] row_data, result_data;
  logic [edgemoe_pkg::ChainLength*Tokens*Chains*8-1:0] image_data;

  shell #(
    .Outputs(Outputs), .Chains(Chains), .Tokens(Tokens), .AddressWidth(AddressWidth), .BurstBeats(edgemoe_pkg::BurstBeats),
    .OutstandingBursts(edgemoe_pkg::OutstandingBursts), .Prefetch(Prefetch)
  ) u_shell (
    .clk_i, .rst_ni, .core_rst_no(core_rst_n), .core_start_o(core_start), .core_done_i(core_done),
    .core_progress_i(core_progress), .core_waits_i(core_waits), .core_stage_i(core_stage), .core_error_i(core_error),
    .command_valid_o(command_valid), .command_ready_i(command_ready), .command_o(command), .tag_valid_o(tag_valid),
    .tag_ready_i(tag_ready), .tag_rows_o(tag_rows), .tag_words_o(tag_words), .phases_done_i(phases_done),
    .routings_done_i(routings_done), .expert_used_i(expert_used), .weight_rows_o(weight_rows),
    .weight_release_i(weight_release), .weight_release_rows_i(weight_release_rows), .weight_raddr_i(weight_raddr),
    .weight_rdata_o(weight_rdata), .channel_words_o(channel_words), .channel_release_i(channel_release),
    .channel_release_words_i(channel_release_words), .channel_raddr_i(channel_raddr), .channel_rdata_o(channel_rdata),
    .norm_write_o(norm_write), .position_write_o(position_write), .image_write_o(image_write),
    .load_address_o(load_address), .row_data_o(row_data), .image_data_o(image_data), .result_valid_i(result_valid),
    .result_ready_o(result_ready), .result_last_i(result_last), .result_data_i(result_data), .interrupt_o,
    .host_awvalid_i, .host_awready_o, .host_awaddr_i, .host_wvalid_i, .host_wready_o, .host_wdata_i, .host_wstrb_i,
    .host_bvalid_o, .host_bready_i, .host_bresp_o, .host_arvalid_i, .host_arready_o, .host_araddr_i, .host_rvalid_o,
    .host_rready_i, .host_rdata_o, .host_rresp_o, .bus_arvalid_o, .bus_arready_i, .bus_araddr_o, .bus_arlen_o,
    .bus_arsize_o, .bus_arburst_o, .bus_rvalid_i, .bus_rready_o, .bus_rdata_i, .bus_rresp_i, .bus_rlast_i, .bus_awvalid_o,
    .bus_awready_i, .bus_awaddr_o, .bus_awlen_o, .bus_awsize_o, .bus_awburst_o, .bus_wvalid_o, .bus_wready_i,
    .bus_wdata_o, .bus_wstrb_o, .bus_wlast_o, .bus_bvalid_i, .bus_bready_o, .bus_bresp_i
  );
  edgemoe_core #(.Tokens(Tokens), .Outputs(Outputs), .Chains(Chains)) u_core (
    .clk_i, .rst_ni(core_rst_n), .start_i(core_start), .done_o(core_done), .progress_o(core_progress),
    .waits_o(core_waits), .stage_o(core_stage), .error_o(core_error), .command_valid_i(command_valid),
    .command_ready_o(command_ready), .command_i(command), .tag_valid_i(tag_valid), .tag_ready_o(tag_ready),
    .tag_rows_i(tag_rows), .tag_words_i(tag_words), .phases_done_o(phases_done), .routings_done_o(routings_done),
    .expert_used_o(expert_used), .weight_rows_i(weight_rows), .weight_release_o(weight_release),
    .weight_release_rows_o(weight_release_rows), .weight_raddr_o(weight_raddr), .weight_rdata_i(weight_rdata),
    .channel_words_i(channel_words), .channel_release_o(channel_release), .channel_release_words_o(channel_release_words),
    .channel_raddr_o(channel_raddr), .channel_rdata_i(channel_rdata), .norm_write_i(norm_write),
    .position_write_i(position_write), .image_write_i(image_write), .load_address_i(load_address), .row_data_i(row_data),
    .image_data_i(image_data), .result_valid_o(result_valid), .result_ready_i(result_ready), .result_last_o(result_last),
    .result_data_o(result_data)
  );
endmodule

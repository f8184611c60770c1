// What the host sees: registers on AXI4-Lite, as src/accel/registers.h has them, and an interrupt. Registers that a run reads can
// be written only between runs; a run whose addresses the bus cannot have is not started; a refused access gets SLVERR and does
// nothing.
module host_interface #(
  /// Bits of the memory's byte addresses, 32 to 64.
  parameter int AddressWidth = edgemoe_pkg::AddressWidth,
  /// Of a beat on the memory's bus: the unit of list offsets.
  parameter int DataBytes = edgemoe_pkg::ArrayOutputs * edgemoe_pkg::ArrayChains,
  /// Things that the bus side, and the core, may wait for, each with a counter of cycles.
  parameter int BusWaits = edgemoe_pkg::BusWaits,
  /// Causes for which the core may wait, likewise.
  parameter int CoreWaits = edgemoe_pkg::CoreWaits
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// done or error, where the host has enabled it.
  output logic interrupt_o,
  // AXI4-Lite
  input  logic awvalid_i,
  output logic awready_o,
  input  logic [11:0] awaddr_i,
  input  logic wvalid_i,
  output logic wready_o,
  input  logic [31:0] wdata_i,
  input  logic [3:0] wstrb_i,
  output logic bvalid_o,
  input  logic bready_i,
  output logic [1:0] bresp_o,
  input  logic arvalid_i,
  output logic arready_o,
  input  logic [11:0] araddr_i,
  output logic rvalid_o,
  input  logic rready_i,
  output logic [31:0] rdata_o,
  output logic [1:0] rresp_o,
  /// A run begins; core_rst_no resets the core and what feeds it; stop_o: no new transactions.
  output logic start_o,
  output logic core_rst_no,
  output logic stop_o,
  // Constant while busy.
  output logic [AddressWidth-1:0] image_base_o,
  output logic [AddressWidth-1:0] input_base_o,
  output logic [AddressWidth-1:0] output_base_o,
  output logic [AddressWidth-1:0] load_list_o,
  output logic [15:0] load_count_o,
  output logic [AddressWidth-1:0] compute_list_o,
  output logic [15:0] compute_count_o,
  output logic [7:0] task_o,
  // As run_control.sv has them.
  input  logic core_done_i,
  input  logic bus_done_i,
  input  logic bus_idle_i,
  input  logic core_progress_i,
  input  logic [CoreWaits-1:0] core_waits_i,
  input  logic [7:0] core_stage_i,
  input  logic [BusWaits-1:0] bus_waits_i,
  input  logic read_beat_i,
  input  logic write_beat_i,
  input  logic read_response_error_i,
  input  logic read_length_error_i,
  input  logic write_response_error_i,
  input  logic load_command_error_i,
  input  logic core_error_i,
  /// Phases of the run that are finished.
  input  logic [15:0] phases_done_i
);
  localparam int Waits = BusWaits + CoreWaits;
  localparam int WaitWidth = $clog2(Waits);

  logic write, write_error, read_error;
  logic [11:0] write_address, read_address;
  logic [31:0] write_data, read_data;
  axi_lite_slave #(.AddressWidth(12)) u_slave (
    .clk_i, .rst_ni, .awvalid_i, .awready_o, .awaddr_i, .wvalid_i, .wready_o, .wdata_i, .wstrb_i, .bvalid_o, .bready_i, .bresp_o,
    .arvalid_i, .arready_o, .araddr_i, .rvalid_o, .rready_i, .rdata_o, .rresp_o, .write_o(write), .write_address_o(write_address),
    .write_data_o(write_data), .write_error_i(write_error), .read_address_o(read_address), .read_data_i(read_data),
    .read_error_i(read_error)
  );

  // Settings.
  logic busy, settings_free, stopping, done, failed, control_write, settings_write, known, enabled_q;
  logic [7:0] cause, bus_stage, core_stage;
  logic [31:0] timeout_q, load_offset_q, compute_offset_q;
  logic [63:0] image_base_q, input_base_q, output_base_q;
  assign control_write = write && write_address == 12'(edgemoe_pkg::RegControl);
  assign settings_write = write && settings_free;
  always_comb begin
    unique case (write_address)
      12'(edgemoe_pkg::RegControl), 12'(edgemoe_pkg::RegInterrupt): known = 1'b1;
      12'(edgemoe_pkg::RegTask), 12'(edgemoe_pkg::RegTimeout), 12'(edgemoe_pkg::RegImageBase),
      12'(edgemoe_pkg::RegImageBaseHigh), 12'(edgemoe_pkg::RegInputBase), 12'(edgemoe_pkg::RegInputBaseHigh),
      12'(edgemoe_pkg::RegOutputBase), 12'(edgemoe_pkg::RegOutputBaseHigh), 12'(edgemoe_pkg::RegLoadList),
      12'(edgemoe_pkg::RegLoadCount), 12'(edgemoe_pkg::RegComputeList), 12'(edgemoe_pkg::RegComputeCount): known = settings_free;
      default: known = 1'b0;
    endcase
  end
  // Addresses that the bus does not have: not of whole beats, lists and their image not of whole commands, more bits. Registered: a
  // write of Control comes cycles behind the settings'.
  localparam logic [63:0] BeatMask = 64'(DataBytes) - 64'd1, CommandMask = 64'd63;
  localparam logic [31:0] ListMask = 32'(64 / DataBytes - 1);
  logic misplaced_q;
  always_ff @(posedge clk_i) begin
    misplaced_q <= (image_base_q & CommandMask) != '0 || (input_base_q & BeatMask) != '0 || (output_base_q & BeatMask) != '0
                || ((load_offset_q | compute_offset_q) & ListMask) != '0
                || ((image_base_q | input_base_q | output_base_q) >> AddressWidth) != '0;
  end
  // Of the control bits only abort means something to a run.
  assign write_error = !known || (control_write && busy && (write_data[0] || write_data[2]))
                    || (control_write && misplaced_q && write_data[0]);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      task_o <= '0;
      timeout_q <= '0;
      image_base_q <= '0;
      input_base_q <= '0;
      output_base_q <= '0;
      load_offset_q <= '0;
      load_count_o <= '0;
      compute_offset_q <= '0;
      compute_count_o <= '0;
    end else if (settings_write) begin
      unique case (write_address)
        12'(edgemoe_pkg::RegTask): task_o <= write_data[7:0];
        12'(edgemoe_pkg::RegTimeout): timeout_q <= write_data;
        12'(edgemoe_pkg::RegImageBase): image_base_q[31:0] <= write_data;
        12'(edgemoe_pkg::RegImageBaseHigh): image_base_q[63:32] <= write_data;
        12'(edgemoe_pkg::RegInputBase): input_base_q[31:0] <= write_data;
        12'(edgemoe_pkg::RegInputBaseHigh): input_base_q[63:32] <= write_data;
        12'(edgemoe_pkg::RegOutputBase): output_base_q[31:0] <= write_data;
        12'(edgemoe_pkg::RegOutputBaseHigh): output_base_q[63:32] <= write_data;
        12'(edgemoe_pkg::RegLoadList): load_offset_q <= write_data;
        12'(edgemoe_pkg::RegLoadCount): load_count_o <= write_data[15:0];
        12'(edgemoe_pkg::RegComputeList): compute_offset_q <= write_data;
        12'(edgemoe_pkg::RegComputeCount): compute_count_o <= write_data[15:0];
        default: ;
      endcase
    end
    if (!rst_ni) enabled_q <= 1'b0;
    else if (write && write_address == 12'(edgemoe_pkg::RegInterrupt)) enabled_q <= write_data[0];
  end
  assign image_base_o = image_base_q[AddressWidth-1:0];
  assign input_base_o = input_base_q[AddressWidth-1:0];
  assign output_base_o = output_base_q[AddressWidth-1:0];
  // Sums are registered: they are there long before a run's first request.
  always_ff @(posedge clk_i) begin
    load_list_o <= image_base_o + (AddressWidth'(load_offset_q) << $clog2(DataBytes));
    compute_list_o <= image_base_o + (AddressWidth'(compute_offset_q) << $clog2(DataBytes));
  end
  assign interrupt_o = enabled_q && !busy && (done || failed);

  run_control #(.BusWaits(BusWaits)) u_run (
    .clk_i, .rst_ni, .start_i(control_write && !write_error && write_data[0]),
    .abort_i(control_write && !write_error && write_data[1]), .clear_i(control_write && !write_error && write_data[2]),
    .timeout_i(timeout_q), .busy_o(busy), .settings_free_o(settings_free), .stopping_o(stopping), .done_o(done), .error_o(failed), .cause_o(cause),
    .bus_stage_o(bus_stage), .core_stage_o(core_stage), .core_start_o(start_o), .core_rst_no, .stop_o, .core_done_i, .bus_done_i,
    .bus_idle_i, .progress_i(core_progress_i || read_beat_i || write_beat_i), .bus_waits_i, .core_stage_i, .read_response_error_i,
    .read_length_error_i, .write_response_error_i, .load_command_error_i, .core_error_i
  );

  // Counters of the latest run.
  logic running;
  logic [63:0] cycles_q;
  logic [31:0] read_beats_q, write_beats_q;
  logic [15:0] phases_q;
  logic [Waits*32-1:0] waits_q;
  logic [Waits-1:0] waits;
  assign running = busy && !stopping;
  assign waits = {core_waits_i, bus_waits_i};
  always_ff @(posedge clk_i) begin
    if (!rst_ni || start_o) begin
      cycles_q <= '0;
      read_beats_q <= '0;
      write_beats_q <= '0;
      phases_q <= '0;
    end else if (running) begin
      phases_q <= phases_done_i;
      cycles_q <= cycles_q + 1'b1;
      read_beats_q <= read_beats_q + 32'(read_beat_i);
      write_beats_q <= write_beats_q + 32'(write_beat_i);
    end
  end
  for (genvar i = 0; i < Waits; i++) begin : gen_wait
    always_ff @(posedge clk_i) begin
      if (!rst_ni || start_o) waits_q[i*32 +: 32] <= '0;
      else if (running) waits_q[i*32 +: 32] <= waits_q[i*32 +: 32] + 32'(waits[i]);
    end
  end

  // Reading.
  logic is_wait;
  logic [11:0] wait_offset;
  assign wait_offset = read_address - 12'(edgemoe_pkg::RegWaits);
  assign is_wait = read_address >= 12'(edgemoe_pkg::RegWaits) && wait_offset < 12'(Waits * 4) && read_address[1:0] == 2'b00;
  always_comb begin
    read_error = 1'b0;
    unique case (read_address)
      12'(edgemoe_pkg::RegIdentity): read_data = 32'(edgemoe_pkg::Identity);
      12'(edgemoe_pkg::RegDesign): read_data = {8'(edgemoe_pkg::ArrayChains), 16'(edgemoe_pkg::ArrayOutputs),
                                                8'(edgemoe_pkg::ArrayTokens)};
      12'(edgemoe_pkg::RegControl): read_data = '0;
      12'(edgemoe_pkg::RegStatus): read_data = {28'b0, stopping, failed, done, busy};
      12'(edgemoe_pkg::RegError): read_data = {8'b0, core_stage, bus_stage, cause};
      12'(edgemoe_pkg::RegTask): read_data = {24'b0, task_o};
      12'(edgemoe_pkg::RegTimeout): read_data = timeout_q;
      12'(edgemoe_pkg::RegInterrupt): read_data = {31'b0, enabled_q};
      12'(edgemoe_pkg::RegImageBase): read_data = image_base_q[31:0];
      12'(edgemoe_pkg::RegImageBaseHigh): read_data = image_base_q[63:32];
      12'(edgemoe_pkg::RegInputBase): read_data = input_base_q[31:0];
      12'(edgemoe_pkg::RegInputBaseHigh): read_data = input_base_q[63:32];
      12'(edgemoe_pkg::RegOutputBase): read_data = output_base_q[31:0];
      12'(edgemoe_pkg::RegOutputBaseHigh): read_data = output_base_q[63:32];
      12'(edgemoe_pkg::RegLoadList): read_data = load_offset_q;
      12'(edgemoe_pkg::RegLoadCount): read_data = {16'b0, load_count_o};
      12'(edgemoe_pkg::RegComputeList): read_data = compute_offset_q;
      12'(edgemoe_pkg::RegComputeCount): read_data = {16'b0, compute_count_o};
      12'(edgemoe_pkg::RegPhases): read_data = {16'b0, phases_q};
      12'(edgemoe_pkg::RegCycles): read_data = cycles_q[31:0];
      12'(edgemoe_pkg::RegCyclesHigh): read_data = cycles_q[63:32];
      12'(edgemoe_pkg::RegReadBeats): read_data = read_beats_q;
      12'(edgemoe_pkg::RegWriteBeats): read_data = write_beats_q;
      default: begin
        read_data = is_wait ? waits_q[32'(wait_offset[WaitWidth+1:2])*32 +: 32] : '0;
        read_error = !is_wait;
      end
    endcase
  end
endmodule

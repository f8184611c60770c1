// One run after the other: starts it, watches it, and ends it, well or with an error. After an error, or when the host aborts, no
// transaction is begun any more; when those that had begun have ended, the core is reset and the next run can start.
//
// The watchdog counts cycles in which nothing moves, on the bus or in the core; at the host's limit the run ends with an error that
// names what bus and core were waiting for.
module run_control #(
  /// Things that the bus side may wait for; of several the lowest is named.
  parameter int BusWaits = 9,
  /// Cycles of the core's reset: more than its longest pipeline of valid bits.
  parameter int ResetCycles = 32
) (
  input  logic clk_i,
  input  logic rst_ni,
  /// A run is wanted; taken when not busy_o.
  input  logic start_i,
  /// Ends the run.
  input  logic abort_i,
  /// Forgets done_o and error_o; taken when not busy_o.
  input  logic clear_i,
  /// Cycles without a movement that end a run, 0: none.
  input  logic [31:0] timeout_i,
  // State. settings_free_o: no run is on, nothing reads its settings, though the machine may reset itself.
  output logic busy_o,
  output logic settings_free_o,
  output logic stopping_o,
  output logic done_o,
  output logic error_o,
  /// Of the first error: a cause, edgemoe_pkg::Error*, and what was waited for: bit + 1 of bus_waits_i, core_stage_i.
  output logic [7:0] cause_o,
  output logic [7:0] bus_stage_o,
  output logic [7:0] core_stage_o,
  // To and from bus and core.
  output logic core_start_o,
  output logic core_rst_no,
  output logic stop_o,
  /// The core has executed the last command; the bus side has nothing left to do; nothing is outstanding on the bus.
  input  logic core_done_i,
  input  logic bus_done_i,
  input  logic bus_idle_i,
  /// Something moved.
  input  logic progress_i,
  input  logic [BusWaits-1:0] bus_waits_i,
  input  logic [7:0] core_stage_i,
  // Pulses.
  input  logic read_response_error_i,
  input  logic read_length_error_i,
  input  logic write_response_error_i,
  input  logic load_command_error_i,
  input  logic core_error_i
);
  localparam logic [1:0] Idle = 2'd0, Run = 2'd1, Stop = 2'd2, Reset = 2'd3;

  logic [1:0] state_q;
  logic [31:0] still_q;
  logic [$clog2(ResetCycles)-1:0] reset_q;
  logic timed_out, fails, ends;
  logic [7:0] cause, bus_stage;
  assign timed_out = timeout_i != '0 && still_q >= timeout_i;
  always_comb begin
    cause = '0;
    if (abort_i) cause = 8'(edgemoe_pkg::ErrorAborted);
    if (timed_out) cause = 8'(edgemoe_pkg::ErrorTimeout);
    if (core_error_i) cause = 8'(edgemoe_pkg::ErrorComputeCommand);
    if (load_command_error_i) cause = 8'(edgemoe_pkg::ErrorLoadCommand);
    if (write_response_error_i) cause = 8'(edgemoe_pkg::ErrorWriteResponse);
    if (read_length_error_i) cause = 8'(edgemoe_pkg::ErrorReadLength);
    if (read_response_error_i) cause = 8'(edgemoe_pkg::ErrorReadResponse);
    bus_stage = '0;
    for (int i = BusWaits - 1; i >= 0; i--) begin
      if (bus_waits_i[i]) bus_stage = 8'(i + 1);
    end
  end
  assign fails = state_q == Run && cause != '0;
  assign ends = state_q == Run && core_done_i && bus_done_i && !core_start_o;

  always_ff @(posedge clk_i) begin
    still_q <= state_q != Run || progress_i || core_start_o ? '0 : still_q + 1'b1;
    reset_q <= state_q == Reset ? reset_q + 1'b1 : '0;
    if (fails) begin
      cause_o <= cause;
      bus_stage_o <= bus_stage;
      core_stage_o <= core_stage_i;
    end
    if (!rst_ni) begin
      state_q <= Reset;
      reset_q <= '0;
      core_start_o <= 1'b0;
      done_o <= 1'b0;
      error_o <= 1'b0;
      cause_o <= '0;
      bus_stage_o <= '0;
      core_stage_o <= '0;
    end else begin
      core_start_o <= state_q == Idle && start_i;
      unique case (state_q)
        Idle: begin
          if (start_i) state_q <= Run;
          if (start_i || clear_i) begin
            done_o <= 1'b0;
            error_o <= 1'b0;
            cause_o <= '0;
            bus_stage_o <= '0;
            core_stage_o <= '0;
          end
        end
        Run: begin
          if (fails) begin
            error_o <= 1'b1;
            state_q <= Stop;
          end else if (ends) begin
            done_o <= 1'b1;
            state_q <= Idle;
          end
        end
        Stop: if (bus_idle_i) state_q <= Reset;
        default: if (32'(reset_q) == ResetCycles - 1) state_q <= Idle;
      endcase
    end
  end
  assign busy_o = state_q != Idle;
  assign settings_free_o = state_q == Idle || state_q == Reset;
  assign stopping_o = state_q == Stop || state_q == Reset;
  assign stop_o = state_q == Stop || state_q == Reset;
  assign core_rst_no = rst_ni && state_q != Reset;
endmodule

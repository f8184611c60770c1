// A Verilated module with the shell's buses, memory behind it and a host in front of it, both watched for protocol
// faults.
#ifndef EDGEMOE_SIM_MACHINE_H_
#define EDGEMOE_SIM_MACHINE_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "accel/driver.h"
#include "base/random.h"
#include "sim/axi.h"
#include "sim/axi_checker.h"
#include "sim/axi_memory.h"
#include "sim/bench.h"

namespace edgemoe::sim {

/// `Model` has the ports bus_* and host_* of hw/rtl/shell.sv.
template <typename Model>
class Machine {
 public:
  struct Options {
    PowerUp power_up = PowerUp::kRandom;
    std::uint64_t seed = 1;
    int host_stall_percent = 0;  ///< of cycles in which the host holds back VALID or READY
  };
  /// An access's answer and its AXI response.
  struct Answer {
    std::uint32_t data = 0;
    int response = kOkay;
  };

  Machine(AxiMemory memory, const AxiChecker::Agreement& agreement, const Options& options)
      : bench_(options.power_up, static_cast<int>(options.seed)),
        memory_(std::move(memory)),
        bus_bytes_(agreement.bus_bytes),
        stall_percent_(options.host_stall_percent),
        random_(options.seed),
        bus_checker_(agreement) {
    bench_->rst_ni = 0;
    put_host();
    put_bus();
  }

  Bench<Model>& bench() { return bench_; }
  AxiMemory& memory() { return memory_; }
  const AxiChecker& bus_checker() const { return bus_checker_; }
  const AxiLiteChecker& host_checker() const { return host_checker_; }
  std::int64_t cycles() const { return bench_.cycles(); }

  /// Called in each cycle before its rising edge, when all outputs of registers stand: sets what else the module needs.
  void on_cycle(std::function<void()> function) { on_cycle_ = std::move(function); }

  void step() {
    const bool in_reset = bench_->rst_ni == 0;
    if (on_cycle_) {
      bench_.settle();
      on_cycle_();
      bench_.settle();
    }
    get_bus();
    if (!in_reset) memory_.drive(bus_);
    put_bus();
    put_host();
    bench_.settle();
    get_bus();
    get_host();
    bus_checker_.observe(bus_, in_reset);
    host_checker_.observe(host_, in_reset);
    bench_.tick();
    if (!in_reset) memory_.clock(bus_);
  }

  /// AXI's reset of everything, at once.
  void reset(int cycles = 4) {
    bench_->rst_ni = 0;
    memory_.reset();
    bus_ = {};
    host_ = {};
    for (int i = 0; i < cycles; ++i) step();
    bench_->rst_ni = 1;
    step();  // no VALID in the cycle after it
  }

  /// The module does not answer.
  static constexpr int kNoAnswer = -1;

  /// kSlaveError: refused. Address and data come in any order.
  int write(std::uint32_t address, std::uint32_t data, int strobe = 0xf) {
    bool address_left = true;
    bool data_left = true;
    int response = kNoAnswer;
    const std::int64_t limit = cycles() + kAnswerCycles;
    for (bool answered = false; !answered && cycles() < limit;) {
      if (address_left && !host_.aw.valid && !stalls()) host_.aw = {.valid = true, .address = address};
      if (data_left && !host_.w.valid && !stalls()) host_.w = {.valid = true, .data = data, .strobe = strobe};
      host_.b.ready = !stalls();
      step();
      if (host_.aw.taken()) {
        address_left = false;
        host_.aw = {};
      }
      if (host_.w.taken()) {
        data_left = false;
        host_.w = {};
      }
      answered = host_.b.taken();
      if (answered) response = host_.b.response;
      host_.b = {};
    }
    return response;
  }

  Answer read(std::uint32_t address) {
    bool address_left = true;
    Answer answer = {.response = kNoAnswer};
    const std::int64_t limit = cycles() + kAnswerCycles;
    for (bool answered = false; !answered && cycles() < limit;) {
      if (address_left && !host_.ar.valid && !stalls()) host_.ar = {.valid = true, .address = address};
      host_.r.ready = !stalls();
      step();
      if (host_.ar.taken()) {
        address_left = false;
        host_.ar = {};
      }
      answered = host_.r.taken();
      if (answered) answer = {.data = host_.r.data, .response = host_.r.response};
      host_.r = {};
    }
    return answer;
  }

  struct Write {
    std::uint32_t address = 0;
    std::uint32_t data = 0;
  };
  struct Answers {
    std::vector<int> writes;  // responses
    std::vector<Answer> reads;
    int next_while_answered = 0;  ///< addresses of writes taken while the answer to one before them stood
    int both_at_once = 0;         ///< cycles in which writes and reads were answered
  };
  /// All of them as fast as the module takes them: addresses, data and READYs wait for nothing but their own channel.
  Answers exchange(std::span<const Write> writes, std::span<const std::uint32_t> reads) {
    Answers answers;
    std::size_t addresses = 0;
    std::size_t data = 0;
    std::size_t asked = 0;
    const std::int64_t limit = cycles() + kAnswerCycles;
    while ((answers.writes.size() < writes.size() || answers.reads.size() < reads.size()) && cycles() < limit) {
      if (addresses < writes.size() && !host_.aw.valid && !stalls()) {
        host_.aw = {.valid = true, .address = writes[addresses].address};
      }
      if (data < writes.size() && !host_.w.valid && !stalls()) {
        host_.w = {.valid = true, .data = writes[data].data, .strobe = 0xf};
      }
      if (asked < reads.size() && !host_.ar.valid && !stalls()) host_.ar = {.valid = true, .address = reads[asked]};
      host_.b.ready = !stalls();
      host_.r.ready = !stalls();
      step();
      answers.next_while_answered += host_.aw.taken() && host_.b.valid;
      answers.both_at_once += host_.b.taken() && host_.r.taken();
      if (host_.b.taken()) answers.writes.push_back(host_.b.response);
      if (host_.r.taken()) answers.reads.push_back({.data = host_.r.data, .response = host_.r.response});
      addresses += host_.aw.taken();
      data += host_.w.taken();
      asked += host_.ar.taken();
      if (host_.aw.taken()) host_.aw = {};
      if (host_.w.taken()) host_.w = {};
      if (host_.ar.taken()) host_.ar = {};
    }
    host_.b = {};
    host_.r = {};
    return answers;
  }

 private:
  static constexpr std::int64_t kAnswerCycles = 10'000;

  bool stalls() { return stall_percent_ > 0 && random_.below(100) < static_cast<unsigned>(stall_percent_); }

  // Ports of data are arrays of words, the lowest first, or one number: bytes in memory as on the bus, on a
  // little-endian host.
  static_assert(std::endian::native == std::endian::little);

  /// Outputs of the module.
  void get_bus() {
    const auto flag = [](auto port) { return port != 0; };
    bus_.ar.valid = flag(bench_->bus_arvalid_o);
    bus_.ar.address = bench_->bus_araddr_o;
    bus_.ar.length = bench_->bus_arlen_o;
    bus_.ar.size = bench_->bus_arsize_o;
    bus_.ar.burst = bench_->bus_arburst_o;
    bus_.r.ready = flag(bench_->bus_rready_o);
    bus_.aw.valid = flag(bench_->bus_awvalid_o);
    bus_.aw.address = bench_->bus_awaddr_o;
    bus_.aw.length = bench_->bus_awlen_o;
    bus_.aw.size = bench_->bus_awsize_o;
    bus_.aw.burst = bench_->bus_awburst_o;
    bus_.w.valid = flag(bench_->bus_wvalid_o);
    bus_.w.last = flag(bench_->bus_wlast_o);
    bus_.w.strobe = bench_->bus_wstrb_o;
    std::memcpy(bus_.w.data.data(), &bench_->bus_wdata_o, static_cast<std::size_t>(bus_bytes_));
    bus_.b.ready = flag(bench_->bus_bready_o);
  }
  void get_host() {
    host_.aw.ready = bench_->host_awready_o != 0;
    host_.w.ready = bench_->host_wready_o != 0;
    host_.b.valid = bench_->host_bvalid_o != 0;
    host_.b.response = bench_->host_bresp_o;
    host_.ar.ready = bench_->host_arready_o != 0;
    host_.r.valid = bench_->host_rvalid_o != 0;
    host_.r.data = bench_->host_rdata_o;
    host_.r.response = bench_->host_rresp_o;
  }
  /// Inputs of the module.
  void put_bus() {
    bench_->bus_arready_i = bus_.ar.ready;
    bench_->bus_rvalid_i = bus_.r.valid;
    bench_->bus_rresp_i = static_cast<std::uint8_t>(bus_.r.response);
    bench_->bus_rlast_i = bus_.r.last;
    std::memcpy(&bench_->bus_rdata_i, bus_.r.data.data(), static_cast<std::size_t>(bus_bytes_));
    bench_->bus_awready_i = bus_.aw.ready;
    bench_->bus_wready_i = bus_.w.ready;
    bench_->bus_bvalid_i = bus_.b.valid;
    bench_->bus_bresp_i = static_cast<std::uint8_t>(bus_.b.response);
  }
  void put_host() {
    bench_->host_awvalid_i = host_.aw.valid;
    bench_->host_awaddr_i = static_cast<std::uint16_t>(host_.aw.address);
    bench_->host_wvalid_i = host_.w.valid;
    bench_->host_wdata_i = host_.w.data;
    bench_->host_wstrb_i = static_cast<std::uint8_t>(host_.w.strobe);
    bench_->host_bready_i = host_.b.ready;
    bench_->host_arvalid_i = host_.ar.valid;
    bench_->host_araddr_i = static_cast<std::uint16_t>(host_.ar.address);
    bench_->host_rready_i = host_.r.ready;
  }

  Bench<Model> bench_;
  AxiMemory memory_;
  int bus_bytes_;
  int stall_percent_;
  Random random_;
  std::function<void()> on_cycle_;
  AxiBus bus_;
  AxiLiteBus host_;
  AxiChecker bus_checker_;
  AxiLiteChecker host_checker_;
};

/// The driver's way to a machine's registers.
template <typename Model>
class MachinePort final : public RegisterPort {
 public:
  explicit MachinePort(Machine<Model>& machine) : machine_(machine) {}

  Result<std::uint32_t> read(std::uint32_t address) override {
    const auto answer = machine_.read(address);
    if (answer.response != kOkay) return io_error("reading register {:#x} was refused or not answered", address);
    return answer.data;
  }
  Status write(std::uint32_t address, std::uint32_t value) override {
    if (machine_.write(address, value) != kOkay)
      return io_error("writing register {:#x} was refused or not answered", address);
    return {};
  }
  using RegisterPort::read;
  using RegisterPort::write;

 private:
  Machine<Model>& machine_;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_MACHINE_H_

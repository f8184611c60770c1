// Runs the processes of a dataflow region as C++: each until it waits for a stream, which holds no more than its depth,
// as in hardware. What a process network computes does not depend on who runs when; whether it comes to an end does
// depend on the depths, and a network that does not is reported instead of hanging. High-level synthesis sees nothing
// of this file.
#ifndef EDGEMOE_HLS_SIMULATION_H_
#define EDGEMOE_HLS_SIMULATION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hls/fiber.h"

namespace edgemoe {
namespace hls {

/// A dead-lock, or numbers that nobody read. what() names the streams, how full they are and who waits.
class StreamError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What went through all streams of one name.
struct StreamUse {
  std::uint64_t writes = 0;
  std::size_t most = 0;  // the most that one of them held at a time
};

class Channel;
class Region;

/// A process of the running network; the root is whoever called the outermost region.
struct Process {
  std::string name;  // with the processes that it runs in: "compute_backbone > score_queries"
  std::function<void()> body;
  Region* region = nullptr;
  const Channel* waits_for = nullptr;
  bool waits_to_write = false;
  Fiber fiber;
  std::unique_ptr<FiberStack> stack;
};

/// One running network, of one thread. A caller may make one before it calls a top function, to ask for use()
/// afterwards; else the outermost region makes its own.
class Simulation {
 public:
  Simulation() : outer_(current()) { current() = this; }
  ~Simulation() { current() = outer_; }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  StreamUse use(const std::string& stream) const {
    const auto found = use_.find(stream);
    return found == use_.end() ? StreamUse{} : found->second;
  }

  static Simulation*& current() {
    thread_local Simulation* simulation = nullptr;
    return simulation;
  }

 private:
  friend class Channel;
  friend class Region;

  /// The process that shall run next; when none can, all that wait shall, to stop.
  Process& next() {
    if (ready_.empty()) report_dead_lock();
    Process& process = *ready_.front();
    ready_.pop_front();
    return process;
  }
  /// The running process waits; somebody makes it ready again.
  void give_way() {
    Process& waiting = *running_;
    running_ = &next();
    if (running_ != &waiting) waiting.fiber.switch_to(running_->fiber);
    running_ = &waiting;
  }
  void report_dead_lock();

  Process root_;
  Process* running_ = &root_;
  std::deque<Process*> ready_;
  std::list<Process*> processes_;
  std::list<Channel*> channels_;
  std::vector<std::unique_ptr<FiberStack>> stacks_;  // of processes that have ended
  std::string fault_;
  std::map<std::string, StreamUse> use_;
  Simulation* const outer_;
};

/// What a stream is to the simulation: a name, a depth and how much is in it. One process writes, one reads.
class Channel {
 public:
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

 protected:
  Channel(const char* name, int depth)
      : name_(name), depth_(static_cast<std::size_t>(depth)), simulation_(Simulation::current()) {
    if (simulation_ == nullptr) return;
    owner_ = simulation_->running_;
    simulation_->channels_.push_back(this);
  }
  ~Channel() {
    if (simulation_ == nullptr) return;
    simulation_->channels_.remove(this);
    StreamUse& use = simulation_->use_[name_];
    use.writes += use_.writes;
    use.most = std::max(use.most, use_.most);
  }

  /// Returns once there is room to write, or something to read.
  void wait(bool to_write) {
    if (!blocked(to_write)) return;
    if (simulation_ == nullptr) {
      throw StreamError("dead-lock: the only process " + state(to_write));
    }
    if (simulation_->fault_.empty()) {
      Process& process = *simulation_->running_;
      process.waits_for = this;
      process.waits_to_write = to_write;
      waiting_ = &process;
      simulation_->give_way();
    }
    if (!simulation_->fault_.empty()) throw StreamError(simulation_->fault_);
  }
  /// After a write or read. Whoever waits, waits for the other side, which has just moved.
  void note(std::size_t fill, bool written) {
    fill_ = fill;
    if (written) {
      ++use_.writes;
      use_.most = std::max(use_.most, fill);
    }
    if (waiting_ == nullptr) return;
    waiting_->waits_for = nullptr;
    simulation_->ready_.push_back(waiting_);
    waiting_ = nullptr;
  }

 private:
  friend class Simulation;
  friend class Region;

  bool blocked(bool to_write) const { return to_write ? fill_ == depth_ : fill_ == 0; }
  std::string state(bool to_write) const {
    return std::string("waits to ") + (to_write ? "write" : "read") + " stream \"" + name_ + "\" (" +
           std::to_string(fill_) + " of " + std::to_string(depth_) + " filled)";
  }

  const std::string name_;
  const std::size_t depth_;
  Simulation* const simulation_;
  const Process* owner_ = nullptr;
  std::size_t fill_ = 0;
  StreamUse use_;
  Process* waiting_ = nullptr;
};

inline void Simulation::report_dead_lock() {
  fault_ = "dead-lock: no process can go on";
  for (Process* process : processes_) {
    if (process->waits_for == nullptr) continue;
    fault_ += "\n  " + process->name + " " + process->waits_for->state(process->waits_to_write);
    process->waits_for = nullptr;
    ready_.push_back(process);
  }
  for (Channel* channel : channels_) channel->waiting_ = nullptr;
  fault_ += "\ngive the full stream more depth, or change the order in which the streams are read and written";
}

/// The processes of one dataflow region: see EDGEMOE_DATAFLOW in hls/dataflow.h.
class Region {
 public:
  Region() : simulation_(Simulation::current()) {
    if (simulation_ == nullptr) {
      own_.emplace();
      simulation_ = &*own_;
    }
    caller_ = simulation_->running_;
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  /// `call` is the text of the call; its first word names the process.
  void add(const std::string& call, std::function<void()> body) {
    Process& process = processes_.emplace_back();
    process.name = (caller_->name.empty() ? "" : caller_->name + " > ") + call.substr(0, call.find_first_of("<("));
    process.body = std::move(body);
    process.region = this;
  }

  /// Runs all processes to their end. Throws what stopped them, a StreamError when they cannot end.
  void run() {
    for (Process& process : processes_) start(process);
    alive_ = processes_.size();
    if (alive_ > 0) simulation_->give_way();
    for (Process& process : processes_) simulation_->stacks_.push_back(std::move(process.stack));
    if (error_) std::rethrow_exception(error_);
    for (const Channel* channel : simulation_->channels_) {
      if (channel->owner_ != caller_ || channel->fill_ == 0) continue;
      throw StreamError("left over: " + std::to_string(channel->fill_) + " of stream \"" + channel->name_ +
                        "\" were written and never read");
    }
  }

 private:
  void start(Process& process) {
    std::vector<std::unique_ptr<FiberStack>>& stacks = simulation_->stacks_;
    if (stacks.empty()) stacks.push_back(std::make_unique<FiberStack>());
    process.stack = std::move(stacks.back());
    stacks.pop_back();
    process.fiber.prepare(*process.stack, &Region::run_process);
    simulation_->processes_.push_back(&process);
    simulation_->ready_.push_back(&process);
  }

  /// Where a process begins and ends, on its own stack.
  static void run_process() {
    Process& process = *Simulation::current()->running_;
    process.fiber.entered();
    process.region->run_body(process);
    Simulation& simulation = *process.region->simulation_;
    simulation.running_ = &simulation.next();
    process.fiber.leave_for(simulation.running_->fiber);
  }

  void run_body(Process& process) {
    std::exception_ptr error;
    try {
      process.body();
    } catch (...) {
      error = std::current_exception();
    }
    if (error && !error_) error_ = error;
    simulation_->processes_.remove(&process);
    if (--alive_ == 0) simulation_->ready_.push_back(caller_);
  }

  std::optional<Simulation> own_;
  Simulation* simulation_;
  Process* caller_;
  std::list<Process> processes_;
  std::size_t alive_ = 0;
  std::exception_ptr error_;
};

/// hls::stream as Vitis has it, with a depth that counts.
template <typename T, int kDepth>
class stream : private Channel {
  static_assert(kDepth > 0, "a stream holds something");

 public:
  explicit stream(const char* name) : Channel(name, kDepth) {}

  void write(const T& value) {
    wait(true);
    values_.push_back(value);
    note(values_.size(), true);
  }
  T read() {
    wait(false);
    T value = values_.front();
    values_.pop_front();
    note(values_.size(), false);
    return value;
  }

 private:
  std::deque<T> values_;
};

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_SIMULATION_H_

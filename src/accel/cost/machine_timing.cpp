#include "accel/cost/machine_timing.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <vector>

#include "accel/cost/machine_loads.h"
#include "accel/cost/machine_program.h"
#include "accel/cost/machine_units.h"

namespace edgemoe {
namespace {

// Cycles from the end of a tile's last step to its first token: sums, results of 32 bits, of 16 bits (compute_unit).
constexpr double kDrained = 17;
constexpr double kRaw = 18;
constexpr double kWide = 29;
constexpr double kNarrow = 33;
// The sequencer: a phase's command taken, then Tag (of those with weights), Barrier, Queue, twice Start, first tile.
constexpr double kTagToBarrier = 1;
constexpr double kBarrierToBegin = 2;
constexpr double kBarrierToTiles = 4;
constexpr std::size_t kSlots = 4;  // of rows, of scores
constexpr std::size_t kRouterSlots = 2;
constexpr std::size_t kValueHeads = 2;
constexpr int kScoresAhead = 3;    // units
constexpr double kTokenBytes = 4;  // an element of the residual stream

int divide_up(int a, int b) { return (a + b - 1) / b; }

class Timer {
 public:
  Timer(const MachineProgram& program, const Machine& machine, const ModelConfig& config)
      : program_(program),
        machine_(machine),
        config_(config),
        design_(*machine.design),
        bus_bytes_(*machine.memory.bus_bytes),
        word_beats_(design_.bus_bytes() * machine.format.weight_bytes() / bus_bytes_),
        loads_(program, machine),
        rows_slots_(kSlots),
        score_slots_(kSlots),
        router_slots_(kRouterSlots),
        router_(program.experts, (program.softmax_over_all ? 2.0 : 1.0) * program.experts + 2.0 * program.top_k + 28,
                design_.array.tokens) {
    const auto beats = [&](int width, int lanes) { return std::ceil(static_cast<double>(width) / lanes); };
    const int width = config.embed_dim;
    norm_.norm_cycles = beats(width, design_.lanes.layer_norm);
    norm_.quantize_cycles = beats(width, design_.lanes.row_quantizer);
    norm_.digit_cycles = 3 * norm_.norm_cycles;
    norm_.norm_latency = 2 * log2_of(design_.lanes.layer_norm) + norm_.norm_cycles + 106;
    norm_.quantize_latency = log2_of(design_.lanes.row_quantizer) + 24;
    key_cycles_ = std::max(1, design_.array.outputs / design_.step());
  }

  MachineTiming run() {
    for (const MachinePhase& phase : program_.phases) {
      label_ = phase.label;
      begin(phase);
      switch (phase.kind) {
        case MachinePhase::Kind::kLinear:
          linear(phase);
          break;
        case MachinePhase::Kind::kAttention:
          attention(phase);
          break;
        case MachinePhase::Kind::kNorm:
          normalize_all(phase);
          break;
        case MachinePhase::Kind::kRouter:
          route(phase);
          break;
        case MachinePhase::Kind::kGather:
          gather(phase);
          break;
        case MachinePhase::Kind::kFinish:
          finish(phase);
          break;
      }
      if (phase.alone_cycles > 0) {
        count().special += phase.alone_cycles;
        array_free_ += phase.alone_cycles;
        fetch_ = std::max(fetch_, array_free_);
      }
    }
    timing_.load_cycles = loads_.load_cycles();
    timing_.weight_bytes = loads_.weight_beats() * bus_bytes_;
    timing_.constant_bytes = loads_.constant_beats() * bus_bytes_;
    timing_.picture_bytes = loads_.picture_beats() * bus_bytes_;
    for (std::size_t i = 0; i < timing_.phase_bytes.size(); ++i) {
      timing_.phase_bytes[i] += loads_.phase_beats()[i] * bus_bytes_;
    }
    return timing_;
  }

 private:
  /// Cycles in which the residual stream takes additions.
  struct Span {
    double begin;
    double end;
  };

  MachineTiming::PhaseCycles& count() { return timing_.phases[static_cast<std::size_t>(label_)]; }

  std::vector<double>& rows_of(MachineRows region) { return regions_[static_cast<std::size_t>(region)]; }
  /// When a group's last row is written, and counted.
  double rows_ready(const MachinePhase& phase, int last_row) {
    const std::vector<double>& rows = rows_of(phase.reads);
    if (phase.reads == MachineRows::kNone || rows.empty()) return 0;
    const auto at = static_cast<std::size_t>(phase.first_row + last_row);
    return rows[std::min(at, rows.size() - 1)] + 1;
  }

  /// Command, tag and barrier; from when on tiles may be issued.
  void begin(const MachinePhase& phase) {
    const double there = std::max(fetch_, loads_.command_there(command_));
    ++command_;
    loads_.command_taken(there);
    double cycle = there + 1;
    held_ = 0;
    const bool weights = phase.kind == MachinePhase::Kind::kLinear || phase.kind == MachinePhase::Kind::kRouter;
    if (weights) {
      tag_ = loads_.next_tag();
      held_ = std::max(0.0, tag_.cycle - cycle);
      cycle = std::max(cycle, tag_.cycle);
      loads_.tag_taken(cycle);
      cycle += kTagToBarrier;
    }
    cycle = std::max(cycle, barrier(phase));
    begin_ = cycle + kBarrierToBegin;
    tiles_ = cycle + kBarrierToTiles;
    if (phase.makes != MachineRows::kNone) rows_of(phase.makes).clear();
  }

  double barrier(const MachinePhase& phase) {
    switch (phase.kind) {
      case MachinePhase::Kind::kAttention:
        return std::max({compute_idle_, keys_idle_, value_heads_.empty() ? 0 : value_heads_.back() + 1});
      case MachinePhase::Kind::kRouter:
        return std::max(compute_idle_, loads_.whole(tag_.weights - 1));
      case MachinePhase::Kind::kGather:
        return std::max(compute_idle_, router_.done() + 4);
      case MachinePhase::Kind::kNorm:
      case MachinePhase::Kind::kFinish:
        return std::max({compute_idle_, adding_ + 4, norm_.idle()});
      case MachinePhase::Kind::kLinear:
        break;
    }
    if (phase.results == MachinePhase::Results::kValues && value_heads_.size() == kValueHeads) {
      return value_heads_.front() + 1;
    }
    return phase.expert >= 0 ? gathered_[static_cast<std::size_t>(phase.expert)] + 1 : 0;
  }

  /// The next tile, of `interval` cycles: the cycle after its last step.
  double issue(double interval, double rows, double weights, double room) {
    const double others = std::max({array_free_, tiles_, rows, room});
    const double start = std::max(others, weights);
    // What the phase's beginning waited for its tag is a wait for weights too, as far as the array was idle.
    const double held = std::min(held_, others - array_free_);
    held_ = 0;
    count().wait += start - others + held;
    count().fill += others - array_free_ - held;
    count().array += interval;
    array_free_ = start + interval;
    fetch_ = start + 2;
    return array_free_;
  }

  /// Tiles behind one that was issued, which wait for nothing that it did not wait for: the cycle after the last step.
  double issue_others(int tiles, double interval) {
    const double cycles = tiles * interval;
    count().array += cycles;
    array_free_ += cycles;
    fetch_ += cycles;
    return array_free_;
  }

  void leaves(double end, double latency, int tokens) {
    compute_idle_ = std::max(compute_idle_, end + latency + tokens);
  }

  void linear(const MachinePhase& phase) {
    if (phase.rows == 0) {
      const double whole = std::max(loads_.whole(tag_.weights), loads_.whole(tag_.weights - 1));
      const double end = std::max({tiles_, whole, drained_ + 1});
      loads_.release(tag_.weights, end);
      fetch_ = end + 1;
      return;
    }
    const int groups = divide_up(phase.rows, phase.lanes);
    const int outer = phase.columns_outer ? phase.column_tiles : groups;
    const int inner = phase.columns_outer ? groups : phase.column_tiles;
    const double interval = std::max(phase.steps * phase.step_cycles, static_cast<double>(phase.lanes));
    const bool to_rows = phase.results == MachinePhase::Results::kRows || phase.results == MachinePhase::Results::kKeys;
    std::vector<double> group_ends;
    additions_.clear();
    for (int i = 0; i < outer; ++i) {
      for (int j = 0; j < inner; ++j) {
        const int first_group = phase.columns_outer ? j : i;
        const int first_column = phase.columns_outer ? i : j;
        // Weights are waited for in the first group, rows and room before the first tile of a row.
        int others = 0;
        if (first_group > 0 && phase.columns_outer && phase.reads == MachineRows::kNone && !to_rows) {
          others = inner - j - 1;
        } else if (first_group > 0 && !phase.columns_outer) {
          others = std::min(inner - j, phase.row_tiles - first_column % phase.row_tiles) - 1;
        }
        j += others;
        const int group = phase.columns_outer ? j : i;
        const int column = phase.columns_outer ? i : j;
        const int tokens = std::min(phase.lanes, phase.rows - group * phase.lanes);
        double weights = 0;
        if (group == 0) {  // later ones find them all
          const double words = (column + 1.0) * phase.steps * kDotChainLength;
          weights = std::max(loads_.beats_there(tag_.weights, std::ceil(words * word_beats_)),
                             loads_.beats_there(tag_.weights - 1, channel_beats(tag_.weights - 1, phase, column + 1)));
        }
        const double room = to_rows && first_column % phase.row_tiles == 0 ? rows_slots_.free_at() : 0;
        issue(interval, rows_ready(phase, group * phase.lanes + tokens - 1), weights, room);
        const double end = issue_others(others, interval);
        drained_ = end + kDrained + tokens - 1;
        leaves(end, phase.results == MachinePhase::Results::kResidual ? kWide : kNarrow, tokens);
        if (phase.norm) {
          for (int tile = others; tile >= 0; --tile) {
            const double added = end - tile * interval + kWide;
            additions_.push_back({.begin = added, .end = added + tokens});
          }
        }
        if (to_rows && column % phase.row_tiles + 1 == phase.row_tiles) {
          const bool keys = phase.results == MachinePhase::Results::kKeys;
          write_rows(phase.makes, end + kNarrow + tokens - 1, tokens, phase.row_tiles, keys);
        }
        if (j + 1 == inner) group_ends.push_back(end + kWide + tokens);
      }
    }
    loads_.release(tag_.weights, drained_);
    if (phase.results == MachinePhase::Results::kKeys) keys_written(phase);
    if (phase.results == MachinePhase::Results::kValues) values_written(phase);
    if (phase.results == MachinePhase::Results::kResidual) adding_ = group_ends.back() + 1;
    if (phase.norm) normalize(phase, group_ends);
  }

  double channel_beats(std::size_t load, const MachinePhase& phase, int words) const {
    return std::ceil(static_cast<double>(program_.loads[load].beats) * words / phase.column_tiles);
  }

  /// Rows of so many beats that the array has put out, through the quantiser to where the next phase reads them.
  void write_rows(MachineRows region, double written, int tokens, int beats, bool keys) {
    const double latency = log2_of(design_.lanes.row_quantizer) + 25;
    // As many beats may be under way as the queue behind the quantiser holds, a row at least.
    const double under_way = std::max(64, divide_up(design_.limits.max_width, design_.array.outputs));
    const double pace = std::max({static_cast<double>(keys ? key_cycles_ : 1), (beats + latency) / under_way,
                                  static_cast<double>(design_.array.outputs) / design_.lanes.row_quantizer});
    const double end = rows_slots_.read(written + 2, tokens * beats * pace);
    if (keys) {
      keys_idle_ = end + latency;
      return;
    }
    for (int t = 0; t < tokens; ++t) rows_of(region).push_back(end - (tokens - 1 - t) * beats * pace + latency);
  }

  void keys_written(const MachinePhase& phase) {
    keys_idle_ += 6 + 1.0 * config_.num_heads * phase.rows;  // their mantissas, one a cycle
  }

  /// A head is one row for the quantiser.
  void values_written(const MachinePhase& phase) {
    const double in = drained_ + kNarrow - kDrained;
    const double latency = log2_of(design_.lanes.row_quantizer) + 24;
    const double before = value_heads_.empty() ? 0 : value_heads_.back();
    value_heads_.push_back(std::max(in + latency, before) + 1.0 * phase.rows * phase.row_tiles);
    if (value_heads_.size() > kValueHeads) value_heads_.pop_front();
  }

  /// Rows of groups that are whole at `ends`; a row is read in cycles without an addition.
  void normalize(const MachinePhase& phase, const std::vector<double>& ends) {
    double read = 0;
    std::size_t addition = 0;
    for (std::size_t group = 0; group < ends.size(); ++group) {
      const int tokens = std::min(phase.lanes, phase.rows - static_cast<int>(group) * phase.lanes);
      read = std::max(read, ends[group] + 6);
      for (int t = 0; t < tokens; ++t) {
        read = read_row(read, addition);
        rows_of(phase.makes).push_back(norm_.pass(read + 2, phase.digits) + 1);
      }
    }
  }

  /// When a row is read that is asked for at `from`; `addition`: the first that may still be in its way.
  double read_row(double from, std::size_t& addition) const {
    double end = from + program_.dim_tiles;
    for (; addition < additions_.size() && additions_[addition].begin < end; ++addition) {
      const Span& span = additions_[addition];
      if (span.end <= from) continue;
      end += span.end - std::max(span.begin, from);
    }
    return end;
  }

  void normalize_all(const MachinePhase& phase) {
    double read = begin_ + 7;
    for (int row = 0; row < phase.rows; ++row) {
      read += program_.dim_tiles;
      rows_of(phase.makes).push_back(norm_.pass(read + 2, false) + 1);
    }
    fetch_ = tiles_ + 1;
  }

  void attention(const MachinePhase& phase) {
    const int stream_rows = phase.rows / phase.streams;
    const int groups = divide_up(stream_rows, phase.lanes);
    const std::int64_t units = std::int64_t{phase.streams} * groups * phase.heads;
    const auto last_row = [&](std::int64_t unit) {
      const auto group = static_cast<int>(unit / phase.heads);
      return group / groups * stream_rows + std::min(stream_rows, (group % groups + 1) * phase.lanes) - 1;
    };
    const auto tokens_of = [&](std::int64_t unit) {
      const auto group = static_cast<int>(unit / phase.heads % groups);
      return std::min(phase.lanes, stream_rows - group * phase.lanes);
    };
    std::array<double, kScoresAhead + 1> probabilities = {};  // of the units under way, in turn
    const auto place = [](std::int64_t unit) { return static_cast<std::size_t>(unit) % (kScoresAhead + 1); };
    const double score_interval = std::max(phase.steps * phase.step_cycles, static_cast<double>(phase.lanes));
    const double value_interval = std::max(phase.value_steps * phase.step_cycles, static_cast<double>(phase.lanes));
    const double lane_beats = static_cast<double>(design_.array.outputs) / design_.lanes.softmax;
    const double softmax_latency = 2 * log2_of(design_.lanes.softmax) + 7 + 16;
    for (std::int64_t step = 0; step < units + kScoresAhead; ++step) {
      if (step < units) {
        label_ = Phase::kScores;
        const int tokens = tokens_of(step);
        issue(score_interval, rows_ready(phase, last_row(step)), 0, score_slots_.free_at());
        const double end = issue_others(phase.key_tiles - 1, score_interval);
        leaves(end, kNarrow, tokens);
        const double read = score_slots_.read(end + kNarrow + tokens + 1, tokens * phase.key_tiles * lane_beats);
        probabilities[place(step)] = read + softmax_latency + 1;
      }
      const std::int64_t unit = step - kScoresAhead;
      if (unit < 0) continue;
      label_ = Phase::kValues;
      const int tokens = tokens_of(unit);
      const auto head = static_cast<int>(unit % phase.heads);
      const double room = head == 0 ? rows_slots_.free_at() : 0;
      issue(value_interval, probabilities[place(unit)], 0, room);
      const double end = issue_others(phase.row_tiles - 1, value_interval);
      drained_ = end + kDrained + tokens - 1;
      leaves(end, kNarrow, tokens);
      if (head + 1 == phase.heads) {
        write_rows(phase.makes, end + kNarrow + tokens - 1, tokens, phase.row_tiles * phase.heads, false);
      }
    }
  }

  void route(const MachinePhase& phase) {
    tiles_ = std::max(tiles_, begin_ + 6);  // constants
    router_.begin(begin_);
    const int groups = divide_up(phase.rows, phase.lanes);
    const double interval = std::max(phase.steps * phase.step_cycles, static_cast<double>(phase.lanes));
    const int digits = phase.column_tiles;
    for (int group = 0; group < groups; ++group) {
      const int tokens = std::min(phase.lanes, phase.rows - group * phase.lanes);
      double end = 0;
      for (int tile = 0; tile < digits; ++tile) {
        const double weights = group == 0 ? loads_.whole(tag_.weights) : 0;
        end = issue(interval, rows_ready(phase, group * phase.lanes + tokens - 1), weights,
                    tile == 0 ? router_slots_.free_at() : 0);
      }
      drained_ = end + kDrained + tokens - 1;
      leaves(end, kRaw, tokens);
      double logits = 0;
      for (int t = 0; t < tokens; ++t) logits = router_.token(end + kRaw + t + 2);
      router_slots_.read(logits, 0);
    }
    loads_.release(tag_.weights, drained_);
  }

  /// Row after row, expert by expert; an expert's phases begin when all before it and its own rows are known.
  void gather(const MachinePhase& phase) {
    loads_.routing_done(phase.mixture, router_.done() + 3);
    const std::vector<int>& queue = program_.queues[static_cast<std::size_t>(phase.mixture)];
    gathered_.clear();
    double cycle = begin_ + 2;
    for (const int length : queue) {
      for (int row = 0; row < length; ++row) {
        cycle += program_.dim_tiles + 2;
        rows_of(phase.makes).push_back(cycle);
      }
      cycle += 1;
      gathered_.push_back(cycle);
    }
    fetch_ = tiles_ + 1;
  }

  /// The last tokens leave: as fast as they are read, and as the memory takes them.
  void finish(const MachinePhase& phase) {
    const double beats = 1.0 * phase.rows * program_.dim_tiles;
    const double beat_bytes = kTokenBytes * design_.array.outputs;
    const double bus_beats = beat_bytes / bus_bytes_;
    const double rate = machine_.memory.rate() / bus_bytes_;
    timing_.token_bytes = beats * beat_bytes;
    timing_.phase_bytes[static_cast<std::size_t>(phase.label)] += timing_.token_bytes;
    const double end = begin_ + 7 + beats * std::max(1.0, bus_beats / rate) + machine_.memory.latency_cycles + 10;
    count().fill += end - array_free_;
    timing_.cycles = end;
  }

  const MachineProgram& program_;
  const Machine& machine_;
  const ModelConfig& config_;
  const DesignPoint& design_;
  const double bus_bytes_;
  const double word_beats_;  // of a bank of weights
  MachineLoads loads_;
  MachineTiming timing_;
  Phase label_ = Phase::kPatchEmbedding;

  std::size_t command_ = 0;
  MachineLoads::Tag tag_;
  double fetch_ = 0;       // the sequencer may take a command
  double held_ = 0;        // cycles that the phase's beginning waited for its tag
  double begin_ = 0;       // of the phase
  double tiles_ = 0;       // its first tile, at the earliest
  double array_free_ = 0;  // for the next tile
  double compute_idle_ = 0;
  double drained_ = 0;           // the last tile
  double adding_ = 0;            // the last addition to the residual stream
  std::vector<Span> additions_;  // of a phase whose rows are normed, a tile each
  double keys_idle_ = 0;
  int key_cycles_ = 1;  // of a beat of keys
  std::array<std::vector<double>, kNumMachineRows> regions_;
  GroupSlots rows_slots_;
  GroupSlots score_slots_;
  GroupSlots router_slots_;
  std::deque<double> value_heads_;  // when they are written
  NormUnit norm_;
  RouterUnit router_;
  std::vector<double> gathered_;  // by expert
};

}  // namespace

MachineTiming time_machine(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                           const Machine& machine) {
  const MachineProgram program = make_machine_program(config, spec, queues, machine);
  return Timer(program, machine, config).run();
}

}  // namespace edgemoe

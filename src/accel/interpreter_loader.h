// The load list of a program, walked beside its phases.
#ifndef EDGEMOE_ACCEL_INTERPRETER_LOADER_H_
#define EDGEMOE_ACCEL_INTERPRETER_LOADER_H_

#include <cstdint>
#include <deque>
#include <span>

#include "accel/interpreter.h"
#include "accel/interpreter_memory.h"

namespace edgemoe::interpreter {

/// What a WEIGHT command brought for its phase.
struct WeightTag {
  int first_row = 0;   // of the ring's memory, which the rows may wrap around
  int rows = 0;        // 0: skipped
  int first_word = 0;  // of the channel ring's
  int words = 0;
};

class Loader {
 public:
  /// All must outlive it. `prefetch`: of the design point.
  Loader(const Program& program, const DesignPoint& design, std::span<const std::uint8_t> input, int task,
         LoadOrder order, MachineMemory& memory)
      : program_(program), design_(design), input_(input), task_(task), order_(order), memory_(memory) {}

  /// The next phase's weights and constants; kMalformed where they never come.
  Result<WeightTag> take();
  /// Makes room again.
  void release(const WeightTag& tag);
  /// As far as there is room, where loads run ahead.
  Status run_ahead();
  /// kMalformed unless every load of the list was carried out and taken.
  Status finish();

  std::uint64_t loaded_beats() const { return loaded_beats_; }
  std::uint64_t skipped_loads() const { return skipped_loads_; }

 private:
  /// Why the next command did not go on.
  enum class Step { kDone, kNoRoom, kNotYet, kEnd };

  Result<Step> step();
  Result<Step> load(const LoadCommand& command);
  Result<LoadCommand> next() const;
  Status to_memory(const LoadCommand& command, std::span<const std::uint8_t> bytes);
  Result<std::span<const std::uint8_t>> source(const LoadCommand& command) const;
  /// Bytes of a word of what the command fills.
  int word_bytes(LoadKind kind) const;
  int channel_words_in_use() const;

  const Program& program_;
  const DesignPoint& design_;
  std::span<const std::uint8_t> input_;
  int task_;
  LoadOrder order_;
  MachineMemory& memory_;
  int next_ = 0;
  int rows_used_ = 0;
  int words_used_ = 0;
  int next_row_ = 0;  // of the ring
  int next_word_ = 0;
  WeightTag open_;  // of the WEIGHT to come
  std::deque<WeightTag> tags_;
  std::uint64_t loaded_beats_ = 0;
  std::uint64_t skipped_loads_ = 0;
};

}  // namespace edgemoe::interpreter

#endif  // EDGEMOE_ACCEL_INTERPRETER_LOADER_H_

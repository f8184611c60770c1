// A random program for the shell: an image with a load list and a compute list, and what a core must see of it.
#ifndef EDGEMOE_SIM_LOAD_PLAN_H_
#define EDGEMOE_SIM_LOAD_PLAN_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/check.h"
#include "base/random.h"

namespace edgemoe::sim {

/// Bytes of each kind of word, and how many a memory of the core has.
struct LoadSizes {
  explicit LoadSizes(const DesignPoint& design)
      : beat(static_cast<std::size_t>(design.bus_bytes())),
        weight_row(beat * kDotChainLength),
        channel_word(static_cast<std::size_t>(design.array.outputs) * 8),
        row_word(static_cast<std::size_t>(design.array.outputs) * 4),
        image_word(static_cast<std::size_t>(design.image_word_bytes())),
        image_data(static_cast<std::size_t>(design.array.tokens * design.step())),
        ring_rows(design.memory.weight_words),
        ring_words(design.memory.channel_words) {}

  std::size_t of(LoadKind kind) const {
    switch (kind) {
      case LoadKind::kWeight:
        return weight_row;
      case LoadKind::kChannel:
        return channel_word;
      case LoadKind::kImage:
        return image_word;
      default:
        return row_word;
    }
  }

  std::size_t beat;
  std::size_t weight_row;
  std::size_t channel_word;
  std::size_t row_word;
  std::size_t image_word;
  std::size_t image_data;  // bytes of it that are activations
  int ring_rows;
  int ring_words;
};

struct LoadPlan {
  struct Word {  // of a norm, a position, the picture
    LoadKind kind;
    std::uint32_t address;
    std::size_t at;  // in `image`, or in `input`
  };
  struct Phase {
    CommandBytes command = {};
    int rows = 0;  // 0: a phase without weights
    int words = 0;
    std::size_t rows_at = 0;  // in `image`, for the task
    std::size_t words_at = 0;
    int expert = kNoExpert;
    int routing = 0;
    std::uint32_t used_experts = 0;  // not 0: a router, and what it finds
    std::size_t words_before = 0;    // of `loaded`: there when its weights are
  };

  int task = 0;
  std::vector<std::uint8_t> image;
  std::vector<std::uint8_t> input;
  std::uint32_t load_list = 0;
  std::uint32_t compute_list = 0;
  int num_loads = 0;
  std::vector<Phase> phases;
  std::vector<Word> loaded;
};

class LoadPlanner {
 public:
  LoadPlanner(const DesignPoint& design, Random& random) : design_(design), sizes_(design), random_(random) {}

  LoadPlan plan(int num_phases) {
    plan_ = {};
    loads_.clear();
    plan_.task = pick(3);
    fill(plan_.input, sizes_.image_word * 40);
    int routings = 0;
    for (int p = 0; p < num_phases; ++p) {
      LoadPlan::Phase phase;
      for (auto& byte : phase.command) byte = static_cast<std::uint8_t>(random_.below(256));
      if (pick(2) == 0) load_word(static_cast<LoadKind>(static_cast<int>(LoadKind::kNorm) + pick(3)), p);
      if (pick(6) != 0) load_weights(phase, p, routings);
      phase.words_before = plan_.loaded.size();
      if (routings < 200 && pick(4) == 0) {
        ++routings;
        // Also no expert at all, which needs another bit to be told from no router.
        phase.used_experts = 1U << 31 | static_cast<std::uint32_t>(random_.below(1U << design_.limits.max_experts));
      }
      plan_.phases.push_back(phase);
    }
    place_lists();
    return plan_;
  }

 private:
  int pick(int count) { return static_cast<int>(random_.below(static_cast<unsigned>(count))); }

  void fill(std::vector<std::uint8_t>& bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(random_.below(256)));
  }

  /// Data for every task, `stride` apart, at any beat.
  std::size_t place(LoadCommand& command, std::size_t bytes) {
    fill(plan_.image, sizes_.beat * static_cast<std::size_t>(pick(20)));
    const std::size_t beats = bytes / sizes_.beat;
    command.beats = static_cast<std::uint32_t>(beats);
    command.offset = static_cast<std::uint32_t>(plan_.image.size() / sizes_.beat);
    const bool tasks = pick(3) == 0;
    command.task_stride = tasks ? static_cast<std::uint32_t>(beats + static_cast<std::size_t>(pick(5))) : 0;
    fill(plan_.image, (beats + 2 * command.task_stride) * sizes_.beat);
    return (command.offset + command.task_stride * static_cast<std::size_t>(plan_.task)) * sizes_.beat;
  }

  void add(LoadCommand command, int phase) {
    command.wait_phases = pick(5) == 0 ? pick(phase + 1) : 0;
    loads_.push_back(command);
  }

  void load_word(LoadKind kind, int phase) {
    LoadCommand command = {.kind = kind, .destination = static_cast<std::uint32_t>(pick(1000))};
    const std::size_t count = 1 + static_cast<std::size_t>(pick(4));
    const std::size_t bytes = sizes_.of(kind);
    std::size_t at = 0;
    if (kind == LoadKind::kImage) {
      at = static_cast<std::size_t>(pick(36)) * sizes_.image_word;
      command.offset = static_cast<std::uint32_t>(at / sizes_.beat);
      command.beats = static_cast<std::uint32_t>(count * bytes / sizes_.beat);
    } else {
      at = place(command, count * bytes);
    }
    add(command, phase);
    for (std::size_t i = 0; i < count; ++i) {
      plan_.loaded.push_back({kind, command.destination + static_cast<std::uint32_t>(i), at + i * bytes});
    }
  }

  void load_weights(LoadPlan::Phase& phase, int index, int routings) {
    if (routings > 0 && pick(2) == 0) {
      phase.expert = pick(design_.limits.max_experts);
      phase.routing = routings;
    }
    // As many as a small ring holds, now and then.
    const int most_rows = std::min(sizes_.ring_rows, 640);
    phase.rows = 1 + pick(pick(6) == 0 ? most_rows : most_rows / 4);
    phase.words = pick(5) == 0 ? 0 : 1 + pick(pick(6) == 0 ? sizes_.ring_words : sizes_.ring_words / 4);
    if (phase.words > 0) {
      LoadCommand command = {.kind = LoadKind::kChannel, .expert = phase.expert, .routing = phase.routing};
      phase.words_at = place(command, static_cast<std::size_t>(phase.words) * sizes_.channel_word);
      add(command, index);
    }
    LoadCommand command = {.kind = LoadKind::kWeight, .expert = phase.expert, .routing = phase.routing};
    phase.rows_at = place(command, static_cast<std::size_t>(phase.rows) * sizes_.weight_row);
    add(command, index);
  }

  void place_lists() {
    const auto align = [&] {
      plan_.image.resize((plan_.image.size() + kCommandBytes - 1) / kCommandBytes * kCommandBytes);
    };
    align();
    plan_.load_list = static_cast<std::uint32_t>(plan_.image.size() / sizes_.beat);
    plan_.num_loads = static_cast<int>(loads_.size());
    for (const LoadCommand& command : loads_) {
      const Result<CommandBytes> bytes = encode(command);
      EDGEMOE_CHECK(bytes.ok());
      plan_.image.insert(plan_.image.end(), bytes->begin(), bytes->end());
    }
    plan_.compute_list = static_cast<std::uint32_t>(plan_.image.size() / sizes_.beat);
    for (const LoadPlan::Phase& phase : plan_.phases) {
      plan_.image.insert(plan_.image.end(), phase.command.begin(), phase.command.end());
    }
  }

  const DesignPoint& design_;
  LoadSizes sizes_;
  Random& random_;
  LoadPlan plan_;
  std::vector<LoadCommand> loads_;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_LOAD_PLAN_H_

// Stands where the core will be: takes commands, tags and rings as a sequencer does, phase after phase, and compares
// all that the shell hands over with a LoadPlan.
#ifndef EDGEMOE_SIM_FAKE_CORE_H_
#define EDGEMOE_SIM_FAKE_CORE_H_

#include <Vshell.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "accel/registers.h"
#include "sim/bench.h"
#include "sim/load_plan.h"

namespace edgemoe::sim {

class FakeCore {
 public:
  struct Counts {
    std::int64_t commands = 0;
    std::int64_t ring_words = 0;  // words of both rings that were compared
    std::int64_t loaded_words = 0;
    std::int64_t skipped = 0;     // loads of weights
    std::int64_t prefetched = 0;  // loads of experts that then had no tokens
    std::int64_t wrong = 0;
    std::string first_wrong;
  };

  FakeCore(Vshell& shell, const DesignPoint& design, std::uint64_t seed)
      : shell_(shell), sizes_(design), design_(design), random_(seed) {}

  /// `pause_percent`: of cycles in which it does nothing new.
  void load(const LoadPlan& plan, int pause_percent, int num_results) {
    plan_ = &plan;
    pause_percent_ = pause_percent;
    results_.clear();
    for (int i = 0; i < num_results * static_cast<int>(sizes_.row_word); ++i) {
      results_.push_back(static_cast<std::uint8_t>(random_.below(256)));
    }
  }
  /// The run stops here for ever, or says that a command is none; −1: it does not.
  void hang_at(int phase) { hang_at_ = phase; }
  void fail_at(int phase) { fail_at_ = phase; }

  const Counts& counts() const { return counts_; }
  void forget_counts() { counts_ = {}; }
  std::span<const std::uint8_t> results() const { return results_; }

  /// One cycle, before its rising edge.
  void cycle() {
    shell_.command_ready_i = 0;
    shell_.tag_ready_i = 0;
    shell_.weight_release_i = 0;
    shell_.channel_release_i = 0;
    shell_.core_progress_i = 0;
    shell_.core_waits_i = 0;
    shell_.core_stage_i = 0;
    shell_.core_error_i = 0;
    set_port(shell_.weight_raddr_i, static_cast<std::int64_t>(random_.below(static_cast<unsigned>(sizes_.ring_rows))));
    set_port(shell_.channel_raddr_i,
             static_cast<std::int64_t>(random_.below(static_cast<unsigned>(sizes_.ring_words))));
    ++now_;
    if (shell_.rst_ni == 0 || shell_.core_rst_no == 0 || shell_.core_start_o != 0) {
      restart();
    } else if (plan_ != nullptr) {
      check_loaded_word();
      check_reads();
      advance();
    }
    shell_.phases_done_i = static_cast<std::uint16_t>(phase_);
    shell_.routings_done_i = static_cast<std::uint8_t>(routings_);
    set_port(shell_.expert_used_i, used_);
    shell_.core_done_i = stage_ == Stage::kDone;
  }

 private:
  enum class Stage { kCommand, kTag, kRows, kResult, kDone };
  struct Expected {
    std::int64_t cycle;
    std::size_t bit;  // of the port
    std::size_t at;   // in the image
    std::size_t bytes;
  };

  void restart() {
    stage_ = Stage::kCommand;
    phase_ = 0;
    routings_ = 0;
    used_ = 0;
    row_base_ = word_base_ = 0;
    loaded_ = result_ = 0;
    offering_ = false;
    shell_.result_valid_i = 0;
    weight_reads_.clear();
    channel_reads_.clear();
  }

  void wrong(const std::string& what) {
    if (counts_.wrong++ == 0) counts_.first_wrong = fmt::format("{} in phase {}", what, phase_);
  }

  template <typename Port>
  bool equal(const Port& port, std::size_t bit, const std::uint8_t* expected, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
      if (get_bits(port, bit + i * 8, 8) != expected[i]) return false;
    }
    return true;
  }

  void check_loaded_word() {
    const bool norm = shell_.norm_write_o != 0;
    const bool position = shell_.position_write_o != 0;
    const bool image = shell_.image_write_o != 0;
    if (!norm && !position && !image) return;
    ++counts_.loaded_words;
    if (loaded_ >= plan_->loaded.size()) return wrong("a word too many was loaded");
    const LoadPlan::Word& word = plan_->loaded[loaded_++];
    const LoadKind kind = norm ? LoadKind::kNorm : position ? LoadKind::kPosition : LoadKind::kImage;
    if (norm + position + image != 1 || kind != word.kind) return wrong("a word of another kind was loaded");
    if (shell_.load_address_o != word.address) wrong("a loaded word's address");
    const bool same = image ? equal(shell_.image_data_o, 0, &plan_->input[word.at], sizes_.image_data)
                            : equal(shell_.row_data_o, 0, &plan_->image[word.at], sizes_.row_word);
    if (!same) wrong("a loaded word");
  }

  void check_reads() {
    for (std::size_t i = 0; i < weight_reads_.size();) {
      const Expected& read = weight_reads_[i];
      if (read.cycle != now_) {
        ++i;
        continue;
      }
      ++counts_.ring_words;
      if (!equal(shell_.weight_rdata_o, read.bit, &plan_->image[read.at], read.bytes)) wrong("a word of weights");
      weight_reads_.erase(weight_reads_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    while (!channel_reads_.empty() && channel_reads_.front().cycle == now_) {
      const Expected& read = channel_reads_.front();
      ++counts_.ring_words;
      if (!equal(shell_.channel_rdata_o, 0, &plan_->image[read.at], read.bytes)) wrong("a word of constants");
      channel_reads_.pop_front();
    }
  }

  void wait_for(CoreWait wait) {
    shell_.core_waits_i = static_cast<std::uint8_t>(1 << static_cast<int>(wait));
    shell_.core_stage_i = static_cast<std::uint8_t>(static_cast<int>(wait) + 1);
  }
  void progress() { shell_.core_progress_i = 1; }

  void advance() {
    if (hang_at_ >= 0 && phase_ >= hang_at_) return wait_for(CoreWait::kRows);
    if (fail_at_ >= 0 && phase_ >= fail_at_) {
      shell_.core_error_i = 1;
      return;
    }
    // Now and then as long as it takes to fill a ring.
    if (stage_ == Stage::kRows && next_row_ == 0 && pause_percent_ > 0 && nap_ == 0 && random_.below(16) == 0) {
      nap_ = static_cast<int>(random_.below(3000));
    }
    const bool pauses = nap_ > 1 || random_.below(100) < static_cast<unsigned>(pause_percent_);
    if (nap_ > 1) --nap_;
    if (stage_ == Stage::kResult) return send_result(pauses);
    if (stage_ == Stage::kDone || pauses) return;
    const LoadPlan::Phase& phase = plan_->phases[static_cast<std::size_t>(phase_)];
    switch (stage_) {
      case Stage::kCommand:
        if (shell_.command_valid_o == 0) return wait_for(CoreWait::kCommand);
        shell_.command_ready_i = 1;
        ++counts_.commands;
        if (!equal(shell_.command_o, 0, phase.command.data(), phase.command.size())) wrong("a command");
        stage_ = phase.rows > 0 ? Stage::kTag : Stage::kRows;
        rows_ = words_ = next_row_ = next_word_ = nap_ = 0;
        return progress();
      case Stage::kTag:
        take_tag(phase);
        return;
      default:
        read_rings(phase);
        return;
    }
  }

  void take_tag(const LoadPlan::Phase& phase) {
    if (shell_.tag_valid_o == 0) return wait_for(CoreWait::kWeights);
    shell_.tag_ready_i = 1;
    rows_ = static_cast<int>(shell_.tag_rows_o);
    words_ = static_cast<int>(shell_.tag_words_o);
    const bool needed = phase.expert == kNoExpert || (used_ >> phase.expert & 1) != 0;
    if (rows_ != phase.rows && (needed || rows_ != 0)) wrong("a tag's rows");
    if (words_ != phase.words && (needed || words_ != 0)) wrong("a tag's words");
    if (!needed) ++(rows_ == 0 ? counts_.skipped : counts_.prefetched);
    stage_ = Stage::kRows;
    progress();
  }

  /// A row and a word a cycle, then both back at once.
  void read_rings(const LoadPlan::Phase& phase) {
    const int row_counter = 2 * sizes_.ring_rows;
    const int word_counter = 2 * sizes_.ring_words;
    const int rows_there = (static_cast<int>(shell_.weight_rows_o) - row_base_ + row_counter) % row_counter;
    const int words_there = (static_cast<int>(shell_.channel_words_o) - word_base_ + word_counter) % word_counter;
    if (next_row_ == rows_ && next_word_ == words_) return end_phase(phase);
    if (next_row_ < rows_ ? rows_there <= next_row_ : words_there <= next_word_) return wait_for(CoreWait::kWeights);
    progress();
    if (next_row_ < rows_) {
      if (words_there < words_) wrong("constants are not there before their weights");
      if (loaded_ < phase.words_before) wrong("a word is not there before the weights behind it");
      set_port(shell_.weight_raddr_i, (row_base_ + next_row_) % sizes_.ring_rows);
      for (int bank = 0; bank < kDotChainLength; ++bank) {
        const std::size_t bit = static_cast<std::size_t>(bank) * sizes_.beat * 8;
        const std::size_t at = phase.rows_at + static_cast<std::size_t>(next_row_) * sizes_.weight_row +
                               static_cast<std::size_t>(bank) * sizes_.beat;
        weight_reads_.push_back({now_ + 2 + bank, bit, at, sizes_.beat});
      }
      ++next_row_;
    }
    if (next_word_ < words_) {
      set_port(shell_.channel_raddr_i, (word_base_ + next_word_) % sizes_.ring_words);
      const std::size_t at = phase.words_at + static_cast<std::size_t>(next_word_) * sizes_.channel_word;
      channel_reads_.push_back({now_ + 2, 0, at, sizes_.channel_word});
      ++next_word_;
    }
  }

  void end_phase(const LoadPlan::Phase& phase) {
    shell_.weight_release_i = rows_ > 0;
    set_port(shell_.weight_release_rows_i, rows_);
    shell_.channel_release_i = words_ > 0;
    set_port(shell_.channel_release_words_i, words_);
    row_base_ = (row_base_ + rows_) % (2 * sizes_.ring_rows);
    word_base_ = (word_base_ + words_) % (2 * sizes_.ring_words);
    if (phase.used_experts != 0) {
      ++routings_;
      used_ = phase.used_experts & ~(1U << 31);
    }
    ++phase_;
    progress();
    stage_ = phase_ == static_cast<int>(plan_->phases.size()) ? Stage::kResult : Stage::kCommand;
  }

  void send_result(bool pauses) {
    const std::size_t words = results_.size() / sizes_.row_word;
    if (!offering_) {
      if (pauses || loaded_ < plan_->loaded.size()) return;
      for (std::size_t i = 0; i < sizes_.row_word; ++i) {
        set_bits(shell_.result_data_i, i * 8, 8, results_[result_ * sizes_.row_word + i]);
      }
      shell_.result_last_i = result_ + 1 == words;
      shell_.result_valid_i = 1;
      offering_ = true;
    } else if (taken_) {
      offering_ = false;
      shell_.result_valid_i = 0;
      if (++result_ == words) stage_ = Stage::kDone;
    } else {
      wait_for(CoreWait::kResult);
    }
    // ready does not depend on valid: what is ready now is taken at this edge.
    taken_ = offering_ && shell_.result_ready_o != 0;
  }

  Vshell& shell_;
  LoadSizes sizes_;
  const DesignPoint& design_;
  Random random_;
  const LoadPlan* plan_ = nullptr;
  int pause_percent_ = 0;
  int hang_at_ = -1;
  int fail_at_ = -1;
  Counts counts_;
  std::vector<std::uint8_t> results_;
  std::int64_t now_ = 0;

  Stage stage_ = Stage::kCommand;
  int phase_ = 0;
  int routings_ = 0;
  std::uint32_t used_ = 0;
  int nap_ = 0;       // cycles, 1: it was taken
  int row_base_ = 0;  // counters of the rings, where the phase begins
  int word_base_ = 0;
  int rows_ = 0;  // by its tag
  int words_ = 0;
  int next_row_ = 0;
  int next_word_ = 0;
  std::size_t loaded_ = 0;
  std::size_t result_ = 0;
  bool offering_ = false;
  bool taken_ = false;
  std::vector<Expected> weight_reads_;
  std::deque<Expected> channel_reads_;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_FAKE_CORE_H_

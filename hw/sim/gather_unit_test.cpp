// Rows by expert: what is written to activation memory, scales, places, counted groups, with and without waits.
#include <Vgather_unit.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

const DesignPoint& design() { return bench_design(); }
int outputs() { return design().array.outputs; }
int ways() { return outputs() / design().array.chains / kDotChainLength; }

struct Entry {
  int token;
  int weight;
};

struct Job {
  int tokens;
  int beats;
  int first_addr;
  int pitch;
  std::vector<std::int8_t> rows;           // [tokens, beats · outputs]
  std::vector<std::uint32_t> scales;       // [tokens]
  std::vector<std::vector<Entry>> queues;  // [experts]
};

Job make_job(Random& random) {
  const DesignPoint::Limits& limits = design().limits;
  Job job = {.tokens = 1 + static_cast<int>(random.below(30)), .beats = 1 + static_cast<int>(random.below(4))};
  job.pitch = job.beats * ways();
  for (int i = 0; i < job.tokens * job.beats * outputs(); ++i) {
    job.rows.push_back(static_cast<std::int8_t>(draw(random, -127, 127)));
  }
  for (int i = 0; i < job.tokens; ++i) job.scales.push_back(static_cast<std::uint32_t>(random.below(1 << 23)));
  job.queues.resize(static_cast<std::size_t>(limits.max_experts));
  const auto kind = random.below(4);  // 0: all tokens to one expert; 1: a token in all
  for (int token = 0; token < job.tokens; ++token) {
    for (std::size_t e = 0; e < job.queues.size(); ++e) {
      const bool here = kind == 0 ? e == 3 : kind == 1 && token == 2 ? true : random.below(job.queues.size()) < 2;
      if (here) job.queues[e].push_back({token, static_cast<int>(random.below(65536))});
    }
  }
  const int words = design().memory.activation_words;
  job.first_addr = static_cast<int>(random.below(static_cast<unsigned>(words / ways()))) * ways();
  return job;
}

class Gather {
 public:
  Gather(PowerUp power_up, bool gaps) : bench_(power_up), random_(192), gaps_(gaps) {
    bench_->write_i = bench_->start_i = bench_->ready_i = 0;
    bench_.reset();
  }

  void run(const Job& job) {
    job_ = &job;
    set_port(bench_->beats_i, job.beats);
    set_port(bench_->first_addr_i, job.first_addr);
    set_port(bench_->pitch_i, job.pitch);
    write_rows(job);
    const int count_bits = levels(design().limits.max_tokens) + 1;
    for (std::size_t e = 0; e < job.queues.size(); ++e) {
      set_bits(bench_->counts_i, e * static_cast<std::size_t>(count_bits), count_bits,
               static_cast<std::uint32_t>(job.queues[e].size()));
    }
    bench_->start_i = 1;
    tick();
    bench_->start_i = 0;
    int group = 0;
    for (std::size_t e = 0; e < job.queues.size(); ++e) {
      const std::vector<Entry>& queue = job.queues[e];
      for (std::size_t place = 0; place < queue.size(); ++place) take_row(queue[place], static_cast<int>(place), group);
      first_groups_.push_back(group);
      group += divided_up(static_cast<int>(queue.size()), design().array.tokens);
    }
    const int tail = static_cast<int>(job.queues.size()) + 4;
    for (int cycle = 0; cycle < tail && !bench_->done_o; ++cycle) tick();
    EXPECT_TRUE(bench_->done_o);
    EXPECT_EQ(groups_done_, group);
    check_places(job);
    groups_done_ = 0;
    first_groups_.clear();
  }

 private:
  /// An edge; the queues answer a cycle later.
  void tick() {
    bench_.settle();
    const std::size_t expert = bench_->queue_expert_o;
    const std::size_t place = bench_->queue_place_o;
    groups_done_ += bench_->group_done_o;
    bench_.tick();
    const std::vector<Entry>& queue = job_->queues[expert];
    const Entry entry = place < queue.size() ? queue[place] : Entry{.token = 1, .weight = 9};
    set_port(bench_->queue_token_i, entry.token);
    set_port(bench_->queue_weight_i, entry.weight);
    bench_.settle();
  }

  void write_rows(const Job& job) {
    for (int i = 0; i < job.tokens * job.beats; ++i) {
      const int token = i / job.beats;
      bench_->write_i = 1;
      set_port(bench_->write_token_i, token);
      set_port(bench_->write_beat_i, i % job.beats);
      bench_->write_last_i = i % job.beats + 1 == job.beats;
      for (int o = 0; o < outputs(); ++o) {
        set_bits(bench_->write_data_i, static_cast<std::size_t>(o) * 8, 8,
                 static_cast<std::uint8_t>(job.rows[static_cast<std::size_t>(i * outputs() + o)]));
      }
      bench_->write_mantissa_i = static_cast<std::uint16_t>(job.scales[static_cast<std::size_t>(token)] & 0x7fff);
      bench_->write_exponent_i = static_cast<std::uint8_t>(job.scales[static_cast<std::size_t>(token)] >> 15);
      tick();
    }
    bench_->write_i = 0;
  }

  void take_row(const Entry& entry, int place, int first_group) {
    const int lane = place % design().array.tokens;
    const int group = first_group + place / design().array.tokens;
    int wrong = 0;
    int beat = 0;
    for (int cycle = 0; cycle < 1000 && beat < job_->beats; ++cycle) {
      bench_->ready_i = !gaps_ || random_.below(3) != 0;
      bench_.settle();
      if (bench_->valid_o && bench_->ready_i) {
        wrong += bench_->addr_o !=
                 (job_->first_addr + group * job_->pitch + beat * ways()) % design().memory.activation_words;
        wrong += bench_->token_o != lane;
        for (int o = 0; o < outputs(); ++o) {
          wrong += get_signed(bench_->data_o, static_cast<std::size_t>(o) * 8, 8) !=
                   job_->rows[static_cast<std::size_t>((entry.token * job_->beats + beat) * outputs() + o)];
        }
        ++beat;
        wrong += bench_->scale_valid_o != (beat == job_->beats);
        if (beat == job_->beats) {
          wrong += bench_->group_o != group || bench_->scale_o != job_->scales[static_cast<std::size_t>(entry.token)];
        }
      }
      tick();
    }
    bench_->ready_i = 0;
    EXPECT_EQ(beat, job_->beats);
    EXPECT_EQ(wrong, 0) << "token " << entry.token << ", place " << place << ", group " << group;
  }

  void check_places(const Job& job) {
    const int token_bits = levels(design().limits.max_tokens);
    for (std::size_t e = 0; e < job.queues.size(); ++e) {
      set_port(bench_->first_expert_i, static_cast<int>(e));
      bench_.settle();
      EXPECT_EQ(bench_->first_group_o, first_groups_[e]);
      for (std::size_t place = 0; place < job.queues[e].size(); ++place) {
        const auto tokens = static_cast<std::size_t>(design().array.tokens);
        set_port(bench_->place_group_i, first_groups_[e] + static_cast<int>(place / tokens));
        tick();
        const std::size_t at = place % tokens * static_cast<std::size_t>(token_bits + 16);
        EXPECT_EQ(get_bits(bench_->places_o, at, token_bits), job.queues[e][place].token);
        EXPECT_EQ(get_bits(bench_->places_o, at + static_cast<std::size_t>(token_bits), 16),
                  job.queues[e][place].weight);
      }
    }
  }

  Bench<Vgather_unit> bench_;
  Random random_;
  bool gaps_;
  const Job* job_ = nullptr;
  int groups_done_ = 0;
  std::vector<int> first_groups_;
};

TEST(GatherUnit, QueuesOfAnySize_AreCopiedExpertByExpert) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(191);
      Gather gather(power_up, gaps);
      for (int i = 0; i < 60; ++i) {
        gather.run(make_job(random));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim

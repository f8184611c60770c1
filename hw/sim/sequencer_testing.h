// The sequencer and all that stands around it: lists, rings, array, memories. Every tile, reservation, release and
// barrier against C++ in every cycle.
#ifndef EDGEMOE_SIM_SEQUENCER_TESTING_H_
#define EDGEMOE_SIM_SEQUENCER_TESTING_H_

#include <Vsequencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <string_view>
#include <type_traits>
#include <vector>

#include "accel/registers.h"
#include "base/check.h"
#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/phase_plan.h"
#include "sim/phase_tiles.h"
#include "sim/tile_layout.h"

namespace edgemoe::sim {

#ifdef EDGEMOE_BENCH_TOKENS
inline constexpr int kBenchTokens = EDGEMOE_BENCH_TOKENS;
#else
inline constexpr int kBenchTokens = 0;
#endif
/// Tokens of the array that the module is made for.
inline int lanes() { return kBenchTokens > 0 ? kBenchTokens : bench_design().array.tokens; }

/// Of the cycles in which the sequencer could go on, those in which something keeps it from that.
struct Stalls {
  int percent = 0;
  std::uint64_t seed = 1;
};

class Sequencer {
 public:
  explicit Sequencer(PowerUp power_up) : bench_(power_up) { reset(); }

  void reset() {
    set_inputs_to_rest();
    bench_.reset();
  }

  std::size_t num_tiles() const { return num_tiles_; }
  /// Words of keys and values that the array reads for the tiles so far.
  std::int64_t key_value_words() const { return key_value_words_; }

  /// Runs a list to its end, or to `limit` cycles.
  void run(const std::vector<PlannedPhase>& phases, const Stalls& stalls, std::int64_t limit = 1'000'000) {
    begin(phases, stalls);
    while (!finished_ && cycle_ < limit && !testing::Test::HasFailure()) cycle();
    if (cycle_ >= limit || testing::Test::HasFailure()) return;
    for (int i = 0; i < 100; ++i) cycle();  // what is on its way
    EXPECT_EQ(bench_->phases_done_o, phases.size());
    EXPECT_EQ(tag_, num_tags_);
    EXPECT_TRUE(releases_.empty());
    EXPECT_TRUE(in_array_.empty());
  }
  bool finished() const { return finished_; }
  /// From the first command's cycle.
  std::int64_t finish_cycle() const { return finish_cycle_; }

  /// A field of a command in memory, and a number to put there.
  struct Change {
    std::string_view field;
    int value = 0;
  };
  /// Offers a command with some fields changed, its tag and all that it waits for: whether the sequencer says, once,
  /// that it is none, and begins nothing.
  bool is_refused(const ComputeCommand& command, const std::vector<Change>& changes) {
    const std::vector<PlannedPhase> phases = {{.command = command, .has_tag = true}};
    begin(phases, {});
    offer_lists();
    for (const Change& change : changes) {
      std::size_t at = 0;
      ComputeCommand fields = command;
      visit_compute_fields(fields, [&](std::string_view name, int bits, const auto&) {
        const int width = bits < 0 ? -bits : bits;
        if (name == change.field) set_bits(bench_->command_i, at, width, static_cast<std::uint32_t>(change.value));
        at += static_cast<std::size_t>(width);
      });
    }
    int errors = 0;
    int begun = 0;
    for (int i = 0; i < 50; ++i) {
      bench_->command_valid_i = i == 0;
      bench_->tag_valid_i = 1;
      set_room();
      bench_.settle();
      bench_->queue_known_i = 1;
      bench_.settle();
      errors += bench_->error_o;
      begun += bench_->begin_o;
      if (errors > 0) {
        EXPECT_EQ(bench_->finish_o + bench_->command_ready_o, 0);
      }
      bench_.tick();
    }
    EXPECT_EQ(errors + begun, 1) << "told once or begun once";
    return errors > 0;
  }

 private:
  static constexpr int kMostWordsACycle = 6;

  struct Flags {  // what a barrier looks at
    bool compute_idle, residual_idle, keys_values_idle, router_idle, value_free, queue_known, constants_there;
  };
  struct Later {
    std::int64_t cycle;
    int region;
  };
  struct Release {
    std::size_t phase;
    int rows;
    int words;
  };
  using TilePort = std::remove_reference_t<decltype(Vsequencer::tile_o)>;
  struct Issued {
    std::int64_t leaves;  // in this cycle
    std::size_t phase;
    bool last;
    TilePort tile;
  };

  void begin(const std::vector<PlannedPhase>& phases, const Stalls& stalls) {
    phases_ = &phases;
    stalls_ = stalls;
    random_ = Random(stalls.seed);
    cycle_ = 0;
    command_ = tag_ = phase_ = begun_ = 0;
    num_tags_ = static_cast<std::size_t>(
        std::count_if(phases.begin(), phases.end(), [](const PlannedPhase& phase) { return phase.has_tag; }));
    tags_ = 0;
    taken_command_ = taken_tag_ = false;
    rows_there_ = words_there_ = rows_back_ = words_back_ = 0;
    rows_before_.assign(1, 0);
    words_before_.assign(1, 0);
    releases_.clear();
    for (std::size_t p = 0; p < phases.size(); ++p) {
      const PhasePlace& place = phases[p].place;
      rows_before_.push_back(rows_before_.back() + place.tag_rows);
      words_before_.push_back(words_before_.back() + place.tag_words);
      if (place.tag_rows + place.tag_words > 0) releases_.push_back({p, place.tag_rows, place.tag_words});
    }
    tiles_.clear();
    next_tile_ = 0;
    begin_cycle_ = -100;
    finished_groups_ = {};
    pending_groups_.clear();
    pending_probabilities_.clear();
    probabilities_ = 0;
    in_array_.clear();
    releases_now_ = releases_next_ = false;
    left_phases_ = 0;
    known_queues_ = 0;
    finished_ = false;
    history_.assign(3, Flags{});
    num_tiles_ = 0;
    key_value_words_ = 0;
  }

  void set_inputs_to_rest() {
    bench_->command_valid_i = bench_->tag_valid_i = bench_->tile_ready_i = bench_->drained_i = 0;
    bench_->finished_i = 0;
    bench_->probabilities_done_i = 0;
    set_port(bench_->weight_rows_i, 0);
    set_port(bench_->channel_words_i, 0);
  }

  bool stalls() { return static_cast<int>(random_.below(100)) < stalls_.percent; }
  int delay() { return stalls_.percent == 0 ? 1 : 1 + pick(40); }
  int pick(std::int64_t count) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(count))); }
  const PlannedPhase& current() const { return (*phases_)[std::min(phase_, phases_->size() - 1)]; }

  void cycle() {
    offer_lists();
    bring_weights();
    set_room();
    finish_what_is_due();
    bench_.settle();
    set_queue();
    bench_.settle();
    remember_flags();
    check_begin();
    check_tile();
    check_releases();
    take_lists();
    if (bench_->finish_o && !finished_) finish_cycle_ = cycle_;
    finished_ = finished_ || bench_->finish_o;
    EXPECT_EQ(bench_->error_o, 0);
    bench_.tick();
    ++cycle_;
  }

  void offer_lists() {
    if (taken_command_) bench_->command_valid_i = 0;
    if (taken_tag_) bench_->tag_valid_i = 0;
    taken_command_ = taken_tag_ = false;
    // What is valid stays so until it is taken.
    if (bench_->command_valid_i == 0 && command_ < phases_->size() && !stalls()) {
      const Result<CommandBytes> bytes = encode((*phases_)[command_].command);
      EDGEMOE_CHECK(bytes.ok());
      for (std::size_t i = 0; i < bytes->size(); ++i) set_bits(bench_->command_i, i * 8, 8, (*bytes)[i]);
      bench_->command_valid_i = 1;
    }
    if (bench_->tag_valid_i == 0 && tag_ < num_tags_ && !stalls()) {
      while (!(*phases_)[tags_].has_tag) ++tags_;
      set_port(bench_->tag_rows_i, (*phases_)[tags_].place.tag_rows);
      set_port(bench_->tag_words_i, (*phases_)[tags_].place.tag_words);
      bench_->tag_valid_i = 1;
    }
  }
  void take_lists() {
    if (bench_->command_valid_i && bench_->command_ready_o) {
      phase_ = command_++;
      taken_command_ = true;
    }
    if (bench_->tag_valid_i && bench_->tag_ready_o) {
      ++tag_;
      ++tags_;
      taken_tag_ = true;
    }
  }

  /// As many as the rings have room for.
  void bring_weights() {
    const auto& memory = bench_design().memory;
    const auto bring = [&](std::int64_t& there, std::int64_t all, std::int64_t back, int size) {
      const std::int64_t room = std::min(all, back + size) - there;
      const std::int64_t most = stalls_.percent == 0 ? room : std::min<std::int64_t>(room, kMostWordsACycle);
      if (room > 0 && !stalls()) there += stalls_.percent == 0 ? most : 1 + pick(most);
      return there % (2 * size);
    };
    set_port(bench_->weight_rows_i, bring(rows_there_, rows_before_.back(), rows_back_, memory.weight_words));
    set_port(bench_->channel_words_i, bring(words_there_, words_before_.back(), words_back_, memory.channel_words));
  }

  void set_room() {
    bench_->tile_ready_i = !stalls();
    bench_->row_free_i = !stalls();
    bench_->score_free_i = !stalls();
    bench_->value_free_i = !stalls();
    bench_->router_free_i = !stalls();
    bench_->compute_idle_i = !stalls();
    bench_->residual_idle_i = !stalls();
    bench_->keys_values_idle_i = !stalls();
    bench_->router_idle_i = !stalls();
  }

  /// The queue of the expert that the sequencer asks for: anything until it is known.
  void set_queue() {
    const int expert = bench_->queue_expert_o;
    const bool known = expert < known_queues_;
    bench_->queue_known_i = known;
    const PlannedPhase& phase = current();
    const bool of_phase = known && phase.command.expert == expert;
    bench_->queue_rows_i = static_cast<std::uint16_t>(of_phase ? phase.place.rows : random_.below(1 << 16));
    bench_->queue_group_i = static_cast<std::uint16_t>(of_phase ? phase.place.queue_group : random_.below(1 << 16));
    if (known_queues_ < num_queues_ && !stalls()) ++known_queues_;
  }

  /// Tiles that leave the array, groups and probabilities that are written.
  void finish_what_is_due() {
    bench_->drained_i = 0;
    releases_now_ = releases_next_;
    release_phases_ = left_phases_;
    releases_next_ = false;
    if (!in_array_.empty() && in_array_.front().leaves <= cycle_) {
      bench_->drained_i = 1;
      bench_->drained_tile_i = in_array_.front().tile;
      releases_next_ = in_array_.front().last;
      if (releases_next_) left_phases_ = in_array_.front().phase + 1;
      in_array_.pop_front();
    }
    std::uint8_t groups = 0;
    for (auto it = pending_groups_.begin(); it != pending_groups_.end();) {
      const auto bit = static_cast<std::uint8_t>(1 << it->region);
      if (it->cycle > cycle_ || (groups & bit) != 0) {
        ++it;
        continue;
      }
      groups |= bit;
      it = pending_groups_.erase(it);
    }
    bench_->finished_i = groups;
    bench_->probabilities_done_i = !pending_probabilities_.empty() && pending_probabilities_.front() <= cycle_;
    if (bench_->probabilities_done_i) pending_probabilities_.pop_front();
  }

  void remember_flags() {
    history_.push_back({bench_->compute_idle_i != 0, bench_->residual_idle_i != 0, bench_->keys_values_idle_i != 0,
                        bench_->router_idle_i != 0, bench_->value_free_i != 0, bench_->queue_known_i != 0,
                        words_there_ >= words_before_[phase_ + 1]});
    history_.pop_front();
  }

  /// A phase begins two cycles behind the one in which its barrier was open.
  void check_begin() {
    const bool is_router = bench_->router_begin_o != 0;
    const bool takes_values = bench_->value_reserve_o != 0;
    if (!bench_->begin_o) {
      EXPECT_FALSE(is_router || takes_values);
      return;
    }
    const PlannedPhase& phase = current();
    const ComputeCommand& command = phase.command;
    ASSERT_EQ(begun_, phase_) << "begins twice, or another phase";
    EXPECT_EQ(next_tile_, tiles_.size()) << "begins before the tiles of the one before it are issued";
    ++begun_;
    const Result<CommandBytes> bytes = encode(command);
    for (std::size_t i = 0; i < bytes->size(); ++i) EXPECT_EQ(get_bits(bench_->phase_o, i * 8, 8), (*bytes)[i]);
    const Flags& then = history_.front();
    const bool linear = command.kind == PhaseKind::kLinear;
    const bool values = linear && command.destination == Destination::kValues;
    EXPECT_TRUE(linear || then.compute_idle);
    EXPECT_TRUE(command.kind != PhaseKind::kAttention || then.keys_values_idle);
    EXPECT_TRUE((command.kind != PhaseKind::kNorm && command.kind != PhaseKind::kFinish) || then.residual_idle);
    EXPECT_TRUE(command.kind != PhaseKind::kGather || then.router_idle);
    EXPECT_TRUE(command.kind != PhaseKind::kRouter || then.constants_there);
    EXPECT_TRUE(!values || then.value_free);
    EXPECT_TRUE(command.expert == kNoExpert || then.queue_known);
    EXPECT_EQ(is_router, command.kind == PhaseKind::kRouter);
    EXPECT_EQ(takes_values, values);
    if (is_router) {
      EXPECT_EQ(bench_->channel_base_o, phase.place.channel_base % bench_design().memory.channel_words);
    }
    begin_phase(phase);
  }

  void begin_phase(const PlannedPhase& phase) {
    tiles_ = PhaseTiles(bench_design(), lanes()).of(phase.command, phase.place);
    next_tile_ = 0;
    begin_cycle_ = cycle_;
    if (phase.command.makes != Region::kNone) finished_groups_[static_cast<std::size_t>(phase.command.makes)] = 0;
    if (phase.command.kind == PhaseKind::kGather) {
      known_queues_ = 0;
      num_queues_ = phase.num_queues;
    }
    const int groups = phase.command.kind == PhaseKind::kGather ? phase.gathered_groups
                       : phase.command.kind == PhaseKind::kNorm ? divided_up(phase.place.rows, lanes())
                                                                : 0;
    std::int64_t at = cycle_;
    for (int i = 0; i < groups; ++i) pending_groups_.push_back({at += delay(), static_cast<int>(phase.command.makes)});
  }

  /// Whether one is offered when it should, which one, and what it takes.
  void check_tile() {
    const bool issuing = cycle_ >= begin_cycle_ + 2 && next_tile_ < tiles_.size();
    const PhaseTile none;
    const PhaseTile& tile = issuing ? tiles_[next_tile_] : none;
    const auto waits = static_cast<std::size_t>(current().command.waits);
    const bool rows = tile.needs_probabilities ? probabilities_ > 0 : finished_groups_[waits] > tile.needs_group;
    const bool weights = rows_there_ - rows_before_[phase_] >= tile.needs_rows &&
                         words_there_ - words_before_[phase_] >= tile.needs_words;
    const bool room = (!tile.takes_row || bench_->row_free_i) && (!tile.takes_sums || bench_->router_free_i) &&
                      (!tile.takes_scores || bench_->score_free_i);
    EXPECT_EQ(bench_->tile_valid_o != 0, issuing && rows && weights && room)
        << "phase " << phase_ << ", tile " << next_tile_ << " of " << tiles_.size() << ", rows " << rows << ", weights "
        << weights << ", room " << room;
    const auto waited = [&](CoreWait wait) { return (bench_->waits_o >> static_cast<int>(wait) & 1) != 0; };
    EXPECT_LE(bench_->waits_o & (bench_->waits_o - 1), 0) << "more than one wait";
    EXPECT_EQ(waited(CoreWait::kRows), issuing && !rows);
    EXPECT_EQ(waited(CoreWait::kRoom), issuing && rows && weights && !room);
    EXPECT_TRUE(!issuing || waited(CoreWait::kWeights) == (rows && !weights));
    const bool taken = bench_->tile_valid_o && bench_->tile_ready_i;
    EXPECT_EQ(bench_->row_reserve_o != 0, taken && tile.takes_row);
    EXPECT_EQ(bench_->router_reserve_o != 0, taken && tile.takes_sums);
    EXPECT_EQ(bench_->score_reserve_o != 0, taken && tile.takes_scores);
    if (issuing && bench_->tile_valid_o) compare(tile);
    count_events();
    if (taken && issuing) take(tile);
  }

  void compare(const PhaseTile& tile) {
    TilePort expected = {};
    for (const auto& [name, value] : tile.fields) layout_.set(expected, name, value);
    TilePort found = bench_->tile_o;
    // Of a product with V, any number.
    if (tile.needs_probabilities) layout_.set(found, "keep", 0);
    for (std::size_t i = 0; i < sizeof(TilePort) / sizeof(expected[0]); ++i) {
      EXPECT_EQ(found[i], expected[i]) << "word " << i << " of tile " << next_tile_ << " of phase " << phase_
                                       << ", kind " << static_cast<int>(current().command.kind);
    }
    EXPECT_EQ(bench_->steps_o, tile.steps);
    EXPECT_EQ(bench_->row_base_o, static_cast<std::uint16_t>(tile.row_base));
    EXPECT_EQ(bench_->column_base_o, static_cast<std::uint16_t>(tile.column_base));
    EXPECT_EQ(bench_->row_select_o != 0, tile.row_select);
    EXPECT_EQ(bench_->column_select_o != 0, tile.column_select);
  }

  /// Counted from the next cycle on.
  void count_events() {
    for (int region = 1; region < kNumRegions; ++region) {
      finished_groups_[static_cast<std::size_t>(region)] += bench_->finished_i >> region & 1;
    }
    probabilities_ += bench_->probabilities_done_i;
  }

  void take(const PhaseTile& tile) {
    ++next_tile_;
    ++num_tiles_;
    key_value_words_ += tile.column_select ? tile.steps : 0;
    probabilities_ -= tile.ends_values;
    const std::int64_t leaves = std::max(in_array_.empty() ? 0 : in_array_.back().leaves + 1, cycle_ + delay());
    in_array_.push_back({leaves, phase_, tile.last, bench_->tile_o});
    const std::int64_t written = leaves + delay();
    const int makes = static_cast<int>(current().command.makes);
    if (tile.ends_group && makes != 0) pending_groups_.push_back({written, makes});
    if (tile.ends_scores) pending_probabilities_.push_back(written);
  }

  /// What a phase has read goes back a cycle after its last tile has left the array; what one without tiles has
  /// brought, when the array is empty. Each load once, in order; a phase that has brought nothing may say so.
  void check_releases() {
    EXPECT_EQ(bench_->weight_release_o, bench_->channel_release_o);
    EXPECT_TRUE(!releases_now_ || bench_->weight_release_o);
    if (!bench_->weight_release_o) return;
    const int rows = static_cast<int>(bench_->weight_release_rows_o);
    const int words = static_cast<int>(bench_->channel_release_words_o);
    if (rows + words == 0) return;
    ASSERT_FALSE(releases_.empty());
    const Release& release = releases_.front();
    EXPECT_EQ(rows, release.rows);
    EXPECT_EQ(words, release.words);
    if ((*phases_)[release.phase].place.rows == 0) {
      EXPECT_TRUE(in_array_.empty() && begun_ > release.phase);
    } else {
      EXPECT_TRUE(releases_now_ && release_phases_ == release.phase + 1);
    }
    releases_.pop_front();
    rows_back_ += rows;
    words_back_ += words;
    EXPECT_LE(rows_back_, rows_there_);
    EXPECT_LE(words_back_, words_there_);
  }

  Bench<Vsequencer> bench_;
  TileLayout layout_;
  const std::vector<PlannedPhase>* phases_ = nullptr;
  Stalls stalls_;
  Random random_{1};
  std::int64_t cycle_ = 0;
  std::size_t num_tiles_ = 0;
  std::int64_t key_value_words_ = 0;

  std::size_t command_ = 0;  // the next to be offered
  std::size_t phase_ = 0;    // taken last
  std::size_t begun_ = 0;
  std::size_t tag_ = 0, tags_ = 0, num_tags_ = 0;  // taken; the next one's phase; all
  bool taken_command_ = false, taken_tag_ = false;
  std::int64_t rows_there_ = 0, words_there_ = 0, rows_back_ = 0, words_back_ = 0;
  std::vector<std::int64_t> rows_before_, words_before_;  // of each phase, and of all

  std::vector<PhaseTile> tiles_;  // of the phase
  std::size_t next_tile_ = 0;
  std::int64_t begin_cycle_ = 0;
  std::array<int, kNumRegions> finished_groups_ = {};
  std::deque<Later> pending_groups_;
  std::deque<std::int64_t> pending_probabilities_;
  int probabilities_ = 0;  // units whose probabilities are there
  std::deque<Issued> in_array_;
  std::deque<Release> releases_;
  bool releases_now_ = false, releases_next_ = false;
  // Phases whose last tiles have left the array, and had a cycle before.
  std::size_t left_phases_ = 0, release_phases_ = 0;
  int known_queues_ = 0, num_queues_ = 0;
  bool finished_ = false;
  std::int64_t finish_cycle_ = 0;
  std::deque<Flags> history_;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_SEQUENCER_TESTING_H_

// Rows of the residual stream to where a phase's command sends them, against hls: activation memory, or the store and
// the router's digits.
#include <Vnorm_writer.h>
#include <gtest/gtest.h>

#include <vector>

#include "accel/program.h"
#include "sim/norm_testing.h"

namespace edgemoe::sim {
namespace {

/// A norm as a phase of its own.
ComputeCommand command_of(const Norm& norm, Random& random) {
  ComputeCommand command;
  command.kind = PhaseKind::kNorm;
  command.norm = true;
  command.digits = norm.digits;
  command.rows = norm.tokens;
  command.row_tiles = norm.beats;
  command.norm_base = norm.base;
  command.norm_shift = 15 + norm.layer.fraction + norm.layer.gain_exponent;
  command.norm_fraction = norm.layer.fraction;
  command.norm_eps = static_cast<std::uint32_t>(norm.layer.eps);
  command.digits_base = norm.digits_base;
  command.output_base = static_cast<int>(random.below(1 << 12));
  command.output_pitch = norm.beats * ways() + static_cast<int>(random.below(8));
  command.output_scales = static_cast<int>(random.below(1 << 12));
  return command;
}

class Writer {
 public:
  Writer(PowerUp power_up, bool gaps) : bench_(power_up), random_(432), gaps_(gaps) {
    bench_->valid_i = bench_->start_i = bench_->param_write_i = 0;
    bench_.reset();
  }

  void run(const Norm& norm) {
    const ComputeCommand command = command_of(norm, random_);
    load(norm);
    start(command);
    const int beats = norm.tokens * norm.beats;
    std::vector<int> digits(static_cast<std::size_t>(norm.tokens * norm.width()));
    int sent = 0;
    int rows = 0;  // beats that have gone to activation memory, or to the store
    int digit_beats = 0;
    int groups = 0;
    int wrong = 0;
    for (int cycle = 0; cycle < 100'000; ++cycle) {
      const bool offer = sent < beats && (!gaps_ || random_.below(3) != 0);
      bench_->valid_i = offer;
      if (offer) put(norm, sent);
      bench_.settle();
      sent += offer && bench_->ready_o;
      bench_.tick();
      wrong += bench_->valid_o && bench_->store_valid_o;
      if (bench_->valid_o && rows < beats) wrong += norm.digits + differs(norm, command, rows);
      if (bench_->store_valid_o && rows < beats) wrong += !norm.digits + stored_wrong(norm, rows);
      rows += bench_->valid_o || bench_->store_valid_o;
      if (bench_->digit_valid_o) {
        wrong += !take_digit(norm, digit_beats++, static_cast<int>(bench_->digit_addr_o),
                             static_cast<int>(bench_->digit_lane_o), bench_->digit_values_o, digits);
      }
      if (bench_->group_done_o) {
        // All that the next phase reads of a group is written with its last row.
        const int written = norm.digits ? digit_beats / 3 : rows;
        const int last_row = std::min(norm.tokens, (groups + 1) * array().tokens);
        wrong += written != last_row * norm.beats;
        ++groups;
      }
      bench_->valid_i = 0;
      bench_.settle();
      if (sent == beats && bench_->idle_o) break;
    }
    EXPECT_EQ(rows, beats);
    EXPECT_EQ(digit_beats, norm.digits ? 3 * beats : 0);
    EXPECT_EQ(groups, divided_up(norm.tokens, array().tokens));
    if (norm.digits) {
      for (std::size_t i = 0; i < digits.size(); ++i) wrong += digits[i] != norm.normed[i];
    }
    EXPECT_EQ(wrong, 0) << norm.tokens << " tokens of " << norm.beats << " beats";
  }

 private:
  void load(const Norm& norm) {
    for (int beat = 0; beat < norm.beats; ++beat) {
      bench_->param_write_i = 1;
      set_port(bench_->param_addr_i, norm.base + beat);
      for (int o = 0; o < array().outputs; ++o) {
        const auto at = static_cast<std::size_t>(beat * array().outputs + o);
        const auto place = static_cast<std::size_t>(o) * 32;
        set_bits(bench_->param_data_i, place, 16, static_cast<std::uint16_t>(norm.gain[at]));
        set_bits(bench_->param_data_i, place + 16, 16, static_cast<std::uint16_t>(norm.bias[at]));
      }
      bench_.tick();
    }
    bench_->param_write_i = 0;
  }

  void start(const ComputeCommand& command) {
    const Result<CommandBytes> bytes = encode(command);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    for (std::size_t i = 0; i < kCommandBytes; ++i) set_bits(bench_->phase_i, 8 * i, 8, (*bytes)[i]);
    bench_->start_i = 1;
    bench_.tick();
    bench_->start_i = 0;
    for (std::size_t i = 0; i < kCommandBytes; ++i) set_bits(bench_->phase_i, 8 * i, 8, 0xa5);  // not looked at again
    bench_.tick();
  }

  void put(const Norm& norm, int i) {
    bench_->last_i = i % norm.beats + 1 == norm.beats;
    for (int o = 0; o < array().outputs; ++o) {
      set_bits(bench_->data_i, static_cast<std::size_t>(o) * 32, 32,
               static_cast<std::uint32_t>(norm.rows[static_cast<std::size_t>(i * array().outputs + o)]));
    }
  }

  /// Beat `i` of the quantised rows, wherever it goes.
  int numbers_wrong(const Norm& norm, int i) {
    const RowScale scale = norm.scales[static_cast<std::size_t>(i / norm.beats)];
    int wrong = (bench_->scale_o & 0x7fff) != static_cast<unsigned>(scale.mantissa);
    wrong += bench_->scale_o >> 15 != static_cast<unsigned>(scale.exponent);
    for (int o = 0; o < array().outputs; ++o) {
      wrong += get_signed(bench_->values_o, static_cast<std::size_t>(o) * 8, 8) !=
               norm.quantized[static_cast<std::size_t>(i * array().outputs + o)];
    }
    return wrong;
  }

  int differs(const Norm& norm, const ComputeCommand& command, int i) {
    const int token = i / norm.beats;
    const int group = token / array().tokens;
    int wrong = numbers_wrong(norm, i);
    wrong += bench_->addr_o != command.output_base + group * command.output_pitch + i % norm.beats * ways();
    wrong += bench_->lane_o != token % array().tokens;
    wrong += bench_->scale_addr_o != command.output_scales + group;
    return wrong;
  }

  int stored_wrong(const Norm& norm, int i) {
    int wrong = numbers_wrong(norm, i);
    wrong += bench_->store_token_o != i / norm.beats;
    wrong += bench_->store_beat_o != i % norm.beats;
    wrong += bench_->store_last_o != (i % norm.beats + 1 == norm.beats);
    return wrong;
  }

  Bench<Vnorm_writer> bench_;
  Random random_;
  bool gaps_;
};

TEST(NormWriter, NormsOfAnySize_GoWhereTheirCommandSays) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(431);
      Writer writer(power_up, gaps);
      for (int i = 0; i < NormLimits{}.norms; ++i) {
        writer.run(make_norm(random, i == 0));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim

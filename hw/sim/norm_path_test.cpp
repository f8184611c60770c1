// Rows of the residual stream against hls: quantised rows, and the router's digits, which must make the normed numbers
// again.
#include <Vnorm_path.h>
#include <gtest/gtest.h>

#include <vector>

#include "sim/norm_testing.h"

namespace edgemoe::sim {
namespace {

class Path {
 public:
  Path(PowerUp power_up, bool gaps) : bench_(power_up), random_(172), gaps_(gaps) {
    bench_->valid_i = bench_->start_i = bench_->param_write_i = 0;
    bench_.reset();
  }

  void run(const Norm& norm) {
    start(norm);
    const int beats = norm.tokens * norm.beats;
    std::vector<int> digits(static_cast<std::size_t>(norm.tokens * norm.width()));
    int sent = 0;
    int seen = 0;
    int digit_beats = 0;
    int digit_rows = 0;
    int wrong = 0;
    for (int cycle = 0; cycle < 100'000; ++cycle) {
      const bool offer = sent < beats && (!gaps_ || random_.below(3) != 0);
      bench_->valid_i = offer;
      if (offer) put(norm, sent);
      bench_.settle();
      sent += offer && bench_->ready_o;
      bench_.tick();
      if (bench_->valid_o && seen < beats) wrong += differs(norm, seen);
      seen += bench_->valid_o;
      if (bench_->digit_valid_o) {
        wrong +=
            !take_digit(norm, digit_beats++, bench_->digit_addr_o, bench_->digit_token_o, bench_->digit_data_o, digits);
        digit_rows += bench_->digit_row_done_o;
      }
      bench_->valid_i = 0;
      bench_.settle();
      if (sent == beats && bench_->idle_o) break;
    }
    EXPECT_EQ(seen, beats);
    EXPECT_EQ(digit_beats, norm.digits ? 3 * beats : 0);
    EXPECT_EQ(digit_rows, norm.digits ? norm.tokens : 0);
    if (norm.digits) {
      for (std::size_t i = 0; i < digits.size(); ++i) wrong += digits[i] != norm.normed[i];
    }
    EXPECT_EQ(wrong, 0) << norm.tokens << " tokens of " << norm.beats << " beats";
  }

 private:
  void start(const Norm& norm) {
    for (int beat = 0; beat < norm.beats; ++beat) {
      bench_->param_write_i = 1;
      set_port(bench_->param_addr_i, norm.base + beat);
      for (int o = 0; o < array().outputs; ++o) {
        const auto at = static_cast<std::size_t>(beat * array().outputs + o);
        set_bits(bench_->param_data_i, static_cast<std::size_t>(o) * 32, 16, static_cast<std::uint16_t>(norm.gain[at]));
        set_bits(bench_->param_data_i, static_cast<std::size_t>(o) * 32 + 16, 16,
                 static_cast<std::uint16_t>(norm.bias[at]));
      }
      bench_.tick();
    }
    bench_->param_write_i = 0;
    set_port(bench_->count_i, norm.width());
    bench_->eps_i = norm.layer.eps;
    bench_->out_shift_i = static_cast<std::uint8_t>(15 + norm.layer.fraction + norm.layer.gain_exponent);
    set_port(bench_->fraction_i, norm.layer.fraction);
    set_port(bench_->param_base_i, norm.base);
    bench_->digits_i = norm.digits;
    set_port(bench_->digits_addr_i, norm.digits_base);
    set_port(bench_->digits_steps_i, norm.beats * ways());
    bench_->start_i = 1;
    bench_.tick();
    bench_->start_i = 0;
  }

  void put(const Norm& norm, int i) {
    bench_->last_i = i % norm.beats + 1 == norm.beats;
    for (int o = 0; o < array().outputs; ++o) {
      set_bits(bench_->data_i, static_cast<std::size_t>(o) * 32, 32,
               static_cast<std::uint32_t>(norm.rows[static_cast<std::size_t>(i * array().outputs + o)]));
    }
  }

  int differs(const Norm& norm, int i) {
    const int token = i / norm.beats;
    const RowScale scale = norm.scales[static_cast<std::size_t>(token)];
    int wrong = bench_->token_o != token;
    wrong += bench_->beat_o != i % norm.beats;
    wrong += bench_->last_o != (i % norm.beats + 1 == norm.beats);
    wrong += bench_->mantissa_o != scale.mantissa;
    wrong += bench_->exponent_o != scale.exponent;
    for (int o = 0; o < array().outputs; ++o) {
      wrong += get_signed(bench_->data_o, static_cast<std::size_t>(o) * 8, 8) !=
               norm.quantized[static_cast<std::size_t>(i * array().outputs + o)];
    }
    return wrong;
  }

  Bench<Vnorm_path> bench_;
  Random random_;
  bool gaps_;
};

TEST(NormPath, NormsOfAnySize_EqualTheReference) {
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(171);
      Path path(power_up, gaps);
      for (int i = 0; i < NormLimits{}.norms; ++i) {
        path.run(make_norm(random, i == 0));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim

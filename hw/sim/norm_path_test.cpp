// Rows of the residual stream against hls: quantised rows, and the router's digits, which must make the normed numbers
// again.
#include <Vnorm_path.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hls/design.h"
#include "hls/layer_norm.h"
#include "hls/linear.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

const DesignPoint::Array& array() { return bench_design().array; }
int ways() { return array().outputs / array().chains / kDotChainLength; }

/// Of the module: the design point's, or longer rows than its queue of digits has at least.
struct Limits {
#ifdef EDGEMOE_BENCH_WIDE
  int max_beats = 512;
  int digit_words = 8192;
  int norm_words = 1024;
  int tokens = 4;
  int norms = 6;
#else
  int max_beats = bench_design().limits.max_width / bench_design().array.outputs;
  int digit_words = bench_design().memory.probability_words;
  int norm_words = bench_design().memory.norm_words;
  int tokens = 20;
  int norms = 25;
#endif
};

/// A norm of all tokens.
struct Norm {
  int tokens;
  int beats;
  int base;  // word of its gains
  bool digits;
  int digits_base;
  std::vector<std::int16_t> gain;
  std::vector<std::int16_t> bias;
  hls::NormLayer layer;
  std::vector<std::int32_t> rows;      // [tokens, beats · outputs]
  std::vector<std::int16_t> normed;    // the same
  std::vector<std::int8_t> quantized;  // the same
  std::vector<RowScale> scales;        // [tokens]

  int width() const { return beats * array().outputs; }
};

/// `longest`: rows as long as may be, and to the router.
Norm make_norm(Random& random, bool longest) {
  const Limits limits;
  Norm norm = {.tokens = 1 + static_cast<int>(random.below(static_cast<unsigned>(limits.tokens))),
               .beats = 1 + static_cast<int>(random.below(static_cast<unsigned>(limits.max_beats))),
               .base = 0,
               .digits = random.below(2) == 0,
               .digits_base = 0};
  if (longest) norm.beats = limits.max_beats;
  norm.digits = norm.digits || longest;
  const int group_words = 3 * norm.beats * ways();
  norm.tokens = std::min(norm.tokens, limits.digit_words / group_words * array().tokens);
  const int free_words = limits.digit_words - divided_up(norm.tokens, array().tokens) * group_words;
  norm.digits_base = static_cast<int>(random.below(static_cast<unsigned>(free_words / ways() + 1))) * ways();
  norm.base = static_cast<int>(random.below(static_cast<unsigned>(limits.norm_words - norm.beats + 1)));
  for (int i = 0; i < norm.width(); ++i) {
    norm.gain.push_back(static_cast<std::int16_t>(draw(random, -32767, 32767)));
    norm.bias.push_back(static_cast<std::int16_t>(draw(random, -32768, 32767)));
  }
  norm.layer = {.gain = norm.gain.data(),
                .bias = norm.bias.data(),
                .gain_exponent = static_cast<int>(draw(random, -2, 3)),
                .fraction = static_cast<int>(draw(random, 6, 12)),
                .eps = 4295};
  norm.normed.resize(static_cast<std::size_t>(norm.tokens * norm.width()));
  norm.quantized.resize(norm.normed.size());
  for (int token = 0; token < norm.tokens; ++token) {
    const std::int64_t most = INT32_MAX >> random.below(31);
    for (int i = 0; i < norm.width(); ++i) norm.rows.push_back(static_cast<std::int32_t>(draw(random, -most, most)));
    std::int16_t* normed = norm.normed.data() + token * norm.width();
    hls::layer_norm<hls::ReferenceDesign>(norm.rows.data() + token * norm.width(), norm.width(), norm.layer, normed);
    norm.scales.push_back(
        hls::quantize_row(normed, norm.width(), norm.layer.fraction, norm.quantized.data() + token * norm.width()));
  }
  return norm;
}

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
        wrong += !take_digit(norm, digit_beats++, digits);
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

  /// Adds a beat of digits to the numbers that they make; false where it is not where it belongs.
  bool take_digit(const Norm& norm, int i, std::vector<int>& digits) {
    const int digit = i % 3;
    const int beat = i / 3 % norm.beats;
    const int token = i / 3 / norm.beats;
    if (token >= norm.tokens) return false;
    const int steps = norm.beats * ways();
    const int word = norm.digits_base + token / array().tokens * 3 * steps + digit * steps + beat * ways();
    bool right = bench_->digit_addr_o == word && bench_->digit_token_o == token % array().tokens;
    for (int o = 0; o < array().outputs; ++o) {
      const int value = get_signed(bench_->digit_data_o, static_cast<std::size_t>(o) * 8, 8);
      right = right && value >= -32 && value <= 32;  // never −128: it may meet weights of −128
      digits[static_cast<std::size_t>(token * norm.width() + beat * array().outputs + o)] += value << (6 * digit);
    }
    return right;
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
      for (int i = 0; i < Limits{}.norms; ++i) {
        path.run(make_norm(random, i == 0));
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe::sim

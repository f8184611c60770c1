// A norm of all tokens with what must come of it, for the benches of norm_path and norm_writer.
#ifndef EDGEMOE_SIM_NORM_TESTING_H_
#define EDGEMOE_SIM_NORM_TESTING_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "hls/design.h"
#include "hls/layer_norm.h"
#include "hls/linear.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {

inline const DesignPoint::Array& array() { return bench_design().array; }
inline int ways() { return array().outputs / array().chains / kDotChainLength; }

/// Of the module: the design point's, or longer rows than its queue of digits has at least.
struct NormLimits {
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
inline Norm make_norm(Random& random, bool longest) {
  const NormLimits limits;
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

/// What the digits of a beat, all three, are of; false where one is not where it belongs. Adds them to the numbers they
/// make.
template <typename Port>
bool take_digit(const Norm& norm, int i, int addr, int lane, const Port& data, std::vector<int>& digits) {
  const int digit = i % 3;
  const int beat = i / 3 % norm.beats;
  const int token = i / 3 / norm.beats;
  if (token >= norm.tokens) return false;
  const int steps = norm.beats * ways();
  const int word = norm.digits_base + token / array().tokens * 3 * steps + digit * steps + beat * ways();
  bool right = addr == word && lane == token % array().tokens;
  for (int o = 0; o < array().outputs; ++o) {
    const int value = get_signed(data, static_cast<std::size_t>(o) * 8, 8);
    right = right && value >= -32 && value <= 32;  // never −128: it may meet weights of −128
    digits[static_cast<std::size_t>(token * norm.width() + beat * array().outputs + o)] += value << (6 * digit);
  }
  return right;
}

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_NORM_TESTING_H_

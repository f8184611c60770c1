#include "kernels/int8/int8_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "hls/attention.h"
#include "hls/design.h"
#include "hls/layer_norm.h"
#include "hls/linear.h"
#include "kernels/int8/pack.h"
#include "numeric/attention_scale.h"

namespace edgemoe::int8 {
namespace {

using Words = std::vector<std::int16_t>;
using Dwords = std::vector<std::int32_t>;

constexpr std::size_t kCounts[] = {1, 3, 16, 31, 32, 33, 64, 65, 192, 200};

/// How numbers are drawn: anywhere in the range, near zero, at its ends, all alike, or all zero.
enum class Draw { kWide, kSmall, kEnds, kConstant, kZero };
constexpr Draw kDraws[] = {Draw::kWide, Draw::kSmall, Draw::kEnds, Draw::kConstant, Draw::kZero};

template <typename T>
std::vector<T> numbers(Random& random, std::size_t count, Draw draw, std::int64_t least, std::int64_t most) {
  std::vector<T> values(round_up(count, kRowStep));
  const auto span = static_cast<std::uint64_t>(most - least) + 1;
  const auto constant = static_cast<T>(least + static_cast<std::int64_t>(random.below(span)));
  for (std::size_t i = 0; i < count; ++i) {
    switch (draw) {
      case Draw::kWide:
        values[i] = static_cast<T>(least + static_cast<std::int64_t>(random.below(span)));
        break;
      case Draw::kSmall:
        values[i] =
            static_cast<T>(std::clamp<std::int64_t>(static_cast<std::int64_t>(random.below(7)) - 3, least, most));
        break;
      case Draw::kEnds:
        values[i] = static_cast<T>(random.below(2) == 0 ? least : most);
        break;
      case Draw::kConstant:
        values[i] = constant;
        break;
      case Draw::kZero:
        break;
    }
  }
  return values;
}

/// A layer with everything random; pre-shifts fit its sums.
struct Layer {
  std::vector<std::int8_t> weight;
  std::vector<std::uint8_t> pre_shift;
  Words mantissa;
  Dwords bias;
  hls::LinearLayer view{};

  Layer(Random& random, std::size_t outputs, std::size_t inputs, Draw draw) {
    weight = numbers<std::int8_t>(random, outputs * inputs, draw, -127, 127);
    bias = numbers<std::int32_t>(random, outputs, Draw::kWide, -30000, 30000);
    for (std::size_t o = 0; o < outputs; ++o) {
      std::uint64_t magnitudes = 0;
      for (std::size_t i = 0; i < inputs; ++i) {
        magnitudes += static_cast<std::uint64_t>(std::abs(weight[o * inputs + i]));
      }
      pre_shift.push_back(static_cast<std::uint8_t>(std::max(0, bit_length(128 * magnitudes) - 15)));
      mantissa.push_back(static_cast<std::int16_t>(random.below(32768)));
    }
    view = {weight.data(),
            pre_shift.data(),
            mantissa.data(),
            bias.data(),
            static_cast<int>(outputs),
            static_cast<int>(inputs),
            -3,
            10};
  }
};

class Int8KernelsTest : public ::testing::TestWithParam<Isa> {
 protected:
  const Kernels& table() const { return kernels(GetParam()); }
  /// int8 numbers as this table stores them, padded with zeros.
  std::vector<std::uint8_t> stored(const std::vector<std::int8_t>& values, std::size_t count) const {
    std::vector<std::uint8_t> out(round_up(count, kRowStep), table().offset);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(values[i]) ^ table().offset;
    return out;
  }
  Random random_{11};
};

TEST_P(Int8KernelsTest, tile_everyShape_equalsTheReferenceWithBothEpilogues) {
  std::size_t compared = 0;
  for (const std::size_t inputs : {1U, 4U, 30U, 192U, 257U, 2100U}) {
    for (const std::size_t outputs : {1U, 33U, 64U, 65U, 130U}) {
      for (const Draw draw : kDraws) {
        const Layer layer(random_, outputs, inputs, draw);
        const PackedLayer packed = pack_layer(table(), layer.view);
        for (std::size_t count = 1; count <= kMaxRows; ++count) {
          std::vector<std::vector<std::int8_t>> rows;
          std::vector<std::vector<std::uint8_t>> stored_rows;
          const std::uint8_t* pointers[kMaxRows] = {};
          for (std::size_t r = 0; r < count; ++r) {
            rows.push_back(numbers<std::int8_t>(random_, inputs, r == 0 ? Draw::kEnds : Draw::kWide, -128, 127));
            stored_rows.push_back(stored(rows[r], inputs));
            pointers[r] = stored_rows[r].data();
          }
          Words scaled(count * packed.mantissa.size());
          table().tile({pointers, count, packed.panels(), scaled.data()});
          for (std::size_t r = 0; r < count; ++r) {
            const RowScale scale = {static_cast<std::int16_t>((1 << 14) + random_.below(1 << 14)),
                                    static_cast<std::int16_t>(random_.below(40))};
            const std::int16_t* t = scaled.data() + r * packed.mantissa.size();
            Words expected(outputs);
            hls::linear_narrow(rows[r].data(), scale, layer.view, expected.data());
            Words found(packed.mantissa.size());
            const std::int32_t largest = table().narrow(
                {t, scale.mantissa, packed.narrow_shift(scale), packed.narrow_bias.data(), outputs, found.data()});
            std::int32_t expected_largest = 0;
            for (const std::int16_t x : expected) expected_largest = std::max(expected_largest, std::abs(int{x}));
            ASSERT_TRUE(std::equal(expected.begin(), expected.end(), found.begin())) << inputs << 'x' << outputs;
            ASSERT_EQ(largest, expected_largest);

            Dwords update(outputs);
            hls::linear_wide(rows[r].data(), scale, layer.view, update.data());
            const auto weight = static_cast<std::uint16_t>(random_.below(65536));
            const bool weighted = random_.below(2) == 0;
            if (weighted) hls::weigh(update.data(), weight, static_cast<int>(outputs));
            Dwords residual = numbers<std::int32_t>(random_, outputs, kDraws[r % 3], INT32_MIN, INT32_MAX);
            // Products of 30 bits, shifted, with biases of 15 and few: far from the ends.
            const bool saturating = kDraws[r % 3] != Draw::kSmall || packed.wide_shift(scale) < 1;
            Dwords sum = residual;
            hls::add_to_residual(sum.data(), update.data(), static_cast<int>(outputs));
            const bool added = random_.below(4) != 0;
            if (!added) std::copy(update.begin(), update.end(), sum.begin());
            table().wide({t, scale.mantissa, packed.wide_shift(scale), packed.bias.data(), outputs, weighted, weight,
                          added, saturating, residual.data()});
            ASSERT_EQ(residual, sum) << inputs << 'x' << outputs << " shift " << packed.wide_shift(scale);
            compared += 2 * outputs;
          }
        }
      }
    }
  }
  EXPECT_GT(compared, 10000U);
}

TEST_P(Int8KernelsTest, tile_ofTheMostInputs_isExact) {
  constexpr std::size_t kInputs = 131072;
  const Layer layer(random_, 2, kInputs, Draw::kEnds);
  const PackedLayer packed = pack_layer(table(), layer.view);
  // Against the signs of the first output's weights: its sum is all but −2³¹; then with them.
  for (const bool against : {true, false}) {
    std::vector<std::int8_t> row(kInputs);
    for (std::size_t i = 0; i < kInputs; ++i) {
      row[i] = static_cast<std::int8_t>((layer.weight[i] > 0) == against ? -128 : 127);
    }
    const std::vector<std::uint8_t> bytes = stored(row, kInputs);
    const std::uint8_t* const rows[] = {bytes.data()};
    Words found(packed.mantissa.size());
    table().tile({rows, 1, packed.panels(), found.data()});
    for (std::size_t o = 0; o < 2; ++o) {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < kInputs; ++i) sum += std::int64_t{row[i]} * layer.weight[o * kInputs + i];
      if (o == 0) {
        ASSERT_GT(std::abs(sum), 2'000'000'000);
      }
      const auto shifted = static_cast<std::int32_t>(saturate<16>(round_shift(sum, layer.pre_shift[o])));
      EXPECT_EQ(found[o], multiply_q15(shifted, layer.mantissa[o])) << o;
    }
  }
}

TEST_P(Int8KernelsTest, softmaxAndValues_ofTheMostKeys_areExact) {
  constexpr std::size_t kKeys = 65536;
  Words scores(kKeys, 1234);
  std::vector<std::uint8_t> probabilities(kKeys);
  const std::uint32_t sum = table().softmax({scores.data(), kKeys, 1 << 14, 3, probabilities.data()});
  ASSERT_EQ(sum, std::uint32_t{kKeys} * kExp2One);  // beyond 2³¹

  constexpr std::size_t kWidth = kOutputStep;
  std::vector<std::uint8_t> values(kKeys * kWidth);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::uint8_t>(i % kWidth % 2 == 0 ? 127 : -127) ^ table().offset;
  }
  std::vector<std::int8_t> panels(kKeys * kPanelOutputs);
  pack_values(table(), {values.data(), kWidth, kKeys, kWidth, panels.data()});
  const SoftmaxScale softmax = make_softmax_scale(sum);
  const std::uint8_t* const rows[] = {probabilities.data()};
  Words found(kWidth);
  table().values(
      {rows, 1, panels.data(), kKeys, kWidth, &softmax.pre_shift, &softmax.reciprocal, 20000, 3, found.data(), kWidth});
  constexpr std::int64_t kProduct = std::int64_t{255} * 127 * kKeys;
  for (std::size_t d = 0; d < kWidth; ++d) {
    const std::int64_t product = d % 2 == 0 ? kProduct : -kProduct;
    const auto shifted = static_cast<std::int32_t>(saturate<16>(round_shift(product, softmax.pre_shift)));
    EXPECT_EQ(found[d], saturating_shift<16>(multiply_q15(multiply_q15(shifted, 20000), softmax.reciprocal), 3)) << d;
  }
}

TEST_P(Int8KernelsTest, narrow_everyShift_equalsTheReference) {
  for (const std::size_t count : kCounts) {
    for (int shift = -20; shift <= 20; ++shift) {
      const Words scaled = numbers<std::int16_t>(random_, count, kDraws[random_.below(5)], -32768, 32767);
      const Words bias = numbers<std::int16_t>(random_, count, Draw::kWide, -32768, 32767);
      Words found(scaled.size());
      table().narrow({scaled.data(), 29000, shift, bias.data(), count, found.data()});
      for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t value = saturating_shift<16>(multiply_q15(scaled[i], 29000), shift);
        ASSERT_EQ(found[i], saturate<16>(value + bias[i])) << "shift " << shift;
      }
    }
  }
}

TEST_P(Int8KernelsTest, hidden_everyNumberAndFormat_equalsTheReference) {
  const Words zeros(65536);
  Words x;
  for (int value = -32768; value <= 32767; ++value) x.push_back(static_cast<std::int16_t>(value));
  for (int fraction = 0; fraction <= 15; ++fraction) {
    Words found(x.size());
    const HiddenResult result = table().hidden({{zeros.data(), 29000, 3, x.data(), x.size(), found.data()}, fraction});
    EXPECT_EQ(result.narrowed, 32768);
    std::int32_t largest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(found[i], gelu(x[i], fraction)) << x[i] << " s16." << fraction;
      largest = std::max(largest, std::abs(std::int32_t{found[i]}));
    }
    EXPECT_EQ(result.largest, largest);
  }
}

TEST_P(Int8KernelsTest, hidden_everyShift_isNarrowThenGelu) {
  for (const std::size_t count : kCounts) {
    for (int shift = -20; shift <= 20; ++shift) {
      const auto fraction = static_cast<int>(random_.below(16));
      const Words scaled = numbers<std::int16_t>(random_, count, kDraws[random_.below(5)], -32768, 32767);
      const Words bias = numbers<std::int16_t>(random_, count, Draw::kWide, -32768, 32767);
      Words expected(scaled.size());
      const NarrowArgs narrow{scaled.data(), 29000, shift, bias.data(), count, expected.data()};
      const std::int32_t narrowed = table().narrow(narrow);
      for (std::size_t i = 0; i < count; ++i) expected[i] = gelu(expected[i], fraction);
      Words found(scaled.size(), 77);
      std::fill(expected.begin() + static_cast<std::ptrdiff_t>(count), expected.end(), std::int16_t{77});
      const HiddenResult result =
          table().hidden({{scaled.data(), 29000, shift, bias.data(), count, found.data()}, fraction});
      ASSERT_EQ(found, expected) << count << " by " << shift << ", or wrote beyond the row";
      ASSERT_EQ(result.narrowed, narrowed);
      ASSERT_EQ(result.largest, table().largest(found.data(), count));
    }
  }
}

TEST_P(Int8KernelsTest, norm_everyKindOfRow_equalsTheReference) {
  for (const std::size_t count : kCounts) {
    for (const Draw draw : kDraws) {
      for (const std::int64_t size :
           {std::int64_t{3}, std::int64_t{70000}, std::int64_t{1} << 26, std::int64_t{INT32_MAX}}) {
        const std::size_t stride = round_up(count, kRowStep);
        const std::size_t num_rows = 1 + random_.below(kMaxRows);
        Dwords rows;
        for (std::size_t r = 0; r < num_rows; ++r) {
          const Draw row_draw = r == 0 ? draw : kDraws[random_.below(5)];
          const Dwords row = numbers<std::int32_t>(random_, count, row_draw, -size - 1, size);
          rows.insert(rows.end(), row.begin(), row.end());
        }
        const Words gain = numbers<std::int16_t>(random_, count, Draw::kWide, -32767, 32767);
        const Words bias = numbers<std::int16_t>(random_, count, Draw::kWide, -32768, 32767);
        for (const int gain_exponent : {-4, 0, 3}) {
          Words found(num_rows * stride);
          std::int32_t largest[kMaxRows];
          table().norm({rows.data(), stride, num_rows, count, gain.data(), bias.data(), gain_exponent, 9, 4295,
                        found.data(), stride, largest});
          for (std::size_t r = 0; r < num_rows; ++r) {
            Words expected(count);
            hls::layer_norm<hls::ReferenceDesign>(rows.data() + r * stride, static_cast<int>(count),
                                                  {gain.data(), bias.data(), gain_exponent, 9, 4295}, expected.data());
            ASSERT_TRUE(std::equal(expected.begin(), expected.end(), found.data() + r * stride))
                << count << " of " << size;
            ASSERT_EQ(largest[r], table().largest(found.data() + r * stride, count));
          }
        }
      }
    }
  }
}

TEST_P(Int8KernelsTest, quantize_everyRow_equalsTheReference) {
  for (const std::size_t count : kCounts) {
    for (const Draw draw : kDraws) {
      for (const std::int64_t size : {1, 100, 5000, 32767}) {
        const Words row = numbers<std::int16_t>(random_, count, draw, -size - 1, size);
        std::vector<std::int8_t> expected(count);
        const RowScale scale = hls::quantize_row(row.data(), static_cast<int>(count), 7, expected.data());
        const std::int32_t largest = table().largest(row.data(), count);
        const RowQuantizer quantizer = make_row_quantizer(largest, 7);
        EXPECT_EQ(quantizer.scale, scale);
        std::vector<std::uint8_t> found(row.size(), 77);
        table().quantize({row.data(), count, quantizer.left_shift, quantizer.reciprocal, found.data()});
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(static_cast<std::int8_t>(found[i] ^ table().offset), expected[i]) << i << " of " << count;
        }
        for (std::size_t i = count; i < found.size(); ++i) ASSERT_EQ(found[i], 77) << "wrote beyond the row";
      }
    }
  }
}

TEST_P(Int8KernelsTest, quantizeRows_everyRow_isAsAlone) {
  for (const std::size_t count : kCounts) {
    for (const Draw draw : kDraws) {
      const std::size_t stride = count + random_.below(9);
      const std::size_t out_stride = count + random_.below(9);
      const std::size_t num_rows = 1 + random_.below(7);
      const Words rows = numbers<std::int16_t>(random_, num_rows * stride, draw, -32768, 32767);
      std::vector<std::int32_t> largest;
      std::vector<std::uint8_t> expected(num_rows * out_stride, 77);
      std::vector<RowScale> scales;
      for (std::size_t r = 0; r < num_rows; ++r) {
        const std::int16_t* row = rows.data() + r * stride;
        largest.push_back(table().largest(row, count));
        const RowQuantizer quantizer = make_row_quantizer(largest[r], 7);
        scales.push_back(quantizer.scale);
        table().quantize({row, count, quantizer.left_shift, quantizer.reciprocal, expected.data() + r * out_stride});
      }
      for (const std::int32_t* given :
           {static_cast<const std::int32_t*>(largest.data()), static_cast<const std::int32_t*>(nullptr)}) {
        std::vector<std::uint8_t> found(expected.size(), 77);
        std::vector<RowScale> found_scales(num_rows);
        table().quantize_rows(
            {rows.data(), stride, num_rows, count, 7, given, found.data(), out_stride, found_scales.data()});
        ASSERT_EQ(found, expected);
        ASSERT_EQ(found_scales, scales);
      }
    }
  }
}

TEST_P(Int8KernelsTest, attention_everyShape_equalsTheReference) {
  auto head = std::make_unique<hls::HeadMemory<hls::ReferenceDesign>>();
  for (const std::size_t tokens : {1U, 2U, 4U, 17U, 64U, 129U, 301U}) {
    for (const std::size_t width : {1U, 7U, 8U, 24U, 64U, 128U}) {
      for (const Draw draw : kDraws) {
        const auto count = static_cast<int>(tokens);
        const auto dim = static_cast<int>(width);
        const Words key = numbers<std::int16_t>(random_, tokens * width, draw, -32768, 32767);
        const Words value = numbers<std::int16_t>(random_, tokens * width, draw, -32768, 32767);
        const Words query = numbers<std::int16_t>(random_, kMaxRows * width, kDraws[random_.below(5)], -32768, 32767);
        // Fraction bits: scores that saturate, ordinary ones, scores that are all alike.
        const int query_fraction = static_cast<int>(random_.below(16));
        const int key_fraction = static_cast<int>(random_.below(16));
        const int value_fraction = static_cast<int>(random_.below(16));
        hls::load_head(key.data(), value.data(), dim, count, dim, key_fraction, value_fraction, *head);

        const ScoreScale score = make_score_scale(dim);
        const std::size_t padded_width = round_up(width, kGroup);
        const std::size_t padded_keys = round_up(tokens, kOutputStep);
        std::vector<std::uint8_t> keys(tokens * padded_width, table().offset);
        Words mantissa(padded_keys);
        KeyExponent least;
        std::vector<RowScale> scales(tokens);
        const auto quantized = [&](const std::int16_t* row, std::size_t values, int fraction, std::uint8_t* out) {
          const RowQuantizer quantizer = make_row_quantizer(table().largest(row, values), fraction);
          table().quantize({row, values, quantizer.left_shift, quantizer.reciprocal, out});
          return quantizer.scale;
        };
        for (std::size_t j = 0; j < tokens; ++j) {
          scales[j] = quantized(key.data() + j * width, width, key_fraction, keys.data() + j * padded_width);
          least.see(scales[j]);
        }
        for (std::size_t j = 0; j < tokens; ++j) mantissa[j] = score.key_mantissa(scales[j], least.value);
        std::vector<std::int8_t> key_panels(round_up(tokens, kPanelOutputs) * padded_width);
        Dwords start(padded_keys);
        const Dwords pre_shift(padded_keys, score.pre_shift);
        pack_keys(table(), {keys.data(), padded_width, tokens, padded_width, key_panels.data()}, start.data());
        for (std::int32_t& sum : start) sum = first_value(table(), sum, score.pre_shift);
        std::vector<std::uint8_t> values8(tokens * width);
        const RowScale value_scale = quantized(value.data(), tokens * width, value_fraction, values8.data());
        const std::size_t padded_tokens = round_up(tokens, kGroup);
        const std::size_t padded_head = round_up(width, kOutputStep);
        std::vector<std::int8_t> value_panels(round_up(width, kPanelOutputs) * padded_tokens);
        pack_values(table(), {values8.data(), width, tokens, width, value_panels.data()});

        std::vector<std::uint8_t> queries(kMaxRows * padded_width, table().offset);
        std::vector<std::uint8_t> probabilities(kMaxRows * padded_keys);
        RowScale query_scale[kMaxRows];
        const std::uint8_t* rows[kMaxRows];
        for (std::size_t r = 0; r < kMaxRows; ++r) {
          rows[r] = queries.data() + r * padded_width;
          query_scale[r] =
              quantized(query.data() + r * width, width, query_fraction, queries.data() + r * padded_width);
        }
        Words scaled(kMaxRows * std::max(padded_keys, padded_head));
        table().tile({rows,
                      kMaxRows,
                      {key_panels.data(), start.data(), pre_shift.data(), mantissa.data(), padded_keys, padded_width},
                      scaled.data()});
        int row_shift[kMaxRows];
        std::int16_t reciprocal[kMaxRows];
        for (std::size_t r = 0; r < kMaxRows; ++r) {
          rows[r] = probabilities.data() + r * padded_keys;
          const Words unscaled(scaled.begin() + static_cast<std::ptrdiff_t>(r * padded_keys),
                               scaled.begin() + static_cast<std::ptrdiff_t>(r * padded_keys + tokens));
          const SoftmaxArgs args{scaled.data() + r * padded_keys, tokens, query_scale[r].mantissa,
                                 score.shift(query_scale[r].exponent, least.value),
                                 probabilities.data() + r * padded_keys};
          const SoftmaxScale softmax = make_softmax_scale(table().softmax(args));
          for (std::size_t j = 0; j < tokens; ++j) {
            ASSERT_EQ(args.scores[j], saturating_shift<16>(multiply_q15(unscaled[j], args.mantissa), args.shift))
                << "key " << j << " of " << tokens;
          }
          row_shift[r] = softmax.pre_shift;
          reciprocal[r] = softmax.reciprocal;
        }
        table().values({rows, kMaxRows, value_panels.data(), padded_tokens, padded_head, row_shift, reciprocal,
                        value_scale.mantissa, value_scale.exponent - 2 - value_fraction, scaled.data(), padded_head});
        for (std::size_t r = 0; r < kMaxRows; ++r) {
          Words expected(width);
          hls::attend(query.data() + r * width, query_fraction, value_fraction, *head, expected.data());
          ASSERT_TRUE(std::equal(expected.begin(), expected.end(),
                                 scaled.begin() + static_cast<std::ptrdiff_t>(r * padded_head)))
              << tokens << " tokens of " << width;
        }
      }
    }
  }
}

TEST_P(Int8KernelsTest, router_everyShape_isExact) {
  for (const std::size_t experts : {1U, 2U, 16U, 17U, 40U}) {
    for (const std::size_t inputs : {2U, 7U, 192U, 600U, 1024U}) {
      for (const Draw draw : kDraws) {
        const Words weight = numbers<std::int16_t>(random_, experts * inputs, draw, -32767, 32767);
        Words row = numbers<std::int16_t>(random_, inputs, draw, -32768, 32767);
        const AlignedBuffer<std::int16_t> packed = pack_router(weight.data(), experts, inputs);
        std::vector<std::int64_t> sums(round_up(experts, kRouterExperts));
        table().router({row.data(), packed.data(), inputs, experts, sums.data()});
        for (std::size_t e = 0; e < experts; ++e) {
          std::int64_t expected = 0;
          for (std::size_t i = 0; i < inputs; ++i) expected += std::int64_t{row[i]} * weight[e * inputs + i];
          ASSERT_EQ(sums[e], expected) << experts << " experts, " << inputs << " inputs";
        }
      }
    }
  }
}

TEST_P(Int8KernelsTest, add_everyPair_saturates) {
  for (const std::size_t count : kCounts) {
    Dwords sum = numbers<std::int32_t>(random_, count, Draw::kEnds, INT32_MIN, INT32_MAX);
    const Dwords part = numbers<std::int32_t>(random_, count, Draw::kWide, INT32_MIN, INT32_MAX);
    const Dwords before = sum;
    table().add(sum.data(), part.data(), count);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      ASSERT_EQ(sum[i], i < count ? saturate<32>(std::int64_t{before[i]} + part[i]) : before[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Int8KernelsTest, ::testing::ValuesIn(supported_isas()),
                         [](const auto& test) { return std::string(isa_name(test.param)); });

}  // namespace
}  // namespace edgemoe::int8

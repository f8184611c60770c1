#include "resample/blend.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "resample/blend.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace edgemoe::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;
using FloatVec = hn::Vec<FloatTag>;

FloatVec load_as_float(FloatTag d, const float* in) { return hn::LoadU(d, in); }

template <typename Sample>
FloatVec load_as_float(FloatTag d, const Sample* in) {
  const hn::Rebind<Sample, FloatTag> narrow;
  const hn::Rebind<std::int32_t, FloatTag> wide;
  return hn::ConvertTo(d, hn::PromoteTo(wide, hn::LoadU(narrow, in)));
}

template <typename Sample>
float weighted_sum(const Sample* in, std::size_t stride, std::span<const float> weights) {
  float sum = weights[0] * static_cast<float>(in[0]);
  for (std::size_t t = 1; t < weights.size(); ++t) sum = sum + weights[t] * static_cast<float>(in[t * stride]);
  return sum;
}

/// Four vectors side by side, so that a column of many taps stays in registers and hides the adder's latency.
template <typename Sample>
void blend_rows_any(const Sample* in, std::size_t stride, const float* weights, std::size_t num_weights, float* out,
                    std::size_t count) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    const FloatVec first = hn::Set(d, weights[0]);
    FloatVec sum0 = hn::Mul(first, load_as_float(d, in + i));
    FloatVec sum1 = hn::Mul(first, load_as_float(d, in + i + lanes));
    FloatVec sum2 = hn::Mul(first, load_as_float(d, in + i + 2 * lanes));
    FloatVec sum3 = hn::Mul(first, load_as_float(d, in + i + 3 * lanes));
    for (std::size_t t = 1; t < num_weights; ++t) {
      const FloatVec weight = hn::Set(d, weights[t]);
      const Sample* row = in + t * stride + i;
      sum0 = hn::Add(sum0, hn::Mul(weight, load_as_float(d, row)));
      sum1 = hn::Add(sum1, hn::Mul(weight, load_as_float(d, row + lanes)));
      sum2 = hn::Add(sum2, hn::Mul(weight, load_as_float(d, row + 2 * lanes)));
      sum3 = hn::Add(sum3, hn::Mul(weight, load_as_float(d, row + 3 * lanes)));
    }
    hn::StoreU(sum0, d, out + i);
    hn::StoreU(sum1, d, out + i + lanes);
    hn::StoreU(sum2, d, out + i + 2 * lanes);
    hn::StoreU(sum3, d, out + i + 3 * lanes);
  }
  for (; i + lanes <= count; i += lanes) {
    FloatVec sum = hn::Mul(hn::Set(d, weights[0]), load_as_float(d, in + i));
    for (std::size_t t = 1; t < num_weights; ++t) {
      sum = hn::Add(sum, hn::Mul(hn::Set(d, weights[t]), load_as_float(d, in + t * stride + i)));
    }
    hn::StoreU(sum, d, out + i);
  }
  for (; i < count; ++i) out[i] = weighted_sum(in + i, stride, {weights, num_weights});
}

void blend_rows_f32(const float* in, std::size_t stride, const float* weights, std::size_t num_weights, float* out,
                    std::size_t count) {
  blend_rows_any(in, stride, weights, num_weights, out, count);
}

void blend_rows_u8(const std::uint8_t* in, std::size_t stride, const float* weights, std::size_t num_weights,
                   float* out, std::size_t count) {
  blend_rows_any(in, stride, weights, num_weights, out, count);
}

void blend_rows_u16(const std::uint16_t* in, std::size_t stride, const float* weights, std::size_t num_weights,
                    float* out, std::size_t count) {
  blend_rows_any(in, stride, weights, num_weights, out, count);
}

/// One output pixel; the last, incomplete vector under a mask where the instruction set has masked loads.
void blend_pixel(const float* in, std::size_t channels, std::span<const float> weights, float* out) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t c = 0;
  for (; c + lanes <= channels; c += lanes) {
    FloatVec sum = hn::Mul(hn::Set(d, weights[0]), hn::LoadU(d, in + c));
    for (std::size_t t = 1; t < weights.size(); ++t) {
      sum = hn::Add(sum, hn::Mul(hn::Set(d, weights[t]), hn::LoadU(d, in + t * channels + c)));
    }
    hn::StoreU(sum, d, out + c);
  }
#if !HWY_MEM_OPS_MIGHT_FAULT
  if (channels - c >= 4) {
    const auto mask = hn::FirstN(d, channels - c);
    FloatVec sum = hn::Mul(hn::Set(d, weights[0]), hn::MaskedLoad(mask, d, in + c));
    for (std::size_t t = 1; t < weights.size(); ++t) {
      sum = hn::Add(sum, hn::Mul(hn::Set(d, weights[t]), hn::MaskedLoad(mask, d, in + t * channels + c)));
    }
    hn::BlendedStore(sum, mask, d, out + c);
    return;
  }
#endif
  for (; c < channels; ++c) out[c] = weighted_sum(in + c, channels, weights);
}

/// Few channels known when compiled: the compiler unrolls them.
template <std::size_t kChannels>
void blend_columns_fixed(const float* in, const ResizeAxis& columns, float* out) {
  for (std::size_t x = 0; x < columns.out_size(); ++x, out += kChannels) {
    const ResizeAxis::Window window = columns.window(x);
    const float* pixel = in + window.start * kChannels;
    float sum[kChannels];
    for (std::size_t c = 0; c < kChannels; ++c) sum[c] = window.weights[0] * pixel[c];
    for (std::size_t t = 1; t < window.weights.size(); ++t) {
      for (std::size_t c = 0; c < kChannels; ++c) sum[c] = sum[c] + window.weights[t] * pixel[t * kChannels + c];
    }
    for (std::size_t c = 0; c < kChannels; ++c) out[c] = sum[c];
  }
}

void blend_columns_f32(const float* in, const ResizeAxis& columns, std::size_t channels, float* out) {
  if (channels == 1) return blend_columns_fixed<1>(in, columns, out);
  if (channels == 3) return blend_columns_fixed<3>(in, columns, out);
  for (std::size_t x = 0; x < columns.out_size(); ++x) {
    const ResizeAxis::Window window = columns.window(x);
    blend_pixel(in + window.start * channels, channels, window.weights, out + x * channels);
  }
}

}  // namespace
}  // namespace edgemoe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace edgemoe {

HWY_EXPORT(blend_rows_f32);
HWY_EXPORT(blend_rows_u8);
HWY_EXPORT(blend_rows_u16);
HWY_EXPORT(blend_columns_f32);

void blend_rows(const float* in, std::size_t stride, std::span<const float> weights, float* out, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(blend_rows_f32)(in, stride, weights.data(), weights.size(), out, count);
}

void blend_rows(const std::uint8_t* in, std::size_t stride, std::span<const float> weights, float* out,
                std::size_t count) {
  HWY_DYNAMIC_DISPATCH(blend_rows_u8)(in, stride, weights.data(), weights.size(), out, count);
}

void blend_rows(const std::uint16_t* in, std::size_t stride, std::span<const float> weights, float* out,
                std::size_t count) {
  HWY_DYNAMIC_DISPATCH(blend_rows_u16)(in, stride, weights.data(), weights.size(), out, count);
}

void blend_columns(const float* in, const ResizeAxis& columns, std::size_t channels, float* out) {
  HWY_DYNAMIC_DISPATCH(blend_columns_f32)(in, columns, channels, out);
}

}  // namespace edgemoe
#endif

// The layers of the integer network as docs/numerics.md, section 2, makes them of float weights. Row-major and
// unpacked: the reference computes with them as they are, fast engines and the accelerator's compiler rearrange them.
#ifndef EDGEMOE_QUANT_INTEGER_LAYERS_H_
#define EDGEMOE_QUANT_INTEGER_LAYERS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/tensor.h"
#include "model/network_weights.h"

namespace edgemoe {

/// Bounds of what quantisation can make of finite float32 weights.
inline constexpr std::size_t kMaxLayerInputs = 1 << 17;
inline constexpr int kLargestFraction = 15;   // of s16
inline constexpr int kLargestExponent = 255;  // and least −255: of a layer, a norm's gain, a gate's sigma
inline constexpr std::int64_t kLargestConstant = std::int64_t{1} << 45;  // of a gate; exact in a sum with its products

/// Fraction bits of the biases of layers that go to the residual stream, and of convolutions.
inline constexpr int kWideFraction = 16;

/// Weights that a layer owns, or borrows from a mapped file.
class LayerWeights {
 public:
  LayerWeights() = default;
  explicit LayerWeights(std::vector<std::int8_t> values) : own_(std::move(values)), view_(own_) {}
  static LayerWeights borrowed(std::span<const std::int8_t> values) {
    LayerWeights weights;
    weights.view_ = values;
    return weights;
  }
  LayerWeights(LayerWeights&&) = default;  // a moved vector keeps its place
  LayerWeights& operator=(LayerWeights&&) = default;

  const std::int8_t* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  const std::int8_t& operator[](std::size_t i) const { return view_[i]; }
  std::span<const std::int8_t> span() const { return view_; }

 private:
  std::vector<std::int8_t> own_;
  std::span<const std::int8_t> view_;
};

/// A linear layer, or a convolution over its taps.
struct IntegerLinear {
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  LayerWeights weight;                  // [outputs, inputs], within ±127
  std::vector<std::uint8_t> pre_shift;  // [outputs]: the sum shifted by it fits 16 bits
  std::vector<std::int16_t> mantissa;   // [outputs], 0 … 32767
  int exponent = 0;                     // weight scale · 2^pre_shift / 127 = mantissa · 2^(exponent − 15)
  std::vector<std::int32_t> bias;       // [outputs], `fraction` bits behind the point
  int fraction = kWideFraction;         // of the outputs
};

struct IntegerNorm {
  std::vector<std::int16_t> gain;  // gamma = gain · 2^(gain_exponent − 15)
  std::vector<std::int16_t> bias;  // `fraction` bits behind the point
  int gain_exponent = 0;
  int fraction = 0;       // of the outputs
  std::uint32_t eps = 0;  // 32 fraction bits
};

/// A router's gate as one task sees it.
struct IntegerGate {
  std::size_t experts = 0;
  std::vector<std::int16_t> weight;    // [experts, embed_dim]
  std::vector<std::int64_t> constant;  // [experts], in units of a logit
  std::int32_t kappa = 0;              // a difference of logits · kappa · 2^−sigma is log2 with 12 fraction bits
  int sigma = 0;
  std::uint32_t first_expert = 0;
};

// `linear.weight` is [outputs, …]: everything behind the first axis is inputs. kUnsupported, with what was found, for
// values that are not finite or layers larger than the contract's sums.

/// To the residual stream, or the last layer of a head: 16 fraction bits.
Result<IntegerLinear> quantize_wide(const PlainLinear& linear);
/// To s16: `fraction` as output_fraction finds it.
Result<IntegerLinear> quantize_narrow(const PlainLinear& linear, int fraction);
/// The largest fraction that holds what `linear` can make of the norm's outputs.
int output_fraction(const PlainLinear& linear, const PlainNorm& norm);
Result<IntegerNorm> quantize_norm(const PlainNorm& norm, float eps);
/// `fraction`: of the numbers that the router reads.
Result<IntegerGate> quantize_gate(const PlainGate& gate, int fraction);
/// Right shift of an output's sum: the least that makes any such sum fit 16 bits.
int pre_shift_for(std::span<const std::int8_t> row);
/// With the picture's mean and deviation inside; inputs are pixels less 128.
Result<IntegerLinear> quantize_patch_embed(const PlainLinear& patch_embed, const InputConfig& input);

}  // namespace edgemoe

#endif  // EDGEMOE_QUANT_INTEGER_LAYERS_H_

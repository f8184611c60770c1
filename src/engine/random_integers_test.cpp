// Files of integers with any values that the contract's formats hold, far from what quantisation makes of trained
// weights: the engines must still agree, in their outputs and in what they count as saturated.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/random.h"
#include "base/testing.h"
#include "engine/engine.h"
#include "model/named_config.h"
#include "model/tap_dump.h"
#include "quant/integer_file.h"

namespace edgemoe {
namespace {

class Values {
 public:
  explicit Values(std::uint64_t seed) : random_(seed) {}

  std::int64_t between(std::int64_t least, std::int64_t largest) {
    const auto range = static_cast<std::uint64_t>(largest - least) + 1;
    return least + static_cast<std::int64_t>(random_.next_u64() % range);
  }

  template <typename T>
  std::vector<T> list(std::size_t count, std::int64_t least, std::int64_t largest) {
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(between(least, largest));
    return values;
  }

 private:
  Random random_;
};

/// Replaces a quantised model's integers; `reach` bounds exponents.
void scramble(IntegerLinear& layer, LayerOutputs outputs, int reach, Values& values) {
  const std::int64_t magnitude = values.between(0, 3) == 0 ? 1 : 127;
  layer.weight = LayerWeights(values.list<std::int8_t>(layer.weight.size(), -magnitude, magnitude));
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    const int shift = pre_shift_for(layer.weight.span().subspan(o * layer.inputs, layer.inputs));
    layer.pre_shift[o] = static_cast<std::uint8_t>(shift);
  }
  layer.mantissa = values.list<std::int16_t>(layer.outputs, 0, INT16_MAX);
  layer.exponent = static_cast<int>(values.between(-reach, reach));
  const bool narrow = outputs == LayerOutputs::kNarrow;
  if (narrow) layer.fraction = static_cast<int>(values.between(0, kLargestFraction));
  const std::int64_t bias = narrow ? INT16_MAX : values.between(0, 1) == 0 ? INT32_MAX : 1 << 18;
  layer.bias = values.list<std::int32_t>(layer.outputs, -bias - 1, bias);
}

void scramble(IntegerNorm& norm, int reach, Values& values) {
  norm.gain = values.list<std::int16_t>(norm.gain.size(), -INT16_MAX, INT16_MAX);
  norm.bias = values.list<std::int16_t>(norm.bias.size(), INT16_MIN, INT16_MAX);
  norm.gain_exponent = static_cast<int>(values.between(-reach, reach));
  norm.fraction = static_cast<int>(values.between(0, kLargestFraction));
}

void scramble(IntegerBlock& block, int reach, Values& values) {
  scramble(block.norm1, reach, values);
  scramble(block.norm2, reach, values);
  for (IntegerLinear* layer : {&block.query, &block.key, &block.value}) {
    scramble(*layer, LayerOutputs::kNarrow, reach, values);
  }
  scramble(block.proj, LayerOutputs::kWide, reach, values);
  for (IntegerMlp& mlp : block.mlps) {
    scramble(mlp.up, LayerOutputs::kNarrow, reach, values);
    scramble(mlp.down, LayerOutputs::kWide, reach, values);
    mlp.up.fraction = block.mlps.front().up.fraction;
  }
  for (IntegerGate& gate : block.gates) {
    gate.weight = values.list<std::int16_t>(gate.weight.size(), -INT16_MAX, INT16_MAX);
    gate.constant = values.list<std::int64_t>(gate.experts, -kLargestConstant, kLargestConstant);
    gate.kappa = static_cast<std::int32_t>(values.between(1 << 14, INT16_MAX));
    gate.sigma = static_cast<int>(values.between(-reach, reach));
  }
}

IntegerModel scrambled(const ModelFile& file, int reach, Values& values) {
  IntegerModel model = quantize_model(file).value();
  scramble(model.patch_embed, LayerOutputs::kWide, reach, values);
  for (IntegerBlock& block : model.blocks) scramble(block, reach, values);
  for (IntegerHead& head : model.heads) {
    scramble(head.norm, reach, values);
    for (IntegerLinear& stage : head.stages) scramble(stage, LayerOutputs::kWide, reach, values);
    scramble(head.outputs, LayerOutputs::kWide, reach, values);
  }
  return model;
}

/// Whether a tap is the same in every engine where numbers saturate: int8 tells what a sum with the residual stream
/// grew by, the reference what was added.
bool is_exact(std::string_view tap) { return !tap.ends_with(kTapAttentionOut) && !tap.ends_with(kTapMlpOut); }

/// Whether a router sent all tokens to the same experts, as large constants of its gate make it do.
bool sends_all_to_the_same(const TensorView& indices) {
  const std::size_t row = indices.bytes.size() / static_cast<std::size_t>(indices.shape[0]);
  for (std::size_t first = row; first < indices.bytes.size(); first += row) {
    if (std::memcmp(indices.bytes.data(), indices.bytes.data() + first, row) != 0) return false;
  }
  return true;
}

struct Outcome {
  TapRecorder taps;
  std::vector<SaturatedTensor> saturation;
};

void run(const Result<std::unique_ptr<Engine>>& engine, const float* pixels, Outcome& outcome) {
  ASSERT_TRUE(engine.ok()) << engine.status().message();
  struct Discard final : LogitsSink {
    void on_logits(int, int, const MatrixView<const float>&) override {}
  } logits;
  const float* const images[] = {pixels};
  std::vector<int> tasks((*engine)->config().tasks.size());
  std::iota(tasks.begin(), tasks.end(), 0);
  ASSERT_TRUE((*engine)->run({.images = images, .tasks = tasks, .logits = &logits, .taps = &outcome.taps}).ok());
  outcome.saturation = (*engine)->take_saturation();
}

TEST(RandomIntegers, anyValuesOfTheFormats_sameInEveryEngine) {
  const TemporaryFolder folder;
  std::size_t compared = 0;
  std::size_t saturated = 0;
  std::size_t lopsided = 0;
  for (const char* name : {"tiny", "tiny-shared", "tiny-conditioned"}) {
    const std::filesystem::path configs = EDGEMOE_SOURCE_DIR "/configs/models";
    const ModelConfig config = load_named_config(name, std::array{configs}).value();
    const std::filesystem::path floats = folder.path() / "floats.safetensors";
    ASSERT_TRUE(write_seeded_model(floats, config, 1).ok());
    const auto seeded = ModelFile::open(floats);
    for (const int reach : {2, 6, 20, kLargestExponent}) {
      SCOPED_TRACE(std::string(name) + ", exponents within " + std::to_string(reach));
      Values values(static_cast<std::uint64_t>(reach));
      const std::filesystem::path path = folder.path() / "integers.safetensors";
      ASSERT_TRUE(write_integer_model(path, config, scrambled(*seeded, reach, values), {}).ok());
      const auto file = ModelFile::open(path);
      ASSERT_TRUE(file.ok()) << file.status().message();
      std::vector<float> pixels(static_cast<std::size_t>(config.input.height * config.input.width) * 3);
      for (float& pixel : pixels) pixel = static_cast<float>(values.between(-200, 200)) / 100;
      Outcome expected;
      run(make_reference_engine(*file, {}), pixels.data(), expected);
      saturated += expected.saturation.size();
      const SafetensorsIndex expected_taps = expected.taps.index();
      for (const Isa isa : supported_isas()) {
        SCOPED_TRACE(isa_name(isa));
        Outcome found;
        run(make_int8_engine(*file, {.num_threads = 2, .isa = isa}), pixels.data(), found);
        EXPECT_EQ(found.saturation, expected.saturation);
        const SafetensorsIndex taps = found.taps.index();
        for (const auto& [tap, view] : expected_taps.tensors) {
          if (!is_exact(tap)) continue;
          const TensorView* const other = find_tap(taps, tap);
          ASSERT_NE(other, nullptr) << tap;
          ASSERT_EQ(other->bytes.size(), view.bytes.size()) << tap;
          EXPECT_EQ(std::memcmp(other->bytes.data(), view.bytes.data(), view.bytes.size()), 0) << tap << " differs";
          ++compared;
          if (tap.ends_with(kTapRouterIndices) && sends_all_to_the_same(view)) ++lopsided;
        }
      }
    }
  }
  EXPECT_GT(compared, 0u);
  EXPECT_GT(saturated, 0u);
  EXPECT_GT(lopsided, 0u) << "no router sent all of its tokens to the same experts";
}

}  // namespace
}  // namespace edgemoe

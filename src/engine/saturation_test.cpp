#include "engine/saturation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "base/random.h"
#include "base/testing.h"
#include "engine/int8_saturation.h"
#include "kernels/int8/pack.h"
#include "model/named_config.h"
#include "model/tap_dump.h"
#include "numeric/exp2_table.h"
#include "numeric/fixed_point.h"

namespace edgemoe {
namespace {

ModelConfig named(const std::string& name) {
  const std::filesystem::path folder = EDGEMOE_SOURCE_DIR "/configs/models";
  return load_named_config(name, std::array{folder}).value();
}

/// Tensors whose name contains a text are multiplied.
struct Factor {
  const char* name;
  float factor;
};

class SaturationTest : public ::testing::Test {
 protected:
  /// A seeded model with some tensors far from what training makes.
  ModelFile model(const ModelConfig& config, std::span<const Factor> factors) {
    EXPECT_TRUE(write_seeded_model(plain_, config, 21).ok());
    const auto seeded = ModelFile::open(plain_);
    std::vector<Tensor> values;
    std::vector<NamedTensor> tensors;
    for (const std::string& name : seeded->tensor_names()) {
      values.push_back(seeded->load_f32(name));
      for (const Factor& factor : factors) {
        if (name.find(factor.name) == std::string::npos) continue;
        for (float& value : values.back().values.span()) value *= factor.factor;
      }
      tensors.push_back({name, values.back().view()});
    }
    EXPECT_TRUE(write_model_file(changed_, config, tensors, {}).ok());
    auto opened = ModelFile::open(changed_);
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    return std::move(opened).value();
  }

  static std::vector<float> picture(const ModelConfig& config, std::uint64_t seed) {
    std::vector<float> pixels(static_cast<std::size_t>(config.input.height * config.input.width) * 3);
    Random random(seed);
    for (float& pixel : pixels) pixel = random.uniform(-2, 2);
    return pixels;
  }

  static std::vector<SaturatedTensor> run(Engine& engine, const std::vector<const float*>& images,
                                          const std::vector<int>& tasks) {
    struct Discard final : LogitsSink {
      void on_logits(int, int, const MatrixView<const float>&) override {}
    } logits;
    const bool heads = engine.config().head.present;
    EXPECT_TRUE(engine.run({.images = images, .tasks = tasks, .logits = heads ? &logits : nullptr}).ok());
    std::vector<SaturatedTensor> found = engine.take_saturation();
    EXPECT_TRUE(engine.take_saturation().empty()) << "taken twice";
    return found;
  }

  static std::vector<int> all_tasks(const ModelConfig& config) {
    std::vector<int> tasks(config.tasks.size());
    std::iota(tasks.begin(), tasks.end(), 0);
    return tasks;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path plain_ = temporary_.path() / "plain.safetensors";
  const std::filesystem::path changed_ = temporary_.path() / "changed.safetensors";
};

std::string describe(const std::vector<SaturatedTensor>& found) {
  std::string text;
  for (const SaturatedTensor& tensor : found) text += tensor.name + "=" + std::to_string(tensor.count) + " ";
  return text;
}

TEST_F(SaturationTest, extremeModels_sameCountsInEveryEngine_andEveryTensorHasSome) {
  const std::vector<std::vector<Factor>> extremes = {
      {{"norm1.weight", 3e4F}, {"norm2.weight", 2e4F}, {"decoders.semseg.norm.weight", 1e5F}},
      {{"norm1.bias", 3e6F}, {"fc1.bias", 1e6F}},
      {{"attn.qkv.weight", 1e5F}, {"fc1.weight", 1e5F}, {"htoh4.weight", 1e5F}},
      {{"attn.qkv.weight", 300}},
      {{"attn.qkv.weight", 30}, {"attn.qkv.bias", 30}},
      {{"attn.proj.weight", 1e5F}, {"fc2.weight", 1e5F}, {"h4toh.weight", 3e4F}, {"conv_2.weight", 1e7F}},
      {{"attn.proj.weight", 5e3F}, {"fc2.bias", 3e5F}, {"h4toh.bias", 6e5F}},
      {{"patch_embed.proj.weight", 1e5F}, {"pos_embed", 1e5F}, {"cls_token", 2e5F}},
      {{"conv_0.bias", 1e9F}, {"syncbn_fc_1.bias", -2e4F}},
      {{"conv_1.bias", 1e9F}},
      {{"gate.w_gate", 1e-6F}, {"gate_task_represent.norm", 1e30F}},
  };
  std::map<std::string, std::uint64_t> kinds;
  for (const char* name : {"tiny", "tiny-shared", "tiny-conditioned"}) {
    const ModelConfig config = named(name);
    const std::vector<float> pixels = picture(config, 1);
    for (std::size_t i = 0; i < extremes.size(); ++i) {
      SCOPED_TRACE(std::string(name) + ", extreme " + std::to_string(i));
      const ModelFile file = model(config, extremes[i]);
      auto reference = make_reference_engine(file, {.num_threads = 2});
      ASSERT_TRUE(reference.ok()) << reference.status().message();
      const std::vector<SaturatedTensor> expected = run(**reference, {pixels.data()}, all_tasks(config));
      for (const SaturatedTensor& tensor : expected) {
        const std::size_t dot = tensor.name.find('.');
        const bool in_block = tensor.name.starts_with("block");
        kinds[in_block ? tensor.name.substr(dot + 1) : tensor.name.substr(tensor.name.find('/') + 1)] += tensor.count;
      }
      for (const Isa isa : supported_isas()) {
        for (const int threads : {1, 3}) {
          auto engine = make_int8_engine(file, {.num_threads = threads, .isa = isa});
          ASSERT_TRUE(engine.ok());
          EXPECT_EQ(describe(run(**engine, {pixels.data()}, all_tasks(config))), describe(expected))
              << isa_name(isa) << ", " << threads << " threads";
        }
      }
    }
  }
  for (const char* kind : {"patch_embed.out", "patch_embed", "norm1", "attn.qkv", "attn.scores", "attn.heads",
                           "attn.out", "norm2", "router.logits", "mlp.hidden", "mlp.out", "residual", "head.norm",
                           "head.conv_0", "head.conv_1", "head.logits"}) {
    EXPECT_GT(kinds[kind], 0u) << kind << ": nothing was compared";
  }
}

TEST_F(SaturationTest, batchAndTasks_areSumsInWhichSharedWorkCountsOnce) {
  const ModelConfig config = named("tiny");
  const ModelFile file = model(config, std::array{Factor{"attn.qkv.weight", 1e5F}, Factor{"htoh4.weight", 1e5F}});
  const std::vector<float> a = picture(config, 1);
  const std::vector<float> b = picture(config, 2);
  for (const bool reference : {false, true}) {
    const EngineOptions options{.num_threads = 2, .max_batch = 2};
    auto engine = reference ? make_reference_engine(file, options) : make_int8_engine(file, options);
    ASSERT_TRUE(engine.ok());
    std::map<std::string, std::uint64_t> sum;
    for (const float* image : {a.data(), b.data()}) {
      for (const SaturatedTensor& tensor : run(**engine, {image}, all_tasks(config))) sum[tensor.name] += tensor.count;
    }
    ASSERT_FALSE(sum.empty());
    for (const SaturatedTensor& tensor : run(**engine, {a.data(), b.data()}, all_tasks(config))) {
      EXPECT_EQ(tensor.count, sum[tensor.name]) << tensor.name;
      sum.erase(tensor.name);
    }
    EXPECT_TRUE(sum.empty());
    // Blocks 0 and 1 up to the router serve all tasks at once.
    const auto count_of = [&](const std::vector<int>& tasks, std::string_view name) {
      for (const SaturatedTensor& tensor : run(**engine, {a.data()}, tasks)) {
        if (tensor.name == name) return tensor.count;
      }
      return std::uint64_t{0};
    };
    EXPECT_GT(count_of({0}, "block1.attn.qkv"), 0u);
    EXPECT_EQ(count_of({0, 2}, "block1.attn.qkv"), count_of({0}, "block1.attn.qkv"));
    EXPECT_GT(count_of({0}, "block1.mlp.hidden"), 0u);
    EXPECT_EQ(count_of({0, 2}, "block1.mlp.hidden"),
              count_of({0}, "block1.mlp.hidden") + count_of({2}, "block1.mlp.hidden"));
  }
}

TEST_F(SaturationTest, blockAlone_countsTheSame) {
  const ModelConfig config = named("tiny");
  const ModelFile file = model(config, std::array{Factor{"attn.proj.weight", 2e4F}, Factor{"fc2.weight", 2e4F}});
  std::vector<float> tokens(static_cast<std::size_t>(config.num_tokens() * config.embed_dim));
  Random random(5);
  for (float& token : tokens) token = random.uniform(-3e4F, 3e4F);
  tokens[3] = 32768;
  auto reference = make_reference_engine(file, {});
  auto engine = make_int8_engine(file, {});
  ASSERT_TRUE(reference.ok() && engine.ok());
  for (int block = 0; block < config.depth; ++block) {
    std::vector<float> out(tokens.size());
    ASSERT_TRUE((*reference)->run_block(block, 1, tokens, out, nullptr).ok());
    const std::vector<SaturatedTensor> expected = (*reference)->take_saturation();
    EXPECT_FALSE(expected.empty());
    ASSERT_TRUE((*engine)->run_block(block, 1, tokens, out, nullptr).ok());
    EXPECT_EQ(describe((*engine)->take_saturation()), describe(expected)) << "block " << block;
  }
}

TEST_F(SaturationTest, seededModels_haveNone_andFloatsNever) {
  for (const char* name : {"tiny", "tiny-shared", "tiny-conditioned"}) {
    const ModelConfig config = named(name);
    const ModelFile file = model(config, {});
    const std::vector<float> pixels = picture(config, 3);
    for (const NumberType type : {NumberType::kFloat, NumberType::kInt8, NumberType::kReference}) {
      auto engine = make_engine(file, {.type = type, .num_threads = 2});
      ASSERT_TRUE(engine.ok());
      EXPECT_EQ(describe(run(**engine, {pixels.data()}, all_tasks(config))), "") << name;
    }
  }
}

TEST(CountScoresTest, lowerEnd_countsWhereItsExponentialIsNotZero) {
  const std::int16_t upper[] = {32767, 5, 32767, -32768, -32768};
  EXPECT_EQ(count_scores(upper, 5), 2u);
  const std::int16_t all[] = {-32768, -32768, -32768};
  EXPECT_EQ(count_scores(all, 3), 3u);
  for (const int above : {1023, 1024}) {
    const std::int16_t near[] = {static_cast<std::int16_t>(-32768 + above), -32768, -32768};
    EXPECT_EQ(exp2_negative(static_cast<std::uint32_t>(above)) > 0, above == 1023);
    EXPECT_EQ(count_scores(near, 3), above == 1023 ? 2u : 0u) << above;
  }
}

TEST(CountBiasedTest, numberThatTheBiasTookOffTheEnd_counts) {
  const std::int16_t sums[] = {32767, 32700, 100, -32768, -32700};
  const std::int16_t bias[] = {0, -67, -67, 5, 68};
  EXPECT_EQ((count_biased<16>(sums, bias, 5)), 4u);
  EXPECT_EQ((count_biased<16>(sums, bias, 3)), 2u);
}

/// A query whose many small probabilities are all rounded up: the sum of products with V leaves 16 bits.
TEST(CountValuesTest, probabilitiesRoundedUp_areFoundAndNeverMissed) {
  constexpr std::size_t kHeadDim = 3;
  Random random(9);
  std::size_t saturated = 0;
  for (const std::size_t tokens : {5u, 129u, 515u, 1030u, 4000u}) {
    for (const int distance : {0, 64, 500, 512, 575, 576, 640}) {
      std::vector<std::int16_t> scores(tokens, static_cast<std::int16_t>(1000 - distance));
      scores[tokens / 2] = 1000;
      std::uint32_t sum = 0;
      for (const std::int16_t score : scores) sum += exp2_negative(static_cast<std::uint32_t>(1000 - score));
      const int pre_shift = bit_length(sum) - 16;
      std::uint8_t order[int8::kPanelOutputs];
      for (std::size_t i = 0; i < int8::kPanelOutputs; ++i) order[i] = static_cast<std::uint8_t>(i ^ 5U);
      std::vector<std::int8_t> values(int8::kPanelOutputs * int8::round_up(tokens, 4));
      std::int32_t products[kHeadDim] = {};
      for (std::size_t j = 0; j < tokens; ++j) {
        const std::int8_t row[kHeadDim] = {127, -127, static_cast<std::int8_t>(random.uniform(-127, 127))};
        const std::int32_t p = (exp2_negative(static_cast<std::uint32_t>(1000 - scores[j])) + 128) >> 8;
        for (std::size_t d = 0; d < kHeadDim; ++d) {
          products[d] += p * row[d];
          values[j / 4 * 4 * int8::kPanelOutputs + (d ^ 5U) * 4 + j % 4] = row[d];
        }
      }
      std::uint64_t expected = 0;
      for (const std::int32_t product : products) {
        expected += at_end<16>(saturate<16>(round_shift(product, pre_shift)));
      }
      const std::int16_t out[kHeadDim] = {1, 2, 3};
      EXPECT_EQ(count_values({scores.data(), tokens, values.data(), order, kHeadDim, pre_shift, out}), expected);
      EXPECT_TRUE(expected == 0 || values_can_saturate(sum, pre_shift, tokens)) << tokens << ' ' << distance;
      saturated += expected > 0;
    }
  }
  EXPECT_GT(saturated, 0u);
  EXPECT_FALSE(values_can_saturate(65280, 0, 1));
}

}  // namespace
}  // namespace edgemoe

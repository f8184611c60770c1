#include "engine/engine.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/cosine.h"
#include "base/file.h"
#include "base/random.h"
#include "base/testing.h"
#include "engine/allocation_testing.h"
#include "model/tap_dump.h"
#include "quant/integer_file.h"

namespace edgemoe {
namespace {

using Key = std::pair<int, int>;  // picture, task

/// Keeps a copy of every head's output.
struct KeepLogits final : LogitsSink {
  std::map<Key, std::vector<float>> values;
  void on_logits(int image, int task, const MatrixView<const float>& logits) override {
    values[{image, task}] = std::vector<float>(logits.data, logits.data + logits.rows * logits.cols);
  }
};

struct CountLogits final : LogitsSink {
  std::size_t calls = 0;
  void on_logits(int, int, const MatrixView<const float>&) override { ++calls; }
};

struct EngineCase {
  const char* config;
  NumberType type;
};

class EngineTest : public ::testing::TestWithParam<EngineCase> {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("edgemoe-engine-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    const auto config = config_of(GetParam().config);
    const auto path = folder_ / "model.safetensors";
    ASSERT_TRUE(write_seeded_model(path, config, 3).ok());
    auto opened = ModelFile::open(path);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    model_.emplace(std::move(opened).value());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static ModelConfig config_of(const std::string& name) {
    const auto text = read_text_file(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/models" / (name + ".json"),
                                     std::uint64_t{1} << 20);
    EXPECT_TRUE(text.ok()) << text.status().message();
    auto config = parse_model_config(*text);
    EXPECT_TRUE(config.ok()) << config.status().message();
    return *config;
  }

  std::unique_ptr<Engine> engine(EngineOptions options) const {
    options.type = GetParam().type;
    auto made = make_engine(*model_, options);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(made).value();
  }

  std::vector<float> picture(std::uint64_t seed) const {
    const InputConfig& input = model_->config().input;
    std::vector<float> pixels(static_cast<std::size_t>(input.height) * static_cast<std::size_t>(input.width) * 3);
    Random random(seed);
    for (float& pixel : pixels) pixel = random.uniform(-2, 2);
    return pixels;
  }

  std::vector<int> all_tasks() const {
    std::vector<int> tasks(model_->config().tasks.size());
    std::iota(tasks.begin(), tasks.end(), 0);
    return tasks;
  }

  static std::map<Key, std::vector<float>> run(Engine& engine, const std::vector<const float*>& images,
                                               const std::vector<int>& tasks) {
    KeepLogits keep;
    const auto times = engine.run({.images = images, .tasks = tasks, .logits = &keep});
    EXPECT_TRUE(times.ok()) << times.status().message();
    EXPECT_EQ(keep.values.size(), images.size() * tasks.size());
    return keep.values;
  }

  std::filesystem::path folder_;
  std::optional<ModelFile> model_;
};

TEST_P(EngineTest, run_anyThreadCount_sameBytes) {
  const std::vector<float> pixels = picture(1);
  const auto one = run(*engine({.num_threads = 1}), {pixels.data()}, all_tasks());
  for (const int threads : {2, 3, 7}) {
    EXPECT_EQ(run(*engine({.num_threads = threads}), {pixels.data()}, all_tasks()), one) << threads << " threads";
  }
}

TEST_P(EngineTest, run_batch_sameBytesAsAlone) {
  const std::vector<std::vector<float>> pixels = {picture(1), picture(2), picture(3)};
  const auto batch = run(*engine({.num_threads = 2, .max_batch = 3}),
                         {pixels[0].data(), pixels[1].data(), pixels[2].data()}, all_tasks());
  const auto alone = engine({.num_threads = 1});
  for (int image = 0; image < 3; ++image) {
    const auto single = run(*alone, {pixels[static_cast<std::size_t>(image)].data()}, all_tasks());
    for (const int task : all_tasks()) EXPECT_EQ(batch.at({image, task}), single.at({0, task})) << image << ' ' << task;
  }
  EXPECT_NE(batch.at({0, 0}), batch.at({1, 0})) << "different pictures must differ, or nothing was compared";
}

TEST_P(EngineTest, run_tasksTogetherOrAlone_sameBytes_andAgainTheSame) {
  const std::vector<float> pixels = picture(4);
  const auto made = engine({.num_threads = 2});
  const auto together = run(*made, {pixels.data()}, all_tasks());
  for (const int task : all_tasks()) {
    EXPECT_EQ(run(*made, {pixels.data()}, {task}).at({0, task}), together.at({0, task})) << task;
  }
  std::vector<int> reversed = all_tasks();
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(run(*made, {pixels.data()}, reversed), together);
}

TEST_P(EngineTest, run_everyIsa_agreesWithinRounding) {
  const std::vector<float> pixels = picture(5);
  const auto portable = run(*engine({.isa = Isa::kPortable}), {pixels.data()}, all_tasks());
  std::size_t compared = 0;
  for (const Isa isa : supported_isas()) {
    for (const auto& [key, values] : run(*engine({.isa = isa}), {pixels.data()}, all_tasks())) {
      const std::vector<float>& expected = portable.at(key);
      float scale = 0;
      for (const float value : expected) scale = std::max(scale, std::abs(value));
      for (std::size_t i = 0; i < values.size(); ++i) {
        // Four blocks and a head in float32, each within about 1e-6 of its scale; integers are the same everywhere.
        const float bound = GetParam().type == NumberType::kFloat ? 1e-4F * scale : 0;
        ASSERT_NEAR(values[i], expected[i], bound) << isa_name(isa) << ' ' << i;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 0u);
}

using FastEngineTest = EngineTest;

TEST_P(FastEngineTest, run_secondTime_allocatesNothing) {
  const std::vector<float> pixels = picture(6);
  const std::vector<const float*> images = {pixels.data()};
  const std::vector<int> tasks = all_tasks();
  const auto made = engine({.num_threads = 2});
  CountLogits count;
  ASSERT_TRUE(made->run({.images = images, .tasks = tasks, .logits = &count}).ok());
  const std::size_t before = allocation_count();
  ASSERT_TRUE(made->run({.images = images, .tasks = tasks, .logits = &count}).ok());
  EXPECT_EQ(allocation_count() - before, 0u);
  EXPECT_EQ(count.calls, 2 * tasks.size());
}

TEST_P(EngineTest, run_withTaps_changesNothing_andPublishesEveryBlock) {
  const std::vector<float> pixels = picture(7);
  const std::vector<const float*> images = {pixels.data()};
  const auto made = engine({.num_threads = 2});
  const auto plain = run(*made, images, all_tasks());
  KeepLogits keep;
  TapRecorder recorder;
  const std::vector<int> tasks = all_tasks();
  ASSERT_TRUE(made->run({.images = images, .tasks = tasks, .logits = &keep, .taps = &recorder}).ok());
  EXPECT_EQ(keep.values, plain);
  const SafetensorsIndex index = recorder.index();
  const ModelConfig& config = model_->config();
  for (const TaskConfig& task : config.tasks) {
    for (int block = 0; block < config.depth; ++block) {
      const std::string name = std::string(task_name(task.kind)) + "/" + block_tap(block, kTapBlockOut);
      const TensorView* tap = find_tap(index, name);
      ASSERT_NE(tap, nullptr) << name;
      EXPECT_EQ(tap->shape, Shape({config.num_tokens(), config.embed_dim}));
    }
  }
}

TEST_P(EngineTest, runBlock_chained_equalsRun) {
  const std::vector<float> pixels = picture(8);
  const std::vector<const float*> images = {pixels.data()};
  const auto made = engine({.num_threads = 2});
  for (const int task : all_tasks()) {
    const std::vector<int> tasks = {task};
    TapRecorder recorder;
    ASSERT_TRUE(made->run({.images = images, .tasks = tasks, .taps = &recorder}).ok());
    const SafetensorsIndex index = recorder.index();
    const std::string scope = std::string(task_name(model_->config().tasks[static_cast<std::size_t>(task)].kind)) + "/";
    const auto values = [&](const std::string& tap) {
      const TensorView* view = find_tap(index, scope + tap);
      EXPECT_NE(view, nullptr) << tap;
      std::vector<float> out(static_cast<std::size_t>(view->shape.num_elements()));
      EXPECT_TRUE(widen_to_f32(view->dtype, view->bytes, out));
      return out;
    };
    std::vector<float> tokens = values(std::string(kTapPatchEmbed));
    for (int block = 0; block < model_->config().depth; ++block) {
      std::vector<float> out(tokens.size());
      ASSERT_TRUE(made->run_block(block, task, tokens, out, nullptr).ok());
      ASSERT_EQ(out, values(block_tap(block, kTapBlockOut))) << "block " << block;
      tokens = out;
    }
  }
}

TEST_P(EngineTest, requestOutsideBounds_isRefused) {
  const std::vector<float> pixels = picture(9);
  const std::vector<const float*> one = {pixels.data()};
  const std::vector<const float*> two = {pixels.data(), pixels.data()};
  const auto made = engine({});
  const std::vector<int> first = {0};
  const std::vector<int> unknown = {static_cast<int>(model_->config().tasks.size())};
  const std::vector<int> twice = {0, 0};
  EXPECT_EQ(made->run({.images = two, .tasks = first}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(made->run({.images = {}, .tasks = first}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(made->run({.images = one, .tasks = {}}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(made->run({.images = one, .tasks = unknown}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(made->run({.images = one, .tasks = twice}).status().code(), StatusCode::kInvalidArgument);
  for (const EngineOptions& options :
       {EngineOptions{.num_threads = 0}, EngineOptions{.max_batch = 0}, EngineOptions{.input_height = 16},
        EngineOptions{.input_height = 17, .input_width = 17}}) {
    EngineOptions typed = options;
    typed.type = GetParam().type;
    EXPECT_FALSE(make_engine(*model_, typed).ok());
  }
}

TEST_P(EngineTest, otherInputSize_runsOnItsOwnGrid_andTheModelsOwnChangesNothing) {
  const InputConfig& input = model_->config().input;
  const std::vector<float> pixels = picture(10);
  EXPECT_EQ(run(*engine({.input_height = input.height, .input_width = input.width}), {pixels.data()}, all_tasks()),
            run(*engine({}), {pixels.data()}, all_tasks()));
  const int patch = model_->config().patch_size;
  const auto other = engine({.input_height = 3 * patch, .input_width = 7 * patch});
  EXPECT_EQ(other->config().num_tokens(), 22);
  const std::vector<float> small(static_cast<std::size_t>(21 * patch * patch * 3), 0.5F);
  for (const auto& [key, values] : run(*other, {small.data()}, all_tasks())) {
    const auto outputs = static_cast<std::size_t>(model_->config().tasks[static_cast<std::size_t>(key.second)].outputs);
    EXPECT_EQ(values.size(), small.size() / 3 * outputs);
  }
}

TEST_P(EngineTest, run_eachTypeOfNumber_sameMapsAsFloatButForItsRounding) {
  std::vector<float> pixels = picture(11);
  const InputConfig& input = model_->config().input;
  // Values that 8-bit pixels can have, so that the pictures are the same.
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const float level = std::floor((pixels[i] + 2) / 4 * 255);
    pixels[i] = (level / 255 - input.mean[i % 3]) / input.deviation[i % 3];
  }
  auto exact = make_float_engine(*model_, {});
  ASSERT_TRUE(exact.ok());
  const auto expected = run(**exact, {pixels.data()}, all_tasks());
  for (const auto& [key, values] : run(*engine({}), {pixels.data()}, all_tasks())) {
    EXPECT_GT(cosine(values, expected.at(key)), 0.999) << "task " << key.second;
  }
}

using IntegerEngineTest = EngineTest;

/// Every tap of two runs, byte for byte.
void expect_same_taps(const TapRecorder& found, const TapRecorder& expected) {
  const SafetensorsIndex a = found.index();
  const SafetensorsIndex b = expected.index();
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  ASSERT_FALSE(a.tensors.empty());
  for (const auto& [name, view] : b.tensors) {
    const TensorView* other = find_tap(a, name);
    ASSERT_NE(other, nullptr) << name;
    ASSERT_EQ(other->bytes.size(), view.bytes.size()) << name;
    EXPECT_TRUE(std::equal(view.bytes.begin(), view.bytes.end(), other->bytes.begin())) << name << " differs";
  }
}

TEST_P(IntegerEngineTest, run_everyIsa_equalsTheReferenceTapByTap) {
  const std::vector<float> pixels = picture(12);
  const std::vector<const float*> images = {pixels.data()};
  const std::vector<int> tasks = all_tasks();
  auto reference = make_reference_engine(*model_, {.num_threads = 2});
  ASSERT_TRUE(reference.ok());
  KeepLogits expected;
  TapRecorder expected_taps;
  ASSERT_TRUE((*reference)->run({.images = images, .tasks = tasks, .logits = &expected, .taps = &expected_taps}).ok());
  for (const Isa isa : supported_isas()) {
    SCOPED_TRACE(isa_name(isa));
    const auto made = engine({.num_threads = 2, .isa = isa});
    EXPECT_EQ(run(*made, images, tasks), expected.values);
    KeepLogits keep;
    TapRecorder taps;
    ASSERT_TRUE(made->run({.images = images, .tasks = tasks, .logits = &keep, .taps = &taps}).ok());
    EXPECT_EQ(keep.values, expected.values);
    expect_same_taps(taps, expected_taps);
  }
}

TEST_P(IntegerEngineTest, run_everyIsaAndThreadCount_sameBytes) {
  const std::vector<float> pixels = picture(13);
  const auto expected = run(*engine({.num_threads = 1, .isa = Isa::kPortable}), {pixels.data()}, all_tasks());
  for (const Isa isa : supported_isas()) {
    for (const int threads : {1, 2, 3, 4, 7, 8, 16}) {
      EXPECT_EQ(run(*engine({.num_threads = threads, .isa = isa}), {pixels.data()}, all_tasks()), expected)
          << isa_name(isa) << ", " << threads << " threads";
    }
  }
}

TEST_P(IntegerEngineTest, moreTokensThan32BitsHold_tooLarge) {
  const int side = 256 * model_->config().patch_size;
  const auto refused = make_int8_engine(*model_, {.input_height = side, .input_width = side});
  EXPECT_EQ(refused.status().code(), StatusCode::kTooLarge);
  EXPECT_NE(refused.status().message().find("65537"), std::string::npos) << refused.status().message();
}

TEST_P(IntegerEngineTest, modelOfIntegers_sameTapsAsQuantisedAtLoad_andNoFloatEngine) {
  const auto path = folder_ / "integers.safetensors";
  ASSERT_TRUE(write_integer_model(path, *model_, {}).ok());
  const auto integers = ModelFile::open(path);
  ASSERT_TRUE(integers.ok()) << integers.status().message();
  const std::vector<float> pixels = picture(13);
  const std::vector<const float*> images = {pixels.data()};
  const std::vector<int> tasks = all_tasks();
  const auto compare = [&](EngineOptions options) {
    auto from_floats = make_engine(*model_, options);
    auto from_integers = make_engine(*integers, options);
    ASSERT_TRUE(from_floats.ok() && from_integers.ok()) << from_integers.status().message();
    KeepLogits logits[2];
    TapRecorder taps[2];
    ASSERT_TRUE((*from_floats)->run({.images = images, .tasks = tasks, .logits = &logits[0], .taps = &taps[0]}).ok());
    ASSERT_TRUE((*from_integers)->run({.images = images, .tasks = tasks, .logits = &logits[1], .taps = &taps[1]}).ok());
    EXPECT_EQ(logits[1].values, logits[0].values);
    expect_same_taps(taps[1], taps[0]);
  };
  compare({.type = NumberType::kReference});
  for (const Isa isa : supported_isas()) {
    SCOPED_TRACE(isa_name(isa));
    compare({.type = NumberType::kInt8, .num_threads = 2, .isa = isa});
  }
  EXPECT_EQ((*make_engine(*integers, {}))->number_type(), "int8");
  const auto refused = make_engine(*integers, {.type = NumberType::kFloat});
  EXPECT_EQ(refused.status().code(), StatusCode::kUnsupported);
  EXPECT_NE(refused.status().message().find("--type int8"), std::string::npos) << refused.status().message();
}

std::string case_name(const ::testing::TestParamInfo<EngineCase>& test) {
  std::string name = std::string(test.param.config) + "_" + std::string(number_type_name(test.param.type));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

constexpr EngineCase kFastCases[] = {
    {"tiny", NumberType::kFloat}, {"tiny-shared", NumberType::kFloat}, {"tiny-conditioned", NumberType::kFloat},
    {"tiny", NumberType::kInt8},  {"tiny-shared", NumberType::kInt8},  {"tiny-conditioned", NumberType::kInt8}};
constexpr EngineCase kIntegerCases[] = {
    {"tiny", NumberType::kInt8}, {"tiny-shared", NumberType::kInt8}, {"tiny-conditioned", NumberType::kInt8}};
constexpr EngineCase kPlainCases[] = {{"tiny", NumberType::kReference},
                                      {"tiny-shared", NumberType::kReference},
                                      {"tiny-conditioned", NumberType::kReference}};

INSTANTIATE_TEST_SUITE_P(Fast, EngineTest, ::testing::ValuesIn(kFastCases), case_name);
INSTANTIATE_TEST_SUITE_P(Plain, EngineTest, ::testing::ValuesIn(kPlainCases), case_name);
INSTANTIATE_TEST_SUITE_P(Integer, IntegerEngineTest, ::testing::ValuesIn(kIntegerCases), case_name);
INSTANTIATE_TEST_SUITE_P(Fast, FastEngineTest, ::testing::ValuesIn(kFastCases), case_name);

}  // namespace
}  // namespace edgemoe

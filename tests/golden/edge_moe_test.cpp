// The float engine on the public Edge-MoE data: real weights, stand-in experts, a real picture. The data has no licence
// and is not part of the project: EDGEMOE_SHARED names the folder that holds `edge-moe`, else ../shared beside the
// checkout.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/cosine.h"
#include "base/file.h"
#include "base/testing.h"
#include "checkpoint/convert.h"
#include "image/array_file.h"
#include "model/named_config.h"
#include "model/tap_dump.h"
#include "pipeline/pipeline.h"

namespace edgemoe {
namespace {

constexpr std::size_t kTokens = 129;
constexpr std::size_t kDim = 192;
constexpr int kDepth = 12;

std::filesystem::path shared_folder() {
  if (const char* chosen = std::getenv("EDGEMOE_SHARED"); chosen != nullptr) return chosen;
  return std::filesystem::path(EDGEMOE_SOURCE_DIR).parent_path() / "shared";
}

/// Reads a .npy of little-endian numbers of one type, C order; the header was written by numpy 1.x.
template <typename T>
std::vector<T> read_numbers(const std::filesystem::path& path, std::string_view type) {
  const auto bytes = read_file(path, std::uint64_t{1} << 30);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  if (!bytes.ok()) return {};
  const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  EXPECT_NE(text.find(type), std::string_view::npos) << path << " is not of type " << type;
  const std::size_t start = text.find('\n') + 1;
  std::vector<T> values((bytes->size() - start) / sizeof(T));
  std::memcpy(values.data(), bytes->data() + start, values.size() * sizeof(T));
  return values;
}

class EdgeMoeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    data_ = shared_folder() / "edge-moe";
    if (!std::filesystem::exists(data_ / "weights")) {
      GTEST_SKIP() << "no public Edge-MoE data in " << data_
                   << "; set EDGEMOE_SHARED to the folder that holds edge-moe";
    }
    const std::string command = "/usr/bin/python3 '" + (data_ / "make_random_experts.py").string() + "' '" +
                                (folder_ / "experts").string() + "' >'" + (folder_ / "log").string() + "' 2>&1";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "make_random_experts.py needs python3 with numpy";
    convert();
  }

  void convert() {
    const std::vector<std::filesystem::path> folders = {std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/models"};
    auto config = load_named_config("edgemoe-cityscapes", folders);
    ASSERT_TRUE(config.ok()) << config.status().message();
    const auto report = convert_checkpoint({.inputs = {data_ / "weights", folder_ / "experts"},
                                            .config = std::move(config).value(),
                                            .output = folder_ / "model.safetensors",
                                            .heads = HeadChoice::kNone});
    ASSERT_TRUE(report.ok()) << report.status().message();
    load(NumberType::kFloat);
  }

  void load(NumberType type) {
    auto pipeline = Pipeline::load(folder_ / "model.safetensors", {.type = type, .num_threads = 2});
    ASSERT_TRUE(pipeline.ok()) << pipeline.status().message();
    pipeline_ = std::move(pipeline).value();
  }

  Tensor image() const {
    const auto bytes = read_file(data_ / "weights/image.float32.bin", std::uint64_t{1} << 24);
    EXPECT_TRUE(bytes.ok());
    Tensor image(Shape{3, 128, 256});
    EXPECT_EQ(bytes->size(), image.values.size() * sizeof(float));
    std::memcpy(image.data(), bytes->data(), bytes->size());
    return image;
  }

  /// How many tokens of a MoE block choose the expected set of experts.
  std::size_t equal_sets(const SafetensorsIndex& taps, int block) const {
    const auto expected = read_numbers<std::int32_t>(
        data_ / "expected" / fmt::format("task0_layer{:02}_gate_indices.npy", block), "'<i4'");
    EXPECT_EQ(expected.size(), 2 * kTokens);
    const TensorView* found = find_tap(taps, "semseg/" + block_tap(block, kTapRouterIndices));
    EXPECT_NE(found, nullptr);
    std::vector<std::int32_t> indices(2 * kTokens);
    EXPECT_EQ(found->bytes.size(), indices.size() * sizeof(std::int32_t));
    std::memcpy(indices.data(), found->bytes.data(), indices.size() * sizeof(std::int32_t));
    std::size_t equal = 0;
    for (std::size_t token = 0; token < kTokens; ++token) {
      const std::set<std::int32_t> a = {expected[2 * token], expected[2 * token + 1]};
      const std::set<std::int32_t> b = {indices[2 * token], indices[2 * token + 1]};
      equal += a == b ? std::size_t{1} : std::size_t{0};
    }
    return equal;
  }

  std::vector<float> expected_tokens(int block) const {
    const std::string name = block < 0 ? "patch_embed" : fmt::format("layer{:02}", block);
    std::vector<float> values = read_numbers<float>(data_ / "expected" / ("task0_" + name + ".npy"), "'<f4'");
    EXPECT_EQ(values.size(), kTokens * kDim);
    return values;
  }

  /// Largest |a − b|; fails on nothing to compare.
  static double worst(const std::vector<float>& a, const std::vector<float>& b) {
    EXPECT_EQ(a.size(), b.size());
    EXPECT_FALSE(a.empty());
    double distance = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double apart = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
      if (std::isnan(apart) || apart > distance) distance = apart;  // nothing is above a NaN
    }
    return distance;
  }

  static std::vector<float> floats(const SafetensorsIndex& taps, const std::string& name) {
    const TensorView* view = find_tap(taps, name);
    EXPECT_NE(view, nullptr) << name;
    std::vector<float> values(view == nullptr ? 0 : static_cast<std::size_t>(view->shape.num_elements()));
    if (view != nullptr) {
      EXPECT_TRUE(widen_to_f32(view->dtype, view->bytes, values));
    }
    return values;
  }

  std::filesystem::path data_;
  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(EdgeMoeTest, eachBlockFromTheExpectedPrevious_isWithin1em4) {
  for (int block = 0; block < kDepth; ++block) {
    const std::vector<float> in = expected_tokens(block - 1);
    std::vector<float> out(in.size());
    ASSERT_TRUE(pipeline_->engine().run_block(block, 0, in, out, nullptr).ok());
    EXPECT_LT(worst(out, expected_tokens(block)), 1e-4) << "block " << block;
  }
}

TEST_F(EdgeMoeTest, endToEnd_tokensWithin1em3_andEveryRouterSetEqual) {
  const Tensor image = this->image();
  const Tensor* tensors[] = {&image};
  const std::vector<int> tasks = {0};
  TapRecorder recorder;
  ASSERT_TRUE(pipeline_->run_tensors(tensors, {.tasks = tasks, .taps = &recorder}).ok());
  const SafetensorsIndex taps = recorder.index();
  EXPECT_LT(worst(floats(taps, "semseg/patch_embed"), expected_tokens(-1)), 1e-4);
  EXPECT_LT(worst(floats(taps, "semseg/block11.out"), expected_tokens(kDepth - 1)), 1e-3);

  std::size_t equal = 0;
  for (int block = 1; block < kDepth; block += 2) equal += equal_sets(taps, block);
  EXPECT_EQ(equal, 6 * kTokens);
}

// W8A8 without calibration: docs/numerics.md has the figures that these bounds are set for.
TEST_F(EdgeMoeTest, integersFromTheExpectedPrevious_changeAtMost2PercentOfRouterSets) {
  load(NumberType::kReference);
  std::size_t equal = 0;
  for (int block = 0; block < kDepth; ++block) {
    const std::vector<float> in = expected_tokens(block - 1);
    std::vector<float> out(in.size());
    TapRecorder recorder;
    ASSERT_TRUE(pipeline_->engine().run_block(block, 0, in, out, &recorder).ok());
    EXPECT_GT(cosine(out, expected_tokens(block)), 0.9997) << "block " << block;
    if (block % 2 == 1) equal += equal_sets(recorder.index(), block);
  }
  RecordProperty("changed_router_sets", static_cast<int>(6 * kTokens - equal));
  EXPECT_GE(equal, 6 * kTokens * 98 / 100);
}

TEST_F(EdgeMoeTest, integersEndToEnd_cosineAndRouterSetsWithinTheirBars) {
  load(NumberType::kReference);
  const Tensor image = this->image();
  const Tensor* tensors[] = {&image};
  const std::vector<int> tasks = {0};
  TapRecorder recorder;
  ASSERT_TRUE(pipeline_->run_tensors(tensors, {.tasks = tasks, .taps = &recorder}).ok());
  const SafetensorsIndex taps = recorder.index();
  std::size_t equal = 0;
  for (int block = 0; block < kDepth; ++block) {
    const double similar = cosine(floats(taps, "semseg/" + block_tap(block, kTapBlockOut)), expected_tokens(block));
    RecordProperty(fmt::format("block{}_one_minus_cosine", block), fmt::format("{:.6f}", 1 - similar));
    EXPECT_GT(similar, 0.9995) << "block " << block;
    if (block % 2 == 1) equal += equal_sets(taps, block);
  }
  RecordProperty("changed_router_sets", static_cast<int>(6 * kTokens - equal));
  EXPECT_GE(equal, 6 * kTokens * 94 / 100);
}

}  // namespace
}  // namespace edgemoe

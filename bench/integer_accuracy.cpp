// What the integers cost in accuracy: integer_accuracy MODEL… prints a row of a Markdown table for each model, float32
// against int8 on one seeded picture, first task. scripts/accuracy makes the table of all named configurations.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "base/cosine.h"
#include "base/random.h"
#include "engine/engine.h"

namespace edgemoe {
namespace {

/// Each block's output and chosen experts, and the first block's input.
class BlockTaps final : public TapSink {
 public:
  explicit BlockTaps(int depth) : outputs(static_cast<std::size_t>(depth)), experts(outputs.size()) {}

  void on_tap(int /*image*/, std::string_view /*scope*/, std::string_view tap, const TensorView& values) override {
    if (tap == kTapPatchEmbed) input = floats(values);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (tap == block_tap(static_cast<int>(i), kTapBlockOut)) outputs[i] = floats(values);
      if (tap == block_tap(static_cast<int>(i), kTapRouterIndices)) {
        experts[i].resize(static_cast<std::size_t>(values.shape.num_elements()));
        std::copy_n(reinterpret_cast<const std::int32_t*>(values.bytes.data()), experts[i].size(), experts[i].begin());
      }
    }
  }

  std::vector<float> input;
  std::vector<std::vector<float>> outputs;
  std::vector<std::vector<std::int32_t>> experts;  // [tokens, top_k]; empty in a dense block

 private:
  static std::vector<float> floats(const TensorView& view) {
    std::vector<float> values(static_cast<std::size_t>(view.shape.num_elements()));
    widen_to_f32(view.dtype, view.bytes, values);
    return values;
  }
};

/// Tokens whose set of experts differs.
std::size_t changed_sets(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b, std::size_t top_k) {
  std::size_t changed = 0;
  for (std::size_t t = 0; t < a.size(); t += top_k) {
    const auto set_of = [&](const std::vector<std::int32_t>& all) {
      return std::set<std::int32_t>(all.begin() + static_cast<std::ptrdiff_t>(t),
                                    all.begin() + static_cast<std::ptrdiff_t>(t + top_k));
    };
    changed += set_of(a) != set_of(b);
  }
  return changed;
}

/// Levels that 8-bit pixels can have.
std::vector<float> picture(const InputConfig& input) {
  std::vector<float> pixels(static_cast<std::size_t>(input.height) * static_cast<std::size_t>(input.width) * 3);
  Random random(1);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = (std::floor(random.uniform(0, 256)) / 255 - input.mean[i % 3]) / input.deviation[i % 3];
  }
  return pixels;
}

Status run(Engine& engine, const float* pixels, BlockTaps& taps) {
  const float* const images[] = {pixels};
  const int tasks[] = {0};
  return engine.run({.images = images, .tasks = tasks, .taps = &taps}).status();
}

Status print_row(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(const ModelFile model, ModelFile::open(path));
  const ModelConfig& config = model.config();
  const std::vector<float> pixels = picture(config.input);
  EngineOptions options{.type = NumberType::kFloat, .num_threads = default_num_threads()};
  BlockTaps exact(config.depth);
  {
    EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, make_engine(model, options));
    EDGEMOE_RETURN_IF_ERROR(run(*engine, pixels.data(), exact));
  }
  options.type = NumberType::kInt8;
  EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, make_engine(model, options));
  BlockTaps found(config.depth);
  EDGEMOE_RETURN_IF_ERROR(run(*engine, pixels.data(), found));
  double lowest_alone = 1;
  std::size_t changed = 0;
  std::size_t sets = 0;
  std::string cosines;
  for (std::size_t i = 0; i < exact.outputs.size(); ++i) {
    std::vector<float> out(exact.outputs[i].size());
    EDGEMOE_RETURN_IF_ERROR(
        engine->run_block(static_cast<int>(i), 0, i == 0 ? exact.input : exact.outputs[i - 1], out, nullptr));
    lowest_alone = std::min(lowest_alone, cosine(out, exact.outputs[i]));
    const double block = cosine(found.outputs[i], exact.outputs[i]);
    cosines += fmt::format("{}{:.5f}", i == 0 ? "" : " ", block);
    if (exact.experts[i].empty()) continue;
    const auto top_k = static_cast<std::size_t>(config.moe.top_k);
    changed += changed_sets(exact.experts[i], found.experts[i], top_k);
    sets += exact.experts[i].size() / top_k;
  }
  std::uint64_t saturated = 0;
  for (const SaturatedTensor& tensor : engine->take_saturation()) saturated += tensor.count;
  fmt::print("| `{}` | {} | {:.5f} | {} of {} | {} |\n", config.name, cosines, lowest_alone, changed, sets, saturated);
  return {};
}

}  // namespace
}  // namespace edgemoe

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: integer_accuracy MODEL...\n");
    return 2;
  }
  for (int i = 1; i < argc; ++i) {
    const edgemoe::Status status = edgemoe::print_row(argv[i]);
    if (status.ok()) continue;
    fmt::print(stderr, "integer_accuracy: {}: {}\n", argv[i], status.message());
    return 1;
  }
  return 0;
}

// Any bytes as a model file: an error, or integers that the int8 engine can compute with, whatever they are, to the
// same logits on every instruction set.
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "base/check.h"
#include "engine/engine.h"
#include "quant/integer_model.h"

namespace {

struct KeepLogits final : edgemoe::LogitsSink {
  void on_logits(int, int, const edgemoe::MatrixView<const float>& logits) override {
    for (std::size_t r = 0; r < logits.rows; ++r)
      values.insert(values.end(), logits.row(r), logits.row(r) + logits.cols);
  }
  std::vector<float> values;
};

/// A network that runs in the time that a fuzzer has for one input.
bool is_small(const edgemoe::ModelConfig& config) {
  return config.num_tokens() <= 64 && config.embed_dim <= 64 && config.input.height * config.input.width <= 1 << 12 &&
         config.head.channels <= 64;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = edgemoe::ModelFile::from_bytes(std::as_bytes(std::span(data, size)));
  if (!file.ok() || file->numbers() != edgemoe::StoredNumbers::kIntegers) return 0;
  const auto integers = edgemoe::quantize_model(*file);
  if (!is_small(file->config())) return 0;
  const edgemoe::InputConfig& input = file->config().input;
  std::vector<float> picture(static_cast<std::size_t>(input.height) * static_cast<std::size_t>(input.width) * 3);
  for (std::size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<float>(i % 5) - 2;
  const float* const images[] = {picture.data()};
  std::vector<int> tasks(file->config().tasks.size());
  std::iota(tasks.begin(), tasks.end(), 0);
  const bool has_head = file->config().head.present;
  std::vector<float> expected;
  for (const edgemoe::Isa isa : edgemoe::supported_isas()) {
    const auto engine = edgemoe::make_int8_engine(*file, {.isa = isa});
    EDGEMOE_CHECK(engine.ok() == integers.ok());
    if (!engine.ok()) return 0;
    KeepLogits logits;
    EDGEMOE_CHECK((*engine)->run({.images = images, .tasks = tasks, .logits = has_head ? &logits : nullptr}).ok());
    if (isa == edgemoe::Isa::kPortable) expected = logits.values;
    EDGEMOE_CHECK(logits.values == expected);
  }
  return 0;
}

// Runs an engine on demand, so that a driver can interleave it with other programs:
//   engine_bench MODEL INPUT.f32 THREADS BATCH TASKS(comma) backbone|heads ISA|best [float|int8|reference]
// INPUT.f32 holds [3, height, width] float32. Prints "ready <ms to load>", then for every line "N" on standard input
// the times of N runs in ns on one line; "save PATH" writes the last block's tokens of the first picture and task as
// float32; "end" prints the peak resident memory in KiB and leaves.
#include <fmt/core.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "engine/engine.h"

namespace edgemoe {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t nanoseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

struct DiscardLogits final : LogitsSink {
  void on_logits(int, int, const MatrixView<const float>&) override {}
};

/// Keeps what the last block publishes for the first task.
class LastTokens final : public TapSink {
 public:
  explicit LastTokens(const ModelConfig& config) : tap_(block_tap(config.depth - 1, kTapBlockOut)) {}
  void on_tap(int image, std::string_view, std::string_view tap, const TensorView& values) override {
    if (image == 0 && tap == tap_ && tokens_.empty()) tokens_.assign(values.bytes.begin(), values.bytes.end());
  }
  const std::vector<std::byte>& tokens() const { return tokens_; }

 private:
  const std::string tap_;
  std::vector<std::byte> tokens_;
};

int fail(const Status& status) {
  fmt::print(stderr, "engine_bench: {}\n", status.message());
  return 1;
}

Result<std::vector<int>> tasks_of(const ModelConfig& config, const std::string& names) {
  std::vector<int> tasks;
  std::stringstream list(names);
  for (std::string name; std::getline(list, name, ',');) {
    const auto kind = task_from_name(name);
    const auto index = kind ? config.task_index(*kind) : std::nullopt;
    if (!index) return invalid_argument("no task {}; there are {}", name, config.task_list());
    tasks.push_back(*index);
  }
  return tasks;
}

/// [3, height, width] to the engine's [height, width, 3].
Result<std::vector<float>> read_input(const std::filesystem::path& path, const InputConfig& input) {
  const std::size_t pixels = static_cast<std::size_t>(input.height) * static_cast<std::size_t>(input.width);
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, read_file(path, std::uint64_t{1} << 30));
  if (bytes.size() != pixels * 3 * sizeof(float)) {
    return mismatch("{}: expected {} bytes, found {}", path.string(), pixels * 3 * sizeof(float), bytes.size());
  }
  std::vector<float> planes(pixels * 3);
  widen_to_f32(DType::kF32, bytes, planes);
  std::vector<float> out(pixels * 3);
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t c = 0; c < 3; ++c) out[3 * p + c] = planes[c * pixels + p];
  }
  return out;
}

/// Peak resident memory of this program; getrusage would count what the driver had before it became this one.
long peak_memory_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  }
  return 0;
}

Status save_tokens(Engine& engine, EngineRequest request, const std::filesystem::path& path) {
  LastTokens last(engine.config());
  request.taps = &last;
  EDGEMOE_RETURN_IF_ERROR(engine.run(request).status());
  return write_file(path, last.tokens());
}

int serve(Engine& engine, const EngineRequest& request) {
  constexpr std::string_view kSave = "save ";
  std::string line;
  while (std::getline(std::cin, line) && line != "end") {
    if (line.starts_with(kSave)) {
      const Status saved = save_tokens(engine, request, line.substr(kSave.size()));
      if (!saved.ok()) return fail(saved);
      std::cout << "saved" << std::endl;
      continue;
    }
    const int count = std::stoi(line);
    std::string times;
    for (int i = 0; i < count; ++i) {
      const auto start = Clock::now();
      const auto result = engine.run(request);
      const auto spent = Clock::now() - start;
      if (!result.ok()) return fail(result.status());
      times += fmt::format("{} ", nanoseconds(spent));
    }
    std::cout << times << std::endl;
  }
  std::cout << peak_memory_kib() << std::endl;
  return 0;
}

int bench(const std::vector<std::string>& arguments) {
  const auto start = Clock::now();
  const Result<ModelFile> model = ModelFile::open(arguments[0]);
  if (!model.ok()) return fail(model.status());
  EngineOptions options{.num_threads = std::stoi(arguments[2]), .max_batch = std::stoi(arguments[3])};
  if (const auto isa = isa_from_name(arguments[6])) {
    options.isa = *isa;
  } else if (arguments[6] != "best") {
    return fail(invalid_argument("no instruction set \"{}\"; \"best\" takes the best", arguments[6]));
  }
  if (arguments.size() > 7) {
    const auto type = number_type_from_name(arguments[7]);
    if (!type) return fail(invalid_argument("no number type \"{}\"", arguments[7]));
    options.type = *type;
  }
  Result<std::unique_ptr<Engine>> engine = make_engine(*model, options);
  if (!engine.ok()) return fail(engine.status());
  const auto loaded = Clock::now() - start;
  const Result<std::vector<float>> input = read_input(arguments[1], model->config().input);
  if (!input.ok()) return fail(input.status());
  const Result<std::vector<int>> tasks = tasks_of(model->config(), arguments[4]);
  if (!tasks.ok()) return fail(tasks.status());
  const std::vector<const float*> images(static_cast<std::size_t>(options.max_batch), input->data());
  DiscardLogits discard;
  std::cout << "ready " << static_cast<double>(nanoseconds(loaded)) / 1e6 << std::endl;
  return serve(**engine, {.images = images, .tasks = *tasks, .logits = arguments[5] == "heads" ? &discard : nullptr});
}

}  // namespace
}  // namespace edgemoe

int main(int argc, char** argv) {
  if (argc != 8 && argc != 9) {
    fmt::print(stderr, "usage: engine_bench MODEL INPUT.f32 THREADS BATCH TASKS backbone|heads ISA|best [TYPE]\n");
    return 2;
  }
  return edgemoe::bench({argv + 1, argv + argc});
}

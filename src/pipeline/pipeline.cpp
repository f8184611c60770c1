#include "pipeline/pipeline.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/check.h"
#include "base/text.h"

namespace edgemoe {
namespace {

std::int64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
}

ResizeKernel resize_kernel(InputResize resize) {
  switch (resize) {
    case InputResize::kBilinear:
      return ResizeKernel::kBilinear;
    case InputResize::kBicubic:
      return ResizeKernel::kBicubic;
    case InputResize::kBilinearAntialias:
      return ResizeKernel::kBilinearAntialias;
    case InputResize::kBicubicAntialias:
      return ResizeKernel::kBicubicAntialias;
  }
  check_failed(__FILE__, __LINE__, "an InputResize is one of the enumerators");
}

/// `size`, shrunk in its own shape until no side is longer than `max_side`; 0: as it is.
Extent fit_within(Extent size, std::size_t max_side) {
  const std::size_t longer = std::max(size.height, size.width);
  if (max_side == 0 || longer <= max_side) return size;
  const auto shrink = [&](std::size_t side) {
    return std::max<std::size_t>(1, (side * max_side + longer / 2) / longer);
  };
  return {shrink(size.height), shrink(size.width)};
}

/// Numbers the taps of one engine run by the pictures of the whole request.
class NumberedTaps final : public TapSink {
 public:
  /// `numbers` of the run's pictures; empty: `first`, first + 1, …
  NumberedTaps(TapSink& sink, std::span<const std::size_t> numbers, std::size_t first)
      : sink_(sink), numbers_(numbers), first_(first) {}
  void on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) override {
    const std::size_t index = first_ + static_cast<std::size_t>(image);
    sink_.on_tap(static_cast<int>(numbers_.empty() ? index : numbers_[index]), scope, tap, values);
  }
  bool routers_only() const override { return sink_.routers_only(); }

 private:
  TapSink& sink_;
  std::span<const std::size_t> numbers_;
  std::size_t first_;
};

/// Turns the logits of one engine run into maps and hands them on; remembers the first fault.
class MapMaker final : public LogitsSink {
 public:
  MapMaker(const ModelConfig& config, std::span<const Extent> sizes, std::size_t first, const MapSink& sink,
           ThreadPool& pool)
      : config_(config), sizes_(sizes), first_(first), sink_(sink), pool_(pool) {}

  void on_logits(int image, int task, const MatrixView<const float>& logits) override {
    if (!status_.ok()) return;
    const auto index = static_cast<std::size_t>(image);
    const auto start = std::chrono::steady_clock::now();
    const Extent from{static_cast<std::size_t>(config_.input.height), static_cast<std::size_t>(config_.input.width)};
    TaskMap map = make_task_map(config_.tasks[static_cast<std::size_t>(task)], logits, from, sizes_[index], pool_);
    spent_ns_ += nanoseconds_since(start);
    status_ = sink_(first_ + index, std::move(map));
  }

  const Status& status() const { return status_; }
  std::int64_t spent_ns() const { return spent_ns_; }

 private:
  const ModelConfig& config_;
  std::span<const Extent> sizes_;
  std::size_t first_;
  const MapSink& sink_;
  ThreadPool& pool_;
  Status status_;
  std::int64_t spent_ns_ = 0;
};

}  // namespace

PipelineTimes& PipelineTimes::operator+=(const PipelineTimes& other) {
  resize_ns += other.resize_ns;
  backbone_ns += other.backbone_ns;
  head_ns += other.head_ns;
  maps_ns += other.maps_ns;
  return *this;
}

Result<std::unique_ptr<Pipeline>> Pipeline::load(const std::filesystem::path& model, const EngineOptions& options) {
  EDGEMOE_ASSIGN_OR_RETURN(ModelFile file, ModelFile::open(model));
  Result<std::unique_ptr<Engine>> engine = make_engine(file, options);
  if (!engine.ok()) return engine.status().with_context(model.string());
  try {
    return std::unique_ptr<Pipeline>(new Pipeline(std::move(file), std::move(engine).value(), options.num_threads));
  } catch (const std::system_error& error) {
    return io_error("cannot start {} threads: {}; ask for fewer", options.num_threads, error.what());
  }
}

Pipeline::Pipeline(ModelFile model, std::unique_ptr<Engine> engine, int num_threads)
    : model_(std::move(model)),
      engine_(std::move(engine)),
      pool_(num_threads),
      inputs_(static_cast<std::size_t>(engine_->max_batch()) * input_floats()) {}

std::size_t Pipeline::input_floats() const {
  const InputConfig& input = engine_->config().input;
  return static_cast<std::size_t>(input.height) * static_cast<std::size_t>(input.width) * 3;
}

Result<PipelineTimes> Pipeline::run(std::span<const Image* const> pictures, const Request& request) {
  PipelineTimes times;
  const auto batch = static_cast<std::size_t>(engine_->max_batch());
  std::vector<Extent> sizes;
  for (std::size_t first = 0; first < pictures.size(); first += batch) {
    const std::size_t count = std::min(batch, pictures.size() - first);
    const auto start = std::chrono::steady_clock::now();
    sizes.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const Image& picture = *pictures[first + i];
      if (picture.width == 0 || picture.height == 0) return invalid_argument("picture {} is empty", first + i);
      prepare(picture, inputs_.data() + i * input_floats());
      sizes.push_back(fit_within({picture.height, picture.width}, request.max_map_side));
    }
    times.resize_ns += nanoseconds_since(start);
    EDGEMOE_ASSIGN_OR_RETURN(const PipelineTimes spent, run_batch(sizes, first, request));
    times += spent;
  }
  return times;
}

Result<PipelineTimes> Pipeline::run_tensors(std::span<const Tensor* const> tensors, const Request& request) {
  const InputConfig& input = config().input;
  const Shape expected{3, input.height, input.width};
  const std::size_t pixels = input_floats() / 3;
  const auto batch = static_cast<std::size_t>(engine_->max_batch());
  PipelineTimes times;
  std::vector<Extent> sizes;
  for (std::size_t first = 0; first < tensors.size(); first += batch) {
    const std::size_t count = std::min(batch, tensors.size() - first);
    sizes.assign(count, {static_cast<std::size_t>(input.height), static_cast<std::size_t>(input.width)});
    for (std::size_t i = 0; i < count; ++i) {
      const Tensor& tensor = *tensors[first + i];
      if (tensor.shape != expected) {
        return mismatch("input tensor: expected shape {}, found {}", expected.to_string(), tensor.shape.to_string());
      }
      float* pixel = inputs_.data() + i * input_floats();
      for (std::size_t p = 0; p < pixels; ++p) {
        for (std::size_t c = 0; c < 3; ++c) *pixel++ = tensor.values[c * pixels + p];
      }
    }
    EDGEMOE_ASSIGN_OR_RETURN(const PipelineTimes spent, run_batch(sizes, first, request));
    times += spent;
  }
  return times;
}

/// Resize from the samples as they are to [0,1], then mean and deviation.
void Pipeline::prepare(const Image& picture, float* input) {
  const InputConfig& target = config().input;
  const auto height = static_cast<std::size_t>(target.height);
  const auto width = static_cast<std::size_t>(target.width);
  if (!resizer_ || !resizer_->fits(picture)) {
    resizer_.emplace(picture.height, picture.width, height, width, resize_kernel(target.resize));
    workspace_ = AlignedBuffer<float>(resizer_->workspace_size() * static_cast<std::size_t>(pool_.num_threads()));
  }
  const std::size_t scratch = resizer_->workspace_size();
  pool_.parallel_for(height, [&](std::size_t y, int thread) {
    float* row = input + y * width * 3;
    resizer_->run_row(picture, y, row,
                      std::span(workspace_.data() + static_cast<std::size_t>(thread) * scratch, scratch));
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) row[3 * x + c] = (row[3 * x + c] - target.mean[c]) / target.deviation[c];
    }
  });
}

/// Runs the engine on the first sizes.size() prepared inputs; `first` is the number of the batch's first picture.
Result<PipelineTimes> Pipeline::run_batch(std::span<const Extent> sizes, std::size_t first, const Request& request) {
  std::vector<const float*> images;
  for (std::size_t i = 0; i < sizes.size(); ++i) images.push_back(inputs_.data() + i * input_floats());
  MapMaker maps(config(), sizes, first, request.maps, pool_);
  std::optional<NumberedTaps> taps;
  if (request.taps != nullptr) taps.emplace(*request.taps, request.tap_numbers, first);
  EDGEMOE_ASSIGN_OR_RETURN(const EngineTimes spent, engine_->run({.images = images,
                                                                  .tasks = request.tasks,
                                                                  .logits = request.maps ? &maps : nullptr,
                                                                  .taps = taps ? &*taps : nullptr}));
  EDGEMOE_RETURN_IF_ERROR(maps.status());
  return PipelineTimes{.backbone_ns = spent.backbone_ns, .head_ns = spent.head_ns, .maps_ns = maps.spent_ns()};
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const Isa isa : supported_isas()) names.emplace_back(isa_name(isa));
  return names;
}

Status choose_instruction_set(std::string_view name, EngineOptions& options) {
  const std::optional<Isa> isa = isa_from_name(name);
  if (!isa) {
    return invalid_argument(
        "instruction set: expected portable, avx2, avxvnni, avx512, avx512vnni, neon or dotprod, found \"{}\"",
        printable(name));
  }
  options.isa = *isa;
  return {};
}

Result<std::vector<int>> select_tasks(const ModelConfig& config, std::span<const std::string> names) {
  std::vector<int> tasks;
  for (const std::string& name : names) {
    if (name == "all") {
      if (names.size() != 1) return invalid_argument("task \"all\" stands alone, found {} names", names.size());
      for (std::size_t i = 0; i < config.tasks.size(); ++i) tasks.push_back(static_cast<int>(i));
      return tasks;
    }
    const std::optional<TaskKind> kind = task_from_name(name);
    const std::optional<int> index = kind ? config.task_index(*kind) : std::nullopt;
    if (!index) return invalid_argument("no task \"{}\" in model {}; it has {}", name, config.name, config.task_list());
    if (std::find(tasks.begin(), tasks.end(), *index) != tasks.end()) {
      return invalid_argument("task \"{}\" is asked for twice", name);
    }
    tasks.push_back(*index);
  }
  if (tasks.empty()) return invalid_argument("no task asked for; model {} has {}", config.name, config.task_list());
  return tasks;
}

}  // namespace edgemoe

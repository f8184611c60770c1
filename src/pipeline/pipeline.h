// Pictures in, maps out: preprocessing, engine and map making behind one door.
#ifndef EDGEMOE_PIPELINE_PIPELINE_H_
#define EDGEMOE_PIPELINE_PIPELINE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "engine/engine.h"
#include "image/frame.h"
#include "image/image.h"
#include "model/config.h"
#include "model/model_file.h"
#include "pipeline/task_map.h"

namespace edgemoe {

/// Where the time of a run went. Sums over its pictures and tasks.
struct PipelineTimes {
  std::int64_t resize_ns = 0;  // picture to the network's input: resize, mean, deviation
  std::int64_t backbone_ns = 0;
  std::int64_t head_ns = 0;
  std::int64_t maps_ns = 0;  // logits to the picture's size, activation

  PipelineTimes& operator+=(const PipelineTimes& other);
};

/// Receives each finished map; a fault ends the run and becomes its result.
using MapSink = std::function<Status(std::size_t picture, TaskMap map)>;

class Pipeline {
 public:
  /// Opens a model and makes its engine. Errors carry the file's name.
  static Result<std::unique_ptr<Pipeline>> load(const std::filesystem::path& model, const EngineOptions& options);

  const ModelConfig& config() const { return engine_->config(); }
  const ModelFile& model() const { return model_; }
  Engine& engine() { return *engine_; }
  /// Name of the instruction set that the engine uses.
  std::string_view instruction_set() const { return isa_name(engine_->isa()); }
  ThreadPool& pool() { return pool_; }

  struct Request {
    std::span<const int> tasks;
    TapSink* taps = nullptr;
    std::span<const std::size_t> tap_numbers = {};  // that the pictures' taps carry; empty: 0, 1, …
    MapSink maps;                                   // empty: heads are not run
    std::size_t max_map_side = 0;  // maps of larger pictures are made this long on the longer side; 0: no bound
  };

  /// Runs on any number of pictures of at least 1×1, max_batch at a time. Maps are as large as their picture,
  /// or smaller in the same shape where max_map_side says so.
  Result<PipelineTimes> run(std::span<const Image* const> pictures, const Request& request);

  /// Runs on tensors [3, height, width] that are the network's input already (mean and deviation applied). Maps are of
  /// the network's input size.
  Result<PipelineTimes> run_tensors(std::span<const Tensor* const> tensors, const Request& request);

 private:
  Pipeline(ModelFile model, std::unique_ptr<Engine> engine, int num_threads);
  void prepare(const Image& picture, float* input);
  Result<PipelineTimes> run_batch(std::span<const Extent> sizes, std::size_t first, const Request& request);
  std::size_t input_floats() const;

  ModelFile model_;
  std::unique_ptr<Engine> engine_;
  ThreadPool pool_;
  AlignedBuffer<float> inputs_;          // [max_batch, height, width, 3]
  std::optional<FrameResizer> resizer_;  // for the last picture's size
  AlignedBuffer<float> workspace_;       // of the resizer, one piece a thread
};

/// Names of the instruction sets that this machine has, the best last.
std::vector<std::string> instruction_sets();
/// Sets options.isa by name. kInvalidArgument with the names that there are; one that this machine lacks is the
/// engine's to refuse.
Status choose_instruction_set(std::string_view name, EngineOptions& options);

/// Indices of the named tasks, in the order asked for; "all" is every task. kInvalidArgument for an
/// unknown, missing or repeated name, with the list of those that the model has.
Result<std::vector<int>> select_tasks(const ModelConfig& config, std::span<const std::string> names);

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_PIPELINE_H_

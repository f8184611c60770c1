#include <new>
#include <span>
#include <utility>

#include "api/convert.h"
#include "api/routing_report.h"
#include "base/text.h"
#include "edgemoe/edgemoe.h"
#include "pipeline/map_preview.h"
#include "pipeline/pipeline.h"

namespace edgemoe {
namespace {

ModelInfo make_info(Pipeline& pipeline) {
  const ModelConfig& config = pipeline.config();
  ModelInfo info;
  info.name = config.name;
  for (const TaskConfig& task : config.tasks) {
    info.tasks.push_back({.name = std::string(task_name(task.kind)),
                          .outputs = task.outputs,
                          .unit = task.unit,
                          .class_names = task.class_names});
    if (!is_label_task(task.kind)) continue;
    for (const Rgb& color : task_palette(task.kind, static_cast<std::size_t>(task.outputs), task.class_names)) {
      info.tasks.back().class_colors.push_back({color.r, color.g, color.b});
    }
  }
  info.input_height = config.input.height;
  info.input_width = config.input.width;
  info.patch_size = config.patch_size;
  info.num_blocks = config.depth;
  info.moe_blocks = config.moe.blocks;
  info.num_experts = config.moe.blocks.empty() ? 0 : config.moe.num_experts;
  info.top_k = config.moe.blocks.empty() ? 0 : config.moe.top_k;
  const auto trained = pipeline.model().metadata().find("edgemoe.trained");
  info.trained = trained == pipeline.model().metadata().end() || trained->second != "no";
  info.number_type = pipeline.engine().number_type();
  info.instruction_set = pipeline.instruction_set();
  info.num_threads = pipeline.engine().num_threads();
  return info;
}

}  // namespace

struct Model::Implementation {
  std::unique_ptr<Pipeline> pipeline;
  ModelInfo info;
};

Model::Model(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const ModelInfo& Model::info() const { return implementation_->info; }

Result<Model> Model::load(const std::filesystem::path& path, const LoadOptions& options) try {
  EngineOptions engine{.num_threads = options.num_threads == 0 ? default_num_threads() : options.num_threads,
                       .max_batch = options.max_batch};
  if (!options.number_type.empty()) {
    engine.type = number_type_from_name(options.number_type);
    if (!engine.type) {
      return invalid_argument("number type: expected float, int8 or reference, found \"{}\"",
                              printable(options.number_type));
    }
  }
  if (!options.instruction_set.empty()) {
    EDGEMOE_RETURN_IF_ERROR(choose_instruction_set(options.instruction_set, engine));
  }
  auto implementation = std::make_unique<Implementation>();
  EDGEMOE_ASSIGN_OR_RETURN(implementation->pipeline, Pipeline::load(path, engine));
  implementation->info = make_info(*implementation->pipeline);
  return Model(std::move(implementation));
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

namespace {

/// The tasks by name, none: all.
Result<std::vector<int>> tasks_of(const Pipeline& pipeline, const std::vector<std::string>& names) {
  const std::vector<std::string> every = {"all"};
  return select_tasks(pipeline.config(), names.empty() ? std::span(every) : std::span(names));
}

/// A sink that puts each map into its picture's place.
MapSink collect(const Pipeline& pipeline, std::vector<std::vector<Map>>& maps) {
  return [&](std::size_t picture, TaskMap map) {
    const auto index = static_cast<std::size_t>(*pipeline.config().task_index(map.task));
    maps[picture].push_back(to_map(std::move(map), pipeline.config().tasks[index]));
    return Status();
  };
}

}  // namespace

Result<std::vector<Map>> Model::run(const PictureView& picture, const std::vector<std::string>& tasks) {
  EDGEMOE_ASSIGN_OR_RETURN(RunReport report, run_with_report(picture, {.tasks = tasks}));
  return std::move(report.maps);
}

Result<RunReport> Model::run_with_report(const PictureView& picture, const RunOptions& options) try {
  Pipeline& pipeline = *implementation_->pipeline;
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<int> tasks, tasks_of(pipeline, options.tasks));
  EDGEMOE_ASSIGN_OR_RETURN(const Image image, to_image(picture));
  const Image* const pointer = &image;
  std::vector<std::vector<Map>> maps(1);
  RoutingReport routing(pipeline.config());
  EDGEMOE_ASSIGN_OR_RETURN(const PipelineTimes times,
                           pipeline.run({&pointer, 1}, {.tasks = tasks,
                                                        .taps = options.routing ? &routing : nullptr,
                                                        .maps = collect(pipeline, maps),
                                                        .max_map_side = options.max_map_side}));
  return RunReport{.maps = std::move(maps.front()),
                   .routing = routing.take(),
                   .times = {.resize_ns = times.resize_ns,
                             .backbone_ns = times.backbone_ns,
                             .head_ns = times.head_ns,
                             .maps_ns = times.maps_ns}};
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Result<std::vector<std::vector<Map>>> Model::run_batch(const std::vector<PictureView>& pictures,
                                                       const std::vector<std::string>& tasks) try {
  Pipeline& pipeline = *implementation_->pipeline;
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<int> selected, tasks_of(pipeline, tasks));
  std::vector<Image> images;
  for (const PictureView& picture : pictures) {
    EDGEMOE_ASSIGN_OR_RETURN(Image image, to_image(picture));
    images.push_back(std::move(image));
  }
  std::vector<const Image*> pointers;
  for (const Image& image : images) pointers.push_back(&image);
  std::vector<std::vector<Map>> maps(pictures.size());
  EDGEMOE_ASSIGN_OR_RETURN([[maybe_unused]] const PipelineTimes times,
                           pipeline.run(pointers, {.tasks = selected, .maps = collect(pipeline, maps)}));
  return maps;
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

}  // namespace edgemoe

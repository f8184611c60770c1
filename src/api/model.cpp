#include <cstring>
#include <new>
#include <utility>

#include "edgemoe/edgemoe.h"
#include "image/decode.h"
#include "image/image.h"
#include "pipeline/map_preview.h"
#include "pipeline/pipeline.h"

namespace edgemoe {
namespace {

Status out_of_memory() { return too_large("not enough memory"); }

std::size_t sample_bytes(PixelFormat format) { return format == PixelFormat::kRgb16 ? 2 : 1; }

/// Copies a borrowed picture into the library's own form, channels in the order red, green, blue.
Result<Image> to_image(const PictureView& view) {
  if (view.pixels == nullptr || view.width == 0 || view.height == 0) {
    return invalid_argument("picture: expected at least one pixel, found {}x{}{}", view.width, view.height,
                            view.pixels == nullptr ? " at a null address" : "");
  }
  const DecodeLimits limits;
  if (view.width > limits.max_dimension || view.height > limits.max_dimension ||
      view.width * view.height > limits.max_pixels) {
    return too_large("picture: {}x{}; the limit is {} pixels and {} a side", view.width, view.height, limits.max_pixels,
                     limits.max_dimension);
  }
  const std::size_t row_bytes = view.width * 3 * sample_bytes(view.format);
  const std::size_t stride = view.row_stride_bytes == 0 ? row_bytes : view.row_stride_bytes;
  if (stride < row_bytes) {
    return invalid_argument("picture: a row of {} pixels takes {} bytes, the stride is {}", view.width, row_bytes,
                            stride);
  }
  Image image;
  image.width = view.width;
  image.height = view.height;
  image.bits = view.format == PixelFormat::kRgb16 ? 16 : 8;
  const std::size_t samples = view.width * view.height * 3;
  std::byte* out = nullptr;
  if (image.bits == 16) {
    image.samples16.resize(samples);
    out = reinterpret_cast<std::byte*>(image.samples16.data());
  } else {
    image.samples8.resize(samples);
    out = reinterpret_cast<std::byte*>(image.samples8.data());
  }
  const auto* in = static_cast<const std::byte*>(view.pixels);
  for (std::size_t y = 0; y < view.height; ++y) std::memcpy(out + y * row_bytes, in + y * stride, row_bytes);
  if (view.format == PixelFormat::kBgr8) {
    for (std::size_t i = 0; i < samples; i += 3) std::swap(image.samples8[i], image.samples8[i + 2]);
  }
  return image;
}

Result<TaskMap> to_task_map(const Map& map) {
  const std::optional<TaskKind> kind = task_from_name(map.task);
  if (!kind) return invalid_argument("map: no task \"{}\"", map.task);
  const DecodeLimits limits;
  if (map.width > limits.max_dimension || map.height > limits.max_dimension) {
    return too_large("map of {}x{}; the limit is {} a side", map.width, map.height, limits.max_dimension);
  }
  const std::size_t pixels = map.width * map.height;
  const bool labels = is_label_task(*kind);
  const std::size_t channels = *kind == TaskKind::kNormals ? 3 : 1;
  if (!labels && map.channels != channels) {
    return invalid_argument("map of {}: expected {} channels, found {}", map.task, channels, map.channels);
  }
  if (pixels == 0 || map.labels.size() != (labels ? pixels : 0) ||
      map.values.size() != (labels ? 0 : pixels * map.channels)) {
    return invalid_argument("map of {}: {} labels and {} values do not make {}x{} pixels", map.task, map.labels.size(),
                            map.values.size(), map.width, map.height);
  }
  return TaskMap{.task = *kind,
                 .height = map.height,
                 .width = map.width,
                 .channels = channels,
                 .num_classes = map.num_classes,
                 .labels = map.labels,
                 .values = map.values};
}

Map to_map(TaskMap map, const TaskConfig& task) {
  return {.task = std::string(task_name(map.task)),
          .width = map.width,
          .height = map.height,
          .channels = map.channels,
          .num_classes = map.num_classes,
          .labels = std::move(map.labels),
          .values = std::move(map.values),
          .unit = task.unit,
          .class_names = task.class_names};
}

ModelInfo make_info(Pipeline& pipeline) {
  const ModelConfig& config = pipeline.config();
  ModelInfo info;
  info.name = config.name;
  for (const TaskConfig& task : config.tasks) {
    info.tasks.push_back({std::string(task_name(task.kind)), task.outputs, task.unit, task.class_names});
  }
  info.input_height = config.input.height;
  info.input_width = config.input.width;
  info.num_experts = config.moe.blocks.empty() ? 0 : config.moe.num_experts;
  info.top_k = config.moe.blocks.empty() ? 0 : config.moe.top_k;
  info.number_type = pipeline.engine().number_type();
  info.instruction_set = pipeline.instruction_set();
  info.num_threads = pipeline.engine().num_threads();
  return info;
}

}  // namespace

Result<Picture> read_picture(const std::filesystem::path& path) try {
  EDGEMOE_ASSIGN_OR_RETURN(const Image image, load_image(path));
  Picture picture;
  picture.width = image.width;
  picture.height = image.height;
  picture.format = image.bits == 16 ? PixelFormat::kRgb16 : PixelFormat::kRgb8;
  picture.bytes.resize(image.width * image.height * 3 * sample_bytes(picture.format));
  const void* samples = image.bits == 16 ? static_cast<const void*>(image.samples16.data()) : image.samples8.data();
  std::memcpy(picture.bytes.data(), samples, picture.bytes.size());
  return picture;
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

Status write_preview(const Map& map, const std::filesystem::path& path) try {
  EDGEMOE_ASSIGN_OR_RETURN(const TaskMap task_map, to_task_map(map));
  return write_map_preview(task_map, map.unit, map.class_names, path);
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

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

Result<std::vector<Map>> Model::run(const PictureView& picture, const std::vector<std::string>& tasks) {
  EDGEMOE_ASSIGN_OR_RETURN(std::vector<std::vector<Map>> maps, run_batch({picture}, tasks));
  return std::move(maps.front());
}

Result<std::vector<std::vector<Map>>> Model::run_batch(const std::vector<PictureView>& pictures,
                                                       const std::vector<std::string>& tasks) try {
  Pipeline& pipeline = *implementation_->pipeline;
  const std::vector<std::string> every = {"all"};
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<int> selected,
                           select_tasks(pipeline.config(), tasks.empty() ? every : tasks));
  std::vector<Image> images;
  for (const PictureView& picture : pictures) {
    EDGEMOE_ASSIGN_OR_RETURN(Image image, to_image(picture));
    images.push_back(std::move(image));
  }
  std::vector<const Image*> pointers;
  for (const Image& image : images) pointers.push_back(&image);

  std::vector<std::vector<Map>> maps(pictures.size());
  const MapSink keep = [&](std::size_t picture, TaskMap map) {
    const auto index = static_cast<std::size_t>(*pipeline.config().task_index(map.task));
    maps[picture].push_back(to_map(std::move(map), pipeline.config().tasks[index]));
    return Status();
  };
  EDGEMOE_ASSIGN_OR_RETURN([[maybe_unused]] const PipelineTimes times,
                           pipeline.run(pointers, {.tasks = selected, .maps = keep}));
  return maps;
} catch (const std::bad_alloc&) {
  return out_of_memory();
}

}  // namespace edgemoe

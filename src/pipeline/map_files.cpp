#include "pipeline/map_files.h"

#include <functional>
#include <new>

#include "image/array_file.h"
#include "image/depth_file.h"
#include "image/map_picture.h"
#include "image/png_writer.h"
#include "pipeline/map_preview.h"

namespace edgemoe {
namespace {

/// Collects the files of one map, then writes them all at once on the pool.
class MapFileWriter {
 public:
  MapFileWriter(const TaskMap& map, const TaskConfig& task, const Image* picture, const MapFileOptions& options)
      : map_(map), task_(task), picture_(picture), options_(options) {
    report_.task = task_name(map.task);
    report_.non_finite = map.num_non_finite;
  }

  Result<MapReport> write(ThreadPool& pool);

 private:
  using Job = std::function<Status(const std::filesystem::path&)>;
  /// Memory that ends is the job's fault: nothing may be thrown out of a thread of the pool.
  Status run_job(std::size_t i) {
    try {
      return jobs_[i](report_.files[i].path);
    } catch (const std::bad_alloc&) {
      return too_large("{}: not enough memory to encode it", report_.files[i].path.string());
    }
  }
  /// Adds "<stem>_<task><suffix>".
  void add(const std::string& suffix, std::string meaning, Job job) {
    report_.files.push_back({options_.folder / (options_.stem + "_" + report_.task + suffix), std::move(meaning)});
    jobs_.push_back(std::move(job));
  }
  void add_image(const std::string& suffix, std::string meaning, const Image& image, PngContent content) {
    add(suffix, std::move(meaning),
        [&image, content](const std::filesystem::path& path) { return write_png(path, png_source(image, content)); });
  }
  void add_floats(const std::string& meaning);
  bool data_only() const { return options_.files == MapFileSet::kData; }
  void add_label_files();
  void add_depth_files();
  void add_unit_files();
  void count_classes();
  void measure_values();

  const TaskMap& map_;
  const TaskConfig& task_;
  const Image* picture_;
  const MapFileOptions& options_;
  MapReport report_;
  std::vector<Job> jobs_;
  Image colors_;
  Image overlay_;
  Image extra_;  // legend or scale bar
  DepthSamples depth_;
  GreyPicture grey_;
};

void MapFileWriter::add_floats(const std::string& meaning) {
  if (options_.float_format == FloatFormat::kPfm) {
    add(".pfm", meaning, [this](const std::filesystem::path& path) {
      return write_pfm(path, map_.values, map_.height, map_.width, map_.channels);
    });
    return;
  }
  add(".npy", meaning, [this](const std::filesystem::path& path) {
    const auto height = static_cast<std::int64_t>(map_.height);
    const auto width = static_cast<std::int64_t>(map_.width);
    const Shape shape =
        map_.channels == 1 ? Shape{height, width} : Shape{height, width, static_cast<std::int64_t>(map_.channels)};
    return write_npy(path, map_.values, shape);
  });
}

void MapFileWriter::count_classes() {
  report_.class_pixels.assign(static_cast<std::size_t>(task_.outputs), 0);
  for (const std::uint8_t label : map_.labels) ++report_.class_pixels[label];
}

void MapFileWriter::measure_values() {
  const DepthRange range = depth_range(map_.values);
  if (range.num_finite > 0) report_.range = ValueRange{range.low, range.high};
}

void MapFileWriter::add_label_files() {
  count_classes();
  add(".png", fmt::format("class of every pixel, 0 to {}", task_.outputs - 1),
      [this](const std::filesystem::path& path) {
        return write_png(path, {.width = map_.width,
                                .height = map_.height,
                                .grey8 = map_.labels,
                                .content = PngContent::kFlat,
                                .text = {{"task", report_.task}, {"ignore", "255"}}});
      });
  if (data_only()) return;
  add_image("_color.png", "the classes in colours", colors_, PngContent::kFlat);
  extra_ = draw_legend(task_palette(map_.task, static_cast<std::size_t>(task_.outputs), task_.class_names),
                       task_.class_names);
  add_image("_legend.png", "which colour is which class", extra_, PngContent::kFlat);
  if (picture_ != nullptr) add_image("_overlay.png", "the colours over the picture", overlay_, PngContent::kSmooth);
}

void MapFileWriter::add_depth_files() {
  const std::string unit = task_.unit.empty() ? "no known unit" : task_.unit;
  depth_ = depth_samples(map_.values, task_.unit);
  report_.depth = DepthFileReport{depth_.scale, depth_.offset, depth_.num_invalid, depth_.num_clipped};
  const std::string offset = depth_.offset == 0 ? "" : fmt::format("{:.6g} + ", depth_.offset);
  add(".png", fmt::format("16 bits: depth = {}sample / {:.6g} ({}), 0 is invalid", offset, depth_.scale, unit),
      [this](const std::filesystem::path& path) {
        return write_depth_png(path, depth_, map_.height, map_.width, task_.unit);
      });
  add_floats(fmt::format("float32 depth ({})", unit));
  if (data_only()) return;
  add_image("_color.png", task_.unit.empty() ? "depth in colours, dark is small" : "depth in colours, dark is near",
            colors_, PngContent::kSmooth);
  extra_ = add_scale_bar(colors_, depth_range(map_.values), task_.unit);
  add_image("_preview.png", "the same with its scale below", extra_, PngContent::kSmooth);
}

void MapFileWriter::add_unit_files() {
  if (map_.task == TaskKind::kNormals) {
    add_floats("float32 unit vectors x, y, z");
    if (data_only()) return;
    add_image(".png", "(n + 1) / 2 as red, green, blue", colors_, PngContent::kSmooth);
    return;
  }
  add_floats("float32 in [0, 1]");
  if (data_only()) return;
  grey_ = grey_from_unit(map_.values);
  add(".png", "8 bits: 255 is 1", [this](const std::filesystem::path& path) {
    return write_png(path, {.width = map_.width, .height = map_.height, .grey8 = grey_.samples});
  });
}

Result<MapReport> MapFileWriter::write(ThreadPool& pool) {
  if (!data_only()) {
    EDGEMOE_ASSIGN_OR_RETURN(colors_, colorize_map(map_, task_.class_names));
  }
  if (is_label_task(map_.task)) {
    if (picture_ != nullptr && !data_only()) {
      EDGEMOE_ASSIGN_OR_RETURN(overlay_, overlay(*picture_, colors_));
    }
    add_label_files();
  } else {
    measure_values();
    if (map_.task == TaskKind::kDepth) {
      add_depth_files();
    } else {
      add_unit_files();
    }
  }
  std::vector<Status> results(jobs_.size());
  pool.parallel_for(jobs_.size(), [&](std::size_t i, int) { results[i] = run_job(i); });
  for (const Status& result : results) EDGEMOE_RETURN_IF_ERROR(result);
  return std::move(report_);
}

}  // namespace

Result<MapReport> write_map_files(const TaskMap& map, const TaskConfig& task, const Image* picture,
                                  const MapFileOptions& options, ThreadPool& pool) {
  return MapFileWriter(map, task, picture, options).write(pool);
}

}  // namespace edgemoe

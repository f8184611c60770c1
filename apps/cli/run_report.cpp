// What edgemoe run prints, and its summary.json.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/run_command.h"

namespace edgemoe::cli {
namespace {

using Json = nlohmann::ordered_json;

double milliseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::string describe_task(const TaskConfig& task) {
  const std::string_view name = task_name(task.kind);
  if (is_label_task(task.kind)) return fmt::format("{} ({} classes)", name, task.outputs);
  if (task.kind == TaskKind::kDepth)
    return fmt::format("{} ({})", name, task.unit.empty() ? "no known unit" : task.unit);
  return std::string(name);
}

std::string describe_preprocessing(const InputConfig& input) {
  const auto is = [](const std::array<float, 3>& values, float value) {
    return values[0] == value && values[1] == value && values[2] == value;
  };
  std::string text = fmt::format("RGB stretched to {}x{} (height x width) by {}, scaled to [0,1]", input.height,
                                 input.width, input_resize_name(input.resize));
  if (!is(input.mean, 0) || !is(input.deviation, 1)) {
    text += fmt::format(", less [{}] by [{}]", fmt::join(input.mean, ", "), fmt::join(input.deviation, ", "));
  }
  return text;
}

Json report_json(const MapReport& map, const TaskConfig& task) {
  Json files = Json::array();
  for (const MapFile& file : map.files) {
    files.push_back({{"path", file.path.filename().string()}, {"meaning", file.meaning}});
  }
  Json root = {{"task", map.task}, {"files", files}};
  if (is_label_task(task.kind)) {
    Json classes = Json::array();
    for (std::size_t c = 0; c < map.class_pixels.size(); ++c) {
      Json entry = {{"index", c}};
      if (c < task.class_names.size()) entry["name"] = task.class_names[c];
      entry["pixels"] = map.class_pixels[c];
      classes.push_back(entry);
    }
    root["classes"] = classes;
    root["ignore_index"] = 255;
  } else {
    root["min"] = map.range ? Json(map.range->min) : Json(nullptr);
    root["max"] = map.range ? Json(map.range->max) : Json(nullptr);
  }
  root["non_finite_pixels"] = map.non_finite;
  if (task.kind == TaskKind::kDepth) root["unit"] = task.unit.empty() ? Json(nullptr) : Json(task.unit);
  if (map.depth) {
    root["png16"] = {{"scale", map.depth->scale},
                     {"offset", map.depth->offset},
                     {"invalid", 0},
                     {"invalid_pixels", map.depth->num_invalid},
                     {"clipped_pixels", map.depth->num_clipped},
                     {"formula", "depth = offset + sample / scale"}};
  }
  return root;
}

Json times_json(const StageTimes& times) {
  return {{"load", milliseconds(times.load_ns)},
          {"decode", milliseconds(times.decode_ns)},
          {"resize", milliseconds(times.pipeline.resize_ns)},
          {"backbone", milliseconds(times.pipeline.backbone_ns)},
          {"head", milliseconds(times.pipeline.head_ns)},
          {"maps", milliseconds(times.pipeline.maps_ns)},
          {"encode", milliseconds(times.encode_ns)},
          {"total", milliseconds(times.total_ns)}};
}

Json maps_json(const std::vector<MapReport>& maps, const ModelConfig& config) {
  Json all = Json::array();
  for (const MapReport& map : maps) {
    const auto task = static_cast<std::size_t>(*config.task_index(*task_from_name(map.task)));
    all.push_back(report_json(map, config.tasks[task]));
  }
  return all;
}

/// Null on a device, which does not count.
Json saturation_json(const std::vector<SaturatedTensor>& tensors, bool on_device) {
  if (on_device) return nullptr;
  Json all = Json::array();
  for (const SaturatedTensor& tensor : tensors) all.push_back({{"tensor", tensor.name}, {"count", tensor.count}});
  return all;
}

/// What ran, whatever it ran on.
Json run_json(Pipeline& pipeline, const RunOptions& options, const std::vector<int>& tasks) {
  const ModelConfig& config = pipeline.config();
  Json task_names = Json::array();
  for (const int task : tasks) task_names.push_back(task_name(config.tasks[static_cast<std::size_t>(task)].kind));
  const auto trained = pipeline.model().metadata().find("edgemoe.trained");
  return {{"edgemoe", EDGEMOE_VERSION},
          {"model",
           {{"file", options.model.string()},
            {"name", config.name},
            {"trained", trained == pipeline.model().metadata().end() || trained->second != "no"},
            {"experts", config.moe.blocks.empty() ? 0 : config.moe.num_experts},
            {"top_k", config.moe.blocks.empty() ? 0 : config.moe.top_k},
            {"grid", {config.grid_height(), config.grid_width()}},
            {"tokens", config.num_tokens()}}},
          {"tasks", task_names},
          {"input",
           {{"height", config.input.height},
            {"width", config.input.width},
            {"resize", input_resize_name(config.input.resize)},
            {"mean", config.input.mean},
            {"deviation", config.input.deviation}}},
          {"engine",
           {{"type", pipeline.engine().number_type()},
            {"instruction_set", pipeline.instruction_set()},
            {"device", options.engine.device.empty() ? Json(nullptr) : Json(options.engine.device)},
            {"threads", pipeline.engine().num_threads()},
            {"batch", pipeline.engine().max_batch()}}}};
}

/// What --device did: cycles of its clock, where it has one, and bytes on its bus, of all runs.
Json device_json(const DeviceBackbone* backbone) {
  if (backbone == nullptr) return nullptr;
  const DeviceReport& report = backbone->device().report();
  const auto beat = static_cast<std::uint64_t>(backbone->device().design().bus_bytes());
  return {{"name", backbone->name()},
          {"runs", report.runs},
          {"cycles", report.cycles == 0 ? Json(nullptr) : Json(report.cycles)},
          {"read_bytes", report.read_beats * beat},
          {"written_bytes", report.write_beats * beat},
          {"memory", report.memory.empty() ? Json(nullptr) : Json(report.memory)}};
}

std::string dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

/// The stages of a video's run in a frame's order.
std::vector<std::pair<std::string, std::int64_t>> video_stages(const VideoRunReport& report) {
  return {{"decode", report.decode_ns},
          {"resize", report.pipeline.resize_ns},
          {"backbone", report.pipeline.backbone_ns},
          {"head", report.pipeline.head_ns},
          {"maps", report.pipeline.maps_ns},
          {"draw", report.draw_ns},
          {"encode", report.encode_ns},
          {"files", report.files_ns}};
}

}  // namespace

void print_header(Pipeline& pipeline, const RunOptions& options, const std::vector<int>& tasks) {
  const ModelConfig& config = pipeline.config();
  std::vector<std::string> names;
  for (const int task : tasks) names.push_back(describe_task(config.tasks[static_cast<std::size_t>(task)]));
  fmt::print("model      {}\n", for_terminal(fmt::format("{}: {}{}", options.model.string(), config.name,
                                                         model_origin(pipeline.model()))));
  fmt::print("tasks      {}\n", fmt::join(names, ", "));
  if (config.moe.blocks.empty()) {
    fmt::print("experts    none (a plain ViT of {} blocks)\n", config.depth);
  } else {
    fmt::print("experts    {} in {} of {} blocks, {} a token\n", config.moe.num_experts, config.moe.blocks.size(),
               config.depth, config.moe.top_k);
  }
  fmt::print("grid       {}x{} patches of {} pixels and a class token: {} tokens of {}\n", config.grid_height(),
             config.grid_width(), config.patch_size, config.num_tokens(), config.embed_dim);
  fmt::print("input      {}\n", describe_preprocessing(config.input));
  fmt::print("engine     {}, {}, {} threads, batch {}\n", pipeline.engine().number_type(), pipeline.instruction_set(),
             pipeline.engine().num_threads(), pipeline.engine().max_batch());
  if (!options.engine.device.empty()) {
    fmt::print("device     {} computes the backbone\n", for_terminal(options.engine.device));
  }
}

void print_item(const RunItem& item) {
  fmt::print("{}  {}x{}\n", for_terminal(item.name), item.width, item.height);
  for (const MapReport& map : item.maps) {
    for (const MapFile& file : map.files) {
      fmt::print("  {:<12} {:<40} {}\n", map.task, for_terminal(file.path.filename().string()), file.meaning);
    }
  }
  if (!item.overview.empty()) {
    fmt::print("  {:<12} {:<40} {}\n", "overview", for_terminal(item.overview),
               "picture, maps, and the expert of each patch for each task");
  }
}

void print_times(const StageTimes& times, std::size_t pictures) {
  if (pictures == 0) return;
  const auto each = [&](std::int64_t ns) { return milliseconds(ns) / static_cast<double>(pictures); };
  fmt::print(
      "time       {:.1f} ms a picture: decode {:.1f}, resize {:.1f}, backbone {:.1f}, head {:.1f}, maps {:.1f}, encode "
      "{:.1f}; the model took {:.0f} ms to load\n",
      each(times.total_ns), each(times.decode_ns), each(times.pipeline.resize_ns), each(times.pipeline.backbone_ns),
      each(times.pipeline.head_ns), each(times.pipeline.maps_ns), each(times.encode_ns), milliseconds(times.load_ns));
}

std::vector<std::string> map_remarks(const RunItem& item) {
  std::vector<std::string> remarks;
  const std::size_t pixels = item.width * item.height;
  const auto add = [&](const MapReport& map, std::uint64_t count, std::string_view what) {
    if (count > 0) {
      remarks.push_back(fmt::format("{}: {}: {} of {} pixels {}", item.name, map.task, count, pixels, what));
    }
  };
  for (const MapReport& map : item.maps) {
    add(map, map.non_finite,
        map.class_pixels.empty() ? "are not finite" : "have logits that are not finite; their class means little");
    if (!map.depth) continue;
    add(map, map.depth->num_invalid - std::min(map.depth->num_invalid, map.non_finite),
        "are at or below zero: invalid in the 16-bit file");
    add(map, map.depth->num_clipped, "are beyond the 16-bit file's range: clipped there, exact in the float file");
  }
  return remarks;
}

std::string summary_json(Pipeline& pipeline, const RunOptions& options, const RunRecord& record) {
  const ModelConfig& config = pipeline.config();
  Json pictures = Json::array();
  for (const RunItem& item : record.items) {
    Json entry = {{"picture", item.name}};
    if (!item.error.empty()) {
      entry["error"] = item.error;
    } else {
      entry["width"] = item.width;
      entry["height"] = item.height;
      entry["maps"] = maps_json(item.maps, config);
      entry["overview"] = item.overview.empty() ? Json(nullptr) : Json(item.overview);
    }
    pictures.push_back(entry);
  }
  Json root = run_json(pipeline, options, record.tasks);
  root["device"] = device_json(record.device.get());
  root["saturation"] = saturation_json(record.saturation, record.device != nullptr);
  root["times_ms"] = times_json(record.times);
  root["interrupted"] = record.interrupted;
  root["error"] = record.error.empty() ? Json(nullptr) : Json(record.error);
  root["pictures"] = pictures;
  return dump(root, 2);
}

void print_video_header(const std::string& name, const StreamInfo& info) {
  std::string text = fmt::format("{}: {}x{}, {} in {}", name, info.width, info.height, info.codec, info.container);
  if (info.frame_rate > 0) text += fmt::format(", {:.4g} frames a second", info.frame_rate);
  if (info.num_frames > 0) text += fmt::format(", about {} frames", info.num_frames);
  if (info.duration_s > 0) text += fmt::format(", {:.1f} s", info.duration_s);
  if (info.live) text += "; Ctrl-C ends it";
  fmt::print("video      {}\n", for_terminal(text));
}

void print_video_end(const VideoRecord& record, const RunOptions& options) {
  const VideoRunReport& report = record.report;
  if (report.num_frames == 0) return;
  const double seconds = static_cast<double>(report.total_ns) / 1e9;
  fmt::print("speed      {:.1f} frames a second from decoding to file: {} frames in {:.1f} s\n",
             static_cast<double>(report.num_frames) / seconds, report.num_frames, seconds);
  std::vector<std::string> shares;
  for (const auto& [stage, ns] : video_stages(report)) {
    const double share = static_cast<double>(ns) / static_cast<double>(report.total_ns);
    if (share >= 0.001) shares.push_back(fmt::format("{} {:.1f} %", stage, 100 * share));
  }
  fmt::print("stages     {} of that time (decode, draw and encode work beside the model)\n", fmt::join(shares, ", "));
  if (report.damage.frames > 0) fmt::print("damaged    {} frames, which were skipped\n", report.damage.frames);
  if (report.damage.retimed > 0) {
    fmt::print("times      {} frames without a usable time were put after the one before\n", report.damage.retimed);
  }
  if (!record.saturation.empty()) {
    fmt::print("saturated  {}; maps may suffer (compare with --type float)\n", describe_saturation(record.saturation));
  }
  if (!record.video.empty()) {
    fmt::print("maps       {}: {}x{}, H.264, without sound\n", for_terminal(record.video.string()), report.video_width,
               report.video_height);
  }
  if (!options.frames.empty()) {
    fmt::print("frames     in {}, described in frames.jsonl\n", for_terminal(options.frames.string()));
  }
}

std::string frame_line(const FrameRecord& frame, const ModelConfig& config) {
  const Json line = {{"frame", frame.number},
                     {"time_s", frame.time_s},
                     {"width", frame.width},
                     {"height", frame.height},
                     {"maps", maps_json(frame.maps, config)}};
  return dump(line, -1) + "\n";
}

std::string video_summary_json(Pipeline& pipeline, const RunOptions& options, const std::vector<int>& tasks,
                               const VideoRecord& record) {
  const VideoRunReport& report = record.report;
  const StreamInfo& info = record.info;
  Json root = run_json(pipeline, options, tasks);
  root["device"] = device_json(record.device.get());
  root["saturation"] = saturation_json(record.saturation, record.device != nullptr);
  Json times = {{"load", milliseconds(record.load_ns)}};
  for (const auto& [stage, ns] : video_stages(report)) times[stage] = milliseconds(ns);
  times["total"] = milliseconds(report.total_ns);
  root["times_ms"] = times;
  root["interrupted"] = record.interrupted;
  root["error"] = record.error.empty() ? Json(nullptr) : Json(record.error);
  root["video"] = {
      {"source", record.name},
      {"container", info.container},
      {"codec", info.codec},
      {"width", info.width},
      {"height", info.height},
      {"frame_rate", info.frame_rate},
      {"frames", report.num_frames},
      {"damaged_frames", report.damage.frames},
      {"retimed_frames", report.damage.retimed},
      {"frames_a_second",
       report.total_ns > 0 ? static_cast<double>(report.num_frames) * 1e9 / static_cast<double>(report.total_ns) : 0.0},
      {"view", options.view},
      {"steady", options.steady},
      {"output", record.video.empty() ? Json(nullptr) : Json(record.video.string())},
      {"output_width", report.video_width},
      {"output_height", report.video_height}};
  return dump(root, 2);
}

}  // namespace edgemoe::cli

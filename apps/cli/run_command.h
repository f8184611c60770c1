// The parts of edgemoe run.
#ifndef EDGEMOE_CLI_RUN_COMMAND_H_
#define EDGEMOE_CLI_RUN_COMMAND_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/engine_flags.h"
#include "pipeline/map_files.h"
#include "pipeline/pipeline.h"
#include "pipeline/video_run.h"

namespace edgemoe::cli {

struct RunOptions {
  std::vector<std::string> inputs;
  std::filesystem::path model = kDefaultModel;
  std::vector<std::string> tasks = {"all"};
  std::filesystem::path output;
  std::filesystem::path dump_taps;
  std::string raw_size;  // "WIDTHxHEIGHT" of frames on standard input
  std::string float_format = "npy";
  bool overview = false;
  std::string view = "side-by-side";  // video: what it shows
  std::vector<double> depth_range;    // … and what depth's colours stand for; empty: they follow the frames
  double steady = 0;                  // … weight of the frames before
  std::filesystem::path frames;       // … folder for each frame's data
  std::int64_t limit = 0;             // … first frames only; 0: all
  std::string camera_size;
  double camera_rate = 0;
  int batch = 1;
  bool json = false;
  bool quiet = false;
  bool strict = false;
  EngineFlags engine;
};

/// A file to run on.
struct RunInput {
  std::filesystem::path path;
  std::string stem;  // of its maps' names
};

/// One input of a run and what became of it.
struct RunItem {
  std::string name;  // path, or "frame 3"
  std::string stem;  // of its files
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<MapReport> maps = {};
  std::string overview;  // its file's name, if there is one
  std::string error;     // why there are no maps
};

struct StageTimes {
  std::int64_t load_ns = 0;
  std::int64_t decode_ns = 0;
  PipelineTimes pipeline;
  std::int64_t encode_ns = 0;
  std::int64_t total_ns = 0;  // without loading the model
};

/// What a run did, for its report.
struct RunRecord {
  std::vector<int> tasks;  // indices into the configuration's
  std::vector<RunItem> items;
  StageTimes times;
  std::vector<SaturatedTensor> saturation;
  std::shared_ptr<const DeviceBackbone> device;  // of --device; null: this processor
  bool interrupted = false;                      // ended early by a signal
  std::string error;                             // … or by this
};

/// True for inputs that are run as a video: one that is, or standard input without --raw-size.
bool is_video_run(const RunOptions& options);
/// run_video.cpp: the whole of edgemoe run for a video.
ExitCode run_video_command(RunOptions& options);

/// What a run of a video did, for its report.
struct VideoRecord {
  std::string name;  // of the source
  StreamInfo info;
  std::filesystem::path video;  // written; empty: none
  VideoRunReport report;
  std::int64_t load_ns = 0;
  std::vector<SaturatedTensor> saturation;
  std::shared_ptr<const DeviceBackbone> device;
  bool interrupted = false;
  std::string error;
};

/// kInvalidArgument where --strict has nothing to count: in float, on a device.
Status check_strict(const RunOptions& options, Pipeline& pipeline);

// run_report.cpp: what a run says.
void print_header(Pipeline& pipeline, const RunOptions& options, const std::vector<int>& tasks);
void print_item(const RunItem& item);
void print_times(const StageTimes& times, std::size_t pictures);
/// What is odd about an item's maps (values that are not finite, clipped depth, …): one remark each.
std::vector<std::string> map_remarks(const RunItem& item);
std::string summary_json(Pipeline& pipeline, const RunOptions& options, const RunRecord& record);

// The same for a video.
void print_video_header(const std::string& name, const StreamInfo& info);
void print_video_end(const VideoRecord& record, const RunOptions& options);
/// One line of frames.jsonl, with its newline.
std::string frame_line(const FrameRecord& frame, const ModelConfig& config);
std::string video_summary_json(Pipeline& pipeline, const RunOptions& options, const std::vector<int>& tasks,
                               const VideoRecord& record);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_RUN_COMMAND_H_

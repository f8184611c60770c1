// The parts of edgemoe run.
#ifndef EDGEMOE_CLI_RUN_COMMAND_H_
#define EDGEMOE_CLI_RUN_COMMAND_H_

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/engine_flags.h"
#include "pipeline/map_files.h"
#include "pipeline/pipeline.h"

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
  bool interrupted = false;  // ended early by a signal
  std::string error;         // … or by this
};

// run_report.cpp: what a run says.
void print_header(Pipeline& pipeline, const RunOptions& options, const std::vector<int>& tasks);
void print_item(const RunItem& item);
void print_times(const StageTimes& times, std::size_t pictures);
/// What is odd about an item's maps (values that are not finite, clipped depth, …): one remark each.
std::vector<std::string> map_remarks(const RunItem& item);
std::string summary_json(Pipeline& pipeline, const RunOptions& options, const RunRecord& record);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_RUN_COMMAND_H_

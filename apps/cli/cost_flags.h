// The options that say what is to be costed, the same for every command that models the accelerator.
#ifndef EDGEMOE_CLI_COST_FLAGS_H_
#define EDGEMOE_CLI_COST_FLAGS_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "accel/cost/board.h"
#include "accel/cost/frame_cost.h"
#include "accel/cost/published.h"
#include "accel/cost/queues.h"
#include "accel/design_point.h"
#include "base/status.h"
#include "model/config.h"

namespace edgemoe::cli {

/// What the options name, read.
struct CostSetup {
  ModelConfig network;
  DesignPoint design;
  std::string design_text;
  Board board;
  NumberFormat format;
  FrameSpec spec;
  ExpertQueues queues;
};

struct CostFlags {
  std::string model = "edgemoe-cityscapes";
  std::string design = "zcu102";
  std::string board = "zcu102";
  std::string format = "w8a8";
  int tasks = 1;
  int batch = 1;
  double spread = kTypicalQueueSpread;
  std::filesystem::path routing;

  void add_model(CLI::App& app);
  void add_design(CLI::App& app);  // and its number format
  void add_board(CLI::App& app);
  void add_frames(CLI::App& app);  // tasks, batch, queues
  /// kInvalidArgument with the names that there are, or with what was expected.
  Result<CostSetup> load() const;
};

/// A network by the name of a configuration or of a model, or a file of either.
Result<ModelConfig> load_network(const std::string& name_or_path);

/// A published machine by name or file.
Result<PublishedMachine> load_machine(const std::string& name_or_path);
std::vector<std::string> list_machines();
/// A board by name or file.
Result<Board> load_named_board(const std::string& name_or_path);

/// The printed table of platforms.
Result<PublishedTable> load_platforms();

/// Whether the network is the one that a machine's printed numbers are for, heads and tasks aside.
Result<bool> is_published_network(const PublishedMachine& machine, const ModelConfig& network);

/// kInvalidArgument with the names of those of `others` that were given, which `option` leaves nothing to say to.
Status refuse_beside(const CLI::App& app, const std::string& option, const std::vector<std::string>& others);

/// "129 tokens of 192, 12 blocks, 16 experts in 6 of them, top 2".
std::string describe_network(const ModelConfig& network);

/// Writes `text` to `path` and says so on standard error.
Status write_report(const std::filesystem::path& path, const std::string& text);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_COST_FLAGS_H_

// What every subcommand of the edgemoe tool shares: registration, exit codes, and how it speaks.
#ifndef EDGEMOE_CLI_COMMAND_H_
#define EDGEMOE_CLI_COMMAND_H_

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "edgemoe/status.h"
#include "model/model_file.h"
#include "pipeline/pipeline.h"

namespace edgemoe::cli {

enum ExitCode : int { kDone = 0, kFailed = 1, kUsage = 2 };

/// A registered subcommand and what runs it once its options are parsed.
struct Command {
  CLI::App* app;
  std::function<ExitCode()> run;
};

Command add_run_command(CLI::App& tool);
Command add_convert_command(CLI::App& tool);
Command add_new_command(CLI::App& tool);
Command add_quantize_command(CLI::App& tool);
Command add_inspect_command(CLI::App& tool);
Command add_compare_command(CLI::App& tool);
Command add_verify_command(CLI::App& tool);
Command add_doctor_command(CLI::App& tool);
Command add_eval_command(CLI::App& tool);
Command add_serve_command(CLI::App& tool);
Command add_estimate_command(CLI::App& tool);
Command add_ablate_command(CLI::App& tool);
Command add_energy_command(CLI::App& tool);
Command add_explore_command(CLI::App& tool);
Command add_growth_command(CLI::App& tool);
Command add_simulate_command(CLI::App& tool);

/// `text` with control characters and what is no UTF-8 replaced by '?': names of files and what files hold must not
/// steer a terminal nor forge lines.
std::string for_terminal(std::string_view text);
/// The same line by line.
std::string lines_for_terminal(std::string_view text);
/// "edgemoe: <message>" on standard error. An invalid argument (unknown task, bad size, …) is kUsage, all else kFailed.
ExitCode fail(const Status& status);
/// One line on standard error.
void print_note(std::string_view note);

/// Progress through items on standard error: on a terminal a line that is rewritten in place, elsewhere a line every
/// ten seconds at most, so that short work says nothing.
class ProgressLine {
 public:
  explicit ProgressLine(std::string_view what) : what_(what) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// "<what>: 3 of 12, 1.4 a second, 6 s left"; without the total and what is left where total is 0.
  void update(std::size_t done, std::size_t total);
  /// Takes the line off a terminal: before anything else is printed, and at the end.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  const std::string what_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_line_ = start_;  // elsewhere than on a terminal
  bool shown_ = false;
};

/// Whether two paths name one place, be there a file or not.
bool same_place(const std::filesystem::path& a, const std::filesystem::path& b);

/// A configuration that a command is given, where it is a file: what its output must not replace.
std::vector<std::filesystem::path> config_files(const std::string& name_or_path);

/// Where what comes with the tool may lie, first hit wins: the folder that the environment names (`variable`; none
/// where it is null), beside the installed tool, the source tree that it was built from.
std::vector<std::filesystem::path> shipped_folders(const char* variable, const char* subfolder);

/// Folders with named configurations, first hit wins: $EDGEMOE_CONFIG_DIR, beside the installed tool, the source tree
/// that it was built from.
std::vector<std::filesystem::path> config_folders();

/// Folders with design points of the accelerator; $EDGEMOE_DESIGN_DIR and then as above.
std::vector<std::filesystem::path> design_folders();

/// Where --model is not given.
inline constexpr const char* kDefaultModel = "edgemoe-street";

/// Names of the models at hand: files of $EDGEMOE_MODEL_DIR, of the installation and of the source tree.
std::vector<std::string> list_models();

/// Puts the file's path in the place of a model's name. kInvalidArgument with the names that there are.
Status find_model(std::filesystem::path& model);

/// The same for a class map; its folder is $EDGEMOE_CLASS_MAP_DIR, or as those of the models. Empty stays empty.
Status find_class_map(std::filesystem::path& class_map);

/// kInvalidArgument when `output` is one of `inputs`, by whatever name, or lies anywhere in one that is a folder:
/// writing it would destroy or change what is read.
Status check_output(const std::filesystem::path& output, const std::vector<std::filesystem::path>& inputs);

/// As CLI::Range, which lets "nan" through.
CLI::Validator number_in(double least, double most);

/// "12 numbers saturated: 7 in block3.attn.qkv, 5 in …" for what is not empty.
std::string describe_saturation(const std::vector<SaturatedTensor>& tensors);

/// ", UNTRAINED (random weights of seed 1): its maps mean nothing" for a model that says so of itself, else empty.
std::string model_origin(const ModelFile& model);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_COMMAND_H_

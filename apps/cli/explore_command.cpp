// edgemoe explore: the designs that a board has room for, and which of them no other beats.
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "accel/cost/explore.h"
#include "accel/cost/fit.h"
#include "base/file.h"
#include "base/status.h"
#include "base/stop_signal.h"
#include "cli/command.h"
#include "cli/cost_flags.h"

namespace edgemoe::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ExploreOptions {
  CostFlags cost;
  ExploreSpace space;
  std::vector<std::string> formats = {"w8a8"};
  Budget budget;
  std::filesystem::path csv;
  std::filesystem::path svg;
  std::string point = "fastest";
  std::filesystem::path design_out;
  bool all = false;
  bool json = false;
};

/// The candidate of a name, or the "fastest", the one of "least-energy", the "smallest"; null where there is none.
const Candidate* find_point(const Exploration& found, const std::string& name) {
  const Candidate* best = nullptr;
  for (const Candidate& one : found.candidates) {
    if (one.design.name == name) return &one;
    if (!one.pareto) continue;
    const bool better = best == nullptr ||
                        (name == "least-energy" && one.millijoules.middle() < best->millijoules.middle()) ||
                        (name == "smallest" && one.share < best->share);
    if (better) best = &one;
  }
  return name == "fastest" || name == "least-energy" || name == "smallest" ? best : nullptr;
}

Status write_design(const ExploreOptions& options, const Exploration& found) {
  const Candidate* point = find_point(found, options.point);
  if (point == nullptr) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("--point: expected fastest, least-energy, smallest or a name of the table (--all shows "
                              "them, --csv too); found \"{}\"",
                              options.point));
  }
  if (point->format != NumberFormat{8, 8}) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("{}: the RTL computes w8a8 alone; a design point of {} cannot be built",
                              point->design.name, point->format.name()));
  }
  // A design point goes by the name of its file, where that is a name.
  DesignPoint design = point->design;
  design.name = options.design_out.stem().string();
  EDGEMOE_ASSIGN_OR_RETURN(const std::string renamed, rewrite_design_point(point->file, design));
  return write_report(options.design_out, parse_design_point(renamed).ok() ? renamed : point->file);
}

/// Of designs that fit: what the RTL does not compute on any of them, so that it is modelled only.
std::vector<std::string> find_notes(const CostSetup& setup, const Exploration& found) {
  std::vector<std::string> notes;
  for (const Candidate& one : found.candidates) {
    for (const MachineGap& gap : find_frame_gaps(setup.network, setup.spec, one.format, one.design)) {
      std::string note = "modelled only: " + gap.message;
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
    }
  }
  return notes;
}

void print_text(const ExploreOptions& options, const CostSetup& setup, const Exploration& found) {
  const DesignPoint::Part& part = setup.board.part;
  fmt::print(
      "board      {}: {}, {} DSP48E2, {} BRAM36, {} UltraRAM, {} LUT; {}, {:.1f} GB/s to {:.0f} %; {} MHz assumed\n",
      for_terminal(setup.board.name), for_terminal(part.name), part.dsp, part.bram36, setup.board.ultra_ram, part.lut,
      for_terminal(setup.board.memory.name), setup.board.memory.gigabytes_per_second,
      100 * setup.board.memory.efficiency, setup.board.clock_mhz);
  fmt::print("network    {}: {}; heads are not in these numbers\n", for_terminal(setup.network.name),
             describe_network(setup.network));
  std::size_t front = 0;
  for (const Candidate& one : found.candidates) front += one.pareto ? 1 : 0;
  fmt::print(
      "searched   {} designs: {} fit, {} of them on the Pareto front of latency, energy and share of the part; "
      "all modelled\n",
      found.searched, found.candidates.size(), front);
  for (const Pruned& pruned : found.pruned) {
    fmt::print("pruned     {:>5}: {}; nearest {}\n", pruned.count, pruned.reason, pruned.nearest);
  }
  fmt::print("\n{:<26} {:>8} {:>9} {:>5} {:>16} {:>6} {:>7} {:>5} {:>8} {:>6}  {}\n", "name", "products", "ms", "use",
             "mJ", "DSP", "BRAM36", "URAM", "LUT", "share", "bound");
  for (const Candidate& one : found.candidates) {
    if (!one.pareto && !options.all) continue;
    fmt::print("{:<26} {:>8} {:>9.3f} {:>5.2f} {:>16} {:>6.0f} {:>7.1f} {:>5.0f} {:>8.0f} {:>5.0f}%  {}\n",
               one.design.name + (one.pareto && options.all ? " *" : ""), one.design.products_per_cycle(),
               one.milliseconds, one.utilisation,
               fmt::format("{:.1f} to {:.1f}", one.millijoules.low, one.millijoules.high), one.used.dsp,
               one.used.bram36, one.used.uram, one.used.lut, 100 * one.share, one.memory_bound ? "memory" : "compute");
  }
  fmt::print("\nName: tokens, outputs and chains of the array, words of the weight ring.\n");
  for (const std::string& note : find_notes(setup, found)) fmt::print("note       {}\n", note);
}

std::string exploration_json(const CostSetup& setup, const Exploration& found) {
  Json candidates = Json::array();
  for (const Candidate& one : found.candidates) {
    candidates.push_back({{"name", one.design.name},
                          {"format", one.format.name()},
                          {"milliseconds", one.milliseconds},
                          {"cycles", one.cycles},
                          {"utilisation", one.utilisation},
                          {"bound", one.memory_bound ? "memory" : "compute"},
                          {"millijoules", {one.millijoules.low, one.millijoules.high}},
                          {"dsp", one.used.dsp},
                          {"bram36", one.used.bram36},
                          {"uram", one.used.uram},
                          {"lut", one.used.lut},
                          {"ff", one.used.ff},
                          {"share_of_part", one.share},
                          {"pareto", one.pareto},
                          {"design", Json::parse(one.file)}});
  }
  Json pruned = Json::array();
  for (const Pruned& one : found.pruned) {
    pruned.push_back({{"reason", one.reason}, {"count", one.count}, {"nearest", one.nearest}});
  }
  const Json root = {{"status", "modelled"},       {"board", setup.board.name}, {"network", setup.network.name},
                     {"searched", found.searched}, {"pruned", pruned},          {"notes", find_notes(setup, found)},
                     {"candidates", candidates}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace);
}

Status write_files(const ExploreOptions& options, const CostSetup& setup, const Exploration& found) {
  if (!options.csv.empty()) EDGEMOE_RETURN_IF_ERROR(write_report(options.csv, exploration_csv(found)));
  if (!options.svg.empty()) {
    const std::string title = fmt::format("{} on {}", setup.network.name, setup.board.name);
    EDGEMOE_RETURN_IF_ERROR(write_report(options.svg, exploration_svg(found, title)));
  }
  if (!options.design_out.empty()) EDGEMOE_RETURN_IF_ERROR(write_design(options, found));
  return {};
}

Status check_budget(ExploreOptions& options) {
  for (const auto& [name, value] : {std::pair{"--dsp-share", options.budget.dsp_share},
                                    {"--bram-share", options.budget.bram_share},
                                    {"--lut-share", options.budget.lut_share}}) {
    if (!(value > 0 && value <= 1)) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("{}: expected a share above 0, up to 1; found {}", name, value));
    }
  }
  for (const auto& [name, value] :
       {std::pair{"--budget-ms", options.budget.milliseconds}, {"--budget-mj", options.budget.millijoules}}) {
    if (value && !(*value > 0)) {
      return Status(StatusCode::kInvalidArgument, fmt::format("{}: expected a number above 0, found {}", name, *value));
    }
  }
  options.space.formats.clear();
  for (const std::string& name : options.formats) {
    EDGEMOE_ASSIGN_OR_RETURN(const NumberFormat format, parse_number_format(name));
    options.space.formats.push_back(format);
  }
  return {};
}

ExitCode run_explore(ExploreOptions& options, const CLI::App& app) {
  if (app.count("--point") > 0 && options.design_out.empty()) {
    return fail(Status(StatusCode::kInvalidArgument,
                       "--point says which design --design-out writes: give --design-out FILE, or leave it out"));
  }
  if (const Status status = check_budget(options); !status.ok()) return fail(status);
  const Result<CostSetup> setup = options.cost.load();
  if (!setup.ok()) return fail(setup.status());
  const StopSignal stop;
  Result<Exploration> found = [&] {
    ProgressLine line("designs");
    const ExploreProblem problem = {.network = setup->network,
                                    .spec = setup->spec,
                                    .queues = setup->queues,
                                    .board = setup->board,
                                    .base = setup->design_text};
    return explore(problem, options.space, options.budget, [&](std::size_t done, std::size_t total) {
      line.update(done, total);
      return !stop.requested();
    });
  }();
  if (stop.requested()) {
    print_note("interrupted: nothing is written");
    stop.end_process();
  }
  if (!found.ok()) return fail(found.status());
  if (options.json) {
    fmt::print("{}\n", exploration_json(*setup, *found));
  } else {
    print_text(options, *setup, *found);
  }
  if (const Status status = write_files(options, *setup, *found); !status.ok()) return fail(status);
  return kDone;
}

}  // namespace

Command add_explore_command(CLI::App& tool) {
  auto options = std::make_shared<ExploreOptions>();
  CLI::App* app = tool.add_subcommand("explore", "Search the accelerator's design space for a board");
  options->cost.add_model(*app);
  options->cost.add_board(*app);
  options->cost.add_frames(*app);
  app->add_option("--base", options->cost.design, "Design point that what is not searched is taken from")
      ->capture_default_str();
  const auto list = [&](const char* name, std::vector<int>& values, const char* what) {
    app->add_option(name, values, what)->delimiter(',')->capture_default_str();
  };
  list("--array-tokens", options->space.tokens, "Tokens of the array");
  list("--array-outputs", options->space.outputs, "Outputs of the array, and lanes of norm, quantiser and softmax");
  list("--array-chains", options->space.chains, "Chains of eight products of the array");
  list("--ring-words", options->space.weight_words, "Words of the weight ring");
  app->add_option("--formats", options->formats, "Bits of weights and activations; the RTL computes w8a8 alone")
      ->delimiter(',')
      ->capture_default_str();
  app->add_option("--budget-ms", options->budget.milliseconds, "Leave out what is slower");
  app->add_option("--budget-mj", options->budget.millijoules, "Leave out what takes more energy (middle of its range)");
  app->add_option("--dsp-share", options->budget.dsp_share, "Share of the part's DSPs")->capture_default_str();
  app->add_option("--bram-share", options->budget.bram_share, "Share of its block RAM")->capture_default_str();
  app->add_option("--lut-share", options->budget.lut_share, "Share of its LUTs and flip-flops")->capture_default_str();
  app->add_option("--csv", options->csv, "Write all designs that fit");
  app->add_option("--svg", options->svg, "Write a plot");
  app->add_option("--point", options->point, "Which to write: fastest, least-energy, smallest or a name")
      ->capture_default_str();
  app->add_option("--design-out", options->design_out, "Write it as a design point for edgemoe-rtl-package");
  app->add_flag("--all", options->all, "List all that fit, not the front alone");
  app->add_flag("--json", options->json, "All as JSON");
  app->footer(
      "Examples:\n"
      "  edgemoe explore --board zcu102 --svg front.svg --csv front.csv\n"
      "  edgemoe explore --board zcu104 --budget-ms 5 --point smallest --design-out mine.json\n"
      "Boards are files of configs/boards; a new one needs no code. All numbers are modelled (docs/cost.md).");
  return {app, [options, app] { return run_explore(*options, *app); }};
}

}  // namespace edgemoe::cli

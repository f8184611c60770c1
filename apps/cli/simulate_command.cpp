// edgemoe simulate: a picture on a device, how long that takes, and whether it gives the int8 engine's numbers.
#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/device_flag.h"
#include "cli/simulate_model.h"
#include "cli/timeline.h"
#include "image/decode.h"
#include "model/tap_dump.h"
#include "pipeline/pipeline.h"

namespace edgemoe::cli {
namespace {

using Json = nlohmann::ordered_json;

struct SimulateOptions {
  std::filesystem::path picture;
  std::filesystem::path model = kDefaultModel;
  std::string device = "sim";
  std::vector<std::string> tasks = {"all"};
  std::string input_size;
  SimulatorMemory memory;
  std::filesystem::path timeline;
  bool json = false;
};

/// What an engine computed of the picture: all but the picture itself.
class Outcome final : public TapSink {
 public:
  void on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) override {
    if (tap != kTapInput) recorder_.on_tap(image, scope, tap, values);
  }
  SafetensorsIndex taps() const { return recorder_.index(); }

 private:
  TapRecorder recorder_;
};

Status run_on(Pipeline& pipeline, const Image& picture, std::span<const int> tasks, Outcome& outcome) {
  const Image* const pictures[] = {&picture};
  Pipeline::Request request = {.tasks = tasks, .taps = &outcome};
  if (pipeline.config().head.present) request.maps = [](std::size_t, const TaskMap&) { return Status(); };
  return pipeline.run(pictures, request).status();
}

struct Simulation {
  std::shared_ptr<DeviceBackbone> backbone;
  TapComparison comparison;
  std::vector<ModelledRun> modelled;  // each run, where the device has a clock

  const DesignPoint& design() const { return backbone->device().design(); }
  const DeviceReport& report() const { return backbone->device().report(); }
  double per_run(std::uint64_t sum) const {
    return static_cast<double>(sum) / static_cast<double>(std::max<std::uint64_t>(report().runs, 1));
  }
  /// How far the model is from the simulation, in parts of it.
  double model_miss() const { return modelled_cycles() / static_cast<double>(report().cycles) - 1; }
  double modelled_cycles() const {
    double sum = 0;
    for (const ModelledRun& run : modelled) sum += run.cycles;
    return sum;
  }
  double bytes(std::uint64_t beats) const { return per_run(beats) * design().bus_bytes(); }
};

Result<Simulation> simulate_picture(const SimulateOptions& options) {
  Simulation simulation;
  EDGEMOE_ASSIGN_OR_RETURN(const Image picture, load_image(options.picture, {}, [](std::string_view) {}));
  EDGEMOE_ASSIGN_OR_RETURN(std::unique_ptr<Device> device, open_device(options.device, options.memory));
  simulation.backbone = std::make_shared<DeviceBackbone>(std::move(device));
  EngineOptions engine = {.type = NumberType::kInt8, .num_threads = default_num_threads()};
  if (!options.input_size.empty()) {
    EDGEMOE_ASSIGN_OR_RETURN(const auto size, parse_size(options.input_size, "--input-size"));
    engine.input_height = size.first;
    engine.input_width = size.second;
  }
  EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<Pipeline> expected, Pipeline::load(options.model, engine));
  engine.backbone = simulation.backbone;
  EDGEMOE_ASSIGN_OR_RETURN(const std::unique_ptr<Pipeline> found, Pipeline::load(options.model, engine));
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<int> tasks, select_tasks(expected->config(), options.tasks));
  Outcome expected_outcome;
  Outcome found_outcome;
  EDGEMOE_RETURN_IF_ERROR(run_on(*found, picture, tasks, found_outcome));
  EDGEMOE_RETURN_IF_ERROR(run_on(*expected, picture, tasks, expected_outcome));
  EDGEMOE_ASSIGN_OR_RETURN(simulation.comparison, compare_taps(expected_outcome.taps(), found_outcome.taps(), {}));
  if (simulation.report().cycles > 0) {
    EDGEMOE_ASSIGN_OR_RETURN(simulation.modelled, model_runs(expected->config(), simulation.design(), options.memory,
                                                             tasks, expected_outcome.taps()));
  }
  return simulation;
}

/// Cycles by which phases ended after the ones before them, summed by what they are for.
std::vector<std::pair<std::string, std::uint64_t>> cycles_by(const Simulation& simulation,
                                                             const std::function<std::string(const PhaseName&)>& key) {
  std::vector<std::pair<std::string, std::uint64_t>> sums;
  const std::vector<std::uint64_t>& ends = simulation.report().phase_ends;
  const std::vector<PhaseName>& names = simulation.backbone->phase_names();
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < std::min(ends.size(), names.size()); ++i) {
    const std::string name = key(names[i]);
    auto sum = std::find_if(sums.begin(), sums.end(), [&](const auto& entry) { return entry.first == name; });
    if (sum == sums.end()) sum = sums.insert(sums.end(), {name, 0});
    sum->second += ends[i] - std::min(last, ends[i]);
    last = std::max(last, ends[i]);
  }
  return sums;
}

std::vector<std::pair<std::string, std::uint64_t>> cycles_by_block(const Simulation& simulation) {
  return cycles_by(simulation, [](const PhaseName& phase) {
    return phase.block < 0 ? std::string("outside") : fmt::format("block {}", phase.block);
  });
}

std::vector<std::pair<std::string, std::uint64_t>> cycles_by_phase(const Simulation& simulation) {
  return cycles_by(simulation, [](const PhaseName& phase) { return phase.what; });
}

void print_shares(std::string_view what, const std::vector<std::pair<std::string, std::uint64_t>>& sums, double all) {
  for (const auto& [name, cycles] : sums) {
    if (cycles == 0) continue;
    const auto number = static_cast<double>(cycles);
    fmt::print("  {:<8} {:<28} {:>9.0f} ({:.1f} %)\n", what, for_terminal(name), number, 100 * number / all);
  }
}

void print_text(const Simulation& simulation) {
  const DesignPoint& design = simulation.design();
  const Program& program = simulation.backbone->program();
  const DeviceReport& report = simulation.report();
  fmt::print("network    {}, {} tokens of {}, {} tasks\n", program.network, program.num_tokens, program.embed_dim,
             program.num_tasks);
  fmt::print("device     {}, {} products a cycle ({} tokens, {} outputs, {} inputs)\n", simulation.backbone->name(),
             design.products_per_cycle(), design.array.tokens, design.array.outputs, design.step());
  fmt::print("program    {} phases, {} loads\n", program.num_phases, program.num_loads);
  fmt::print("runs       {}, one a task that has a backbone of its own\n", report.runs);
  if (report.cycles > 0) {
    const double cycles = simulation.per_run(report.cycles);
    fmt::print("memory     {}\n", for_terminal(report.memory));
    fmt::print("cycles     {:.0f} a run: {:.3f} ms at {} MHz (assumed)\n", cycles, cycles / 1e3 / design.clock_mhz,
               design.clock_mhz);
    fmt::print("modelled   {:.0f} a run, {:+.1f} %: the cost model's, with these queues (docs/cost.md)\n",
               simulation.modelled_cycles() / static_cast<double>(std::max<std::uint64_t>(report.runs, 1)),
               100 * simulation.model_miss());
    print_shares("phase", cycles_by_phase(simulation), static_cast<double>(report.phase_ends.back()));
    print_shares("block", cycles_by_block(simulation), static_cast<double>(report.phase_ends.back()));
    std::vector<std::pair<std::string, std::uint64_t>> waits = report.waits;
    for (auto& [cause, waited] : waits) waited /= report.runs;
    print_shares("waits", waits, cycles);
  } else {
    fmt::print("cycles     none: this device has no clock\n");
  }
  fmt::print("bus        {:.0f} bytes read, {:.0f} written a run\n", simulation.bytes(report.read_beats),
             simulation.bytes(report.write_beats));
  const TapComparison& comparison = simulation.comparison;
  if (comparison.first) {
    fmt::print("DIFFERS from the int8 engine: {}\n", for_terminal(describe(*comparison.first)));
  } else {
    fmt::print("equal      to the int8 engine: {} values of last tokens and heads, in {} taps\n", comparison.values,
               comparison.taps);
  }
}

void print_json(const Simulation& simulation, const SimulateOptions& options) {
  const DesignPoint& design = simulation.design();
  const Program& program = simulation.backbone->program();
  const DeviceReport& report = simulation.report();
  Json waits = Json::object();
  for (const auto& [cause, waited] : report.waits) waits[cause] = waited;
  Json phases = Json::object();
  for (const auto& [name, cycles] : cycles_by_phase(simulation)) phases[name] = cycles;
  Json blocks = Json::object();
  for (const auto& [name, cycles] : cycles_by_block(simulation)) blocks[name] = cycles;
  Json modelled = Json::array();
  for (const ModelledRun& run : simulation.modelled) {
    modelled.push_back({{"task", run.task}, {"cycles", run.cycles}, {"queues", run.queues}});
  }
  const TapComparison& comparison = simulation.comparison;
  const Json root = {{"edgemoe", EDGEMOE_VERSION},
                     {"picture", options.picture.string()},
                     {"network", program.network},
                     {"device", simulation.backbone->name()},
                     {"design", design.name},
                     {"products_per_cycle", design.products_per_cycle()},
                     {"clock_mhz", design.clock_mhz},
                     {"phases", program.num_phases},
                     {"loads", program.num_loads},
                     {"runs", report.runs},
                     {"cycles", report.cycles == 0 ? Json(nullptr) : Json(report.cycles)},
                     {"modelled_cycles", report.cycles == 0 ? Json(nullptr) : Json(simulation.modelled_cycles())},
                     {"modelled_runs", modelled},
                     {"memory", report.memory.empty() ? Json(nullptr) : Json(report.memory)},
                     {"waits", waits},
                     {"cycles_by_phase", phases},
                     {"cycles_by_block", blocks},
                     {"phase_ends", report.phase_ends},
                     {"read_bytes", report.read_beats * static_cast<std::uint64_t>(design.bus_bytes())},
                     {"written_bytes", report.write_beats * static_cast<std::uint64_t>(design.bus_bytes())},
                     {"compared_values", comparison.values},
                     {"equal", !comparison.first.has_value()},
                     {"first_difference", comparison.first ? Json(describe(*comparison.first)) : Json(nullptr)}};
  fmt::print("{}\n", root.dump(2, ' ', false, Json::error_handler_t::replace));
}

Status write_timeline(const Simulation& simulation, const std::filesystem::path& path) {
  const DeviceReport& report = simulation.report();
  if (report.phase_ends.empty()) {
    return invalid_argument("--timeline: device {} has no clock; take sim:DESIGN", simulation.backbone->name());
  }
  const std::string title =
      fmt::format("{} on {}", simulation.backbone->program().network, simulation.backbone->name());
  return write_file(path, draw_timeline(title, simulation.backbone->phase_names(), report.phase_ends));
}

ExitCode simulate(SimulateOptions options) {
  if (const Status status = find_model(options.model); !status.ok()) return fail(status);
  if (const Status status = check_output(options.timeline, {options.picture, options.model}); !status.ok()) {
    return fail(status);
  }
  const Result<Simulation> simulation = simulate_picture(options);
  if (!simulation.ok()) return fail(simulation.status());
  if (!options.timeline.empty()) {
    const Status status = write_timeline(*simulation, options.timeline);
    if (!status.ok()) return fail(status);
  }
  if (options.json) {
    print_json(*simulation, options);
  } else {
    print_text(*simulation);
  }
  return simulation->comparison.first ? kFailed : kDone;
}

}  // namespace

Command add_simulate_command(CLI::App& tool) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* app = tool.add_subcommand(
      "simulate", "Run a picture on the accelerator's simulation: cycles, waits, and whether all numbers are int8's");
  app->add_option("PICTURE", options->picture, "JPEG or PNG file")->required();
  app->add_option("--model", options->model, "Model file, or the name of a model that came with edgemoe")
      ->capture_default_str();
  app->add_option(
         "--device", options->device,
         "sim:DESIGN, the RTL, or interpreter:DESIGN, its programs without a clock; DESIGN is a name or a file "
         "(default: zcu102)")
      ->capture_default_str();
  app->add_option("--task", options->tasks, "Tasks, e.g. depth,semseg, or all")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app->add_option("--input-size", options->input_size, "HEIGHTxWIDTH of the network's input (default: the model's)");
  app->add_option("--memory-latency", options->memory.latency_cycles,
                  "sim: cycles from a read's address to its first beat")
      ->capture_default_str();
  app->add_option("--memory-share", options->memory.bus_share,
                  "sim: beats a cycle that the memory moves on average; 8/9 is DDR4-2133 beside 64 bytes at 300 MHz")
      ->capture_default_str();
  app->add_option("--timeline", options->timeline, "Also draw the phases of the last run over time, an SVG file");
  app->add_flag("--json", options->json,
                "The same as JSON; numbers are sums over the runs, those of phases and blocks of the last");
  app->footer(
      "Exit code 1 where a number differs from the int8 engine's.\n"
      "Examples:\n"
      "  edgemoe simulate street.jpg --device sim:zcu102\n"
      "  edgemoe simulate street.jpg --model tiny.safetensors --device interpreter:small --json");
  return {app, [options] { return simulate(*options); }};
}

}  // namespace edgemoe::cli

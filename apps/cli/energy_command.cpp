// edgemoe energy: joules a frame, measured where this machine counts them, modelled for the accelerator, and as printed
// about others; never mixed without saying so.
#include <fmt/core.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "accel/cost/energy.h"
#include "accel/cost/resources.h"
#include "base/energy_meter.h"
#include "base/random.h"
#include "cli/command.h"
#include "cli/cost_flags.h"
#include "cli/energy_run.h"
#include "cli/engine_flags.h"
#include "pipeline/pipeline.h"

namespace edgemoe::cli {
namespace {

using Json = nlohmann::ordered_json;

struct EnergyOptions {
  std::string model = kDefaultModel;
  CostFlags cost;
  std::vector<std::string> tasks = {"all"};
  int frames = 100;
  double idle_seconds = 1;
  std::string command;
  std::filesystem::path powercap = "/sys/class/powercap";
  std::string nvml = "libnvidia-ml.so.1";
  EngineFlags engine;
  bool json = false;
};

/// What was measured of one kind of device, or why not.
struct Measurement {
  const char* what;
  std::vector<DeviceEnergy> devices = {};
  std::string unavailable = "";  // of the kind, or of one of its devices
};

struct Measurements {
  std::vector<Measurement> kinds;
  bool ran = false;  // the work; it does not where there is no counter

  bool any() const {
    return std::any_of(kinds.begin(), kinds.end(), [](const Measurement& one) { return !one.devices.empty(); });
  }
};

/// Pictures of seeded noise through the engine, heads and maps included.
Status run_frames(Pipeline& pipeline, const std::vector<int>& tasks, int frames) {
  const ModelConfig& config = pipeline.config();
  Image picture =
      make_image(static_cast<std::size_t>(config.input.width), static_cast<std::size_t>(config.input.height));
  Random random(1);
  for (std::uint8_t& sample : picture.samples8) sample = static_cast<std::uint8_t>(random.below(256));
  const Image* const pictures[] = {&picture};
  ProgressLine line("frames");
  for (int frame = 0; frame < frames; ++frame) {
    const Pipeline::Request request = {.tasks = tasks, .maps = [](std::size_t, const TaskMap&) { return Status(); }};
    const Result<PipelineTimes> times = pipeline.run(pictures, request);
    if (!times.ok()) return times.status();
    line.update(static_cast<std::size_t>(frame) + 1, static_cast<std::size_t>(frames));
  }
  return {};
}

Status run_shell(const std::string& command) {
  const int code = std::system(command.c_str());
  if (code != -1 && WIFEXITED(code) && WEXITSTATUS(code) == 0) return {};
  return Status(StatusCode::kInvalidArgument, fmt::format("--command: expected success, found exit status {}",
                                                          code != -1 && WIFEXITED(code) ? WEXITSTATUS(code) : code));
}

/// The work that is measured: frames of the engine, or the user's command.
Result<std::function<Status()>> make_work(const EnergyOptions& options) {
  if (!options.command.empty()) {
    return std::function<Status()>([command = options.command] { return run_shell(command); });
  }
  std::filesystem::path model = options.model;
  EDGEMOE_RETURN_IF_ERROR(find_model(model));
  EDGEMOE_ASSIGN_OR_RETURN(const EngineOptions engine, options.engine.engine_options(1));
  EDGEMOE_ASSIGN_OR_RETURN(std::unique_ptr<Pipeline> loaded, Pipeline::load(model, engine));
  const std::shared_ptr<Pipeline> pipeline = std::move(loaded);
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<int> tasks, select_tasks(pipeline->config(), options.tasks));
  EDGEMOE_RETURN_IF_ERROR(run_frames(*pipeline, tasks, 1));  // first touch of the weights
  return std::function<Status()>(
      [pipeline, tasks, frames = options.frames] { return run_frames(*pipeline, tasks, frames); });
}

/// Both kinds around one run of the work.
Result<Measurements> measure(const EnergyOptions& options) {
  Measurements measured = {.kinds = {{.what = "processor"}, {.what = "GPU"}}};
  std::vector<Measurement>& out = measured.kinds;
  Result<EnergyCounters> rapl = open_rapl(options.powercap);
  Result<EnergyCounters> nvml = open_nvml(options.nvml);
  if (!rapl.ok()) out[0].unavailable = rapl.status().message();
  if (!nvml.ok()) out[1].unavailable = nvml.status().message();
  if (nvml.ok() && options.command.empty()) {
    nvml = Status(StatusCode::kUnsupported, "");
    out[1].unavailable = "the engine does not run on GPUs; give what does by --command";
  }
  if (!rapl.ok() && !nvml.ok()) return measured;
  EnergyCounters counters;
  for (Result<EnergyCounters>* kind : {&rapl, &nvml}) {
    if (!kind->ok()) continue;
    for (std::unique_ptr<EnergyCounter>& counter : kind->value()) counters.push_back(std::move(counter));
  }
  EDGEMOE_ASSIGN_OR_RETURN(const std::function<Status()> work, make_work(options));
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<DeviceEnergy> devices,
                           measure_energy(counters, options.idle_seconds, work));
  measured.ran = true;
  for (const DeviceEnergy& device : devices) {
    Measurement& kind = out[device.source == "RAPL" ? 0 : 1];
    if (device.fault.empty()) {
      kind.devices.push_back(device);
    } else {
      kind.unavailable += (kind.unavailable.empty() ? "" : "; ") + device.fault;
    }
  }
  return measured;
}

/// The accelerator's frame: one picture, one task.
struct Modelled {
  FrameCost frame;
  EnergyCost energy;
};

Modelled model_accelerator(const CostSetup& setup) {
  const Machine machine = machine_of(setup.design, setup.format, setup.board, {});
  const FrameCost frame = estimate_frame(setup.network, setup.spec, setup.queues, machine);
  const Resources used =
      sum(estimate_resources(setup.design, setup.format, setup.network, setup.spec, setup.board.ultra_ram));
  return {.frame = frame, .energy = estimate_energy(frame, used, setup.design.clock_mhz, setup.board.static_watts)};
}

/// A published machine's energy: its power is modelled from the resources that were printed, and not fitted.
struct ModelledMachine {
  PublishedMachine machine;
  double milliseconds = 0;
  Range millijoules;
  Range watts;
};

/// Those whose resources are known, on the network that the printed numbers are about.
Result<std::vector<ModelledMachine>> model_published() {
  std::vector<ModelledMachine> out;
  for (const std::string& name : list_machines()) {
    EDGEMOE_ASSIGN_OR_RETURN(PublishedMachine machine, load_machine(name));
    const std::optional<Resources> used = resources_of(machine);
    if (!used) continue;
    EDGEMOE_ASSIGN_OR_RETURN(const ModelConfig network, load_network(machine.network));
    const ExpertQueues queues = make_queues(network, 1, kTypicalQueueSpread);
    EDGEMOE_ASSIGN_OR_RETURN(const Board board, load_named_board(machine.board));
    const FrameCost frame = estimate_frame(network, {}, queues, machine.machine);
    const EnergyCost energy = estimate_energy(frame, *used, machine.machine.clock_mhz, board.static_watts);
    out.push_back({.machine = std::move(machine),
                   .milliseconds = frame.milliseconds,
                   .millijoules = energy.total(),
                   .watts = energy.watts(frame.milliseconds)});
  }
  return out;
}

/// All that is shown.
struct EnergyReport {
  Measurements measured;
  Modelled modelled;
  std::vector<ModelledMachine> machines;
  PublishedTable table;
};

void print_measured(const EnergyOptions& options, const Measurements& measured) {
  const std::string work = options.command.empty()
                               ? fmt::format("{}, {} frames, heads and maps included", options.model, options.frames)
                               : fmt::format("the command, as {} frames", options.frames);
  if (measured.any()) {
    fmt::print("measured here ({})\n", for_terminal(work));
  } else if (measured.ran) {
    fmt::print("not measured here: it ran, but no counter counted it ({})\n", for_terminal(work));
  } else {
    fmt::print("not measured here: there is no counter, so it was not run ({})\n", for_terminal(work));
  }
  for (const Measurement& one : measured.kinds) {
    if (!one.unavailable.empty()) fmt::print("  {:<10} not available: {}\n", one.what, for_terminal(one.unavailable));
    for (const DeviceEnergy& device : one.devices) {
      fmt::print(
          "  {:<10} {} ({}): {:.1f} mJ a frame, {:.1f} above idle; {:.2f} ms a frame, {:.1f} W (idle {:.1f} W)\n",
          one.what, for_terminal(device.device), device.source, 1e3 * device.joules / options.frames,
          1e3 * device.joules_above_idle() / options.frames, 1e3 * device.seconds / options.frames, device.watts(),
          device.idle_watts);
    }
  }
}

std::string range_text(const Range& range) { return fmt::format("{:.1f} to {:.1f}", range.low, range.high); }

void print_text(const EnergyOptions& options, const CostSetup& setup, const EnergyReport& report) {
  print_measured(options, report.measured);
  const Modelled& modelled = report.modelled;
  const PublishedTable& table = report.table;
  const Range watts = modelled.energy.watts(modelled.frame.milliseconds);
  fmt::print("\nmodelled ({}, {}, {}; backbone and one task, without its head)\n", for_terminal(setup.network.name),
             for_terminal(setup.design.name), setup.format.name());
  fmt::print("  {:<26} {:>8.2f} ms {:>14} W {:>16} mJ a frame\n", "accelerator", modelled.frame.milliseconds,
             range_text(watts), range_text(modelled.energy.total()));
  fmt::print("\npublished (printed watts x milliseconds; ratios are published to published)\n");
  const double first = table.systems.front().millijoules();
  for (const PublishedSystem& system : table.systems) {
    fmt::print("  {:<26} {:>8.2f} ms {:>14.2f} W {:>16.1f} mJ a frame  {:>5.2f} x {}  [{}]\n",
               for_terminal(system.name), system.latency_ms, system.power_watts, system.millijoules(),
               system.millijoules() / first, for_terminal(table.systems.front().name), for_terminal(system.status));
  }
  fmt::print("\npublished machines, modelled (latencies fitted to the published ones; powers from their resources)\n");
  for (const ModelledMachine& one : report.machines) {
    fmt::print("  {:<26} {:>8.2f} ms {:>14} W {:>16} mJ a frame; {:.2f} W published{}\n",
               for_terminal(one.machine.title), one.milliseconds, range_text(one.watts), range_text(one.millijoules),
               one.machine.power_watts, one.machine.assumes("used") ? "; its resources are assumed" : "");
  }
  fmt::print(
      "\nMeasured, modelled and published energies count different things (whole packages, a part with its memory,\n"
      "boards): no ratio between them is formed here.\n");
}

Json measurements_json(const EnergyOptions& options, const Measurements& measured) {
  Json measurements = Json::array();
  for (const Measurement& one : measured.kinds) {
    Json devices = Json::array();
    for (const DeviceEnergy& device : one.devices) {
      devices.push_back({{"device", device.device},
                         {"source", device.source},
                         {"joules_per_frame", device.joules / options.frames},
                         {"joules_per_frame_above_idle", device.joules_above_idle() / options.frames},
                         {"seconds_per_frame", device.seconds / options.frames},
                         {"idle_watts", device.idle_watts}});
    }
    measurements.push_back({{"what", one.what},
                            {"status", one.devices.empty() ? "not available" : "measured"},
                            {"reason", one.unavailable.empty() ? Json(nullptr) : Json(one.unavailable)},
                            {"devices", devices}});
  }
  return measurements;
}

std::string energy_json(const EnergyOptions& options, const CostSetup& setup, const EnergyReport& report) {
  const Modelled& modelled = report.modelled;
  const PublishedTable& table = report.table;
  const Range total = modelled.energy.total();
  Json machines = Json::array();
  for (const ModelledMachine& one : report.machines) {
    machines.push_back({{"machine", one.machine.title},
                        {"published_watts", one.machine.power_watts},
                        {"modelled_watts", {one.watts.low, one.watts.high}},
                        {"modelled_millijoules", {one.millijoules.low, one.millijoules.high}},
                        {"resources_assumed", one.machine.assumes("used")}});
  }
  Json systems = Json::array();
  for (const PublishedSystem& system : table.systems) {
    systems.push_back({{"name", system.name},
                       {"platform", system.platform},
                       {"numbers", system.numbers},
                       {"milliseconds", system.latency_ms},
                       {"watts", system.power_watts},
                       {"millijoules", system.millijoules()},
                       {"ratio_to_first", system.millijoules() / table.systems.front().millijoules()},
                       {"status", system.status}});
  }
  const Json root = {{"frames", options.frames},
                     {"ran", report.measured.ran},
                     {"measured", measurements_json(options, report.measured)},
                     {"modelled",
                      {{"status", "modelled"},
                       {"network", setup.network.name},
                       {"design", setup.design.name},
                       {"format", setup.format.name()},
                       {"milliseconds", modelled.frame.milliseconds},
                       {"millijoules", {total.low, total.high}}}},
                     {"published", {{"source", table.source}, {"systems", systems}}},
                     {"published_machines_modelled", machines}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace);
}

/// What would be measured is looked at where nothing is: a counter may be there the next time.
Status check_options(const EnergyOptions& options, const CLI::App& app) {
  if (options.frames < 1 || options.frames > 1'000'000) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("--frames: expected 1 to 1000000, found {}", options.frames));
  }
  if (!(options.idle_seconds >= 0.01 && options.idle_seconds <= 600)) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("--idle-seconds: expected 0.01 to 600, found {}", options.idle_seconds));
  }
  if (app.count("--command") == 0) return options.engine.engine_options(1).status();
  if (options.command.find_first_not_of(" \t\n") == std::string::npos) {
    return Status(StatusCode::kInvalidArgument, "--command: expected a shell command, found nothing");
  }
  return refuse_beside(app, "--command", {"--task", "--threads", "--type", "--isa", "--input-size", "--device"});
}

ExitCode run_energy(const EnergyOptions& options, const CLI::App& app) {
  if (const Status status = check_options(options, app); !status.ok()) return fail(status);
  CostFlags flags = options.cost;
  flags.model = options.model;
  const Result<CostSetup> setup = flags.load();
  if (!setup.ok()) return fail(setup.status());
  if (options.command.empty()) {
    if (const auto tasks = select_tasks(setup->network, options.tasks); !tasks.ok()) return fail(tasks.status());
  }
  const Result<PublishedTable> table = load_platforms();
  if (!table.ok()) return fail(table.status());
  const Result<std::vector<ModelledMachine>> machines = model_published();
  if (!machines.ok()) return fail(machines.status());
  const Result<Measurements> measured = measure(options);
  if (!measured.ok()) return fail(measured.status());
  const EnergyReport report = {
      .measured = *measured, .modelled = model_accelerator(*setup), .machines = *machines, .table = *table};
  if (options.json) {
    fmt::print("{}\n", energy_json(options, *setup, report));
  } else {
    print_text(options, *setup, report);
  }
  return kDone;
}

}  // namespace

Command add_energy_command(CLI::App& tool) {
  auto options = std::make_shared<EnergyOptions>();
  CLI::App* app =
      tool.add_subcommand("energy", "Joules a frame: measured here, modelled for the accelerator, published");
  app->add_option("--model", options->model, "Model file, or the name of a model that came with edgemoe")
      ->capture_default_str();
  app->add_option("--task", options->tasks, "Tasks of the measured frames, or all")->delimiter(',');
  app->add_option("--frames", options->frames, "Frames to run, or that --command stands for")->capture_default_str();
  app->add_option("--idle-seconds", options->idle_seconds, "How long to look at the idle machine first")
      ->capture_default_str();
  app->add_option("--command", options->command, "Measure this shell command instead of the engine, on GPUs too");
  options->cost.add_design(*app);
  options->cost.add_board(*app);
  app->add_option("--powercap", options->powercap, "Where Linux shows the processor's counters")->capture_default_str();
  app->add_option("--nvml", options->nvml, "The NVIDIA driver's library")->capture_default_str();
  options->engine.add_to(*app);
  app->add_flag("--json", options->json, "The same as JSON");
  app->footer(
      "Examples:\n"
      "  edgemoe energy --frames 500 --type int8\n"
      "  edgemoe energy --command 'python3 my_model_on_a_gpu.py --frames 1000' --frames 1000\n"
      "Where a counter is not available its row says why; it is never taken for 0.");
  return {app, [options, app] { return run_energy(*options, *app); }};
}

}  // namespace edgemoe::cli

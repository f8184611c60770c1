// edgemoe estimate: what a frame costs on the accelerator, by the cost model.
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "accel/cost/energy.h"
#include "accel/cost/explore.h"
#include "accel/cost/fit.h"
#include "accel/cost/frame_cost.h"
#include "accel/cost/resources.h"
#include "cli/command.h"
#include "cli/cost_flags.h"

namespace edgemoe::cli {
namespace {

using Json = nlohmann::ordered_json;

struct EstimateOptions {
  CostFlags cost;
  std::string machine;
  bool published = false;
  std::vector<std::string> without;
  std::optional<int> query_lanes;  // the machine's own where it is not given
  bool no_prefetch = false;
  bool json = false;
};

/// What the RTL at a design point refuses of the frame, and what is counted instead.
struct Refusal {
  std::vector<MachineGap> gaps;
  std::vector<std::pair<std::string, int>> sizes;  // memories and limits that were too small, as counted
  std::string explore;                             // a command that finds designs without gaps; empty: none does
};

/// A frame on a machine, with all that is said of it.
struct Estimate {
  Machine machine;
  FrameCost frame;
  std::vector<ResourcePart> parts;  // one, "as published", of a published machine; empty where they are unknown
  EnergyCost energy;                // of nothing without parts
  Refusal refusal = {};             // of a design point
};

/// kInvalidArgument for a name that is none, and for an idea whose absence the machine's description does not price.
Status take_out(Machine& machine, const std::vector<std::string>& names) {
  const std::vector<IdeaName> unpriced = unpriced_ideas(machine.naive);
  for (const std::string& name : names) {
    bool known = false;
    std::string all;
    for (const IdeaName& idea : kIdeas) {
      all += fmt::format("{}{}", all.empty() ? "" : ", ", idea.key);
      if (idea.key != name) continue;
      machine.ideas.*idea.member = false;
      known = true;
      if (std::any_of(unpriced.begin(), unpriced.end(), [&](const IdeaName& one) { return one.key == name; })) {
        return Status(StatusCode::kInvalidArgument,
                      fmt::format("--without {}: what its absence costs is not known of {}; leave it out, or estimate "
                                  "it on a machine of which it is: --machine edge-moe, or a design point",
                                  name, machine.name));
      }
    }
    if (!known) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("--without: expected some of {}; found \"{}\"", all, name));
    }
  }
  return {};
}

Estimate make_estimate(const Machine& machine, const std::vector<ResourcePart>& parts, const CostSetup& setup) {
  Estimate out = {.machine = machine,
                  .frame = estimate_frame(setup.network, setup.spec, setup.queues, machine),
                  .parts = parts,
                  .energy = {},
                  .refusal = {}};
  if (!parts.empty()) {
    out.energy = estimate_energy(out.frame, sum(parts), machine.clock_mhz, setup.board.static_watts);
  }
  return out;
}

std::vector<ResourcePart> published_parts(const PublishedMachine& machine) {
  const std::optional<Resources> used = resources_of(machine);
  if (!used) return {};
  const bool assumed = machine.assumes("used");
  return {{assumed ? "assumed" : "as published", *used, assumed ? "another machine's, on the same part" : "published"}};
}

Refusal find_refusal(const CostSetup& setup, const GrownDesign& grown, const CostFlags& flags) {
  Refusal out = {.gaps = find_frame_gaps(setup.network, setup.spec, setup.format, setup.design),
                 .sizes = grown.sizes,
                 .explore = ""};
  const bool by_design = std::none_of(out.gaps.begin(), out.gaps.end(), [](const MachineGap& gap) {
    return gap.key == "streams" || gap.key == "format";
  });
  if (out.gaps.empty() || !by_design) return out;
  const ExploreProblem problem = {.network = setup.network,
                                  .spec = setup.spec,
                                  .queues = setup.queues,
                                  .board = setup.board,
                                  .base = setup.design_text};
  if (!explorer_finds_design(problem)) return out;
  out.explore = fmt::format("edgemoe explore --model {} --board {} --base {}", flags.model, flags.board, flags.design);
  return out;
}

Json range_json(const Range& range) { return {range.low, range.high}; }

Json refusal_json(const Refusal& refusal) {
  Json gaps = Json::array();
  for (const MachineGap& gap : refusal.gaps) {
    const bool size = gap.needed != 0 || gap.there != 0;
    gaps.push_back({{"key", gap.key},
                    {"needed", size ? Json(gap.needed) : Json(nullptr)},
                    {"there", size ? Json(gap.there) : Json(nullptr)},
                    {"message", gap.message}});
  }
  return gaps;
}

Json phases_json(const FrameCost& frame) {
  Json phases = Json::array();
  for (const PhaseCost& phase : frame.phases) {
    phases.push_back({{"phase", phase_name(phase.phase)},
                      {"macs", phase.macs},
                      {"cycles", phase.cycles()},
                      {"array_cycles", phase.array_cycles},
                      {"special_cycles", phase.special_cycles},
                      {"fill_cycles", phase.fill_cycles},
                      {"wait_cycles", phase.wait_cycles},
                      {"off_chip_bytes", phase.off_chip_bytes},
                      {"on_chip_bytes", phase.on_chip_bytes}});
  }
  return phases;
}

/// Every constant that the energy was made of, with its source.
Json constants_json() {
  Json constants = Json::array();
  for (const EnergyConstant& one : energy_constants()) {
    constants.push_back(
        {{"name", one.name}, {"unit", one.unit}, {"value", range_json(one.value)}, {"source", one.source}});
  }
  return constants;
}

std::string estimate_json(const Estimate& estimate, const CostSetup& setup) {
  const FrameCost& frame = estimate.frame;
  const Machine::Memory& memory = estimate.machine.memory;
  Json sizes = Json::object();
  for (const auto& [key, size] : estimate.refusal.sizes) sizes[key] = size;
  Json resources = nullptr;
  Json energy = nullptr;
  if (!estimate.parts.empty()) {
    const Resources all = sum(estimate.parts);
    Json parts = Json::array();
    for (const ResourcePart& part : estimate.parts) {
      parts.push_back({{"part", part.name},
                       {"dsp", part.used.dsp},
                       {"bram36", part.used.bram36},
                       {"lut", part.used.lut},
                       {"ff", part.used.ff},
                       {"basis", part.basis}});
    }
    resources = {{"dsp", all.dsp}, {"bram36", all.bram36}, {"uram", all.uram},
                 {"lut", all.lut}, {"ff", all.ff},         {"parts", parts}};
    const EnergyCost& cost = estimate.energy;
    energy = {{"millijoules", range_json(cost.total())}, {"watts", range_json(cost.watts(frame.milliseconds))},
              {"static", range_json(cost.static_mj)},    {"dsp", range_json(cost.dsp_mj)},
              {"bram", range_json(cost.bram_mj)},        {"fabric", range_json(cost.fabric_mj)},
              {"dram", range_json(cost.dram_mj)},        {"constants", constants_json()}};
  }
  const Json root = {{"status", "modelled"},
                     {"machine", estimate.machine.name},
                     {"network", setup.network.name},
                     {"format", estimate.machine.format.name()},
                     {"clock_mhz", estimate.machine.clock_mhz},
                     {"bytes_per_cycle", memory.rate()},
                     {"bus_bytes", memory.bus_bytes ? Json(*memory.bus_bytes) : Json(nullptr)},
                     {"refused", refusal_json(estimate.refusal)},
                     {"counted_with", sizes},
                     {"explore", estimate.refusal.explore.empty() ? Json(nullptr) : Json(estimate.refusal.explore)},
                     {"batch", setup.spec.batch},
                     {"tasks", setup.spec.tasks},
                     {"cycles", frame.cycles},
                     {"milliseconds", frame.milliseconds},
                     {"utilisation", frame.utilisation},
                     {"macs", frame.macs},
                     {"compute_cycles", frame.compute_cycles},
                     {"memory_cycles", frame.memory_cycles},
                     {"bound", frame.memory_bound() ? "memory" : "compute"},
                     {"off_chip_bytes",
                      {{"weights", frame.off_chip.weights},
                       {"constants", frame.off_chip.constants},
                       {"image", frame.off_chip.image},
                       {"tokens", frame.off_chip.tokens},
                       {"keys_and_values", frame.off_chip.keys_and_values}}},
                     {"on_chip_bytes", frame.on_chip_bytes},
                     {"activation_bytes", frame.activation_bytes},
                     {"key_value_reads_per_query", frame.key_value_reads_per_query},
                     {"phases", phases_json(frame)},
                     {"resources", resources},
                     {"energy", energy}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace);
}

void print_phases(const FrameCost& frame, const Machine& machine) {
  const double rate = static_cast<double>(machine.array.products_per_step()) / machine.array.cycles_per_step;
  fmt::print("\n{:<16} {:>7} {:>9} {:>6} {:>5} {:>9} {:>8} {:>6} {:>7} {:>12} {:>11}\n", "phase", "M MAC", "cycles",
             "share", "use", "array", "special", "fill", "wait", "off-chip kB", "on-chip MB");
  PhaseCost total;
  const auto row = [&](std::string_view name, const PhaseCost& phase) {
    fmt::print("{:<16} {:>7.1f} {:>9.0f} {:>5.1f}% {:>5.2f} {:>9.0f} {:>8.0f} {:>6.0f} {:>7.0f} {:>12.0f} {:>11.1f}\n",
               name, phase.macs / 1e6, phase.cycles(), 100 * phase.cycles() / frame.cycles,
               phase.cycles() > 0 ? phase.macs / (phase.cycles() * rate) : 0.0, phase.array_cycles,
               phase.special_cycles, phase.fill_cycles, phase.wait_cycles, phase.off_chip_bytes / 1e3,
               phase.on_chip_bytes / 1e6);
  };
  for (const PhaseCost& phase : frame.phases) {
    row(phase_name(phase.phase), phase);
    for (double PhaseCost::*member :
         {&PhaseCost::macs, &PhaseCost::array_cycles, &PhaseCost::special_cycles, &PhaseCost::fill_cycles,
          &PhaseCost::wait_cycles, &PhaseCost::off_chip_bytes, &PhaseCost::on_chip_bytes}) {
      total.*member += phase.*member;
    }
  }
  row("total", total);
}

/// Percent of the part; of what it has none of, that there is none.
std::string share_text(double used, int there) {
  if (there > 0) return fmt::format("{:.1f}%", 100 * used / there);
  return used > 0 ? "has none" : "0.0%";
}

void print_resources(const Estimate& estimate, const Board& board) {
  const DesignPoint::Part& part = board.part;
  fmt::print("\n{:<24} {:>7} {:>8} {:>9} {:>9}  {}\n", "part", "DSP48E2", "BRAM36", "LUT", "FF", "basis");
  const auto row = [](const std::string& name, const Resources& used, const std::string& basis) {
    fmt::print("{:<24} {:>7.0f} {:>8.1f} {:>9.0f} {:>9.0f}  {}\n", name, used.dsp, used.bram36, used.lut, used.ff,
               basis);
  };
  for (const ResourcePart& one : estimate.parts) row(one.name, one.used, one.basis);
  const Resources all = sum(estimate.parts);
  row("total", all, "");
  fmt::print("{:<23} {:>8} {:>8} {:>9} {:>9}  {}\n", for_terminal("of " + part.name), share_text(all.dsp, part.dsp),
             share_text(all.bram36, part.bram36), share_text(all.lut, part.lut), share_text(all.ff, part.ff),
             part_share(all, part, board.ultra_ram) > 1 ? "DOES NOT FIT" : "");
  if (all.uram > 0) fmt::print("and {:.0f} of {} blocks of UltraRAM: the weight ring\n", all.uram, board.ultra_ram);
}

/// What stands between this estimate and a machine that could be built.
void print_refusal(const Refusal& refusal, const std::string& design) {
  if (refusal.gaps.empty()) return;
  fmt::print("refused    {} does not compute this; counted as if it did\n", for_terminal(design));
  for (const MachineGap& gap : refusal.gaps) fmt::print("           - {}\n", for_terminal(gap.message));
  std::string sizes;
  for (const auto& [key, size] : refusal.sizes) sizes += fmt::format("{}{} {}", sizes.empty() ? "" : ", ", key, size);
  if (!sizes.empty()) fmt::print("           counted with {}\n", sizes);
  if (!refusal.explore.empty()) fmt::print("           '{}' finds designs that do\n", for_terminal(refusal.explore));
}

void print_estimate(const Estimate& estimate, const CostSetup& setup) {
  const FrameCost& frame = estimate.frame;
  const Machine& machine = estimate.machine;
  const Machine::Array& array = machine.array;
  const std::string pace = array.cycles_per_step == 1 ? "" : fmt::format(" every {:.3f} cycles", array.cycles_per_step);
  fmt::print("machine    {}: {} tokens x {} outputs x {} deep, {} products{}, {:.0f} MHz (assumed), {}\n",
             for_terminal(machine.name), array.tokens, array.outputs, array.depth, array.products_per_step(), pace,
             machine.clock_mhz, machine.format.name());
  const Machine::Memory& memory = machine.memory;
  const std::string bus = memory.bus_bytes ? fmt::format(" through a bus of {:g}", *memory.bus_bytes) : "";
  fmt::print("memory     {:.1f} bytes a cycle{}, a ring of {:.0f} KiB for weights, {}\n", memory.bytes_per_cycle, bus,
             memory.ring_bytes / 1024,
             machine.memory.prefetch ? "experts prefetched across blocks" : "experts loaded when their block comes");
  fmt::print("network    {}: {}; {} {}, {} {}; heads run on the host and are not in these numbers\n",
             for_terminal(setup.network.name), describe_network(setup.network), setup.spec.batch,
             setup.spec.batch == 1 ? "picture" : "pictures", setup.spec.tasks,
             setup.spec.tasks == 1 ? "task" : "tasks");
  fmt::print("status     all modelled\n");
  print_refusal(estimate.refusal, setup.design.name);
  print_phases(frame, machine);
  fmt::print(
      "\nlatency    {:.0f} cycles, {:.3f} ms; the array is used to {:.1f} %; {}-bound: {:.0f} cycles of computing, "
      "{:.0f} of loading\n",
      frame.cycles, frame.milliseconds, 100 * frame.utilisation, frame.memory_bound() ? "memory" : "compute",
      frame.compute_cycles, frame.memory_cycles);
  const OffChipBytes& off_chip = frame.off_chip;
  fmt::print(
      "off chip   {:.2f} MB: weights {:.2f}, constants and commands {:.2f}, image {:.2f}, tokens {:.2f}, keys and "
      "values {:.2f}\n",
      off_chip.total() / 1e6, off_chip.weights / 1e6, off_chip.constants / 1e6, off_chip.image / 1e6,
      off_chip.tokens / 1e6, off_chip.keys_and_values / 1e6);
  fmt::print(
      "on chip    {:.1f} MB read and written; keys and values: {:.0f} bytes a query and block; activations: {:.0f} "
      "kB held at least\n",
      frame.on_chip_bytes / 1e6, frame.key_value_reads_per_query, frame.activation_bytes / 1e3);
  if (estimate.parts.empty()) {
    fmt::print("energy     not available: the machine's resources are not in our sources\n");
    return;
  }
  print_resources(estimate, setup.board);
  const Range total = estimate.energy.total();
  const Range watts = estimate.energy.watts(frame.milliseconds);
  fmt::print("\nenergy     {:.1f} to {:.1f} mJ, {:.1f} to {:.1f} W: ", total.low, total.high, watts.low, watts.high);
  const EnergyCost& cost = estimate.energy;
  fmt::print(
      "static {:.1f} to {:.1f}, DSP {:.1f} to {:.1f}, block RAM {:.1f} to {:.1f}, LUT and FF {:.1f} to {:.1f}, "
      "DRAM {:.1f} to {:.1f}\n",
      cost.static_mj.low, cost.static_mj.high, cost.dsp_mj.low, cost.dsp_mj.high, cost.bram_mj.low, cost.bram_mj.high,
      cost.fabric_mj.low, cost.fabric_mj.high, cost.dram_mj.low, cost.dram_mj.high);
}

/// The published machines beside what the model makes of them.
ExitCode print_published(const EstimateOptions& options) {
  Json rows = Json::array();
  if (!options.json) {
    fmt::print("{:<24} {:>9} {:>9} {:>6} {:>9} {:>9} {:>7} {:>13}\n", "machine", "published", "modelled", "off",
               "array ms", "memory ms", "W publ.", "W modelled");
  }
  for (const std::string& name : list_machines()) {
    const Result<PublishedMachine> machine = load_machine(name);
    if (!machine.ok()) return fail(machine.status());
    CostFlags flags = options.cost;
    flags.board = machine->board;
    const Result<CostSetup> setup = flags.load();
    if (!setup.ok()) return fail(setup.status());
    const Estimate estimate = make_estimate(machine->machine, published_parts(*machine), *setup);
    const FrameCost& frame = estimate.frame;
    // At one step a cycle: what the array would take if nothing else held it up.
    const double array_ms =
        machine->machine.milliseconds(frame.macs / static_cast<double>(machine->machine.array.products_per_step()));
    const double memory_ms = machine->machine.milliseconds(frame.memory_cycles);
    const Range watts = estimate.energy.watts(frame.milliseconds);
    const bool known = !estimate.parts.empty();
    if (options.json) {
      rows.push_back({{"machine", machine->title},
                      {"published_ms", machine->latency_ms},
                      {"modelled_ms", frame.milliseconds},
                      {"array_ms", array_ms},
                      {"memory_ms", memory_ms},
                      {"published_watts", machine->power_watts},
                      {"modelled_watts", known ? range_json(watts) : Json(nullptr)},
                      {"resources_assumed", machine->assumes("used")},
                      {"assumed", machine->assumed},
                      {"fitted", machine->fitted}});
      continue;
    }
    fmt::print("{:<24} {:>9.2f} {:>9.2f} {:>+5.1f}% {:>9.2f} {:>9.2f} {:>7.2f} {:>13}\n", for_terminal(machine->title),
               machine->latency_ms, frame.milliseconds, 100 * (frame.milliseconds / machine->latency_ms - 1), array_ms,
               memory_ms, machine->power_watts,
               known ? fmt::format("{:.1f} to {:.1f}", watts.low, watts.high) : "not available");
    std::string fitted;
    for (const std::string& key : machine->fitted) fitted += fmt::format("{}{}", fitted.empty() ? "" : ", ", key);
    fmt::print("  fitted to the published latencies: {}{}\n", for_terminal(fitted),
               machine->assumes("used") ? "; its watts with assumed resources, another machine's" : "");
  }
  if (options.json) {
    fmt::print("{}\n", Json{{"status", "modelled, fitted to published latencies"}, {"machines", rows}}.dump(2));
  } else {
    fmt::print(
        "\narray ms: all products at one step a cycle; memory ms: each weight loaded once. Both are modelled;\n"
        "what is between them and the published latency is in the fitted constants, and not predicted.\n");
  }
  return kDone;
}

/// The options that a published machine, which is whole, or all of them at their printed frame leave nothing to say to.
Status check_options(const CLI::App& app) {
  const std::vector<std::string> design = {"--design", "--format", "--board"};
  EDGEMOE_RETURN_IF_ERROR(refuse_beside(app, "--machine", design));
  std::vector<std::string> all = {"--machine", "--model",       "--tasks",      "--batch",
                                  "--without", "--query-lanes", "--no-prefetch"};
  all.insert(all.end(), design.begin(), design.end());
  return refuse_beside(app, "--published", all);
}

ExitCode run_estimate(const EstimateOptions& options, const CLI::App& app) {
  constexpr int kMostLanes = 4096;
  if (options.query_lanes && (*options.query_lanes < 1 || *options.query_lanes > kMostLanes)) {
    return fail(Status(StatusCode::kInvalidArgument,
                       fmt::format("--query-lanes: expected 1 to {}, found {}", kMostLanes, *options.query_lanes)));
  }
  if (const Status status = check_options(app); !status.ok()) return fail(status);
  if (options.published) return print_published(options);
  CostFlags flags = options.cost;
  std::optional<PublishedMachine> published;
  if (!options.machine.empty()) {
    Result<PublishedMachine> machine = load_machine(options.machine);
    if (!machine.ok()) return fail(machine.status());
    published = *machine;
    flags.board = machine->board;
  }
  const Result<CostSetup> setup = flags.load();
  if (!setup.ok()) return fail(setup.status());
  // What the lack of an idea costs an element or score is Edge-MoE's.
  const Result<PublishedMachine> edge_moe = load_machine("edge-moe");
  if (!edge_moe.ok()) return fail(edge_moe.status());
  const GrownDesign grown =
      grow_to_hold(find_machine_needs(setup->network, setup->design), setup->format, setup->design);
  Machine machine =
      published ? published->machine : machine_of(grown.design, setup->format, setup->board, edge_moe->machine.naive);
  if (options.no_prefetch) machine.memory.prefetch = false;
  if (options.query_lanes) machine.query_lanes = *options.query_lanes;
  if (const Status status = take_out(machine, options.without); !status.ok()) return fail(status);
  Estimate estimate = make_estimate(
      machine,
      published ? published_parts(*published)
                : estimate_resources(grown.design, setup->format, setup->network, setup->spec, setup->board.ultra_ram),
      *setup);
  if (!published) estimate.refusal = find_refusal(*setup, grown, flags);
  if (options.json) {
    fmt::print("{}\n", estimate_json(estimate, *setup));
  } else {
    print_estimate(estimate, *setup);
  }
  return kDone;
}

}  // namespace

Command add_estimate_command(CLI::App& tool) {
  auto options = std::make_shared<EstimateOptions>();
  CLI::App* app = tool.add_subcommand("estimate", "Model what a frame costs on the accelerator: cycles, bytes, energy");
  options->cost.add_model(*app);
  options->cost.add_design(*app);
  options->cost.add_board(*app);
  options->cost.add_frames(*app);
  app->add_option("--machine", options->machine, "A published machine (configs/machines) instead of a design point");
  app->add_flag("--published", options->published, "All published machines: printed beside modelled");
  app->add_option("--without", options->without, "Ideas to do without: expert-reordering, single-pass-softmax, ...")
      ->delimiter(',');
  app->add_option("--query-lanes", options->query_lanes,
                  "Queries that one read of a key or value serves; the array's tokens where it is not given");
  app->add_flag("--no-prefetch", options->no_prefetch, "Load experts only when their block has come");
  app->add_flag("--json", options->json, "The same as JSON");
  app->footer(
      "Examples:\n"
      "  edgemoe estimate\n"
      "  edgemoe estimate --model m3vit-small-nyud --board kv260 --tasks 2\n"
      "  edgemoe estimate --without attention-reordering,table-gelu --no-prefetch\n"
      "  edgemoe estimate --published\n"
      "All numbers are modelled; docs/cost.md says from what.");
  return {app, [options, app] { return run_estimate(*options, *app); }};
}

}  // namespace edgemoe::cli

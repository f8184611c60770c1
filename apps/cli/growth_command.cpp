// edgemoe growth: curves of a frame's cost, and where a machine turns from compute-bound to memory-bound.
#include <fmt/core.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "accel/cost/chart.h"
#include "accel/cost/growth.h"
#include "cli/command.h"
#include "cli/cost_flags.h"

namespace edgemoe::cli {
namespace {

using Json = nlohmann::ordered_json;

struct GrowthOptions {
  CostFlags cost;
  std::vector<std::string> machines = {"edge-moe", "coqmoe"};
  std::filesystem::path svg;
  bool json = false;
};

/// A machine and its curves, of kAllGrowthAxes.
struct MachineGrowth {
  std::string title;
  Machine machine;
  FrameCost base;
  std::vector<GrowthCurve> curves;
};

MachineGrowth make_growth(const std::string& title, const Machine& machine, const CostSetup& setup,
                          const std::function<void()>& curve_done) {
  MachineGrowth out = {.title = title,
                       .machine = machine,
                       .base = estimate_frame(setup.network, setup.spec, setup.queues, machine),
                       .curves = {}};
  for (const GrowthAxis axis : kAllGrowthAxes) {
    out.curves.push_back(grow(axis, setup.network, setup.spec, machine, setup.board));
    curve_done();
  }
  return out;
}

/// What print_growth's last lines explain.
std::string marks(const GrowthPoint& point) {
  std::string text;
  if (!point.not_built.empty()) {
    text += '!';
  } else if (!point.refused.empty()) {
    text += '+';
  }
  if (point.fits == false) text += '*';
  return text;
}

void print_growth(const MachineGrowth& growth) {
  const Machine& machine = growth.machine;
  const double balance = balanced_bytes_per_cycle(growth.base);
  fmt::print("{}  ({}, modelled)\n", for_terminal(growth.title), machine.format.name());
  fmt::print("  {}-bound with {:.1f} bytes a cycle; computing and loading take as long at {:.1f} ({:.2f} GB/s)\n",
             growth.base.memory_bound() ? "memory" : "compute", machine.memory.rate(), balance,
             balance * machine.clock_mhz / 1e3);
  for (const GrowthCurve& curve : growth.curves) {
    fmt::print("  {:<10} {:>10} {:>9} {:>13} {:>9} {:>8} {:<2} {:>7}\n", growth_axis_name(curve.axis), "k cycles",
               "ms/map", "off-chip MB", "held kB", "BRAM36", "", "bound");
    for (const GrowthPoint& point : curve.points) {
      fmt::print("  {:<10g} {:>10.0f} {:>9.3f} {:>13.2f} {:>9.0f} {:>8} {:<2} {:>7}\n", point.value,
                 point.cost.cycles / 1e3, point.cost.milliseconds / point.frames, point.cost.off_chip.total() / 1e6,
                 point.cost.activation_bytes / 1e3, point.bram36 ? fmt::format("{:.1f}", *point.bram36) : "-",
                 marks(point), point.cost.memory_bound() ? "memory" : "compute");
    }
    if (curve.turns_at) {
      fmt::print("  turns to {}-bound at {} {:g}\n", curve.points.front().cost.memory_bound() ? "compute" : "memory",
                 growth_axis_name(curve.axis), *curve.turns_at);
    }
  }
  fmt::print("\n");
}

Json keys_json(const std::vector<MachineGap>& gaps) {
  Json keys = Json::array();
  for (const MachineGap& gap : gaps) keys.push_back(gap.key);
  return keys;
}

Json growth_json(const MachineGrowth& growth) {
  Json curves = Json::array();
  for (const GrowthCurve& curve : growth.curves) {
    Json points = Json::array();
    for (const GrowthPoint& point : curve.points) {
      points.push_back({{"value", point.value},
                        {"maps", point.frames},
                        {"cycles", point.cost.cycles},
                        {"milliseconds", point.cost.milliseconds},
                        {"off_chip_bytes", point.cost.off_chip.total()},
                        {"on_chip_bytes", point.cost.on_chip_bytes},
                        {"activation_bytes", point.cost.activation_bytes},
                        {"bram36", point.bram36 ? Json(*point.bram36) : Json(nullptr)},
                        {"fits_on_chip", point.fits ? Json(*point.fits) : Json(nullptr)},
                        {"refused", keys_json(point.refused)},
                        {"not_built", keys_json(point.not_built)},
                        {"bound", point.cost.memory_bound() ? "memory" : "compute"}});
    }
    curves.push_back({{"axis", growth_axis_name(curve.axis)},
                      {"turns_at", curve.turns_at ? Json(*curve.turns_at) : Json(nullptr)},
                      {"points", points}});
  }
  return {{"machine", growth.title},
          {"status", "modelled"},
          {"bytes_per_cycle", growth.machine.memory.rate()},
          {"balanced_bytes_per_cycle", balanced_bytes_per_cycle(growth.base)},
          {"curves", curves}};
}

/// A chart of one axis, without its series.
Chart empty_chart(GrowthAxis axis, const std::string& what, const std::string& unit) {
  const std::string name(growth_axis_name(axis));
  return {.title = fmt::format("{} against {}", what, name),
          .subtitle = "",
          .x_title = axis == GrowthAxis::kBandwidth ? "bytes a cycle" : name,
          .y_title = unit,
          .x_scale = Chart::Scale::kLog,
          .y_scale = Chart::Scale::kLog};
}

/// Latency of all machines against each axis, then bytes of the first, which is ours.
std::string growth_svg(const std::vector<MachineGrowth>& all) {
  std::vector<Chart> charts;
  for (std::size_t a = 0; a < kAllGrowthAxes.size(); ++a) {
    Chart chart = empty_chart(kAllGrowthAxes[a], "Latency", "ms");
    chart.subtitle = "modelled; hollow: the machine waits for its memory";
    for (const MachineGrowth& growth : all) {
      ChartSeries line = {.name = growth.title, .points = {}};
      for (const GrowthPoint& point : growth.curves[a].points) {
        line.points.push_back({point.value, point.cost.milliseconds, point.cost.memory_bound()});
      }
      chart.series.push_back(line);
    }
    charts.push_back(chart);
  }
  for (std::size_t a = 0; a < kAllGrowthAxes.size(); ++a) {
    Chart chart = empty_chart(kAllGrowthAxes[a], "Bytes", "MB");
    chart.subtitle = all.front().title + "; modelled; hollow: the part does not hold the machine's memories";
    ChartSeries off_chip = {.name = "from and to memory", .points = {}};
    ChartSeries held = {.name = "activations held on chip", .points = {}};
    for (const GrowthPoint& point : all.front().curves[a].points) {
      off_chip.points.push_back({point.value, point.cost.off_chip.total() / 1e6});
      held.points.push_back({point.value, point.cost.activation_bytes / 1e6, point.fits == false});
    }
    chart.series = {off_chip, held};
    charts.push_back(chart);
  }
  return render_svg(charts, 3);
}

ExitCode run_growth(const GrowthOptions& options) {
  const Result<CostSetup> setup = options.cost.load();
  if (!setup.ok()) return fail(setup.status());
  const Machine ours = machine_of(setup->design, setup->format, setup->board, {});
  ProgressLine line("curves");
  std::size_t done = 0;
  const auto progress = [&] { line.update(++done, kAllGrowthAxes.size() * (1 + options.machines.size())); };
  std::vector<MachineGrowth> all = {make_growth("ours, " + setup->design.name, ours, *setup, progress)};
  for (const std::string& name : options.machines) {
    const Result<PublishedMachine> machine = load_machine(name);
    if (!machine.ok()) return fail(machine.status());
    all.push_back(make_growth(machine->title, machine->machine, *setup, progress));
  }
  line.clear();
  if (options.json) {
    Json out = Json::array();
    for (const MachineGrowth& growth : all) out.push_back(growth_json(growth));
    fmt::print("{}\n", out.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    fmt::print("network    {}: {}; heads are not in these numbers\n\n", for_terminal(setup->network.name),
               describe_network(setup->network));
    for (const MachineGrowth& growth : all) print_growth(growth);
    fmt::print(
        "k cycles, off-chip MB and held kB are of all pictures and tasks of a row, ms/map of one map. held kB: the "
        "least\nthat activations take; BRAM36: of the whole machine as built, memories in powers of two.\n"
        "+: {0} refuses it; larger memories and limits, which are counted here, would hold it ('edgemoe estimate' "
        "says which)\n"
        "!: the RTL has no way to compute it, whatever its memories; several tasks or pictures at once are such\n"
        "*: more than the {1} BRAM36 of {2} hold; of published machines, whose memories are not known: already the "
        "least\n   bytes of activations and ring. Activations off chip are not in these numbers.\n"
        "Published machines: constants fitted at 129 tokens.\n",
        for_terminal(setup->design.name), setup->board.part.bram36, for_terminal(setup->board.name));
  }
  if (!options.svg.empty()) {
    if (const Status status = write_report(options.svg, growth_svg(all)); !status.ok()) return fail(status);
  }
  return kDone;
}

}  // namespace

Command add_growth_command(CLI::App& tool) {
  auto options = std::make_shared<GrowthOptions>();
  CLI::App* app =
      tool.add_subcommand("growth", "Model how cycles, bytes and memory grow with tokens, experts, tasks ...");
  options->cost.add_model(*app);
  options->cost.add_design(*app);
  options->cost.add_board(*app);
  app->add_option("--machines", options->machines, "Published machines to stand beside it (configs/machines)")
      ->delimiter(',')
      ->capture_default_str();
  app->add_option("--svg", options->svg, "Write a plot of all curves");
  app->add_flag("--json", options->json, "The curves as JSON");
  app->footer(
      "Example:\n"
      "  edgemoe growth --model edgemoe-cityscapes --svg growth.svg\n"
      "Each curve varies one quantity: tokens, experts, experts a token, tasks, pictures of a batch, memory rate.");
  return {app, [options] { return run_growth(*options); }};
}

}  // namespace edgemoe::cli

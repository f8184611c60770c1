// edgemoe ablate: what each of the paper's ideas is worth, on the paper's machine and on ours.
#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "accel/cost/ablation.h"
#include "accel/cost/chart.h"
#include "accel/machine_layout.h"
#include "cli/command.h"
#include "cli/cost_flags.h"

namespace edgemoe::cli {
namespace {

using Json = nlohmann::ordered_json;

struct AblateOptions {
  CostFlags cost;
  std::string machine = "edge-moe";
  std::filesystem::path svg;
  bool json = false;
};

/// What is compared, and how much of what was printed is about the same.
struct Comparison {
  PublishedMachine published;
  bool same_network;       // as the printed numbers are for
  std::string refused_by;  // our design, where the RTL does not compute the network on it
  std::vector<AblationColumn> columns;

  /// Printed steps of this network, none where there are none.
  std::span<const double> printed_ms() const {
    return same_network ? std::span(published.ablation_ms) : std::span<const double>();
  }
  bool fitted(std::size_t column) const { return column == 0 && same_network && !published.fitted.empty(); }
  const char* status(std::size_t column) const { return fitted(column) ? "modelled, fitted" : "modelled"; }
};

std::string step_title(std::size_t step) {
  return step == 0 ? "none of the ideas" : fmt::format("+ {}", kIdeas[step - 1].title);
}

/// What the first column is worth.
std::vector<std::string> make_notes(const Comparison& comparison) {
  const PublishedMachine& published = comparison.published;
  std::vector<std::string> notes;
  std::string fitted;
  for (const std::string& key : published.fitted) fitted += fmt::format("{}{}", fitted.empty() ? "" : ", ", key);
  if (!comparison.same_network) {
    notes.push_back(
        fmt::format("what was printed about {} is for {}: its steps are left out, its constants ({}) were "
                    "fitted there and may not hold here",
                    published.title, published.network, fitted));
  } else if (published.ablation_ms.empty()) {
    notes.push_back(fmt::format("{}: no steps are published; {} was fitted to its latency, {:.4g} ms", published.title,
                                fitted, published.latency_ms));
  } else {
    notes.push_back(
        fmt::format("the first column's constants ({}) were fitted to the published steps: it takes them "
                    "apart, it does not predict them",
                    fitted));
  }
  std::string unknown;
  for (const IdeaName& idea : unpriced_ideas(published.machine.naive)) {
    unknown += fmt::format("{}{}", unknown.empty() ? "" : ", ", idea.title);
  }
  if (unknown.empty()) {
    notes.push_back("what an idea's absence costs an element or a score there is used in all columns");
  } else {
    notes.push_back(fmt::format("what the absence of {} costs is not known of it: their rows change nothing", unknown));
  }
  if (!comparison.refused_by.empty()) {
    notes.push_back(
        fmt::format("{} refuses this network; ours are counted as if it had room ('edgemoe estimate' says "
                    "for what)",
                    comparison.refused_by));
  }
  return notes;
}

std::string describe_memory(const Machine::Memory& memory) {
  if (!memory.bus_bytes) return fmt::format("{:.1f} bytes a cycle", memory.rate());
  return fmt::format("{:.1f} bytes a cycle, of a memory of {:.1f} and a bus of {:g}", memory.rate(),
                     memory.bytes_per_cycle, *memory.bus_bytes);
}

void print_table(const Comparison& comparison) {
  const std::vector<AblationColumn>& columns = comparison.columns;
  const std::span<const double> printed_ms = comparison.printed_ms();
  fmt::print("milliseconds a frame, each row with one idea more\n\n{:<24} {:>14}", "", "published");
  for (const AblationColumn& column : columns) fmt::print(" {:>21}", for_terminal(column.title));
  fmt::print("\n{:<24} {:>14}", "status", printed_ms.empty() ? "" : "secondary");
  for (std::size_t i = 0; i < columns.size(); ++i) fmt::print(" {:>21}", comparison.status(i));
  fmt::print("\n");
  for (std::size_t step = 0; step < AblationSteps{}.size(); ++step) {
    const std::string printed = printed_ms.empty() ? "not available" : fmt::format("{:.1f}", printed_ms[step]);
    fmt::print("{:<24} {:>14}", step_title(step), printed);
    for (const AblationColumn& column : columns) fmt::print(" {:>21.2f}", column.milliseconds[step]);
    fmt::print("\n");
  }
  fmt::print("{:<24} {:>14}", "all ideas together",
             printed_ms.empty() ? "not available" : fmt::format("{:.1f}x", printed_ms.front() / printed_ms.back()));
  for (const AblationColumn& column : columns) {
    fmt::print(" {:>20.1f}x", column.milliseconds.front() / column.milliseconds.back());
  }
  fmt::print("\n\n");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Machine& machine = columns[i].machine;
    const Machine::Array& array = machine.array;
    const std::string pace =
        array.cycles_per_step == 1 ? "" : fmt::format(" every {:.3g} cycles", array.cycles_per_step);
    fmt::print("{:<24} {}{}: {}, {} x {} x {} = {} products{}, {:.0f} MHz, {}\n", for_terminal(columns[i].title),
               i < 2 ? "" : "as before but ", for_terminal(columns[i].what), machine.format.name(), array.tokens,
               array.outputs, array.depth, array.products_per_step(), pace, machine.clock_mhz,
               describe_memory(machine.memory));
  }
  fmt::print("\nProducts: tokens x outputs x depth of the array. Ours all have the design's bus and ring.\n");
  for (const std::string& note : make_notes(comparison)) fmt::print("note: {}\n", for_terminal(note));
}

std::string ablation_json(const Comparison& comparison) {
  const PublishedMachine& published = comparison.published;
  const std::span<const double> printed_ms = comparison.printed_ms();
  Json steps = Json::array();
  for (std::size_t step = 0; step < AblationSteps{}.size(); ++step) steps.push_back(step_title(step));
  Json machines = Json::array();
  for (std::size_t i = 0; i < comparison.columns.size(); ++i) {
    const AblationColumn& column = comparison.columns[i];
    const Machine& machine = column.machine;
    machines.push_back(
        {{"title", column.title},
         {"what", column.what},
         {"status", comparison.status(i)},
         {"format", machine.format.name()},
         {"array",
          {{"tokens", machine.array.tokens}, {"outputs", machine.array.outputs}, {"depth", machine.array.depth}}},
         {"products_per_step", machine.array.products_per_step()},
         {"cycles_per_step", machine.array.cycles_per_step},
         {"clock_mhz", machine.clock_mhz},
         {"bytes_per_cycle", machine.memory.rate()},
         {"memory_bytes_per_cycle", machine.memory.bytes_per_cycle},
         {"bus_bytes", machine.memory.bus_bytes ? Json(*machine.memory.bus_bytes) : Json(nullptr)},
         {"milliseconds", column.milliseconds}});
  }
  const Json root = {{"steps", steps},
                     {"published",
                      {{"title", published.title},
                       {"network", published.network},
                       {"status", "published, secondary source"},
                       {"milliseconds", std::vector<double>(printed_ms.begin(), printed_ms.end())},
                       {"fitted", published.fitted},
                       {"assumed", published.assumed}}},
                     {"machines", machines},
                     {"notes", make_notes(comparison)}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string ablation_svg(const Comparison& comparison) {
  const std::vector<AblationColumn>& columns = comparison.columns;
  const std::span<const double> printed_ms = comparison.printed_ms();
  Chart chart = {.title = "What the five ideas are worth",
                 .subtitle = printed_ms.empty()
                                 ? "ms a frame, each step one idea more; all modelled"
                                 : "ms a frame, each step one idea more; modelled but for the published points",
                 .x_title = "",
                 .y_title = "latency, ms a frame",
                 .x_scale = Chart::Scale::kLinear,
                 .y_scale = Chart::Scale::kLog,
                 .categories = {"none"},
                 .series = {},
                 .labels = {}};
  for (const IdeaName& idea : kIdeas) chart.categories.push_back(fmt::format("+ {}", idea.title));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    ChartSeries line = {.name = comparison.fitted(c) ? columns[c].title + ", fitted" : columns[c].title, .points = {}};
    for (std::size_t i = 0; i < columns[c].milliseconds.size(); ++i) {
      line.points.push_back({static_cast<double>(i), columns[c].milliseconds[i]});
    }
    chart.series.push_back(line);
  }
  if (!printed_ms.empty()) {
    ChartSeries printed = {.name = "published (secondary)", .points = {}, .mark = ChartSeries::Mark::kDots};
    for (std::size_t i = 0; i < printed_ms.size(); ++i) {
      printed.points.push_back({static_cast<double>(i), printed_ms[i], true});
    }
    chart.series.push_back(printed);
  }
  return render_svg({&chart, 1}, 1);
}

ExitCode run_ablate(const AblateOptions& options) {
  const Result<PublishedMachine> published = load_machine(options.machine);
  if (!published.ok()) return fail(published.status());
  const Result<CostSetup> setup = options.cost.load();
  if (!setup.ok()) return fail(setup.status());
  if (setup->network.moe.blocks.empty()) {
    return fail(Status(StatusCode::kInvalidArgument,
                       fmt::format("{}: has no mixture of experts, which the ideas are about", setup->network.name)));
  }
  const Result<bool> same_network = is_published_network(*published, setup->network);
  if (!same_network.ok()) return fail(same_network.status());
  ProgressLine line("columns");
  const auto progress = [&](std::size_t done, std::size_t total) { line.update(done, total); };
  const Comparison comparison = {
      .published = *published,
      .same_network = *same_network,
      .refused_by = find_machine_gaps(setup->network, setup->design).empty() ? "" : setup->design.name,
      .columns = compare_ablations(setup->network, setup->queues, *published, setup->design, setup->board, progress)};
  line.clear();
  if (options.json) {
    fmt::print("{}\n", ablation_json(comparison));
  } else {
    print_table(comparison);
  }
  if (!options.svg.empty()) {
    if (const Status status = write_report(options.svg, ablation_svg(comparison)); !status.ok()) return fail(status);
  }
  return kDone;
}

}  // namespace

Command add_ablate_command(CLI::App& tool) {
  auto options = std::make_shared<AblateOptions>();
  CLI::App* app = tool.add_subcommand("ablate", "Model what each of Edge-MoE's five ideas is worth, there and here");
  options->cost.add_model(*app);
  app->add_option("--design", options->cost.design, "Our design point: name (configs/accelerators) or file")
      ->capture_default_str();
  options->cost.add_board(*app);
  app->add_option("--machine", options->machine, "The published machine: name (configs/machines) or file")
      ->capture_default_str();
  app->add_option("--svg", options->svg, "Write a plot");
  app->add_flag("--json", options->json, "The table as JSON");
  app->footer(
      "Example:\n"
      "  edgemoe ablate --svg ablation.svg\n"
      "Our columns start at the paper's number format, products a cycle and memory and change one of them at a time,\n"
      "so that the memory, int8 and the multipliers each show what they buy; bus and ring stay the design's.");
  return {app, [options] { return run_ablate(*options); }};
}

}  // namespace edgemoe::cli

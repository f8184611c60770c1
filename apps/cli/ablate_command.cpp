// edgemoe ablate: what each of the paper's ideas is worth, on the paper's machine and on ours.
#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "accel/cost/ablation.h"
#include "accel/cost/chart.h"
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

std::string step_title(std::size_t step) {
  return step == 0 ? "none of the ideas" : fmt::format("+ {}", kIdeas[step - 1].title);
}

void print_table(const PublishedMachine& published, const std::vector<AblationColumn>& columns) {
  fmt::print("milliseconds a frame, each row with one idea more\n\n{:<24} {:>14}", "", "published");
  for (const AblationColumn& column : columns) fmt::print(" {:>21}", for_terminal(column.title));
  fmt::print("\n{:<24} {:>14}", "status", "secondary");
  for (std::size_t i = 0; i < columns.size(); ++i) fmt::print(" {:>21}", i == 0 ? "modelled, fitted" : "modelled");
  fmt::print("\n");
  for (std::size_t step = 0; step < AblationSteps{}.size(); ++step) {
    const std::string printed =
        published.ablation_ms.empty() ? "not available" : fmt::format("{:.1f}", published.ablation_ms[step]);
    fmt::print("{:<24} {:>14}", step_title(step), printed);
    for (const AblationColumn& column : columns) fmt::print(" {:>21.2f}", column.milliseconds[step]);
    fmt::print("\n");
  }
  fmt::print("{:<24} {:>14}", "all ideas together",
             published.ablation_ms.empty()
                 ? "not available"
                 : fmt::format("{:.1f}x", published.ablation_ms.front() / published.ablation_ms.back()));
  for (const AblationColumn& column : columns) {
    fmt::print(" {:>20.1f}x", column.milliseconds.front() / column.milliseconds.back());
  }
  fmt::print("\n\n");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Machine& machine = columns[i].machine;
    fmt::print("{:<24} {}{}: {}, {} products a step of {:.3g} cycles, {:.1f} bytes a cycle\n",
               for_terminal(columns[i].title), i < 2 ? "" : "as before but ", for_terminal(columns[i].what),
               machine.format.name(), machine.array.products_per_step(), machine.array.cycles_per_step,
               machine.memory.bytes_per_cycle);
  }
  fmt::print(
      "\nThe first column's constants were fitted to the published steps: it takes them apart, it does not predict "
      "them.\nWhat an idea's absence costs an element or a score there is used in all columns.\n");
}

std::string ablation_json(const PublishedMachine& published, const std::vector<AblationColumn>& columns) {
  Json steps = Json::array();
  for (std::size_t step = 0; step < AblationSteps{}.size(); ++step) steps.push_back(step_title(step));
  Json machines = Json::array();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const AblationColumn& column = columns[i];
    machines.push_back({{"title", column.title},
                        {"what", column.what},
                        {"status", i == 0 ? "modelled, fitted" : "modelled"},
                        {"format", column.machine.format.name()},
                        {"products_per_step", column.machine.array.products_per_step()},
                        {"cycles_per_step", column.machine.array.cycles_per_step},
                        {"bytes_per_cycle", column.machine.memory.bytes_per_cycle},
                        {"milliseconds", column.milliseconds}});
  }
  const Json root = {{"steps", steps},
                     {"published",
                      {{"title", published.title},
                       {"status", "published, secondary source"},
                       {"milliseconds", published.ablation_ms},
                       {"fitted", published.fitted},
                       {"assumed", published.assumed}}},
                     {"machines", machines}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string ablation_svg(const PublishedMachine& published, const std::vector<AblationColumn>& columns) {
  Chart chart = {.title = "What the five ideas are worth",
                 .subtitle = "ms a frame, each step one idea more; modelled but for the published points",
                 .x_title = "",
                 .y_title = "latency, ms a frame",
                 .x_scale = Chart::Scale::kLinear,
                 .y_scale = Chart::Scale::kLog,
                 .categories = {"none"},
                 .series = {},
                 .labels = {}};
  for (const IdeaName& idea : kIdeas) chart.categories.push_back(fmt::format("+ {}", idea.title));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    ChartSeries line = {.name = c == 0 ? columns[c].title + ", fitted" : columns[c].title, .points = {}};
    for (std::size_t i = 0; i < columns[c].milliseconds.size(); ++i) {
      line.points.push_back({static_cast<double>(i), columns[c].milliseconds[i]});
    }
    chart.series.push_back(line);
  }
  if (!published.ablation_ms.empty()) {
    ChartSeries printed = {.name = "published (secondary)", .points = {}, .mark = ChartSeries::Mark::kDots};
    for (std::size_t i = 0; i < published.ablation_ms.size(); ++i) {
      printed.points.push_back({static_cast<double>(i), published.ablation_ms[i], true});
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
  const std::vector<AblationColumn> columns =
      compare_ablations(setup->network, setup->queues, *published, setup->design, setup->board);
  if (options.json) {
    fmt::print("{}\n", ablation_json(*published, columns));
  } else {
    print_table(*published, columns);
  }
  if (!options.svg.empty()) {
    if (const Status status = write_report(options.svg, ablation_svg(*published, columns)); !status.ok()) {
      return fail(status);
    }
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
      "Our columns start at the paper's number format, products a cycle and memory rate and change one of them at a\n"
      "time, so that the ideas, the memory, int8 and the multipliers each show what they buy.");
  return {app, [options] { return run_ablate(*options); }};
}

}  // namespace edgemoe::cli

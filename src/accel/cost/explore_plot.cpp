#include <algorithm>
#include <array>

#include "accel/cost/chart.h"
#include "accel/cost/explore.h"

namespace edgemoe {
namespace {

/// Classes of the largest share of the part.
struct ShareClass {
  double below;
  const char* name;
};
constexpr std::array<ShareClass, 3> kClasses = {
    {{0.3, "front, under 30 % of the part"}, {0.6, "front, 30 to 60 %"}, {1e9, "front, over 60 %"}}};

/// One of the two panels: `value` of each design against its latency.
template <typename Value>
Chart make_panel(const Exploration& exploration, Chart chart, const Value& value) {
  chart.x_title = "latency, ms a frame";
  chart.x_scale = Chart::Scale::kLog;
  chart.series = {{.name = "fits, but beaten", .points = {}, .mark = ChartSeries::Mark::kDots, .muted = true}};
  for (const ShareClass& one : kClasses) {
    chart.series.push_back({.name = one.name, .points = {}, .mark = ChartSeries::Mark::kDots});
  }
  const Candidate* fastest = nullptr;
  const Candidate* thriftiest = nullptr;
  const Candidate* smallest = nullptr;
  const auto point_of = [&](const Candidate& one) { return ChartPoint{one.milliseconds, value(one)}; };
  for (const Candidate& one : exploration.candidates) {
    if (!one.pareto) {
      chart.series[0].points.push_back(point_of(one));
      continue;
    }
    std::size_t i = 0;
    while (one.share >= kClasses[i].below) ++i;
    chart.series[i + 1].points.push_back(point_of(one));
    if (fastest == nullptr) fastest = &one;  // sorted by latency
    if (thriftiest == nullptr || one.millijoules.middle() < thriftiest->millijoules.middle()) thriftiest = &one;
    if (smallest == nullptr || one.share < smallest->share) smallest = &one;
  }
  if (fastest != nullptr) chart.labels.push_back({point_of(*fastest), "fastest: " + fastest->design.name, -1});
  if (thriftiest != nullptr && thriftiest != fastest) {
    chart.labels.push_back({point_of(*thriftiest), "least energy: " + thriftiest->design.name, 1});
  }
  if (smallest != nullptr && smallest != fastest && smallest != thriftiest) {
    chart.labels.push_back({point_of(*smallest), "smallest: " + smallest->design.name, -1});
  }
  return chart;
}

}  // namespace

std::string exploration_svg(const Exploration& exploration, const std::string& title) {
  const std::string searched =
      fmt::format("{} designs searched, {} fit; modelled", exploration.searched, exploration.candidates.size());
  const std::array<Chart, 2> charts = {make_panel(exploration,
                                                  {.title = title + ": what speed takes of the part",
                                                   .subtitle = searched,
                                                   .y_title = "largest share of the part, %"},
                                                  [](const Candidate& one) { return 100 * one.share; }),
                                       make_panel(exploration,
                                                  {.title = title + ": what it takes of energy",
                                                   .subtitle = "the middle of each range; the table has both ends",
                                                   .y_title = "energy, mJ a frame",
                                                   .y_scale = Chart::Scale::kLog},
                                                  [](const Candidate& one) { return one.millijoules.middle(); })};
  return render_svg(charts, 2);
}

}  // namespace edgemoe

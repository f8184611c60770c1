#include "cli/timeline.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "accel/cost/chart.h"

namespace edgemoe::cli {
namespace {

constexpr double kWidth = 1200;
constexpr double kLeft = 130;  // for the rows' names
constexpr double kTop = 50;
constexpr double kRow = 22;
constexpr const char* kColors[] = {"#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2"};

}  // namespace

std::string draw_timeline(std::string_view title, std::span<const PhaseName> phases,
                          std::span<const std::uint64_t> ends) {
  std::vector<std::string> rows;
  for (const PhaseName& phase : phases) {
    if (std::find(rows.begin(), rows.end(), phase.what) == rows.end()) rows.push_back(phase.what);
  }
  const double bottom = kTop + kRow * static_cast<double>(rows.size());
  const double scale = (kWidth - kLeft - 20) / static_cast<double>(std::max<std::uint64_t>(ends.back(), 1));
  const auto x = [&](std::uint64_t cycle) { return kLeft + static_cast<double>(cycle) * scale; };
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
      "<text x=\"10\" y=\"20\" font-size=\"14\">{2}: {3} cycles</text>\n",
      kWidth, bottom + 30, svg_text(title), ends.back());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const double middle = kTop + kRow * (static_cast<double>(row) + 0.7);
    svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 8, middle,
                       svg_text(rows[row]));
  }
  int block = -1;
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < std::min(phases.size(), ends.size()); ++i) {
    if (phases[i].block != block) {
      block = phases[i].block;
      svg += fmt::format(
          "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" stroke=\"#bbb\"/>"
          "<text x=\"{3:.1f}\" y=\"{4}\" fill=\"#666\">{5}</text>\n",
          x(begin), kTop - 4, bottom + 4, x(begin) + 2, bottom + 18,
          block < 0 ? std::string() : fmt::format("block {}", block));
    }
    const auto row = std::distance(rows.begin(), std::find(rows.begin(), rows.end(), phases[i].what));
    svg += fmt::format(
        "<rect x=\"{:.2f}\" y=\"{}\" width=\"{:.2f}\" height=\"{}\" fill=\"{}\"><title>{}: {} to {}</title></rect>\n",
        x(begin), kTop + kRow * static_cast<double>(row) + 3, std::max(x(ends[i]) - x(begin), 0.5), kRow - 6,
        kColors[static_cast<std::size_t>(row) % std::size(kColors)], svg_text(phases[i].what), begin, ends[i]);
    begin = std::max(begin, ends[i]);
  }
  return svg + "</svg>\n";
}

}  // namespace edgemoe::cli

// Small line and dot charts as SVG: for what the cost model is asked, no more.
#ifndef EDGEMOE_ACCEL_COST_CHART_H_
#define EDGEMOE_ACCEL_COST_CHART_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edgemoe {

struct ChartPoint {
  double x = 0;
  double y = 0;
  bool hollow = false;
};

struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;
  enum class Mark { kLine, kDots } mark = Mark::kLine;
  bool muted = false;  // grey, without a colour of its own
};

struct ChartLabel {
  ChartPoint at;
  std::string text;
  int lines_down = 0;  // from its point: for labels of points that lie close
};

struct Chart {
  enum class Scale { kLinear, kLog };

  std::string title;
  std::string subtitle;
  std::string x_title;
  std::string y_title;
  Scale x_scale = Scale::kLinear;
  Scale y_scale = Scale::kLinear;
  std::vector<std::string> categories;  // names of x = 0, 1, …; empty: numbers
  std::vector<ChartSeries> series;
  std::vector<ChartLabel> labels;
};

/// `text` as an element's content: names of files and of what they hold cannot end it.
std::string svg_text(std::string_view text);

/// One picture of all charts, `columns` side by side. Colours tell series apart for colour-blind people too, and each
/// line has a marker of its own. Points that an axis cannot show (not finite, not positive on a logarithmic one) are
/// left out.
std::string render_svg(std::span<const Chart> charts, int columns);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_CHART_H_

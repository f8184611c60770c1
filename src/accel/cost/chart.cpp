#include "accel/cost/chart.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace edgemoe {
namespace {

constexpr double kWidth = 640;
constexpr double kHeight = 420;
constexpr double kLeft = 72;
constexpr double kRight = 24;
constexpr double kHeader = 50;  // title and subtitle, above the legend
constexpr double kBottom = 52;
constexpr double kLegendLine = 16;
constexpr double kLetter = 6.2;  // mean width in the legend
constexpr std::string_view kMuted = "#b8b8b8";
// Okabe and Ito's colours, without the yellow that white swallows.
constexpr std::array<std::string_view, 7> kColors = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                     "#e69f00", "#56b4e9", "#000000"};

/// 1200 → "1200", 0.25 → "0.25", 12000 → "12k".
std::string tick_text(double value) {
  const double magnitude = std::abs(value);
  if (magnitude >= 1e6) return fmt::format("{:g}M", value / 1e6);
  if (magnitude >= 1e4) return fmt::format("{:g}k", value / 1e3);
  return fmt::format("{:g}", value);
}

/// Values to 0 … 1 along an axis, with round ticks.
class Axis {
 public:
  explicit Axis(Chart::Scale scale) : scale_(scale) {}

  bool shows(double value) const { return std::isfinite(value) && (scale_ == Chart::Scale::kLinear || value > 0); }
  void include(double value) {
    if (!shows(value)) return;
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
  }
  /// Ends on round numbers; half a category's room beside the first and the last where there are categories.
  void finish(bool categories) {
    if (low_ > high_) low_ = 1, high_ = 2;
    if (categories) {
      low_ -= 0.4;
      high_ += 0.4;
      return;
    }
    if (scale_ == Chart::Scale::kLog) {
      low_ /= 1.15;
      high_ *= 1.15;
      if (high_ / low_ < 4) low_ /= 1.4, high_ *= 1.4;
      return;
    }
    low_ = std::min(low_, 0.0);
    high_ = high_ <= low_ ? low_ + 1 : high_ + 0.05 * (high_ - low_);
  }
  double place(double value) const {
    if (scale_ == Chart::Scale::kLinear) return (value - low_) / (high_ - low_);
    return std::log(value / low_) / std::log(high_ / low_);
  }
  std::vector<double> ticks() const {
    std::vector<double> ticks;
    if (scale_ == Chart::Scale::kLog) {
      const double span = high_ / low_;
      const std::vector<double> steps = span > 2000 ? std::vector<double>{1}
                                        : span > 12 ? std::vector<double>{1, 2, 5}
                                                    : std::vector<double>{1, 1.5, 2, 3, 4, 5, 7};
      for (double decade = std::pow(10, std::floor(std::log10(low_))); decade <= high_; decade *= 10) {
        for (const double step : steps) {
          if (decade * step >= low_ && decade * step <= high_) ticks.push_back(decade * step);
        }
      }
      return ticks;
    }
    const double rough = (high_ - low_) / 5;
    const double decade = std::pow(10, std::floor(std::log10(rough)));
    const double step = decade * (rough < 2 * decade ? 2 : rough < 5 * decade ? 5 : 10);
    for (double tick = std::ceil(low_ / step) * step; tick <= high_; tick += step) ticks.push_back(tick);
    return ticks;
  }

 private:
  Chart::Scale scale_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

std::string text_at(double x, double y, std::string_view anchor, int size, std::string_view color,
                    std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\" fill=\"{}\">{}</text>\n", x,
                     y, anchor, size, color, svg_text(text));
}

/// Circle, square, triangle, diamond in turn.
std::string marker(std::size_t kind, double x, double y, double r, std::string_view fill, std::string_view stroke) {
  const std::string paint = fmt::format("fill=\"{}\" stroke=\"{}\" stroke-width=\"1.5\"", fill, stroke);
  switch (kind % 4) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" {}/>\n", x, y, r, paint);
    case 1:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" {}/>\n", x - r, y - r,
                         2 * r, 2 * r, paint);
    case 2:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l{:.1f} {:.1f}h{:.1f}z\" {}/>\n", x, y - 1.2 * r, 1.2 * r, 2.1 * r,
                         -2.4 * r, paint);
    default:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l{:.1f} {:.1f}l{:.1f} {:.1f}l{:.1f} {:.1f}z\" {}/>\n", x, y - 1.3 * r,
                         1.3 * r, 1.3 * r, -1.3 * r, 1.3 * r, -1.3 * r, -1.3 * r, paint);
  }
}

class Panel {
 public:
  explicit Panel(const Chart& chart) : chart_(chart), x_(chart.x_scale), y_(chart.y_scale) {
    for (const ChartSeries& series : chart.series) {
      for (const ChartPoint& point : series.points) x_.include(point.x), y_.include(point.y);
    }
    place_legend();
    x_.finish(!chart.categories.empty());
    y_.finish(false);
  }

  std::string render() {
    frame();
    std::size_t color = 0;
    for (std::size_t i = 0; i < chart_.series.size(); ++i) {
      const ChartSeries& series = chart_.series[i];
      const std::string_view paint = series.muted ? kMuted : kColors[color++ % kColors.size()];
      draw(series, i, paint);
      legend(series, i, paint);
    }
    for (const ChartLabel& label : chart_.labels) {
      if (!x_.shows(label.at.x) || !y_.shows(label.at.y)) continue;
      const double x = x_pixel(label.at.x);
      const bool left = x > kWidth - kRight - 150;
      out_ += text_at(left ? x - 9 : x + 9, y_pixel(label.at.y) + 4 + 14 * label.lines_down, left ? "end" : "start", 11,
                      "#222222", label.text);
    }
    return out_;
  }

 private:
  double x_pixel(double x) const { return kLeft + x_.place(x) * (kWidth - kLeft - kRight); }
  double y_pixel(double y) const { return kHeight - kBottom - y_.place(y) * (kHeight - top_ - kBottom); }

  void frame() {
    out_ += text_at(kLeft, 22, "start", 15, "#111111", chart_.title);
    out_ += text_at(kLeft, 40, "start", 11, "#555555", chart_.subtitle);
    const auto grid = [&](double x1, double y1, double x2, double y2) {
      out_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#e4e4e4\"/>\n", x1,
                          y1, x2, y2);
    };
    for (const double tick : y_.ticks()) {
      grid(kLeft, y_pixel(tick), kWidth - kRight, y_pixel(tick));
      out_ += text_at(kLeft - 6, y_pixel(tick) + 4, "end", 11, "#444444", tick_text(tick));
    }
    if (chart_.categories.empty()) {
      for (const double tick : x_.ticks()) {
        grid(x_pixel(tick), top_, x_pixel(tick), kHeight - kBottom);
        out_ += text_at(x_pixel(tick), kHeight - kBottom + 16, "middle", 11, "#444444", tick_text(tick));
      }
    }
    for (std::size_t i = 0; i < chart_.categories.size(); ++i) {
      const double x = x_pixel(static_cast<double>(i));
      grid(x, top_, x, kHeight - kBottom);
      out_ += text_at(x, kHeight - kBottom + 16 + (i % 2 == 0 ? 0 : 13), "middle", 11, "#444444", chart_.categories[i]);
    }
    out_ += text_at((kLeft + kWidth - kRight) / 2, kHeight - 8, "middle", 12, "#222222", chart_.x_title);
    out_ += fmt::format(
        "<text transform=\"translate(16 {:.1f}) rotate(-90)\" text-anchor=\"middle\" font-size=\"12\" "
        "fill=\"#222222\">{}</text>\n",
        (top_ + kHeight - kBottom) / 2, svg_text(chart_.y_title));
  }

  void draw(const ChartSeries& series, std::size_t index, std::string_view color) {
    std::string path;
    std::string marks;
    for (const ChartPoint& point : series.points) {
      if (!x_.shows(point.x) || !y_.shows(point.y)) continue;
      const double x = x_pixel(point.x);
      const double y = y_pixel(point.y);
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
      // A ring goes around what lies under it.
      const bool ring = point.hollow && series.mark == ChartSeries::Mark::kDots;
      const double radius = series.muted ? 2.2 : ring ? 7 : 4.2;
      marks += marker(series.muted ? 0 : index, x, y, radius, ring ? "none" : point.hollow ? "#ffffff" : color, color);
    }
    if (series.mark == ChartSeries::Mark::kLine && !path.empty()) {
      out_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", path, color);
    }
    out_ += marks;
  }

  /// Entries side by side above the plot, as many lines of them as it takes.
  void place_legend() {
    double x = kLeft;
    double y = kHeader + 6;
    for (const ChartSeries& series : chart_.series) {
      const double room = kLetter * static_cast<double>(series.name.size()) + 30;
      if (x > kLeft && x + room > kWidth - kRight) x = kLeft, y += kLegendLine;
      legend_.push_back({x, y});
      if (!series.name.empty()) x += room;
    }
    top_ = y + (chart_.series.empty() ? 0 : kLegendLine);
  }

  void legend(const ChartSeries& series, std::size_t index, std::string_view color) {
    if (series.name.empty()) return;
    const bool hollow = !series.points.empty() && series.mark == ChartSeries::Mark::kDots && series.points[0].hollow;
    const ChartPoint& at = legend_[index];
    out_ += marker(series.muted ? 0 : index, at.x + 5, at.y - 4, 4.2, hollow ? "#ffffff" : color, color);
    out_ += text_at(at.x + 14, at.y, "start", 11, "#222222", series.name);
  }

  const Chart& chart_;
  Axis x_;
  Axis y_;
  double top_ = kHeader;  // of the plot, below the legend
  std::vector<ChartPoint> legend_;
  std::string out_;
};

}  // namespace

std::string svg_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    }
  }
  return out;
}

std::string render_svg(std::span<const Chart> charts, int columns) {
  const int across = std::max(1, std::min(columns, static_cast<int>(charts.size())));
  const int down = (static_cast<int>(charts.size()) + across - 1) / across;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" height=\"{1:g}\" "
      "font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<rect width=\"{0:g}\" height=\"{1:g}\" fill=\"#ffffff\"/>\n",
      kWidth * across, kHeight * std::max(1, down));
  for (std::size_t i = 0; i < charts.size(); ++i) {
    const int column = static_cast<int>(i) % across;
    const int row = static_cast<int>(i) / across;
    out += fmt::format("<g transform=\"translate({:g} {:g})\">\n{}</g>\n", kWidth * column, kHeight * row,
                       Panel(charts[i]).render());
  }
  return out + "</svg>\n";
}

}  // namespace edgemoe

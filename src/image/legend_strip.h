// The classes' names with their colours, in lines across a sheet.
#ifndef EDGEMOE_IMAGE_LEGEND_STRIP_H_
#define EDGEMOE_IMAGE_LEGEND_STRIP_H_

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "image/image.h"
#include "image/palette.h"

namespace edgemoe {

/// Laid out once for a width; drawn with a colour a name.
class LegendStrip {
 public:
  LegendStrip() = default;
  LegendStrip(std::span<const std::string> names, std::size_t width);

  /// 0 where there are no names.
  std::size_t height() const { return height_; }
  /// One colour a name, from (x, y) on.
  void draw(Image& sheet, std::size_t x, std::size_t y, std::span<const Rgb> palette, Rgb ink) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::pair<std::size_t, std::size_t>> places_;  // x, y of each
  std::size_t height_ = 0;
};

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_LEGEND_STRIP_H_

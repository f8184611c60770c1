#include "image/legend_strip.h"

#include "image/text.h"

namespace edgemoe {
namespace {

constexpr std::size_t kScale = 2;
constexpr std::size_t kLine = kGlyphHeight * kScale + 6;
constexpr std::size_t kSwatch = kGlyphHeight * kScale;
constexpr std::size_t kToText = kSwatch + 6;
constexpr std::size_t kGap = 28;  // to the next name

}  // namespace

LegendStrip::LegendStrip(std::span<const std::string> names, std::size_t width) : names_(names.begin(), names.end()) {
  std::size_t x = 0;
  std::size_t y = 0;
  for (const std::string& name : names_) {
    const std::size_t needed = kToText + text_width(name, kScale) + kGap;
    if (x > 0 && x + needed > width) {
      x = 0;
      y += kLine;
    }
    places_.emplace_back(x, y);
    x += needed;
  }
  height_ = names_.empty() ? 0 : y + kLine;
}

void LegendStrip::draw(Image& sheet, std::size_t x, std::size_t y, std::span<const Rgb> palette, Rgb ink) const {
  for (std::size_t i = 0; i < names_.size() && i < palette.size(); ++i) {
    const auto [left, top] = places_[i];
    fill_rect(sheet, x + left, y + top, kSwatch, kSwatch, palette[i]);
    draw_text(sheet, {x + left + kToText, y + top, kScale}, names_[i], ink);
  }
}

}  // namespace edgemoe

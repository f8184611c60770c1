// Words, boxes and pictures in pictures: a bitmap font, 5 pixels wide, of printable ASCII.
#ifndef EDGEMOE_IMAGE_TEXT_H_
#define EDGEMOE_IMAGE_TEXT_H_

#include <cstddef>
#include <string_view>

#include "image/image.h"
#include "image/palette.h"

namespace edgemoe {

inline constexpr std::size_t kGlyphHeight = 9;   // pixels of a line at scale 1, descenders included
inline constexpr std::size_t kGlyphAdvance = 6;  // 5 of the glyph, 1 between

/// Where something is drawn; every font pixel is a square of `scale` ≥ 1 picture pixels.
struct TextPlace {
  std::size_t x = 0;  // left
  std::size_t y = 0;  // top
  std::size_t scale = 1;
};

/// Pixels that the text takes from left to right. UTF-8 counts by code points.
std::size_t text_width(std::string_view text, std::size_t scale);

/// Draws one line; what would lie outside of the 8-bit picture is left out. Code points outside printable ASCII become
/// '?'.
void draw_text(Image& image, const TextPlace& place, std::string_view text, Rgb color);

/// Fills [x, x + width) × [y, y + height), cut to the 8-bit picture.
void fill_rect(Image& image, std::size_t x, std::size_t y, std::size_t width, std::size_t height, Rgb color);

/// Copies a whole 8-bit picture into another, its top left corner to (x, y); it must lie inside.
void paste(const Image& from, Image& to, std::size_t x, std::size_t y);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_TEXT_H_

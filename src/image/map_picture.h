// Maps as pictures that people look at. Every picture has the map's size and lies pixel on pixel with it; only
// add_scale_bar and draw_legend add room of their own. No function here changes a map.
#ifndef EDGEMOE_IMAGE_MAP_PICTURE_H_
#define EDGEMOE_IMAGE_MAP_PICTURE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "image/image.h"
#include "image/palette.h"

namespace edgemoe {

/// Class maps: pixel = palette[label], kIgnoreColor for kIgnoreLabel. labels [height, width]. kMismatch when a label
/// has no colour, kInvalidArgument when the number of labels is not height · width.
Result<Image> colorize_labels(std::span<const std::uint8_t> labels, std::size_t height, std::size_t width,
                              std::span<const Rgb> palette);

/// A swatch, the index and the name of every class, and "ignore". Missing names read "class 3".
Image draw_legend(std::span<const Rgb> palette, std::span<const std::string> names);

/// `colors` over `picture` (8 or 16 bits): (1 − alpha) · picture + alpha · colors, rounded to 8 bits; alpha in [0, 1].
/// kMismatch when the sizes differ, kInvalidArgument for alpha.
Result<Image> overlay(const Image& picture, const Image& colors, float alpha = 0.5F);

/// The values that a depth picture's colours stand for.
struct DepthRange {
  float low = 0.0F;
  float high = 0.0F;
  std::size_t num_finite = 0;
  std::size_t num_non_finite = 0;  // Inf and NaN
};

/// Smallest and largest finite value; both 0 when there is none.
DepthRange depth_range(std::span<const float> depth);

/// Depth [height, width]: sequential_color((value − low) / (high − low)), cut to the range; Inf and NaN in
/// kNonFiniteColor; the middle colour when low and high are one to five digits. kInvalidArgument when the number of
/// values is not height · width.
Result<Image> colorize_depth(std::span<const float> depth, std::size_t height, std::size_t width,
                             const DepthRange& range);

/// The picture with a band below that shows the colours, both ends' values with `unit` (may be empty), and, when there
/// are any, how many values are not finite.
Image add_scale_bar(const Image& picture, const DepthRange& range, std::string_view unit);

/// A picture of a map of real numbers, and how many of those were Inf or NaN.
struct NormalsPicture {
  Image image;
  std::size_t num_non_finite = 0;  // pixels
};

/// Normals [height, width, 3] of length one: each of R, G, B is (component + 1) / 2 · 255, rounded and cut to 0 … 255;
/// pixels with an Inf or NaN in kNonFiniteColor. kInvalidArgument for a wrong number of values.
Result<NormalsPicture> colorize_normals(std::span<const float> normals, std::size_t height, std::size_t width);

struct GreyPicture {
  std::vector<std::uint8_t> samples;
  std::size_t num_non_finite = 0;
};

/// Edges and saliency: round(255 · value), values cut to [0, 1]; Inf and NaN become 0 and are counted.
GreyPicture grey_from_unit(std::span<const float> values);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_MAP_PICTURE_H_

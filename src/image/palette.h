// Colours of classes and of values.
#ifndef EDGEMOE_IMAGE_PALETTE_H_
#define EDGEMOE_IMAGE_PALETTE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace edgemoe {

struct Rgb {
  std::uint8_t r = 0;
  std::uint8_t g = 0;
  std::uint8_t b = 0;
  bool operator==(const Rgb&) const = default;
};

/// The label that stands for "ignore": in label files, never predicted.
inline constexpr std::uint8_t kIgnoreLabel = 255;
/// Its colour; what the PASCAL VOC rule gives for 255.
inline constexpr Rgb kIgnoreColor = {224, 224, 192};
/// Colour of Inf and NaN in depth and normals pictures: in no colour scale here, nor near a unit vector's colour.
inline constexpr Rgb kNonFiniteColor = {255, 0, 255};

enum class PaletteKind {
  kPascalVoc,   ///< any number of classes: bits 0, 3, 6 of the index are the top bits of red, 1, 4, 7 of green, 2, 5
                ///< blue
  kCityscapes,  ///< the 19 evaluated classes or the 7 categories, in the dataset's own colours and order
};

/// One colour a class, num_classes ≤ 255. kCityscapes for another number than 7 or 19 is kPascalVoc.
std::vector<Rgb> class_palette(PaletteKind kind, std::size_t num_classes);

/// The Cityscapes colours of classes by their names ("road", "sidewalk" or "pavement", "traffic sign" or "sign", …; as
/// configs/models/edgemoe-street.json has them): one a name. Empty where a name is none of these, two names share a
/// colour, or there are no names.
std::vector<Rgb> street_palette(std::span<const std::string> class_names);

/// `index` of any number of kinds, told apart as well as can be: hues a golden angle apart, in two lightnesses.
Rgb categorical_color(std::size_t index);

/// A sequential scale of even lightness that people with any colour vision can read, dark violet (0) over green to
/// yellow (1): matplotlib's viridis (by S. van der Walt and N. Smith; CC0), every 15th of its 256 colours, linear
/// between them (within 5 of 255). t is cut to [0, 1]; NaN counts as 0.
Rgb sequential_color(float t);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_PALETTE_H_

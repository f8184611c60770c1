// Embedded ICC profiles to sRGB, by Little CMS.
#ifndef EDGEMOE_IMAGE_COLOR_PROFILE_H_
#define EDGEMOE_IMAGE_COLOR_PROFILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace edgemoe {

/// Layout of the samples that a transform reads; it always writes RGB of the same depth.
enum class ProfileInput {
  kRgb8,
  kRgb16,
  kCmyk8,          ///< 0 = no ink
  kCmyk8Inverted,  ///< 255 = no ink: what Adobe's JPEG files hold
};

/// From the profile's colours to sRGB: relative colorimetric, with black point compensation.
class ColorTransform {
 public:
  /// Nothing when the profile cannot be read, or is not one for `input`'s colour space.
  static std::optional<ColorTransform> create(std::span<const std::uint8_t> icc_profile, ProfileInput input);

  /// `in` and `out` may be the same for RGB input.
  void apply(const void* in, void* out, std::size_t num_pixels) const;
  /// RGB input only: no colour of a 9×9×9 grid moves by more than one 8-bit step, so that applying it is pointless.
  bool is_identity() const;

 private:
  struct Delete {
    void operator()(void* transform) const;
  };
  ColorTransform(void* transform, ProfileInput input) : transform_(transform), input_(input) {}
  std::unique_ptr<void, Delete> transform_;
  ProfileInput input_;
};

/// CMYK without a profile, 0 = no ink: each of R, G, B is (255 − its ink) · (255 − black) / 255, rounded.
void cmyk_to_rgb(const std::uint8_t cmyk[4], std::uint8_t rgb[3]);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_COLOR_PROFILE_H_

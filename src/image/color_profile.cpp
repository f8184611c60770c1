#include "image/color_profile.h"

#include <lcms2.h>

#include <array>
#include <cstdlib>

namespace edgemoe {
namespace {

struct CloseProfile {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, CloseProfile>;

struct Layout {
  cmsColorSpaceSignature space;
  cmsUInt32Number in;
  cmsUInt32Number out;
};

Layout layout_of(ProfileInput input) {
  switch (input) {
    case ProfileInput::kRgb8:
      return {cmsSigRgbData, TYPE_RGB_8, TYPE_RGB_8};
    case ProfileInput::kRgb16:
      return {cmsSigRgbData, TYPE_RGB_16, TYPE_RGB_16};
    case ProfileInput::kCmyk8:
      return {cmsSigCmykData, TYPE_CMYK_8, TYPE_RGB_8};
    case ProfileInput::kCmyk8Inverted:
      return {cmsSigCmykData, TYPE_CMYK_8_REV, TYPE_RGB_8};
  }
  return {cmsSigRgbData, TYPE_RGB_8, TYPE_RGB_8};
}

}  // namespace

void ColorTransform::Delete::operator()(void* transform) const { cmsDeleteTransform(transform); }

std::optional<ColorTransform> ColorTransform::create(std::span<const std::uint8_t> icc_profile, ProfileInput input) {
  const Profile source(cmsOpenProfileFromMem(icc_profile.data(), static_cast<cmsUInt32Number>(icc_profile.size())));
  const Layout layout = layout_of(input);
  if (source == nullptr || cmsGetColorSpace(source.get()) != layout.space) return std::nullopt;
  const Profile srgb(cmsCreate_sRGBProfile());
  if (srgb == nullptr) return std::nullopt;
  void* transform = cmsCreateTransform(source.get(), layout.in, srgb.get(), layout.out, INTENT_RELATIVE_COLORIMETRIC,
                                       cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE);
  if (transform == nullptr) return std::nullopt;
  return ColorTransform(transform, input);
}

void ColorTransform::apply(const void* in, void* out, std::size_t num_pixels) const {
  const std::size_t in_bytes = input_ == ProfileInput::kRgb8 ? 3 : input_ == ProfileInput::kRgb16 ? 6 : 4;
  const std::size_t out_bytes = input_ == ProfileInput::kRgb16 ? 6 : 3;
  constexpr std::size_t kStep = 1 << 16;  // Little CMS counts in 32 bits
  for (std::size_t done = 0; done < num_pixels; done += kStep) {
    const auto count = static_cast<cmsUInt32Number>(std::min(kStep, num_pixels - done));
    cmsDoTransform(transform_.get(), static_cast<const std::byte*>(in) + done * in_bytes,
                   static_cast<std::byte*>(out) + done * out_bytes, count);
  }
}

bool ColorTransform::is_identity() const {
  const bool wide = input_ == ProfileInput::kRgb16;
  const auto level = [](int step) { return static_cast<std::uint8_t>(step * 255 / 8); };
  for (int r = 0; r <= 8; ++r) {
    for (int g = 0; g <= 8; ++g) {
      for (int b = 0; b <= 8; ++b) {
        const std::array<std::uint8_t, 3> in = {level(r), level(g), level(b)};
        std::array<int, 3> out = {};
        if (wide) {
          std::array<std::uint16_t, 3> pixel = {};
          for (std::size_t c = 0; c < 3; ++c) pixel[c] = static_cast<std::uint16_t>(in[c] * 257);
          apply(pixel.data(), pixel.data(), 1);
          for (std::size_t c = 0; c < 3; ++c) out[c] = (pixel[c] + 128) / 257;
        } else {
          std::array<std::uint8_t, 3> pixel = in;
          apply(pixel.data(), pixel.data(), 1);
          for (std::size_t c = 0; c < 3; ++c) out[c] = pixel[c];
        }
        for (std::size_t c = 0; c < 3; ++c) {
          if (std::abs(out[c] - in[c]) > 1) return false;
        }
      }
    }
  }
  return true;
}

void cmyk_to_rgb(const std::uint8_t cmyk[4], std::uint8_t rgb[3]) {
  const unsigned light = 255U - cmyk[3];
  for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(((255U - cmyk[c]) * light + 127U) / 255U);
}

}  // namespace edgemoe

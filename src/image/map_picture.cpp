#include "image/map_picture.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "image/text.h"

namespace edgemoe {
namespace {

constexpr Rgb kPaper = {255, 255, 255};
constexpr Rgb kInk = {32, 32, 32};

void put(std::uint8_t* pixel, Rgb color) {
  pixel[0] = color.r;
  pixel[1] = color.g;
  pixel[2] = color.b;
}

Image make_paper(std::size_t width, std::size_t height) {
  Image image = make_image(width, height);
  std::fill(image.samples8.begin(), image.samples8.end(), kPaper.r);
  return image;
}

Status check_count(std::string_view what, std::size_t found, std::size_t height, std::size_t width,
                   std::size_t channels) {
  if (found == height * width * channels) return {};
  return invalid_argument("{} map of {}x{} pixels: expected {} values, found {}", what, width, height,
                          height * width * channels, found);
}

/// A sample of an 8 or 16-bit picture in 8 bits.
unsigned sample_in_8_bits(const Image& image, std::size_t i) {
  return image.bits == 16 ? (image.samples16[i] + 128U) / 257U : image.samples8[i];
}

std::uint8_t unit_to_8_bits(float value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 1.0F) * 255.0F + 0.5F);
}

std::string with_unit(float value, std::string_view unit) {
  return unit.empty() ? fmt::format("{:.4g}", value) : fmt::format("{:.4g} {}", value, unit);
}

}  // namespace

Result<Image> colorize_labels(std::span<const std::uint8_t> labels, std::size_t height, std::size_t width,
                              std::span<const Rgb> palette) {
  EDGEMOE_RETURN_IF_ERROR(check_count("class", labels.size(), height, width, 1));
  Image image = make_image(width, height);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::size_t label = labels[i];
    if (label >= palette.size() && label != kIgnoreLabel) {
      return mismatch("class map: label {} at row {}, column {}; the palette has {} colours", label, i / width,
                      i % width, palette.size());
    }
    put(image.samples8.data() + i * 3, label == kIgnoreLabel ? kIgnoreColor : palette[label]);
  }
  return image;
}

Image draw_legend(std::span<const Rgb> palette, std::span<const std::string> names) {
  constexpr std::size_t kScale = 2;
  constexpr std::size_t kMargin = 10;
  constexpr std::size_t kGap = 4;
  constexpr std::size_t kSwatchWidth = 36;
  constexpr std::size_t kSwatchHeight = 18;
  constexpr std::size_t kRowHeight = 24;
  constexpr std::size_t kRowsPerColumn = 20;
  struct Entry {
    Rgb color;
    std::string text;
  };
  std::vector<Entry> entries;
  std::size_t widest = 0;
  const auto add = [&](Rgb color, std::size_t index, const std::string& name) {
    entries.push_back({color, fmt::format("{:3} {}", index, name)});
    widest = std::max(widest, text_width(entries.back().text, kScale));
  };
  for (std::size_t i = 0; i < palette.size(); ++i) {
    add(palette[i], i, i < names.size() ? names[i] : fmt::format("class {}", i));
  }
  add(kIgnoreColor, kIgnoreLabel, "ignore");

  const std::size_t num_columns = (entries.size() + kRowsPerColumn - 1) / kRowsPerColumn;
  const std::size_t num_rows = (entries.size() + num_columns - 1) / num_columns;
  const std::size_t column_width = kSwatchWidth + kGap + widest + kMargin;
  Image image = make_paper(kMargin + num_columns * column_width, 2 * kMargin + num_rows * kRowHeight);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::size_t x = kMargin + i / num_rows * column_width;
    const std::size_t y = kMargin + i % num_rows * kRowHeight + (kRowHeight - kSwatchHeight) / 2;
    fill_rect(image, x, y, kSwatchWidth, kSwatchHeight, kInk);
    fill_rect(image, x + 1, y + 1, kSwatchWidth - 2, kSwatchHeight - 2, entries[i].color);
    const std::size_t text_y = y + (kSwatchHeight - kGlyphHeight * kScale) / 2;
    draw_text(image, {x + kSwatchWidth + kGap, text_y, kScale}, entries[i].text, kInk);
  }
  return image;
}

Result<Image> overlay(const Image& picture, const Image& colors, float alpha) {
  if (!(alpha >= 0.0F && alpha <= 1.0F)) return invalid_argument("overlay: alpha {}; expected 0 to 1", alpha);
  if (picture.width != colors.width || picture.height != colors.height) {
    return mismatch("overlay: picture of {}x{} pixels, colours of {}x{}", picture.width, picture.height, colors.width,
                    colors.height);
  }
  Image out = make_image(picture.width, picture.height);
  const auto weight = static_cast<unsigned>(alpha * 256.0F + 0.5F);
  for (std::size_t i = 0; i < out.samples8.size(); ++i) {
    const unsigned sum = weight * sample_in_8_bits(colors, i) + (256U - weight) * sample_in_8_bits(picture, i);
    out.samples8[i] = static_cast<std::uint8_t>((sum + 128U) >> 8);
  }
  return out;
}

DepthRange depth_range(std::span<const float> depth) {
  DepthRange range;
  for (const float value : depth) {
    if (!std::isfinite(value)) {
      ++range.num_non_finite;
      continue;
    }
    range.low = range.num_finite == 0 ? value : std::min(range.low, value);
    range.high = range.num_finite == 0 ? value : std::max(range.high, value);
    ++range.num_finite;
  }
  return range;
}

Result<Image> colorize_depth(std::span<const float> depth, std::size_t height, std::size_t width,
                             const DepthRange& range) {
  EDGEMOE_RETURN_IF_ERROR(check_count("depth", depth.size(), height, width, 1));
  constexpr int kSteps = 256;
  std::array<Rgb, kSteps> colors;
  for (int i = 0; i < kSteps; ++i) {
    colors[static_cast<std::size_t>(i)] = sequential_color(static_cast<float>(i) / (kSteps - 1));
  }
  // In float64: high − low of two floats may be past float32's largest value.
  const double low = static_cast<double>(range.low);
  double extent = static_cast<double>(range.high) - low;
  // A range of float32's last bits is rounding, not depth: such a map is constant.
  constexpr double kConstant = 1e-5;
  if (extent <= kConstant * std::max(std::abs(low), std::abs(static_cast<double>(range.high)))) extent = 0.0;
  const double scale = extent > 0.0 ? (kSteps - 1) / extent : 0.0;
  const double offset = extent > 0.0 ? 0.5 : kSteps / 2.0;
  Image image = make_image(width, height);
  for (std::size_t i = 0; i < depth.size(); ++i) {
    std::uint8_t* pixel = image.samples8.data() + i * 3;
    if (!std::isfinite(depth[i])) {
      put(pixel, kNonFiniteColor);
      continue;
    }
    const double step = (static_cast<double>(depth[i]) - low) * scale + offset;
    put(pixel, colors[static_cast<std::size_t>(std::clamp(step, 0.0, kSteps - 1.0))]);
  }
  return image;
}

Image add_scale_bar(const Image& picture, const DepthRange& range, std::string_view unit) {
  const std::size_t scale = std::clamp<std::size_t>(picture.width / 320, 1, 6);
  const std::size_t margin = 4 * scale;
  const std::size_t bar_height = 8 * scale;
  const std::size_t text_height = kGlyphHeight * scale;
  const bool any = range.num_finite > 0;
  const std::string low = any ? with_unit(range.low, unit) : "no finite value";
  const std::string high = any ? with_unit(range.high, unit) : "";
  const std::string invalid = range.num_non_finite > 0 ? fmt::format("{} not finite", range.num_non_finite) : "";
  const std::size_t ends_width = text_width(low, scale) + text_width(high, scale) + 2 * kGlyphAdvance * scale;
  const std::size_t swatch_width = 3 * bar_height;
  const std::size_t invalid_width = invalid.empty() ? 0 : swatch_width + margin + text_width(invalid, scale);
  const std::size_t width = std::max({picture.width, ends_width + 2 * margin, invalid_width + 2 * margin});
  const std::size_t ends_y = picture.height + 2 * margin + bar_height;
  const std::size_t invalid_y = ends_y + text_height + margin;
  Image out = make_paper(width, invalid.empty() ? invalid_y : invalid_y + bar_height + margin);

  for (std::size_t y = 0; y < picture.height; ++y) {
    for (std::size_t i = 0; i < picture.width * 3; ++i) {
      const unsigned sample = sample_in_8_bits(picture, y * picture.width * 3 + i);
      out.samples8[y * width * 3 + i] = static_cast<std::uint8_t>(sample);
    }
  }
  const std::size_t bar_width = width - 2 * margin;
  for (std::size_t x = 0; x < bar_width; ++x) {
    const float t = static_cast<float>(x) / static_cast<float>(std::max<std::size_t>(bar_width - 1, 1));
    fill_rect(out, margin + x, picture.height + margin, 1, bar_height, sequential_color(t));
  }
  draw_text(out, {margin, ends_y, scale}, low, kInk);
  draw_text(out, {width - margin - text_width(high, scale), ends_y, scale}, high, kInk);
  if (!invalid.empty()) {
    fill_rect(out, margin, invalid_y, swatch_width, bar_height, kNonFiniteColor);
    draw_text(out, {2 * margin + swatch_width, invalid_y + scale / 2, scale}, invalid, kInk);
  }
  return out;
}

Result<NormalsPicture> colorize_normals(std::span<const float> normals, std::size_t height, std::size_t width) {
  EDGEMOE_RETURN_IF_ERROR(check_count("normals", normals.size(), height, width, 3));
  NormalsPicture picture;
  picture.image = make_image(width, height);
  for (std::size_t i = 0; i < normals.size(); i += 3) {
    std::uint8_t* pixel = picture.image.samples8.data() + i;
    const float* normal = normals.data() + i;
    if (!std::isfinite(normal[0]) || !std::isfinite(normal[1]) || !std::isfinite(normal[2])) {
      put(pixel, kNonFiniteColor);
      ++picture.num_non_finite;
      continue;
    }
    for (std::size_t c = 0; c < 3; ++c) pixel[c] = unit_to_8_bits(normal[c] * 0.5F + 0.5F);
  }
  return picture;
}

GreyPicture grey_from_unit(std::span<const float> values) {
  GreyPicture picture;
  picture.samples.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) {
      picture.samples[i] = unit_to_8_bits(values[i]);
    } else {
      ++picture.num_non_finite;
    }
  }
  return picture;
}

}  // namespace edgemoe

#include "image/palette.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "base/check.h"

namespace edgemoe {
namespace {

// Road, sidewalk, building, wall, fence, pole, traffic light, traffic sign, vegetation, terrain, sky, person, rider,
// car, truck, bus, train, motorcycle, bicycle.
constexpr Rgb kCityscapesClasses[] = {{128, 64, 128},  {244, 35, 232}, {70, 70, 70},  {102, 102, 156}, {190, 153, 153},
                                      {153, 153, 153}, {250, 170, 30}, {220, 220, 0}, {107, 142, 35},  {152, 251, 152},
                                      {70, 130, 180},  {220, 20, 60},  {255, 0, 0},   {0, 0, 142},     {0, 0, 70},
                                      {0, 60, 100},    {0, 80, 100},   {0, 0, 230},   {119, 11, 32}};

// Flat, construction, object, nature, sky, human, vehicle: each in the colour of its commonest class.
constexpr Rgb kCityscapesCategories[] = {{128, 64, 128}, {70, 70, 70},  {153, 153, 153}, {107, 142, 35},
                                         {70, 130, 180}, {220, 20, 60}, {0, 0, 142}};

struct NamedClass {
  std::string_view name;
  std::size_t index;  // of kCityscapesClasses
};

// Names of Cityscapes' classes, and of classes that stand for several of them.
constexpr NamedClass kStreetClasses[] = {
    {"road", 0},    {"sidewalk", 1}, {"pavement", 1},      {"building", 2},     {"wall", 3},    {"wall_fence", 3},
    {"fence", 4},   {"pole", 5},     {"traffic light", 6}, {"traffic sign", 7}, {"sign", 7},    {"vegetation", 8},
    {"terrain", 9}, {"sky", 10},     {"person", 11},       {"rider", 12},       {"car", 13},    {"vehicle", 13},
    {"truck", 14},  {"bus", 15},     {"train", 16},        {"motorcycle", 17},  {"bicycle", 18}};

constexpr Rgb kViridis[] = {{68, 1, 84},    {72, 23, 105},  {71, 42, 122},  {67, 61, 132},  {61, 78, 138},
                            {53, 94, 141},  {46, 109, 142}, {41, 123, 142}, {35, 137, 142}, {31, 151, 139},
                            {33, 165, 133}, {46, 179, 124}, {70, 192, 111}, {101, 203, 94}, {137, 213, 72},
                            {176, 221, 47}, {216, 226, 25}, {253, 231, 37}};

Rgb pascal_voc_color(std::size_t index) {
  unsigned red = 0;
  unsigned green = 0;
  unsigned blue = 0;
  auto rest = static_cast<unsigned>(index);
  for (int bit = 7; bit >= 0; --bit, rest >>= 3) {
    red |= (rest & 1U) << bit;
    green |= (rest >> 1 & 1U) << bit;
    blue |= (rest >> 2 & 1U) << bit;
  }
  return {static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green), static_cast<std::uint8_t>(blue)};
}

}  // namespace

std::vector<Rgb> class_palette(PaletteKind kind, std::size_t num_classes) {
  EDGEMOE_CHECK(num_classes <= kIgnoreLabel);
  if (kind == PaletteKind::kCityscapes && num_classes == std::size(kCityscapesClasses)) {
    return {std::begin(kCityscapesClasses), std::end(kCityscapesClasses)};
  }
  if (kind == PaletteKind::kCityscapes && num_classes == std::size(kCityscapesCategories)) {
    return {std::begin(kCityscapesCategories), std::end(kCityscapesCategories)};
  }
  std::vector<Rgb> palette(num_classes);
  for (std::size_t i = 0; i < num_classes; ++i) palette[i] = pascal_voc_color(i);
  return palette;
}

std::vector<Rgb> street_palette(std::span<const std::string> class_names) {
  std::vector<Rgb> palette;
  for (const std::string& name : class_names) {
    const auto* const known = std::find_if(std::begin(kStreetClasses), std::end(kStreetClasses),
                                           [&](const NamedClass& one) { return one.name == name; });
    if (known == std::end(kStreetClasses)) return {};
    const Rgb color = kCityscapesClasses[known->index];
    if (std::find(palette.begin(), palette.end(), color) != palette.end()) return {};
    palette.push_back(color);
  }
  return palette;
}

Rgb categorical_color(std::size_t index) {
  constexpr double kGoldenRatio = 0.618033988749895;
  const double turns = static_cast<double>(index) * kGoldenRatio;
  const double hue = 6.0 * (turns - std::floor(turns));
  const double high = index % 2 == 0 ? 255.0 : 190.0;
  const double low = index % 2 == 0 ? 70.0 : 20.0;
  // A trapezoid around each primary's place on the circle.
  const auto channel = [&](double place) {
    const double distance = std::abs(hue - place);
    const double amount = std::clamp(2.0 - std::min(distance, 6.0 - distance), 0.0, 1.0);
    return static_cast<std::uint8_t>(low + (high - low) * amount + 0.5);
  };
  return {channel(0.0), channel(2.0), channel(4.0)};
}

Rgb sequential_color(float t) {
  constexpr std::size_t kLast = std::size(kViridis) - 1;
  const float place = (t > 0.0F ? std::min(t, 1.0F) : 0.0F) * static_cast<float>(kLast);
  const std::size_t below = std::min(static_cast<std::size_t>(place), kLast - 1);
  const float fraction = place - static_cast<float>(below);
  const auto between = [&](std::uint8_t low, std::uint8_t high) {
    const auto a = static_cast<float>(low);
    const auto b = static_cast<float>(high);
    return static_cast<std::uint8_t>(a + fraction * (b - a) + 0.5F);
  };
  const Rgb low = kViridis[below];
  const Rgb high = kViridis[below + 1];
  return {between(low.r, high.r), between(low.g, high.g), between(low.b, high.b)};
}

}  // namespace edgemoe

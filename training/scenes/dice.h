// Random choices of a scene: a seeded stream with the shapes of choice that generators need.
#ifndef EDGEMOE_SCENES_DICE_H_
#define EDGEMOE_SCENES_DICE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/random.h"
#include "scenes/vec.h"

namespace edgemoe::scenes {

/// Where a value is drawn from, both ends included.
struct Range {
  float low = 0;
  float high = 0;
};

/// One draw an expression: in what order a call's arguments or a sum's terms draw, the language leaves to the compiler,
/// and with it the picture. Braces ({x, y, z}) go from left to right.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  float uniform() { return random_.uniform(); }
  float uniform(float low, float high) { return random_.uniform(low, high); }
  float in(Range range) { return random_.uniform(range.low, range.high); }
  float normal() { return random_.normal(); }
  bool chance(float probability) { return random_.uniform() < probability; }
  /// The probability itself is drawn from `range` first.
  bool chance(Range range) {
    const float probability = in(range);
    return chance(probability);
  }
  /// A whole number in [low, high].
  int integer(int low, int high) {
    return low + static_cast<int>(random_.below(static_cast<std::uint64_t>(high - low + 1)));
  }
  int integer(Range range) { return static_cast<int>(in({range.low, range.high + 0.999F})); }
  float sign() { return chance(0.5F) ? 1.0F : -1.0F; }
  std::uint32_t seed32() { return static_cast<std::uint32_t>(random_.next_u64() >> 32); }
  /// A stream of its own: what is drawn from it does not move this one.
  Dice split() { return Dice(random_.next_u64()); }

  template <typename T, std::size_t N>
  const T& pick(const std::array<T, N>& choices) {
    return choices[static_cast<std::size_t>(random_.below(N))];
  }
  /// `color` with its brightness and each channel moved by up to these shares.
  Vec3 vary(Vec3 color, float brightness, float hue) {
    const float b = 1 + uniform(-brightness, brightness);
    return {color.x * b * (1 + uniform(-hue, hue)), color.y * b * (1 + uniform(-hue, hue)),
            color.z * b * (1 + uniform(-hue, hue))};
  }

 private:
  Random random_;
};

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_DICE_H_

// What all benches share: a Verilated module with a clock, fields of ports of any width, numbers with extremes.
#ifndef EDGEMOE_SIM_BENCH_H_
#define EDGEMOE_SIM_BENCH_H_

#include <verilated.h>

#include <cstdint>
#include <ostream>
#include <type_traits>

#include "base/random.h"

namespace edgemoe::sim {

/// What registers and memories hold before reset.
enum class PowerUp { kZeros = 0, kOnes = 1, kRandom = 2 };
inline void PrintTo(PowerUp power_up, std::ostream* out) {
  *out << (power_up == PowerUp::kZeros ? "zeros" : power_up == PowerUp::kOnes ? "ones" : "random");
}
inline constexpr PowerUp kAllPowerUps[] = {PowerUp::kZeros, PowerUp::kOnes, PowerUp::kRandom};

/// `Model`: a Verilated module whose clock is clk_i. Inputs are set between calls of tick().
template <typename Model>
class Bench {
 public:
  explicit Bench(PowerUp power_up = PowerUp::kRandom, int seed = 1) : context_(), model_(prepare(power_up, seed)) {
    model_.clk_i = 0;
    model_.eval();
  }
  ~Bench() { model_.final(); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Model* operator->() { return &model_; }
  Model& model() { return model_; }

  /// A rising edge; outputs that depend on inputs alone are up to date before and after it.
  void tick() {
    model_.clk_i = 1;
    model_.eval();
    model_.clk_i = 0;
    model_.eval();
    ++cycles_;
  }
  /// Lets outputs that depend on inputs alone follow them.
  void settle() { model_.eval(); }
  void reset() {
    model_.rst_ni = 0;
    for (int i = 0; i < 20; ++i) tick();  // as long as the longest pipeline of valid bits
    model_.rst_ni = 1;
    settle();
  }
  std::int64_t cycles() const { return cycles_; }

 private:
  VerilatedContext* prepare(PowerUp power_up, int seed) {
    context_.randReset(static_cast<int>(power_up));
    context_.randSeed(seed);
    return &context_;
  }

  VerilatedContext context_;
  Model model_;
  std::int64_t cycles_ = 0;
};

/// A whole port of at most 64 bits, whose width depends on the design point.
template <typename Port>
void set_port(Port& port, std::int64_t value) {
  port = static_cast<Port>(value);
}

/// Bits [at, at + width) of a port of at most 64 bits, or of a wide one; width ≤ 32.
template <typename Port>
std::uint32_t get_bits(const Port& port, std::size_t at, int width) {
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  if constexpr (std::is_integral_v<Port>) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(port) >> at & mask);
  } else {
    const std::size_t word = at / 32;
    const std::size_t offset = at % 32;
    std::uint64_t bits = port[word];
    if (offset + static_cast<std::size_t>(width) > 32) bits |= std::uint64_t{port[word + 1]} << 32;
    return static_cast<std::uint32_t>(bits >> offset & mask);
  }
}

template <typename Port>
void set_bits(Port& port, std::size_t at, int width, std::uint32_t value) {
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  if constexpr (std::is_integral_v<Port>) {
    port = static_cast<Port>((static_cast<std::uint64_t>(port) & ~(mask << at)) | ((value & mask) << at));
  } else {
    for (int done = 0; done < width;) {
      const std::size_t word = (at + static_cast<std::size_t>(done)) / 32;
      const int offset = static_cast<int>((at + static_cast<std::size_t>(done)) % 32);
      const int count = width - done < 32 - offset ? width - done : 32 - offset;
      const auto part = static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
      port[word] = (port[word] & ~(part << offset)) | ((value >> done & part) << offset);
      done += count;
    }
  }
}

/// A field as a signed number.
template <typename Port>
std::int32_t get_signed(const Port& port, std::size_t at, int width) {
  const std::uint32_t bits = get_bits(port, at, width);
  return static_cast<std::int32_t>(bits << (32 - width)) >> (32 - width);
}

/// Numbers of a range, a third of them at or near its ends and around 0: random ones alone hardly ever meet a limit.
inline std::int64_t draw(Random& random, std::int64_t least, std::int64_t most) {
  const auto span = static_cast<std::uint64_t>(most - least) + 1;
  switch (random.below(9)) {
    case 0:
      return least + static_cast<std::int64_t>(random.below(span < 3 ? span : 3));
    case 1:
      return most - static_cast<std::int64_t>(random.below(span < 3 ? span : 3));
    case 2: {
      const std::int64_t near_zero = static_cast<std::int64_t>(random.below(5)) - 2;
      return near_zero < least || near_zero > most ? least : near_zero;
    }
    case 3:
    case 4: {
      // Any magnitude as likely as any other.
      const std::int64_t value = static_cast<std::int64_t>(random.below(span) >> random.below(40));
      const std::int64_t number = random.below(2) == 0 ? value : -value;
      return number < least || number > most ? least : number;
    }
    default:
      return least + static_cast<std::int64_t>(random.below(span));
  }
}

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_BENCH_H_

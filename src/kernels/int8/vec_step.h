// How the integer kernels walk along a row: whole registers, then what is left. Beyond it is neither read nor written.
#ifndef EDGEMOE_KERNELS_INT8_VEC_STEP_H_
#define EDGEMOE_KERNELS_INT8_VEC_STEP_H_

#include <cstddef>

namespace edgemoe::int8 {

struct Whole {};
/// The first `count` elements of a register, at least 1; the others load as 0 and are not stored.
struct Part {
  std::size_t count;
};

/// The mask of a whole register.
struct All {};

template <std::size_t kStep, typename Body>
[[gnu::always_inline]] inline void for_steps(std::size_t count, const Body& body) {
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) body(i, Whole{});
  if (i < count) body(i, Part{count - i});
}

/// A register's worth of memory, for instruction sets that load and store only whole registers.
template <typename T, std::size_t kSize>
struct Spill {
  alignas(64) T values[kSize] = {};

  Spill() = default;
  Spill(const T* from, Part part) { __builtin_memcpy(values, from, part.count * sizeof(T)); }
  void to(T* out, Part part) const { __builtin_memcpy(out, values, part.count * sizeof(T)); }
};

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_VEC_STEP_H_

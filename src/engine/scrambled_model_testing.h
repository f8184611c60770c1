// Integers of any values that the contract's formats hold, far from what quantisation makes of trained weights.
#ifndef EDGEMOE_ENGINE_SCRAMBLED_MODEL_TESTING_H_
#define EDGEMOE_ENGINE_SCRAMBLED_MODEL_TESTING_H_

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "quant/integer_model.h"

namespace edgemoe {

/// Seeded numbers.
class Values {
 public:
  explicit Values(std::uint64_t seed) : random_(seed) {}

  std::int64_t between(std::int64_t least, std::int64_t largest) {
    const auto range = static_cast<std::uint64_t>(largest - least) + 1;
    return least + static_cast<std::int64_t>(random_.next_u64() % range);
  }

  template <typename T>
  std::vector<T> list(std::size_t count, std::int64_t least, std::int64_t largest) {
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(between(least, largest));
    return values;
  }

 private:
  Random random_;
};

/// Replaces a quantised model's integers; `reach` bounds exponents.
void scramble(IntegerModel& model, int reach, Values& values);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_SCRAMBLED_MODEL_TESTING_H_

#include "kernels/gemm/pack.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/testing.h"

namespace edgemoe {
namespace {

constexpr float kUntouched = 777.0F;

/// Packs and compares with the definition, element by element.
void expect_packed(const StridedMatrix& b, std::size_t panel_width) {
  const std::size_t size = packed_size(b.n, b.k, panel_width);
  std::vector<float> panels(size + 1, kUntouched);
  pack_panels(b, panel_width, panels.data());
  std::size_t compared = 0;
  for (std::size_t column = 0; column < size / b.k; ++column) {
    for (std::size_t k = 0; k < b.k; ++k) {
      const std::size_t panel = column / panel_width;
      const float expected = column < b.n ? b.data[column * b.n_stride + k * b.k_stride] : 0.0F;
      ASSERT_EQ(panels[(panel * b.k + k) * panel_width + column % panel_width], expected)
          << "n " << column << " of " << b.n << ", k " << k << " of " << b.k << ", panels of " << panel_width;
      ++compared;
    }
  }
  EXPECT_GT(compared, 0U);
  EXPECT_EQ(panels[size], kUntouched);
}

TEST(PackTest, everyShape_putsEveryElementInItsPlaceAndZerosPastTheEnd) {
  const std::vector<float> values = testing::random_floats(80 * 80, 1);
  for (const std::size_t panel_width : {8UL, 16UL, 32UL}) {
    for (const std::size_t n : {1UL, 4UL, 7UL, 31UL, 32UL, 33UL, 70UL}) {
      for (const std::size_t k : {1UL, 3UL, 4UL, 9UL, 64UL}) {
        expect_packed({values.data(), n, k, 80, 1}, panel_width);  // rows of B
        expect_packed({values.data(), n, k, 1, 80}, panel_width);  // B transposed
        expect_packed({values.data(), n, k, 81, 2}, panel_width);  // neither next to the other
      }
    }
  }
}

}  // namespace
}  // namespace edgemoe

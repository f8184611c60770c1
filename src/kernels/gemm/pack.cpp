#include "kernels/gemm/pack.h"

#include <algorithm>

namespace edgemoe {

void pack_panels(const StridedMatrix& b, std::size_t panel_width, float* panels) {
  for (std::size_t first = 0; first < b.n; first += panel_width) {
    const std::size_t columns = std::min(panel_width, b.n - first);
    const float* source = b.data + first * b.n_stride;
    for (std::size_t k = 0; k < b.k; ++k) {
      for (std::size_t j = 0; j < columns; ++j) panels[j] = source[j * b.n_stride + k * b.k_stride];
      std::fill(panels + columns, panels + panel_width, 0.0F);
      panels += panel_width;
    }
  }
}

}  // namespace edgemoe

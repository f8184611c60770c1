#include "kernels/gemm/pack.h"

#include <algorithm>
#include <cstring>

namespace edgemoe {
namespace {

using Quad [[gnu::vector_size(16)]] = float;

/// Four rows of four floats, row_stride apart, to four columns, col_stride apart.
void transpose_4x4(const float* rows, std::size_t row_stride, float* columns, std::size_t col_stride) {
  Quad r[4];
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(&r[i], rows + i * row_stride, sizeof(Quad));
  const Quad low01 = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
  const Quad low23 = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
  const Quad high01 = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  const Quad high23 = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  const Quad c[4] = {
      __builtin_shufflevector(low01, low23, 0, 1, 4, 5), __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
      __builtin_shufflevector(high01, high23, 0, 1, 4, 5), __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
  for (std::size_t i = 0; i < 4; ++i) std::memcpy(columns + i * col_stride, &c[i], sizeof(Quad));
}

/// One panel of `columns` rows of B: B's rows become the panel's columns.
void transpose_panel(const StridedMatrix& b, std::size_t first, std::size_t columns, std::size_t width, float* panel) {
  const float* source = b.data + first * b.n_stride;
  const std::size_t whole_columns = b.k_stride == 1 ? columns / 4 * 4 : 0;
  const std::size_t whole_k = b.k / 4 * 4;
  for (std::size_t j = 0; j < whole_columns; j += 4) {
    for (std::size_t k = 0; k < whole_k; k += 4) {
      transpose_4x4(source + j * b.n_stride + k, b.n_stride, panel + k * width + j, width);
    }
  }
  for (std::size_t k = 0; k < b.k; ++k) {
    const std::size_t done = k < whole_k ? whole_columns : 0;
    for (std::size_t j = done; j < columns; ++j) panel[k * width + j] = source[j * b.n_stride + k * b.k_stride];
  }
}

}  // namespace

void pack_panels(const StridedMatrix& b, std::size_t panel_width, float* panels) {
  for (std::size_t first = 0; first < b.n; first += panel_width) {
    const std::size_t columns = std::min(panel_width, b.n - first);
    float* panel = panels + first * b.k;
    if (b.n_stride == 1) {
      for (std::size_t k = 0; k < b.k; ++k) {
        std::copy_n(b.data + first + k * b.k_stride, columns, panel + k * panel_width);
      }
    } else {
      transpose_panel(b, first, columns, panel_width, panel);
    }
    if (columns == panel_width) continue;
    for (std::size_t k = 0; k < b.k; ++k) {
      std::fill(panel + k * panel_width + columns, panel + (k + 1) * panel_width, 0.0F);
    }
  }
}

}  // namespace edgemoe

// What every instruction set provides: one table of functions each, and the small structs that they take. The code on
// top (gemm.cpp, conv.cpp, attention.cpp, layernorm.cpp) is compiled once, for the baseline; it cuts the work into
// tasks and fills these structs.
#ifndef EDGEMOE_KERNELS_SIMD_KERNEL_TABLE_H_
#define EDGEMOE_KERNELS_SIMD_KERNEL_TABLE_H_

#include <cstddef>

#include "kernels/gemm/gemm.h"
#include "kernels/isa.h"

namespace edgemoe {

/// Upper bounds of KernelTable::max_rows and panel_width over all instruction sets, for arrays on the stack.
inline constexpr std::size_t kMaxTileRows = 16;
inline constexpr std::size_t kMaxPanelWidth = 32;

/// A block of C: up to max_rows rows by one panel of columns. Each sum runs over segments · segment_length terms, in
/// which a row of A is given piecewise, so that the nine taps of a convolution need not be gathered.
struct TileArgs {
  const float* const* a = nullptr;  // [segments][num_rows], each segment_length floats
  std::size_t num_rows = 0;         // 1 … max_rows
  std::size_t num_cols = 0;         // 1 … panel_width
  std::size_t segments = 1;
  std::size_t segment_length = 0;
  const float* panel = nullptr;     // [segments · segment_length][panel_width]
  const float* prefetch = nullptr;  // as many bytes as the panel has are prefetched from here; null: none
  const float* bias = nullptr;      // [num_cols] or null
  GemmActivation activation = GemmActivation::kNone;
  GemmStore store = GemmStore::kAssign;
  float* const* c = nullptr;         // [num_rows], each num_cols floats
  const float* row_scale = nullptr;  // [num_rows] or null; kAccumulate only
};

/// A block of queries of one head against all keys of its sequence.
struct AttentionTileArgs {
  const float* const* q = nullptr;  // [num_rows], each head_dim floats
  std::size_t num_rows = 0;         // 1 … max_rows
  std::size_t num_tokens = 0;
  std::size_t head_dim = 0;
  float scale = 0;
  const float* k_panels = nullptr;  // K[num_tokens, head_dim] packed as GEMM weights
  const float* v_panels = nullptr;  // V transposed, [head_dim, num_tokens], packed likewise
  float* scores = nullptr;          // scratch, [num_rows][num_tokens rounded up to panel_width]
  float* const* out = nullptr;      // [num_rows], each head_dim floats
};

struct LayerNormRowArgs {
  const float* in = nullptr;
  const float* weight = nullptr;
  const float* bias = nullptr;
  float eps = 0;
  std::size_t n = 0;
  float* out = nullptr;
};

struct KernelTable {
  std::size_t panel_width = 0;  // columns of B that are packed and computed together
  std::size_t max_rows = 0;
  void (*gemm_tile)(const TileArgs& args) = nullptr;
  void (*attention_tile)(const AttentionTileArgs& args) = nullptr;
  void (*layernorm_row)(const LayerNormRowArgs& args) = nullptr;
  /// The functions that the tiles apply, on their own; out may be in. x ≤ 0 for exp.
  void (*gelu)(const float* in, std::size_t n, float* out) = nullptr;
  void (*exp_nonpositive)(const float* in, std::size_t n, float* out) = nullptr;
};

/// The table of an instruction set that this build has code for; it is a fault to ask for another.
const KernelTable& kernel_table(Isa isa);

namespace simd {
extern const KernelTable kPortableKernels;
#if defined(__aarch64__)
extern const KernelTable kNeonKernels;
#endif
#if defined(__x86_64__)
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
#endif
}  // namespace simd

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_SIMD_KERNEL_TABLE_H_

// From a checkpoint's tensor to the network's: layout, position grid, element type.
#ifndef EDGEMOE_CHECKPOINT_FIT_H_
#define EDGEMOE_CHECKPOINT_FIT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/tensor.h"
#include "checkpoint/report.h"
#include "checkpoint/source_tensor.h"
#include "model/tensor_table.h"

namespace edgemoe {

/// Whether the model keeps element types.
enum class DTypePolicy {
  kFloat32,  ///< everything widened to float32, exactly
  kKeep,     ///< float32, float16 and bfloat16 as the checkpoint has them (a resampled tensor is float32)
  kFloat16,  ///< matrices and filters rounded to float16, everything else (gates too) float32: half the size
};

/// What weights do that are or give NaN or infinity: such values themselves, and negative variances.
enum class NonFinitePolicy {
  kRefuse,
  kAllow,
};

/// Checks a tensor's shape against its place in the network and brings gates that lie as [experts, dim] to [dim,
/// experts]; a square gate is taken as it lies. Nothing is ever broadcast. kMismatch: names the tensor and both shapes;
/// kUnsupported: an element type other than float32, float16, bfloat16.
Result<SourceTensor> fit_layout(const TensorSpec& spec, const SourceTensor& source, ConvertReport& report);

/// A tensor as it goes into the model file; owns what the checkpoint's own bytes do not provide.
struct FittedTensor {
  TensorView view;
  DenseTensor dense;
  AlignedBuffer<float> floats;
  std::vector<std::byte> halves;
};

/// Reads, checks for NaN and infinity, and widens or narrows as asked. `checksum` runs on over the tensor's float32
/// values before any rounding. kTooLarge for a value that float16 cannot hold.
Result<FittedTensor> read_fitted(const SourceTensor& tensor, TensorRole role, DTypePolicy dtype,
                                 NonFinitePolicy non_finite, std::uint64_t& checksum);

/// kMalformed when a batch norm's running variance is negative somewhere: every value behind it would be NaN.
Status check_variance(const FittedTensor& tensor, std::string_view name);

/// What `checksum` begins with. FNV-1a of 64 bits, fed with the 32-bit words of the values: catches mistakes, not
/// malice.
inline constexpr std::uint64_t kChecksumSeed = 0xCBF29CE484222325u;

/// Replaces a position embedding [1, 1 + height·width, dim] by its bilinear resampling to another grid, in float32; the
/// class token's row stays.
Status resample_position(FittedTensor& tensor, std::array<int, 2> from_grid, std::array<int, 2> to_grid);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_FIT_H_

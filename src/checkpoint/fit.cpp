#include "checkpoint/fit.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "checkpoint/names.h"
#include "resample/resize.h"

namespace edgemoe {
namespace {

/// "[2,5,7]" for the 77th element of a [3,6,8] tensor.
std::string coordinates(const Shape& shape, std::size_t index) {
  std::vector<std::int64_t> place(shape.rank());
  auto rest = static_cast<std::int64_t>(index);
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    place[axis] = rest % shape[axis];
    rest /= shape[axis];
  }
  return Shape(std::move(place)).to_string();
}

/// Feeds the checksum with every value as float32; the index of the first that is NaN or infinite.
std::optional<std::size_t> scan(const TensorView& view, std::uint64_t& checksum) {
  constexpr std::uint64_t kPrime = 0x100000001B3u;
  constexpr std::size_t kChunk = 4096;
  std::array<float, kChunk> chunk{};
  std::optional<std::size_t> first_bad;
  const auto count = static_cast<std::size_t>(view.shape.num_elements());
  const std::size_t size = dtype_size(view.dtype);
  for (std::size_t begin = 0; begin < count; begin += kChunk) {
    const std::size_t length = std::min(kChunk, count - begin);
    EDGEMOE_CHECK(widen_to_f32(view.dtype, view.bytes.subspan(begin * size), std::span(chunk).first(length)));
    for (std::size_t i = 0; i < length; ++i) {
      checksum = (checksum ^ std::bit_cast<std::uint32_t>(chunk[i])) * kPrime;
      if (!std::isfinite(chunk[i]) && !first_bad) first_bad = begin + i;
    }
  }
  return first_bad;
}

constexpr float kPastFloat16 = 65520.0F;  // the smallest that rounds to infinity

/// Where nearly all of the weights are.
bool is_matrix(TensorRole role) {
  return role == TensorRole::kPatchWeight || role == TensorRole::kLinearWeight || role == TensorRole::kExpertWeight ||
         role == TensorRole::kConvWeight;
}

}  // namespace

Result<SourceTensor> fit_layout(const TensorSpec& spec, const SourceTensor& source, ConvertReport& report) {
  const std::optional<DType> type = source.type->in_base;
  if (type != DType::kF32 && type != DType::kF16 && type != DType::kBF16) {
    return unsupported(
        "{}: tensor {} is of type {}; float32, float16 and bfloat16 widen to float32 exactly and are read",
        source.origin, spec.name, source.type->dtype);
  }
  if (source.shape == spec.shape) return source;
  const bool is_matrix = source.shape.rank() == 2 && spec.shape.rank() == 2 && source.parts.size() == 1;
  if (spec.role == TensorRole::kGate && is_matrix && source.shape == Shape{spec.shape[1], spec.shape[0]}) {
    report.transposed.push_back(spec.name);
    return transposed(source);
  }
  std::string hint;
  const bool fewer = source.shape.rank() > 0 && spec.shape.rank() > 0 && source.shape[0] < spec.shape[0];
  if (is_expert_name(spec.name) && fewer) {
    hint = fmt::format(
        " ({} experts in {} file{}; further ranks, beginning with {}.pth, may be missing: give the directory "
        "that holds them all)",
        source.shape[0], source.parts.size(), source.parts.size() == 1 ? "" : "s", source.parts.size());
  }
  return mismatch("{}: tensor {}: expected {}, found {}{}", source.origin, spec.name, spec.shape.to_string(),
                  source.shape.to_string(), hint);
}

Result<FittedTensor> read_fitted(const SourceTensor& tensor, TensorRole role, DTypePolicy dtype,
                                 NonFinitePolicy non_finite, std::uint64_t& checksum) {
  FittedTensor fitted;
  EDGEMOE_ASSIGN_OR_RETURN(fitted.dense, read_source_tensor(tensor));
  fitted.view = fitted.dense.view;
  const std::optional<std::size_t> bad = scan(fitted.view, checksum);
  if (bad && non_finite == NonFinitePolicy::kRefuse) {
    return malformed("{}: tensor {} {} has a NaN or infinity at {}: training went wrong or the file is damaged",
                     tensor.origin, tensor.name, tensor.shape.to_string(), coordinates(tensor.shape, *bad));
  }
  if (dtype == DTypePolicy::kKeep) return fitted;
  const bool halves = dtype == DTypePolicy::kFloat16 && is_matrix(role);
  if (fitted.view.dtype == (halves ? DType::kF16 : DType::kF32)) return fitted;
  fitted.floats = AlignedBuffer<float>(static_cast<std::size_t>(fitted.view.shape.num_elements()));
  EDGEMOE_CHECK(widen_to_f32(fitted.view.dtype, fitted.view.bytes, fitted.floats.span()));
  fitted.dense = {};
  fitted.view = {DType::kF32, tensor.shape, std::as_bytes(fitted.floats.span())};
  if (!halves) return fitted;
  const std::span<const float> values = fitted.floats.span();
  const auto beyond = std::find_if(values.begin(), values.end(),
                                   [](float value) { return std::isfinite(value) && std::abs(value) >= kPastFloat16; });
  if (beyond != values.end()) {
    return too_large("{}: tensor {}: {} is beyond float16's 65504; write it with --dtype f32", tensor.origin,
                     tensor.name, *beyond);
  }
  fitted.halves.resize(2 * values.size());
  narrow_to_f16(values, fitted.halves);
  fitted.floats = {};
  fitted.view = {DType::kF16, tensor.shape, fitted.halves};
  return fitted;
}

Status check_variance(const FittedTensor& tensor, std::string_view name) {
  Tensor variance(tensor.view.shape);
  EDGEMOE_CHECK(widen_to_f32(tensor.view.dtype, tensor.view.bytes, variance.values.span()));
  const std::span<const float> values = variance.values.span();
  const auto negative = std::find_if(values.begin(), values.end(), [](float value) { return value < 0; });
  if (negative == values.end()) return {};
  return malformed(
      "tensor {}: a variance of {} at [{}]; batch norm takes its root: training went wrong or the file is damaged",
      name, *negative, negative - values.begin());
}

Status resample_position(FittedTensor& tensor, std::array<int, 2> from_grid, std::array<int, 2> to_grid) {
  const auto from_height = static_cast<std::size_t>(from_grid[0]);
  const auto from_width = static_cast<std::size_t>(from_grid[1]);
  const auto to_height = static_cast<std::size_t>(to_grid[0]);
  const auto to_width = static_cast<std::size_t>(to_grid[1]);
  const std::int64_t dim = tensor.view.shape[2];
  const auto width = static_cast<std::size_t>(dim);
  AlignedBuffer<float> from((1 + from_height * from_width) * width);
  if (!widen_to_f32(tensor.view.dtype, tensor.view.bytes, from.span())) {
    return unsupported("a position embedding of type {}", dtype_name(tensor.view.dtype));
  }
  AlignedBuffer<float> to((1 + to_height * to_width) * width);
  resize_position_embedding(from.data(), from_height, from_width, to.data(), to_height, to_width, width);
  tensor.floats = std::move(to);
  tensor.dense = {};
  tensor.view = {DType::kF32, Shape{1, static_cast<std::int64_t>(1 + to_height * to_width), dim},
                 std::as_bytes(tensor.floats.span())};
  return {};
}

}  // namespace edgemoe

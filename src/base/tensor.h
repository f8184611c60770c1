// Shapes, element types and views of dense row-major tensors.
#ifndef EDGEMOE_BASE_TENSOR_H_
#define EDGEMOE_BASE_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/aligned_buffer.h"

namespace edgemoe {

/// Element types that files and views may hold. Everything is little-endian.
enum class DType { kF32, kF16, kBF16, kF64, kI64, kI32, kI16, kI8, kU8, kBool };

/// Bytes of one element.
std::size_t dtype_size(DType dtype);
/// Name as in safetensors: "F32", "F16", "BF16", "I64", …
std::string_view dtype_name(DType dtype);
/// The type of that name; nothing when unknown.
std::optional<DType> dtype_from_name(std::string_view name);

/// Extents of a tensor, outermost first; rank 0 is a scalar.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<std::int64_t> dims) : dims_(std::move(dims)) {}

  std::size_t rank() const { return dims_.size(); }
  std::int64_t operator[](std::size_t axis) const { return dims_[axis]; }
  std::span<const std::int64_t> dims() const { return dims_; }
  bool operator==(const Shape&) const = default;

  /// Product of the extents (1 for a scalar); nothing when an extent is negative or the product overflows.
  std::optional<std::int64_t> checked_num_elements() const;
  /// The product, for shapes already known to be sane.
  std::int64_t num_elements() const;
  /// "[192,3,16,16]"
  std::string to_string() const;

 private:
  std::vector<std::int64_t> dims_;
};

/// Borrowed, contiguous, row-major, read-only tensor of any element type, e.g. a tensor inside a mapped file. Element
/// data need not be aligned.
struct TensorView {
  DType dtype = DType::kF32;
  Shape shape;
  std::span<const std::byte> bytes;
};

/// Owned float32 tensor, contiguous and row-major.
struct Tensor {
  Tensor() = default;
  explicit Tensor(Shape tensor_shape)
      : shape(std::move(tensor_shape)), values(static_cast<std::size_t>(shape.num_elements())) {}

  Shape shape;
  AlignedBuffer<float> values;

  float* data() { return values.data(); }
  const float* data() const { return values.data(); }
  TensorView view() const { return {DType::kF32, shape, std::as_bytes(values.span())}; }
};

/// Borrowed row-major matrix; `stride` is the distance between rows in elements, at least `cols`.
template <typename T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  T* row(std::size_t r) const { return data + r * stride; }
};

inline MatrixView<const float> as_const(const MatrixView<float>& matrix) {
  return {matrix.data, matrix.rows, matrix.cols, matrix.stride};
}

/// Widens `count` floating-point elements to float32, exactly (kF32, kF16, kBF16 only). False for any other type.
/// `bytes` must hold at least count · dtype_size(dtype) bytes; no alignment is needed.
bool widen_to_f32(DType dtype, std::span<const std::byte> bytes, std::span<float> out);

/// Rounds to binary16, ties to even; subnormals are kept. out: 2 bytes a value. Infinity where |value| rounds past the
/// largest, 65504. A NaN stays one.
void narrow_to_f16(std::span<const float> values, std::span<std::byte> out);

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_TENSOR_H_

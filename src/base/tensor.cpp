#include "base/tensor.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace edgemoe {
namespace {

struct DTypeInfo {
  DType dtype;
  std::size_t size;
  std::string_view name;
};

constexpr std::array kDTypes = {
    DTypeInfo{DType::kF32, 4, "F32"},   DTypeInfo{DType::kF16, 2, "F16"}, DTypeInfo{DType::kBF16, 2, "BF16"},
    DTypeInfo{DType::kF64, 8, "F64"},   DTypeInfo{DType::kI64, 8, "I64"}, DTypeInfo{DType::kI32, 4, "I32"},
    DTypeInfo{DType::kI16, 2, "I16"},   DTypeInfo{DType::kI8, 1, "I8"},   DTypeInfo{DType::kU8, 1, "U8"},
    DTypeInfo{DType::kBool, 1, "BOOL"},
};

const DTypeInfo& info(DType dtype) {
  for (const DTypeInfo& entry : kDTypes) {
    if (entry.dtype == dtype) return entry;
  }
  check_failed(__FILE__, __LINE__, "a DType is one of the enumerators");
}

/// IEEE 754 binary16 to binary32; every binary16 value, subnormals and NaN payloads too, has an exact binary32.
std::uint32_t half_bits_to_float_bits(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1Fu;
  std::uint32_t mantissa = half & 0x3FFu;
  if (exponent == 0x1F) return sign | 0x7F800000u | (mantissa << 13);
  if (exponent != 0) return sign | ((exponent + 112u) << 23) | (mantissa << 13);
  if (mantissa == 0) return sign;
  // Subnormal: shift the leading one up to the implicit place.
  std::uint32_t shift = 0;
  while ((mantissa & 0x400u) == 0) {
    mantissa <<= 1;
    ++shift;
  }
  return sign | ((113u - shift) << 23) | ((mantissa & 0x3FFu) << 13);
}

std::uint16_t float_bits_to_half_bits(std::uint32_t bits) {
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  constexpr std::uint32_t kInfinity = 0x7F800000u;
  constexpr std::uint32_t kSmallestNormal = 113u << 23;  // 2^-14
  if (magnitude > kInfinity) return static_cast<std::uint16_t>(sign | 0x7E00u);
  if (magnitude >= kSmallestNormal) {
    // Half of the last kept place, less one where that place is even: a tie then rounds down. A carry runs on into the
    // exponent, as it should.
    const std::uint32_t rounded = magnitude + 0xFFFu + (magnitude >> 13 & 1u);
    if (rounded >= 143u << 23) return static_cast<std::uint16_t>(sign | 0x7C00u);  // 2^16
    return static_cast<std::uint16_t>(sign | (rounded - (112u << 23)) >> 13);
  }
  // Below 2^-14 the places are 2^-24: adding 1/2 to the magnitude lets float's own rounding cut there.
  const float cut = std::bit_cast<float>(magnitude) + 0.5F;
  return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(cut) - std::bit_cast<std::uint32_t>(0.5F)));
}

}  // namespace

std::size_t dtype_size(DType dtype) { return info(dtype).size; }

std::string_view dtype_name(DType dtype) { return info(dtype).name; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeInfo& entry : kDTypes) {
    if (entry.name == name) return entry.dtype;
  }
  return std::nullopt;
}

std::optional<std::int64_t> Shape::checked_num_elements() const {
  std::int64_t product = 1;
  bool empty = false;
  for (const std::int64_t dim : dims_) {
    if (dim < 0) return std::nullopt;
    if (dim == 0) {
      empty = true;
      continue;
    }
    if (__builtin_mul_overflow(product, dim, &product)) return std::nullopt;
  }
  return empty ? 0 : product;
}

std::int64_t Shape::num_elements() const {
  const std::optional<std::int64_t> count = checked_num_elements();
  EDGEMOE_CHECK(count.has_value());
  return *count;
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (std::size_t axis = 0; axis < dims_.size(); ++axis) {
    if (axis != 0) text += ',';
    text += std::to_string(dims_[axis]);
  }
  return text + ']';
}

bool widen_to_f32(DType dtype, std::span<const std::byte> bytes, std::span<float> out) {
  const std::size_t element_bytes = dtype_size(dtype);
  if (dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16) return false;
  EDGEMOE_CHECK(bytes.size() >= out.size() * element_bytes);
  if (out.empty()) return true;
  if (dtype == DType::kF32) {
    std::memcpy(out.data(), bytes.data(), out.size() * element_bytes);
    return true;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * element_bytes, element_bytes);
    const std::uint32_t wide =
        dtype == DType::kF16 ? half_bits_to_float_bits(bits) : static_cast<std::uint32_t>(bits) << 16;
    out[i] = std::bit_cast<float>(wide);
  }
  return true;
}

void narrow_to_f16(std::span<const float> values, std::span<std::byte> out) {
  EDGEMOE_CHECK(out.size() == 2 * values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t half = float_bits_to_half_bits(std::bit_cast<std::uint32_t>(values[i]));
    std::memcpy(out.data() + 2 * i, &half, sizeof(half));
  }
}

}  // namespace edgemoe

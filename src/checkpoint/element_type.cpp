#include "checkpoint/element_type.h"

#include <array>

#include "base/check.h"

namespace edgemoe {
namespace {

constexpr std::array kTypes = {
    ElementType{"float32", "FloatStorage", 4, DType::kF32},
    ElementType{"float16", "HalfStorage", 2, DType::kF16},
    ElementType{"bfloat16", "BFloat16Storage", 2, DType::kBF16},
    ElementType{"float64", "DoubleStorage", 8, DType::kF64},
    ElementType{"int64", "LongStorage", 8, DType::kI64},
    ElementType{"int32", "IntStorage", 4, DType::kI32},
    ElementType{"int16", "ShortStorage", 2, DType::kI16},
    ElementType{"int8", "CharStorage", 1, DType::kI8},
    ElementType{"uint8", "ByteStorage", 1, DType::kU8},
    ElementType{"bool", "BoolStorage", 1, DType::kBool},
    ElementType{"uint16", "", 2, std::nullopt},
    ElementType{"uint32", "", 4, std::nullopt},
    ElementType{"uint64", "", 8, std::nullopt},
    ElementType{"complex32", "", 4, std::nullopt},
    ElementType{"complex64", "ComplexFloatStorage", 8, std::nullopt},
    ElementType{"complex128", "ComplexDoubleStorage", 16, std::nullopt},
    ElementType{"qint8", "QInt8Storage", 1, std::nullopt},
    ElementType{"quint8", "QUInt8Storage", 1, std::nullopt},
    ElementType{"qint32", "QInt32Storage", 4, std::nullopt},
    ElementType{"float8_e4m3fn", "", 1, std::nullopt},
    ElementType{"float8_e5m2", "", 1, std::nullopt},
    ElementType{"float8_e4m3fnuz", "", 1, std::nullopt},
    ElementType{"float8_e5m2fnuz", "", 1, std::nullopt},
};

struct Alias {
  std::string_view alias;
  std::string_view dtype;
};

constexpr std::array kAliases = {
    Alias{"float", "float32"}, Alias{"half", "float16"}, Alias{"double", "float64"},   Alias{"long", "int64"},
    Alias{"int", "int32"},     Alias{"short", "int16"},  Alias{"cfloat", "complex64"}, Alias{"cdouble", "complex128"},
};

}  // namespace

const ElementType* element_type_of_dtype(std::string_view name) {
  for (const Alias& entry : kAliases) {
    if (entry.alias == name) name = entry.dtype;
  }
  for (const ElementType& type : kTypes) {
    if (type.dtype == name) return &type;
  }
  return nullptr;
}

const ElementType* element_type_of_storage(std::string_view name) {
  if (name == "UntypedStorage" || name == "_UntypedStorage") name = "ByteStorage";
  for (const ElementType& type : kTypes) {
    if (!type.storage.empty() && type.storage == name) return &type;
  }
  return nullptr;
}

const ElementType& element_type_of(DType dtype) {
  for (const ElementType& type : kTypes) {
    if (type.in_base == dtype) return type;
  }
  check_failed(__FILE__, __LINE__, "every DType of base has an ElementType");
}

}  // namespace edgemoe

#include "engine/engine.h"

namespace edgemoe {
namespace {

struct Maker {
  NumberType type;
  std::string_view name;
  Result<std::unique_ptr<Engine>> (*make)(const ModelFile& model, const EngineOptions& options);
};

constexpr Maker kMakers[] = {{NumberType::kFloat, "float", make_float_engine},
                             {NumberType::kInt8, "int8", make_int8_engine},
                             {NumberType::kReference, "reference", make_reference_engine}};

const Maker& maker_of(NumberType type) { return kMakers[static_cast<std::size_t>(type)]; }

}  // namespace

std::string_view number_type_name(NumberType type) { return maker_of(type).name; }

std::optional<NumberType> number_type_from_name(std::string_view name) {
  for (const Maker& maker : kMakers) {
    if (maker.name == name) return maker.type;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Engine>> make_engine(const ModelFile& model, const EngineOptions& options) {
  if (options.backbone != nullptr && options.type.value_or(NumberType::kInt8) != NumberType::kInt8) {
    return invalid_argument("device {} computes in int8, not in {}", options.backbone->name(),
                            number_type_name(*options.type));
  }
  if (options.backbone != nullptr) return make_int8_engine(model, options);
  const NumberType own = model.numbers() == StoredNumbers::kIntegers ? NumberType::kInt8 : NumberType::kFloat;
  return maker_of(options.type.value_or(own)).make(model, options);
}

}  // namespace edgemoe

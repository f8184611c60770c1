#include "engine/engine.h"

namespace edgemoe {

std::string_view number_type_name(NumberType type) {
  return type == NumberType::kReference ? "reference" : "float";
}

std::optional<NumberType> number_type_from_name(std::string_view name) {
  for (const NumberType type : {NumberType::kFloat, NumberType::kReference}) {
    if (number_type_name(type) == name) return type;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Engine>> make_engine(const ModelFile& model, const EngineOptions& options) {
  return options.type == NumberType::kReference ? make_reference_engine(model, options)
                                                : make_float_engine(model, options);
}

}  // namespace edgemoe

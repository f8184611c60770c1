#include <nlohmann/json.hpp>

#include "accel/design_point.h"

namespace edgemoe {
namespace {

using Json = nlohmann::ordered_json;

/// Puts `values` in the place of the same keys of root[section]; a section that is no object is kMalformed.
Status replace(Json& root, const char* section, const Json& values) {
  const auto found = root.find(section);
  if (found == root.end() || !found->is_object()) return malformed("{}: expected an object", section);
  for (const auto& [key, value] : values.items()) (*found)[key] = value;
  return {};
}

}  // namespace

Result<std::string> rewrite_design_point(std::string_view text, const DesignPoint& design) {
  Json root = Json::parse(text, nullptr, false);
  if (!root.is_object()) return malformed("expected a design point, a JSON object");
  root["name"] = design.name;
  root["clock_mhz"] = design.clock_mhz;
  EDGEMOE_RETURN_IF_ERROR(replace(root, "part",
                                  {{"name", design.part.name},
                                   {"dsp", design.part.dsp},
                                   {"bram36", design.part.bram36},
                                   {"lut", design.part.lut},
                                   {"ff", design.part.ff}}));
  EDGEMOE_RETURN_IF_ERROR(
      replace(root, "array",
              {{"tokens", design.array.tokens}, {"outputs", design.array.outputs}, {"chains", design.array.chains}}));
  EDGEMOE_RETURN_IF_ERROR(replace(root, "memory",
                                  {{"activation_words", design.memory.activation_words},
                                   {"scale_words", design.memory.scale_words},
                                   {"probability_words", design.memory.probability_words},
                                   {"gather_words", design.memory.gather_words},
                                   {"key_value_words", design.memory.key_value_words},
                                   {"weight_words", design.memory.weight_words},
                                   {"channel_words", design.memory.channel_words},
                                   {"norm_words", design.memory.norm_words},
                                   {"token_words", design.memory.token_words}}));
  EDGEMOE_RETURN_IF_ERROR(replace(root, "bus",
                                  {{"address_bits", design.bus.address_bits},
                                   {"burst_beats", design.bus.burst_beats},
                                   {"outstanding_bursts", design.bus.outstanding_bursts},
                                   {"prefetch", design.bus.prefetch}}));
  EDGEMOE_RETURN_IF_ERROR(replace(root, "lanes",
                                  {{"row_quantizer", design.lanes.row_quantizer},
                                   {"layer_norm", design.lanes.layer_norm},
                                   {"softmax", design.lanes.softmax}}));
  EDGEMOE_RETURN_IF_ERROR(replace(root, "limits",
                                  {{"max_tokens", design.limits.max_tokens},
                                   {"max_width", design.limits.max_width},
                                   {"max_heads", design.limits.max_heads},
                                   {"max_experts", design.limits.max_experts},
                                   {"max_top_k", design.limits.max_top_k}}));
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace edgemoe

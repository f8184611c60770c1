#include <nlohmann/json.hpp>

#include "accel/design_point.h"

namespace edgemoe {

std::string design_point_to_json(const DesignPoint& design) {
  const nlohmann::ordered_json root = {
      {"name", design.name},
      {"part",
       {{"name", design.part.name},
        {"dsp", design.part.dsp},
        {"bram36", design.part.bram36},
        {"lut", design.part.lut},
        {"ff", design.part.ff}}},
      {"clock_mhz", design.clock_mhz},
      {"array", {{"tokens", design.array.tokens}, {"outputs", design.array.outputs}, {"chains", design.array.chains}}},
      {"memory",
       {{"activation_words", design.memory.activation_words},
        {"weight_words", design.memory.weight_words},
        {"channel_words", design.memory.channel_words}}},
      {"lanes",
       {{"row_quantizer", design.lanes.row_quantizer},
        {"layer_norm", design.lanes.layer_norm},
        {"softmax", design.lanes.softmax}}},
      {"limits",
       {{"max_tokens", design.limits.max_tokens},
        {"max_width", design.limits.max_width},
        {"max_experts", design.limits.max_experts},
        {"max_top_k", design.limits.max_top_k}}}};
  return root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace edgemoe

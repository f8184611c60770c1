// Any text as a configuration: an error, or one that is written and read back the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/config.h"
#include "model/tensor_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = edgemoe::parse_model_config({reinterpret_cast<const char*>(data), size});
  if (!config.ok()) return 0;
  const auto again = edgemoe::parse_model_config(edgemoe::model_config_to_json(*config));
  EDGEMOE_CHECK(again.ok() && *again == *config);
  if (edgemoe::validate_complete_config(*config).ok()) {
    for (const edgemoe::TensorSpec& spec : edgemoe::tensor_table(*config)) {
      EDGEMOE_CHECK(spec.shape.checked_num_elements().has_value());
    }
  }
  return 0;
}

// Any bytes as a safetensors file: an error, or views that lie within the bytes.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const auto index = edgemoe::parse_safetensors(bytes);
  if (!index.ok()) return 0;
  for (const auto& [name, view] : index->tensors) {
    EDGEMOE_CHECK(view.bytes.empty() || (view.bytes.data() >= bytes.data() &&
                                         view.bytes.data() + view.bytes.size() <= bytes.data() + bytes.size()));
    const auto count = view.shape.checked_num_elements();
    EDGEMOE_CHECK(count && static_cast<std::size_t>(*count) * edgemoe::dtype_size(view.dtype) == view.bytes.size());
  }
  return 0;
}

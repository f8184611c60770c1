// Any bytes as a .npy file: an error, or a view or tensor that fits the bytes.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "image/array_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto view = edgemoe::view_npy(bytes); view.ok()) {
    EDGEMOE_CHECK(view->bytes.size() <= size);
    EDGEMOE_CHECK(static_cast<std::size_t>(view->shape.num_elements()) * edgemoe::dtype_size(view->dtype) ==
                  view->bytes.size());
  }
  const auto tensor = edgemoe::parse_npy(bytes);
  if (!tensor.ok()) return 0;
  EDGEMOE_CHECK(tensor->values.size() * sizeof(float) <= size);
  return 0;
}

// Any bytes as a .npy file: an error, or a tensor that fits the bytes.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "image/array_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tensor = edgemoe::parse_npy(std::as_bytes(std::span(data, size)));
  if (!tensor.ok()) return 0;
  EDGEMOE_CHECK(tensor->values.size() * sizeof(float) <= size);
  return 0;
}

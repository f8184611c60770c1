// Any bytes as a checkpoint file of any kind: an error, or tensors whose elements can be gathered.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "checkpoint/checkpoint_source.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto copy = std::make_shared<std::vector<std::uint8_t>>(data, data + size);
  const auto source = edgemoe::open_checkpoint_bytes({std::as_bytes(std::span(*copy)), copy}, "fuzz");
  if (!source.ok()) return 0;
  for (const auto& tensor : source->tensors) (void)edgemoe::read_source_tensor(tensor).ok();
  return 0;
}

// Any bytes as a pickle: an error or inert values, in bounded time and memory.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "checkpoint/pickle_reader.h"
#include "checkpoint/state_dict.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = edgemoe::read_pickle(std::as_bytes(std::span(data, size)));
  if (!document.ok()) return 0;
  EDGEMOE_CHECK(document->root != nullptr && document->num_bytes <= size);
  (void)edgemoe::find_state_dict(*document->root).ok();
  return 0;
}

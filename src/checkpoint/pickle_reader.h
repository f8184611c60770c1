// Reads a pickle (protocols 0 to 5, as PyTorch and numpy write them) into inert values. Nothing that the pickle names
// is imported or called.
#ifndef EDGEMOE_CHECKPOINT_PICKLE_READER_H_
#define EDGEMOE_CHECKPOINT_PICKLE_READER_H_

#include <cstddef>
#include <memory>
#include <span>

#include "base/status.h"
#include "checkpoint/pickle_value.h"

namespace edgemoe {

// Bounds that no real checkpoint comes near; a hostile pickle meets them within 300 MB and a second or two.
inline constexpr std::size_t kMaxPickleBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxPickleOpcodes = 4'000'000;
inline constexpr std::size_t kMaxPickleValues = 1'000'000;

/// A pickle that was read: its root value and everything that hangs on it. Texts are views of the bytes that were read.
struct PickleDocument {
  std::unique_ptr<PickleArena> arena;
  const PickleValue* root = nullptr;
  std::size_t num_bytes = 0;  // up to and including the STOP opcode
};

/// Reads the pickle at the beginning of `bytes`; what follows its STOP is left alone. kMalformed: not a pickle, cut
/// short, or a tensor outside its storage. kUnsupported: a class, function or opcode that is not on the list, by name.
/// kTooLarge: over one of the bounds above.
Result<PickleDocument> read_pickle(std::span<const std::byte> bytes);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_PICKLE_READER_H_

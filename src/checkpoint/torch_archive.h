// Files that torch.save wrote: a pickle that describes objects, and the storages it points at. Two containers: the zip
// of PyTorch 1.6 and later, and the bare sequence of pickles and storages of before.
#ifndef EDGEMOE_CHECKPOINT_TORCH_ARCHIVE_H_
#define EDGEMOE_CHECKPOINT_TORCH_ARCHIVE_H_

#include <memory>

#include "base/status.h"
#include "checkpoint/pickle_value.h"
#include "checkpoint/source_tensor.h"

namespace edgemoe {

/// An opened file. The root and everything below it live as long as the archive.
class TorchArchive {
 public:
  virtual ~TorchArchive() = default;
  virtual const PickleValue& root() const = 0;
  /// The bytes that a record points at; their number is checked here. kMalformed when they are not in the file.
  virtual Result<std::shared_ptr<Storage>> storage(const StorageRecord& record) = 0;
};

/// Whether bytes begin like the container in question.
bool is_zip(std::span<const std::byte> bytes);
bool is_torch_legacy(std::span<const std::byte> bytes);

/// Zip: one folder of any name with data.pkl, byteorder (absent: little), data/<key>. Entries are checked against their
/// CRC when they are read; compressed ones may be at most 100 times as large as the file in all. kMalformed (cut short,
/// damaged), kUnsupported (TorchScript, encrypted, big-endian, what read_pickle refuses).
Result<std::unique_ptr<TorchArchive>> open_torch_zip(FileBytes file);

/// Legacy: pickles of a magic number, the protocol (1001), the writer's system, the object and the storages' keys; then
/// each storage as a count of elements (int64) and its elements. All little-endian.
Result<std::unique_ptr<TorchArchive>> open_torch_legacy(FileBytes file);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_TORCH_ARCHIVE_H_

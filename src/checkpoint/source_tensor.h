// A tensor of a checkpoint before it is one of a model: where its elements lie, in one file or spread over several.
#ifndef EDGEMOE_CHECKPOINT_SOURCE_TENSOR_H_
#define EDGEMOE_CHECKPOINT_SOURCE_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/status.h"
#include "base/tensor.h"
#include "checkpoint/element_type.h"

namespace edgemoe {

/// Bytes of a whole file in memory or mapped, and what keeps them there.
struct FileBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

/// A run of bytes inside a checkpoint, fetched when first asked for.
class Storage {
 public:
  virtual ~Storage() = default;
  /// The same bytes each time; they live as long as the storage.
  virtual Result<std::span<const std::byte>> bytes() = 0;
};

/// Bytes that are there already.
class PlainStorage : public Storage {
 public:
  explicit PlainStorage(FileBytes bytes) : bytes_(std::move(bytes)) {}
  Result<std::span<const std::byte>> bytes() override { return bytes_.bytes; }

 private:
  FileBytes bytes_;
};

/// A strided view of a storage, in elements. The reader that makes it has checked that it lies within.
struct SourcePart {
  std::shared_ptr<Storage> storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

/// Parts are laid one after the other along axis 0 (the experts of several ranks); nearly always there is one.
struct SourceTensor {
  std::string name;
  const ElementType* type = nullptr;
  Shape shape;
  std::vector<SourcePart> parts;
  std::string origin;  // file it comes from, for messages
};

/// A dense row-major tensor of `shape` over all of `storage`.
SourceTensor dense_source_tensor(std::string name, DType dtype, Shape shape, std::shared_ptr<Storage> storage);
/// The tensor's copy with axes 0 and 1 exchanged; rank 2 and one part only.
SourceTensor transposed(const SourceTensor& tensor);

/// Elements laid out densely: a view of the checkpoint's own bytes where they are so already, else of `owned`.
struct DenseTensor {
  TensorView view;
  AlignedBuffer<std::byte> owned;
};

/// Gathers the elements. kUnsupported when base has no such element type or when the tensor repeats elements (an
/// expanded view: its size would not be bounded by the file's).
Result<DenseTensor> read_source_tensor(const SourceTensor& tensor);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_SOURCE_TENSOR_H_

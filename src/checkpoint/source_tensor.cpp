#include "checkpoint/source_tensor.h"

#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace edgemoe {
namespace {

std::vector<std::int64_t> dense_strides(std::span<const std::int64_t> sizes) {
  std::vector<std::int64_t> strides(sizes.size());
  std::int64_t stride = 1;
  for (std::size_t axis = sizes.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  return strides;
}

bool is_dense(const SourcePart& part) {
  const std::vector<std::int64_t> dense = dense_strides(part.sizes);
  for (std::size_t axis = 0; axis < part.sizes.size(); ++axis) {
    if (part.sizes[axis] != 1 && part.strides[axis] != dense[axis]) return false;
  }
  return true;
}

/// Copies a strided part to `out` row by row; `out` advances past what was written.
void gather(const SourcePart& part, std::size_t size, std::span<const std::byte> storage, std::byte*& out) {
  const std::size_t rank = part.sizes.size();
  if (Shape(part.sizes).num_elements() == 0) return;
  const std::int64_t row = rank == 0 ? 1 : part.sizes[rank - 1];
  const std::int64_t row_stride = rank == 0 ? 1 : part.strides[rank - 1];
  std::vector<std::int64_t> index(rank, 0);
  while (true) {
    std::int64_t at = part.offset;
    for (std::size_t axis = 0; axis + 1 < rank; ++axis) at += index[axis] * part.strides[axis];
    for (std::int64_t i = 0; i < row; ++i) {
      std::memcpy(out, storage.data() + static_cast<std::size_t>(at + i * row_stride) * size, size);
      out += size;
    }
    // The next row: an odometer over the outer axes.
    std::size_t axis = rank == 0 ? 0 : rank - 1;
    while (axis > 0 && ++index[axis - 1] == part.sizes[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

}  // namespace

SourceTensor dense_source_tensor(std::string name, DType dtype, Shape shape, std::shared_ptr<Storage> storage) {
  SourcePart part{std::move(storage), 0, {shape.dims().begin(), shape.dims().end()}, dense_strides(shape.dims())};
  return SourceTensor{std::move(name), &element_type_of(dtype), std::move(shape), {std::move(part)}, {}};
}

SourceTensor transposed(const SourceTensor& tensor) {
  EDGEMOE_CHECK(tensor.parts.size() == 1 && tensor.shape.rank() == 2);
  SourceTensor result = tensor;
  result.shape = Shape{tensor.shape[1], tensor.shape[0]};
  std::swap(result.parts[0].sizes[0], result.parts[0].sizes[1]);
  std::swap(result.parts[0].strides[0], result.parts[0].strides[1]);
  return result;
}

Result<DenseTensor> read_source_tensor(const SourceTensor& tensor) {
  if (!tensor.type->in_base) {
    return unsupported("{}: tensor {} is of type {}; float32, float16 and bfloat16 are read", tensor.origin,
                       printable(tensor.name), tensor.type->dtype);
  }
  std::vector<std::span<const std::byte>> storages;
  for (const SourcePart& part : tensor.parts) {
    Result<std::span<const std::byte>> bytes = part.storage->bytes();
    if (!bytes.ok()) return bytes.status().with_context(tensor.origin + ": tensor " + printable(tensor.name));
    const auto stored = static_cast<std::int64_t>(bytes->size() / tensor.type->size);
    if (Shape(part.sizes).num_elements() > stored) {
      return unsupported("{}: tensor {} {} repeats the {} elements of its storage; save it with .contiguous()",
                         tensor.origin, printable(tensor.name), Shape(part.sizes).to_string(), stored);
    }
    storages.push_back(*bytes);
  }
  DenseTensor dense;
  dense.view.dtype = *tensor.type->in_base;
  dense.view.shape = tensor.shape;
  const auto num_bytes = static_cast<std::size_t>(tensor.shape.num_elements()) * tensor.type->size;
  if (tensor.parts.size() == 1 && is_dense(tensor.parts[0])) {
    const std::size_t begin = num_bytes == 0 ? 0 : static_cast<std::size_t>(tensor.parts[0].offset) * tensor.type->size;
    dense.view.bytes = storages[0].subspan(begin, num_bytes);
    return dense;
  }
  dense.owned = AlignedBuffer<std::byte>(num_bytes);
  std::byte* out = dense.owned.data();
  for (std::size_t i = 0; i < tensor.parts.size(); ++i) gather(tensor.parts[i], tensor.type->size, storages[i], out);
  dense.view.bytes = dense.owned.span();
  return dense;
}

}  // namespace edgemoe

// safetensors files: header checked whole before anything in it is believed, tensors as views of the mapped bytes.
#ifndef EDGEMOE_MODEL_SAFETENSORS_H_
#define EDGEMOE_MODEL_SAFETENSORS_H_

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "base/tensor.h"

namespace edgemoe {

/// A parsed file. Views stay valid as long as the bytes they were parsed from.
struct SafetensorsIndex {
  std::map<std::string, TensorView, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Parses bytes of a safetensors file. Refuses: a header longer than the file or 100 MB, a header that is no JSON
/// object, duplicate names, unknown element types, shapes that overflow, offsets that are reversed, past the end,
/// overlapping or that do not match shape and type. Takes memory in proportion to the header only.
Result<SafetensorsIndex> parse_safetensors(std::span<const std::byte> bytes);

/// A mapped file with its index.
class SafetensorsFile {
 public:
  /// Errors carry the file's name.
  static Result<SafetensorsFile> open(const std::filesystem::path& path);

  const SafetensorsIndex& index() const { return index_; }
  /// Null when there is no tensor of that name.
  const TensorView* find(std::string_view name) const;

 private:
  SafetensorsFile(MappedFile file, SafetensorsIndex index) : file_(std::move(file)), index_(std::move(index)) {}
  MappedFile file_;
  SafetensorsIndex index_;
};

/// One tensor to write; the bytes are borrowed.
struct NamedTensor {
  std::string name;
  TensorView view;
};

/// Writes a file atomically; tensors lie in the order given, each aligned to 64 bytes by padding the header only where
/// the format allows (the header is padded with spaces to a multiple of 64; elements are 4-byte aligned for float32
/// files).
Status write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                         const std::map<std::string, std::string, std::less<>>& metadata);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_SAFETENSORS_H_

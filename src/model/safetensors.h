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

/// Parses bytes of a safetensors file. kMalformed: a header longer than the file, a header that is no JSON object of
/// the format's own shape, names that stand twice, shapes that overflow, offsets that are reversed, past the end,
/// overlapping, leaving a hole or not matching shape and type. kTooLarge: a header over 8 MiB. kUnsupported: an element
/// type that base/tensor.h lacks. Takes memory in proportion to what the header names.
Result<SafetensorsIndex> parse_safetensors(std::span<const std::byte> bytes);

/// A mapped file with its index.
class SafetensorsFile {
 public:
  /// Errors carry the file's name.
  static Result<SafetensorsFile> open(const std::filesystem::path& path);
  /// The same of bytes in memory, which must live as long.
  static Result<SafetensorsFile> from_bytes(std::span<const std::byte> bytes);

  const SafetensorsIndex& index() const { return index_; }
  /// Null when there is no tensor of that name.
  const TensorView* find(std::string_view name) const;
  /// Gives the memory of what was read so far back to the system; reading it again costs time, nothing else.
  void release_pages() const { file_.release_pages(); }

 private:
  SafetensorsFile(MappedFile file, SafetensorsIndex index) : file_(std::move(file)), index_(std::move(index)) {}
  MappedFile file_;
  SafetensorsIndex index_;
};

/// A tensor that is about to be written.
struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
};

/// Writes a file tensor by tensor, so that a model need never be in memory whole. The header is padded with spaces so
/// that data starts at a multiple of 64 bytes; tensors lie side by side in the order of the entries.
class SafetensorsWriter {
 public:
  /// kInvalidArgument: two tensors of one name or one called "__metadata__", text that is not UTF-8, sizes past 2^63;
  /// kTooLarge: a header that parse_safetensors would refuse; kIo.
  static Result<SafetensorsWriter> create(const std::filesystem::path& path, std::span<const SafetensorsEntry> entries,
                                          const std::map<std::string, std::string, std::less<>>& metadata);
  /// The bytes of the next entry, as many as its shape and type take.
  Status write_next(std::span<const std::byte> bytes);
  /// Ends the file and gives it its name; until then there is none of that name, or the old one.
  Status commit();

 private:
  SafetensorsWriter(AtomicFile file, std::vector<std::uint64_t> sizes)
      : file_(std::move(file)), sizes_(std::move(sizes)) {}
  AtomicFile file_;
  std::vector<std::uint64_t> sizes_;
  std::size_t next_ = 0;
};

/// One tensor to write; the bytes are borrowed.
struct NamedTensor {
  std::string name;
  TensorView view;
};

/// The same in one step.
Status write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                         const std::map<std::string, std::string, std::less<>>& metadata);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_SAFETENSORS_H_

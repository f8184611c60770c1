// Files: mapped for reading, read whole under a limit, written so that a reader never sees half of one.
#ifndef EDGEMOE_BASE_FILE_H_
#define EDGEMOE_BASE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace edgemoe {

/// A regular file mapped read-only; the bytes live as long as this object. Movable, not copyable.
class MappedFile {
 public:
  /// Maps `path` whole. kNotFound, kIo (not a regular file, no permission); an empty file maps to no bytes.
  static Result<MappedFile> open(const std::filesystem::path& path);

  /// No file and no bytes.
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// Takes the pages out of this process's memory; what is read again comes from the system's cache or the file.
  void release_pages() const;

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
  void release() noexcept;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Reads a regular file whole. kTooLarge, before any memory is taken, when it is over `max_bytes`.
Result<std::vector<std::byte>> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);
/// The same, as text.
Result<std::string> read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes);

/// A file in the target's folder that takes the target's name on commit(). Until then it has no name (where the file
/// system can, else a temporary one): dropped without commit(), or with the process killed, it leaves no trace.
/// Existing content of the target is untouched until then.
class AtomicFile {
 public:
  /// kIo when the folder is not writable, the target is there and no regular file, or it is a link to nothing; other
  /// links are followed. A file that is replaced leaves its permissions. kNotFound
  /// when the folder is missing.
  static Result<AtomicFile> create(const std::filesystem::path& wanted);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  Status write(std::span<const std::byte> bytes);
  Status write(std::string_view text);
  /// For a library that writes by itself; it may seek, and must not close it. −1 after commit().
  int descriptor() const { return fd_; }
  /// Flushes the bytes to the disk and takes the target's name. The object writes no more afterwards, whatever came of
  /// it.
  Status commit();

 private:
  AtomicFile(int fd, std::filesystem::path temporary, std::filesystem::path target);
  void discard() noexcept;
  int fd_ = -1;
  std::filesystem::path temporary_;  // empty: the file has no name yet
  std::filesystem::path target_;
};

/// create, write, commit in one step.
Status write_file(const std::filesystem::path& target, std::span<const std::byte> bytes);
Status write_file(const std::filesystem::path& target, std::string_view text);

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_FILE_H_

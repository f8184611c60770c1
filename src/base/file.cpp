#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace edgemoe {
namespace {

Status errno_status(int error, const std::filesystem::path& path, std::string_view what) {
  const StatusCode code = error == ENOENT || error == ENOTDIR ? StatusCode::kNotFound : StatusCode::kIo;
  return make_status(code, "{}: {}: {}", path.string(), what, std::strerror(error));
}

/// Owns a descriptor for the length of a scope.
class ScopedFd {
 public:
  explicit ScopedFd(int fd) : fd_(fd) {}
  ScopedFd(const ScopedFd&) = delete;
  ScopedFd& operator=(const ScopedFd&) = delete;
  ~ScopedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Opens for reading and finds the size; refuses anything but a regular file.
Result<std::pair<int, std::uint64_t>> open_regular(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno_status(errno, path, "cannot open");
  struct stat info = {};
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return errno_status(error, path, "cannot stat");
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return io_error("{}: expected a regular file, found a {}", path.string(),
                    S_ISDIR(info.st_mode) ? "directory" : "special file");
  }
  return std::pair(fd, static_cast<std::uint64_t>(info.st_size));
}

Status read_exactly(int fd, std::span<std::byte> out, const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::read(fd, out.data() + done, out.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status(errno, path, "cannot read");
    if (got == 0) return io_error("{}: the file shrank while it was read", path.string());
    done += static_cast<std::size_t>(got);
  }
  return {};
}

/// Gives the new file the permissions of the one that it is to replace, if there is one.
void keep_mode(int fd, const std::filesystem::path& target) {
  struct stat info = {};
  if (::stat(target.c_str(), &info) == 0) [[maybe_unused]]
    const int ignored = ::fchmod(fd, info.st_mode & 07777);
}

/// A new name beside `target`, short whatever that is called. The process and a counter are in it: only what a killed
/// process of the same number left may be called so.
std::filesystem::path temporary_name(const std::filesystem::path& target) {
  static std::atomic<unsigned> counter = 0;
  return target.parent_path() / fmt::format(".edgemoe-{}-{}.tmp", ::getpid(), counter.fetch_add(1));
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(const auto opened, open_regular(path));
  const ScopedFd fd(opened.first);
  const auto size = static_cast<std::size_t>(opened.second);
  if (size == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return errno_status(errno, path, "cannot map");
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

MappedFile::~MappedFile() { release(); }

void MappedFile::release_pages() const {
  // Advice: where the system does not take it, the pages stay.
  if (data_ != nullptr) ::madvise(const_cast<std::byte*>(data_), size_, MADV_DONTNEED);
}

void MappedFile::release() noexcept {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Result<std::vector<std::byte>> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(const auto opened, open_regular(path));
  const ScopedFd fd(opened.first);
  if (opened.second > max_bytes) {
    return too_large("{}: {} bytes, the limit is {}", path.string(), opened.second, max_bytes);
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(opened.second));
  EDGEMOE_RETURN_IF_ERROR(read_exactly(fd.get(), bytes, path));
  return bytes;
}

Result<std::string> read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(const auto opened, open_regular(path));
  const ScopedFd fd(opened.first);
  if (opened.second > max_bytes) {
    return too_large("{}: {} bytes, the limit is {}", path.string(), opened.second, max_bytes);
  }
  std::string text(static_cast<std::size_t>(opened.second), '\0');
  EDGEMOE_RETURN_IF_ERROR(read_exactly(fd.get(), std::as_writable_bytes(std::span(text)), path));
  return text;
}

AtomicFile::AtomicFile(int fd, std::filesystem::path temporary, std::filesystem::path target)
    : fd_(fd), temporary_(std::move(temporary)), target_(std::move(target)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      temporary_(std::exchange(other.temporary_, {})),
      target_(std::move(other.target_)) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this != &other) {
    discard();
    fd_ = std::exchange(other.fd_, -1);
    temporary_ = std::exchange(other.temporary_, {});
    target_ = std::move(other.target_);
  }
  return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  fd_ = -1;
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& wanted) {
  // A link is followed: what it points at is written. Renaming onto a device or a FIFO would replace it.
  std::error_code error;
  const std::filesystem::file_status found = std::filesystem::status(wanted, error);
  if (std::filesystem::exists(found) && !std::filesystem::is_regular_file(found)) {
    return io_error("{}: expected a file name, found a {}", wanted.string(),
                    std::filesystem::is_directory(found) ? "directory" : "device, FIFO or socket");
  }
  std::filesystem::path target = wanted;
  if (std::filesystem::is_symlink(wanted, error)) {
    if (!std::filesystem::exists(found))
      return io_error("{}: a link to nothing; remove it or make its target", wanted.string());
    target = std::filesystem::canonical(wanted, error);
    if (error) return io_error("{}: cannot follow the link: {}", wanted.string(), error.message());
  }
  // A file without a name is gone with the process, however that ends. Not every file system has them.
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
  const bool can_be_named = ::access("/proc/self/fd", X_OK) == 0;
  const int nameless = can_be_named ? ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666) : -1;
  if (nameless >= 0) {
    keep_mode(nameless, target);
    return AtomicFile(nameless, {}, std::move(target));
  }
  std::filesystem::path temporary;
  int fd = -1;
  do {
    temporary = temporary_name(target);
    fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EEXIST);
  if (fd < 0) return errno_status(errno, target, "cannot create");
  keep_mode(fd, target);
  return AtomicFile(fd, std::move(temporary), std::move(target));
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno_status(errno, target_, "cannot write");
    done += static_cast<std::size_t>(put);
  }
  return {};
}

Status AtomicFile::write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

Status AtomicFile::commit() {
  if (::fsync(fd_) != 0 && errno != EINVAL) return errno_status(errno, target_, "cannot flush");
  if (temporary_.empty()) {
    // A name for the nameless: the target's own if that is free, else one to rename from.
    const std::string handle = fmt::format("/proc/self/fd/{}", fd_);
    if (::linkat(AT_FDCWD, handle.c_str(), AT_FDCWD, target_.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      discard();
      return {};
    }
    if (errno != EEXIST) return errno_status(errno, target_, "cannot create");
    std::filesystem::path name;
    int linked = -1;
    do {
      name = temporary_name(target_);
      linked = ::linkat(AT_FDCWD, handle.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW);
    } while (linked != 0 && errno == EEXIST);
    if (linked != 0) return errno_status(errno, target_, "cannot create");
    temporary_ = std::move(name);
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0)
    return errno_status(errno, target_, "cannot rename into place");
  temporary_.clear();
  if (::close(std::exchange(fd_, -1)) != 0) return errno_status(errno, target_, "cannot close");
  return {};
}

Status write_file(const std::filesystem::path& target, std::span<const std::byte> bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(target));
  EDGEMOE_RETURN_IF_ERROR(file.write(bytes));
  return file.commit();
}

Status write_file(const std::filesystem::path& target, std::string_view text) {
  return write_file(target, std::as_bytes(std::span(text)));
}

}  // namespace edgemoe

// A large block of memory straight from the system.
#ifndef EDGEMOE_BASE_PAGE_BUFFER_H_
#define EDGEMOE_BASE_PAGE_BUFFER_H_

#include <cstddef>
#include <span>
#include <utility>

namespace edgemoe {

/// Zero-filled memory of whole pages, large ones where the system has them: what is read as a whole in every frame is
/// then made and found with few page faults and table look-ups. Movable, not copyable.
class PageBuffer {
 public:
  PageBuffer() = default;
  /// Throws std::bad_alloc as `new` does.
  explicit PageBuffer(std::size_t bytes);
  PageBuffer(PageBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  PageBuffer& operator=(PageBuffer&& other) noexcept;
  ~PageBuffer() { release(); }

  std::span<std::byte> span() { return {data_, size_}; }
  std::size_t size() const { return size_; }

 private:
  void release() noexcept;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_PAGE_BUFFER_H_

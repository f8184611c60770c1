#include "base/page_buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace edgemoe {

constexpr std::size_t kLargePage = std::size_t{1} << 21;

PageBuffer::PageBuffer(std::size_t bytes) {
  if (bytes == 0) return;
  if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
  // One large page more than is needed, so that the block can start where one does; the rest is given back.
  const std::size_t size = (bytes + kLargePage - 1) / kLargePage * kLargePage;
  void* const mapped =
      ::mmap(nullptr, size + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before = (kLargePage - reinterpret_cast<std::uintptr_t>(begin) % kLargePage) % kLargePage;
  if (before > 0) ::munmap(begin, before);
  if (before < kLargePage) ::munmap(begin + before + size, kLargePage - before);
  data_ = begin + before;
  size_ = size;
  // Advice: where the system does not take it, pages are small. A rest that fills no large page is better off so.
  if (bytes >= kLargePage) ::madvise(data_, bytes / kLargePage * kLargePage, MADV_HUGEPAGE);
}

PageBuffer& PageBuffer::operator=(PageBuffer&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void PageBuffer::release() noexcept {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace edgemoe

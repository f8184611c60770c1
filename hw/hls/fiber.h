// A function with a stack of its own, which gives way to another at a call and goes on where it was: how processes of a
// dataflow region take turns within one thread. Needs the ucontext functions of glibc.
#ifndef EDGEMOE_HLS_FIBER_H_
#define EDGEMOE_HLS_FIBER_H_

#include <sys/mman.h>
#include <ucontext.h>

#include <cstddef>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDGEMOE_HLS_ADDRESS_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define EDGEMOE_HLS_ADDRESS_SANITIZER
#endif
#ifdef EDGEMOE_HLS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace edgemoe {
namespace hls {

/// Memory for a stack, with a page below it that faults. Pages are taken as they are touched.
class FiberStack {
 public:
  static constexpr std::size_t kBytes = std::size_t{16} << 20;

  FiberStack()
      : base_(mmap(nullptr, kBytes + kGuard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                   0)) {
    if (base_ == MAP_FAILED) throw std::bad_alloc();
    if (mprotect(base_, kGuard, PROT_NONE) != 0) {
      munmap(base_, kBytes + kGuard);
      throw std::bad_alloc();
    }
  }
  ~FiberStack() {
#ifdef EDGEMOE_HLS_ADDRESS_SANITIZER
    // Whatever is mapped here next must not inherit what the sanitizer knew of the stack.
    __asan_unpoison_memory_region(base_, kBytes + kGuard);
#endif
    munmap(base_, kBytes + kGuard);
  }
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;

  char* bottom() const { return static_cast<char*>(base_) + kGuard; }

 private:
  static constexpr std::size_t kGuard = std::size_t{1} << 16;

  void* base_;
};

class Fiber {
 public:
  /// The one that is running already.
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Another: `entry` calls entered() first and never returns; its last act is leave_for(). `stack` outlives it.
  void prepare(const FiberStack& stack, void (*entry)()) {
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack.bottom();
    context_.uc_stack.ss_size = FiberStack::kBytes;
    context_.uc_link = nullptr;
    makecontext(&context_, entry, 0);
    bottom_ = stack.bottom();
    bytes_ = FiberStack::kBytes;
  }

  /// Gives way to `next`; returns when someone gives way to this one.
  void switch_to(Fiber& next) {
#ifdef EDGEMOE_HLS_ADDRESS_SANITIZER
    void* fake_stack = nullptr;
    next.previous_ = this;
    __sanitizer_start_switch_fiber(&fake_stack, next.bottom_, next.bytes_);
    swapcontext(&context_, &next.context_);
    finish_switch(fake_stack);
#else
    swapcontext(&context_, &next.context_);
#endif
  }
  void entered() {
#ifdef EDGEMOE_HLS_ADDRESS_SANITIZER
    finish_switch(nullptr);
#endif
  }
  [[noreturn]] void leave_for(Fiber& next) {
#ifdef EDGEMOE_HLS_ADDRESS_SANITIZER
    next.previous_ = this;
    __sanitizer_start_switch_fiber(nullptr, next.bottom_, next.bytes_);
#endif
    setcontext(&next.context_);
    __builtin_unreachable();
  }

 private:
#ifdef EDGEMOE_HLS_ADDRESS_SANITIZER
  /// Learns, too, where the stack of the fiber before lies: that of a thread's own is not known otherwise.
  void finish_switch(void* fake_stack) {
    __sanitizer_finish_switch_fiber(fake_stack, &previous_->bottom_, &previous_->bytes_);
  }
  Fiber* previous_ = nullptr;
#endif
  ucontext_t context_ = {};
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_FIBER_H_

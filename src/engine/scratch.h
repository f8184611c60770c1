// Where an engine's working memory is decided, once: one block, handed out in named pieces before the first frame.
#ifndef EDGEMOE_ENGINE_SCRATCH_H_
#define EDGEMOE_ENGINE_SCRATCH_H_

#include <algorithm>
#include <cstddef>

#include "base/aligned_buffer.h"

namespace edgemoe {

/// Adds up the floats of a plan. Pieces are aligned to kAlignment. Phases that never live at the same time start from
/// the same mark, so that they share memory.
class ScratchPlan {
 public:
  /// Offset of a new piece of `count` floats.
  std::size_t take(std::size_t count) {
    const std::size_t offset = next_;
    constexpr std::size_t kStep = kAlignment / sizeof(float);
    next_ += (count + kStep - 1) / kStep * kStep;
    size_ = std::max(size_, next_);
    return offset;
  }
  std::size_t mark() const { return next_; }
  void return_to(std::size_t mark) { next_ = mark; }
  /// Floats that all phases need.
  std::size_t size() const { return size_; }

 private:
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_SCRATCH_H_

// Which rows of an engine's matrices belong to which picture and task.
#ifndef EDGEMOE_ENGINE_SEQUENCES_H_
#define EDGEMOE_ENGINE_SEQUENCES_H_

#include <cstddef>
#include <span>

namespace edgemoe {

/// Sequences of one run: a sequence is a picture's tokens, and after the first router a picture's tokens for one task.
/// They lie in one matrix of rows: all pictures for the first task, then all for the second, …
struct Sequences {
  std::size_t num_images = 0;
  std::span<const int> tasks;  // as asked for
  bool split = false;          // true once each task has tokens of its own

  std::size_t count() const { return split ? num_images * tasks.size() : num_images; }
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_SEQUENCES_H_

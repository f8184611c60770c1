// The weights of one axis of a separable resize.
#ifndef EDGEMOE_RESAMPLE_AXIS_H_
#define EDGEMOE_RESAMPLE_AXIS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "resample/resize.h"

namespace edgemoe {

/// Output i of the axis is the sum over t < count of weights[t] · in[start + t], windows always inside the input: what
/// a kernel reaches beyond a border is added to the border's own weight, and weights of zero at a window's ends are
/// left out (so that an infinity next door cannot turn a value into NaN).
class ResizeAxis {
 public:
  struct Window {
    std::size_t start = 0;
    std::span<const float> weights;  // at least one
  };

  /// Weights are computed in float64 from exact integer positions and rounded once.
  ResizeAxis(std::size_t in_size, std::size_t out_size, ResizeKernel kernel);

  std::size_t in_size() const { return in_size_; }
  std::size_t out_size() const { return windows_.size(); }
  /// Both sizes are equal: every output is the input at the same place.
  bool is_copy() const { return in_size_ == windows_.size(); }
  Window window(std::size_t out_index) const {
    const Entry& entry = windows_[out_index];
    return {entry.start, std::span(weights_).subspan(entry.first_weight, entry.count)};
  }

 private:
  struct Entry {
    std::size_t start;
    std::size_t first_weight;
    std::size_t count;
  };
  /// Appends one window whose first weight belongs to input `first` (which may lie outside).
  void add_window(std::ptrdiff_t first, std::span<const double> weights);

  std::size_t in_size_;
  std::vector<Entry> windows_;
  std::vector<float> weights_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_RESAMPLE_AXIS_H_

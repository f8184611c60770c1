// Maps of a video that stay calm: each frame's logits are blended with those before.
#ifndef EDGEMOE_PIPELINE_STEADY_H_
#define EDGEMOE_PIPELINE_STEADY_H_

#include <cstddef>
#include <map>
#include <vector>

#include "base/tensor.h"

namespace edgemoe {

/// A running mean of each task's logits over the frames of one stream: state = past · state + (1 − past) · logits. It
/// works at the network's size and before the activation, so that one rule serves every task: class scores before the
/// argmax, depth as the head gives it (a logarithm where the model says so), normals before they are made unit vectors.
/// What is not finite takes no part: it is handed on as it is and leaves the state. Where the picture moves, maps lag
/// behind it by past / (1 − past) frames.
class SteadyLogits {
 public:
  /// `past` in [0, 1); 0 changes nothing.
  explicit SteadyLogits(double past) : past_(static_cast<float>(past)) {}

  /// Takes the next frame's logits of `task`; the view is valid until the next call for the same task. The first
  /// frame's come back unchanged.
  MatrixView<const float> blend(int task, const MatrixView<const float>& logits);

 private:
  struct State {
    std::vector<float> mean;
    std::vector<float> shown;
  };
  const float past_;
  std::map<int, State> states_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_STEADY_H_

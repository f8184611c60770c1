#include "pipeline/steady.h"

#include <cmath>

#include "base/check.h"

namespace edgemoe {

MatrixView<const float> SteadyLogits::blend(int task, const MatrixView<const float>& logits) {
  EDGEMOE_CHECK(logits.stride == logits.cols);
  const std::size_t count = logits.rows * logits.cols;
  State& state = states_[task];
  if (state.mean.size() != count) state.mean.assign(logits.data, logits.data + count);
  state.shown.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const float now = logits.data[i];
    float& mean = state.mean[i];
    if (!std::isfinite(now)) {
      state.shown[i] = now;
      continue;
    }
    // A state that began with what is not finite begins anew.
    mean = std::isfinite(mean) ? now + past_ * (mean - now) : now;
    state.shown[i] = mean;
  }
  return {state.shown.data(), logits.rows, logits.cols, logits.cols};
}

}  // namespace edgemoe

// Whether integers from a file are within what docs/numerics.md lets them be: engines rely on it for every one of them.
#ifndef EDGEMOE_QUANT_INTEGER_CHECKS_H_
#define EDGEMOE_QUANT_INTEGER_CHECKS_H_

#include "base/status.h"
#include "base/tensor.h"
#include "quant/integer_layers.h"

namespace edgemoe {

/// Where a layer's outputs go.
enum class LayerOutputs {
  kNarrow,  ///< to s16: any fraction, 16 bits of bias
  kWide,    ///< to the residual stream, or of a convolution: 16 fraction bits
};

// kMalformed with the tensor's last name ("mantissa"), what was expected and what was found. Sizes must be right.
Status check_integers(const IntegerLinear& layer, LayerOutputs outputs);
Status check_integers(const IntegerNorm& norm);
Status check_integers(const IntegerGate& gate);
/// Class token and position embedding, which are float32.
Status check_finite(const Tensor& tensor);

}  // namespace edgemoe

#endif  // EDGEMOE_QUANT_INTEGER_CHECKS_H_

// What a program loads, as the machine's memories take it (program.h): weights, channel constants, norms, positions,
// routers. Appends to an image of whole beats.
#ifndef EDGEMOE_ACCEL_IMAGE_BUILDER_H_
#define EDGEMOE_ACCEL_IMAGE_BUILDER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/status.h"
#include "quant/integer_layers.h"

namespace edgemoe {

/// Where the elements of a row stand among whole tiles: pieces of `piece` elements, `stride` apart.
struct Spread {
  int piece = 0;
  int stride = 0;

  int place(int element) const { return element / piece * stride + element % piece; }
};

/// Beats of the image: where a LoadCommand finds them.
struct ImagePart {
  std::uint32_t offset = 0;
  std::uint32_t beats = 0;
};

class ImageBuilder {
 public:
  /// `design` must outlive it.
  explicit ImageBuilder(const DesignPoint& design) : design_(design) {}

  /// Rows of weights, column tile by column tile, `steps` each: [outputs, inputs] with inputs and outputs where the
  /// spreads put them; zeros elsewhere.
  ImagePart weights(std::span<const std::int8_t> weight, int inputs, int column_tiles, int steps, Spread input_spread,
                    Spread output_spread);
  /// Words of channel constants, one a column tile.
  Result<ImagePart> channels(const IntegerLinear& layer, int column_tiles, Spread output_spread);
  /// The two channel words of a router.
  Result<ImagePart> router_channels(const IntegerGate& gate, const RouterScalars& scalars);
  /// Its weights in two bytes, signed: outputs 2e of the low and 2e + 1 of the high one. Less 128 each, which makes the
  /// high byte fit and changes no difference of logits.
  ImagePart router_weights(const IntegerGate& gate, int column_tiles, int steps);
  /// Gains and biases, one word a column tile.
  ImagePart norm(const IntegerNorm& norm);
  /// Words of the residual stream.
  ImagePart tokens(std::span<const std::int32_t> values);
  /// Commands, from a multiple of 64 bytes on.
  ImagePart commands(std::span<const CommandBytes> commands);

  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::uint32_t beats() const;
  ImagePart since(std::uint32_t first) const { return {first, beats() - first}; }
  void append(std::uint64_t value, int num_bytes);

  const DesignPoint& design_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_IMAGE_BUILDER_H_

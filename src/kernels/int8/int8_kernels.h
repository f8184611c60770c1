// The integer network's inner loops, a table of them for each instruction set. All tables compute the same integers,
// those of docs/numerics.md; they differ in layout: how weights lie in a panel and whether activations carry an offset.
#ifndef EDGEMOE_KERNELS_INT8_INT8_KERNELS_H_
#define EDGEMOE_KERNELS_INT8_INT8_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/isa.h"
#include "numeric/fixed_point.h"

namespace edgemoe::int8 {

inline constexpr std::size_t kPanelOutputs = 64;  // outputs whose weights lie together
inline constexpr std::size_t kOutputStep = 32;    // outputs are computed in multiples of so many
inline constexpr std::size_t kGroup = 4;          // inputs of one dot product instruction
inline constexpr std::size_t kMaxRows = 6;        // rows of a tile
/// Rows of s16 and s32 that these loops read and write have room for a multiple of so many elements.
inline constexpr std::size_t kRowStep = 64;
inline constexpr std::size_t kRouterExperts = 16;  // that the router's kernel computes together

constexpr std::size_t round_up(std::size_t value, std::size_t step) { return (value + step - 1) / step * step; }

/// The weights of a layer: [outputs / 64][inputs / 4][64][4], outputs of a panel in the order that the kernels want.
struct Panels {
  const std::int8_t* weight = nullptr;
  const std::int32_t* start = nullptr;      // [outputs] in a panel's order: first value of a sum
  const std::int32_t* pre_shift = nullptr;  // [outputs] in a panel's order
  const std::int16_t* mantissa = nullptr;   // [outputs] in their own order
  std::size_t outputs = 0;                  // a multiple of kOutputStep; the last panel may be half used
  std::size_t inputs = 0;                   // a multiple of kGroup
};

/// Channel-scaled sums (numerics.md 3.2, t) of up to kMaxRows rows for all outputs.
struct TileArgs {
  const std::uint8_t* const* rows;  // activations with the table's offset, panels.inputs each
  std::size_t num_rows;
  Panels panels;
  std::int16_t* out;  // [num_rows][panels.outputs]
};

/// Products of a query's probabilities with the values of a head, to s16 (3.5).
struct ValueArgs {
  const std::uint8_t* const* rows;  // probabilities as `softmax` leaves them, `tokens` each
  std::size_t num_rows;
  const std::int8_t* values;       // [outputs / 64][tokens / 4][64][4]
  std::size_t tokens;              // a multiple of kGroup
  std::size_t outputs;             // a multiple of kOutputStep
  const int* pre_shift;            // a row's
  const std::int16_t* reciprocal;  // a row's
  std::int16_t mantissa;           // of all values
  int shift;
  std::int16_t* out;       // a row's `outputs`
  std::size_t out_stride;  // of a row from the next
};

/// A row's numbers before and after: `count` of them; what is beyond is neither read nor written.
struct NarrowArgs {
  const std::int16_t* scaled;  // t
  std::int16_t mantissa;       // the row's
  int shift;                   // right; negative: left, saturating
  const std::int16_t* bias;
  std::size_t count;
  std::int16_t* out;
};

struct WideArgs {
  const std::int16_t* scaled;
  std::int16_t mantissa;
  int shift;
  const std::int32_t* bias;
  std::size_t count;
  bool weighted;  // multiply by weight / 65536
  std::uint16_t weight;
  bool added;         // to what `out` holds; else it is written there
  bool saturating;    // false where no number before the weight, and no sum, can be beyond 32 bits
  std::int32_t* out;  // 16 fraction bits
};

/// Up to kMaxRows rows by one norm: several hide each other's division and root.
struct NormArgs {
  const std::int32_t* rows;
  std::size_t stride;  // of a row from the next
  std::size_t num_rows;
  std::size_t count;
  const std::int16_t* gain;
  const std::int16_t* bias;
  int gain_exponent;
  int fraction;
  std::uint32_t eps;
  std::int16_t* out;
  std::size_t out_stride;
  std::int32_t* largest;  // [num_rows]: the largest magnitude of what is written
};

/// The values before GELU as `narrow` makes them, and GELU of them with their `fraction`.
struct HiddenArgs {
  NarrowArgs narrow;
  int fraction;
};

struct HiddenResult {
  std::int32_t narrowed;  // largest magnitude before GELU
  std::int32_t largest;   // and of what was written
};

/// A row by a quantiser that is known: a part of what has one scale.
struct QuantizeArgs {
  const std::int16_t* row;
  std::size_t count;
  int left_shift;
  std::int32_t reciprocal;
  std::uint8_t* out;  // with the table's offset
};

/// Rows with a scale each.
struct QuantizeRowsArgs {
  const std::int16_t* rows;
  std::size_t stride;  // of a row from the next
  std::size_t num_rows;
  std::size_t count;
  int fraction;
  const std::int32_t* largest;  // [num_rows]: magnitudes; null: found here
  std::uint8_t* out;            // with the table's offset
  std::size_t out_stride;
  RowScale* scales;  // [num_rows]
};

struct SoftmaxArgs {
  std::int16_t* scores;  // in: t of the scores; out: the scores
  std::size_t tokens;
  std::int16_t mantissa;  // the query's
  int shift;
  std::uint8_t* probabilities;  // [tokens rounded up to kGroup], for `values`
};

/// A gate's weights as the router's kernel reads them: [experts / 16][inputs / 2][2][16][2] of s16, the high byte's
/// plane and the low one's: w = 256 · high + low, low in −128 … 127.
struct RouterArgs {
  const std::int16_t* row;
  const std::int16_t* weight;
  std::size_t inputs;
  std::size_t experts;
  std::int64_t* sums;  // [experts rounded up to kRouterExperts]
};

struct Kernels {
  std::uint8_t offset;  // what an activation of 0 is stored as
  /// Which output stands at each place of a panel; from a multiple of four on four stay together.
  std::uint8_t order[kPanelOutputs];
  void (*tile)(const TileArgs& args);
  void (*values)(const ValueArgs& args);
  /// All of the following that return a number return the largest magnitude of what they wrote.
  std::int32_t (*narrow)(const NarrowArgs& args);
  std::int32_t (*largest)(const std::int16_t* row, std::size_t count);
  HiddenResult (*hidden)(const HiddenArgs& args);
  void (*norm)(const NormArgs& args);
  void (*wide)(const WideArgs& args);
  /// sum += part, saturating; [count].
  void (*add)(std::int32_t* sum, const std::int32_t* part, std::size_t count);
  void (*quantize)(const QuantizeArgs& args);
  void (*quantize_rows)(const QuantizeRowsArgs& args);
  /// Returns the sum of the exponentials.
  std::uint32_t (*softmax)(const SoftmaxArgs& args);
  /// Exact sums of a router's products.
  void (*router)(const RouterArgs& args);
};

const Kernels& kernels(Isa isa);

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_INT8_KERNELS_H_

// What the interpreted machine holds: memories as the hardware has them.
#ifndef EDGEMOE_ACCEL_INTERPRETER_MEMORY_H_
#define EDGEMOE_ACCEL_INTERPRETER_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "accel/design_point.h"
#include "accel/program.h"
#include "base/status.h"
#include "numeric/fixed_point.h"

namespace edgemoe::interpreter {

constexpr std::size_t extent(int value) { return static_cast<std::size_t>(value); }

/// kMalformed unless words first … first + count − 1 lie in a memory of `words`.
inline Status check_words(std::string_view memory, std::int64_t first, std::int64_t count, std::int64_t words) {
  if (first >= 0 && count >= 0 && first + count <= words) return {};
  return malformed("words {} to {} of {}, which has {}", first, first + count - 1, memory, words);
}

/// Operands of the array: words of one step of inputs for `lanes` tokens or outputs, [bank][chain · lanes + lane].
class OperandMemory {
 public:
  OperandMemory(int words, int chains, int lanes, std::uint8_t fill)
      : words_(words),
        chains_(chains),
        lanes_(lanes),
        bytes_(extent(words) * extent(word_bytes()), static_cast<std::int8_t>(fill)) {}

  int words() const { return words_; }
  int word_bytes() const { return kDotChainLength * chains_ * lanes_; }
  const std::int8_t* word(int index) const { return bytes_.data() + extent(index) * extent(word_bytes()); }
  std::int8_t* word(int index) { return bytes_.data() + extent(index) * extent(word_bytes()); }

  /// Input `k`, counted from word `first`, of a lane.
  std::int8_t& at(int first, int k, int lane) {
    const int step = kDotChainLength * chains_;
    const int bank = k % kDotChainLength;
    const int chain = k / kDotChainLength % chains_;
    return word(first + k / step)[(bank * chains_ + chain) * lanes_ + lane];
  }

 private:
  int words_;
  int chains_;
  int lanes_;
  std::vector<std::int8_t> bytes_;
};

/// A token that chose an expert.
struct QueuedToken {
  int token;
  std::uint16_t weight;
};

/// Everything on chip. Sizes are the design point's.
struct MachineMemory {
  MachineMemory(const DesignPoint& design, std::uint8_t fill)
      : activations(design.memory.activation_words, design.array.chains, design.array.tokens, fill),
        probabilities(design.memory.probability_words, design.array.chains, design.array.tokens, fill),
        keys_values(design.memory.key_value_words, design.array.chains, design.array.outputs, fill),
        weights(design.memory.weight_words, design.array.chains, design.array.outputs, fill),
        owner(extent(design.memory.activation_words), Region::kNone),
        scales(extent(design.memory.scale_words * design.array.tokens), filled_scale(fill)),
        gather(extent(design.memory.gather_words * design.array.outputs), static_cast<std::int8_t>(fill)),
        gather_scales(extent(design.limits.max_tokens), filled_scale(fill)),
        channels(extent(design.memory.channel_words * design.array.outputs), 0x0101010101010101U * fill),
        norms(extent(design.memory.norm_words * design.array.outputs), 0x01010101U * fill),
        tokens(extent(design.memory.token_words * design.array.outputs), static_cast<std::int32_t>(0x01010101U * fill)),
        key_scales(extent(design.limits.max_heads * design.limits.max_tokens)),
        key_mantissas(extent(design.limits.max_heads * design.limits.max_tokens)),
        key_exponents(extent(design.limits.max_heads)),
        value_scales(extent(design.limits.max_heads)),
        value_sums(extent(design.limits.max_heads * design.limits.max_width)),
        queues(extent(design.limits.max_experts)),
        first_group(extent(design.limits.max_experts)) {}

  OperandMemory activations;
  OperandMemory probabilities;
  OperandMemory keys_values;
  OperandMemory weights;                         // the ring
  std::vector<Region> owner;                     // of each activation word: what its rows were made for
  std::vector<RowScale> scales;                  // [scale word, token lane]
  std::vector<std::int8_t> gather;               // rows of tokens for the experts, [beat of a token, element]
  std::vector<RowScale> gather_scales;           // [token]
  std::vector<std::uint64_t> channels;           // the ring, [word, output]
  std::vector<std::uint32_t> norms;              // [word, output]: gain, bias
  std::vector<std::int32_t> tokens;              // the residual stream, [word, output]
  std::vector<RowScale> key_scales;              // [head, key], until c_j are made of them
  std::vector<std::int16_t> key_mantissas;       // c_j, [head, key]
  std::vector<int> key_exponents;                // [head]
  std::vector<RowScale> value_scales;            // [head]
  std::vector<std::int32_t> value_sums;          // [head, element]: of all keys
  std::vector<std::vector<QueuedToken>> queues;  // [expert]
  std::vector<int> first_group;                  // [expert], of its gathered rows
  int made[kNumRegions] = {};                    // finished groups
  int phases_done = 0;
  int routings_done = 0;

 private:
  static RowScale filled_scale(std::uint8_t fill) {
    return {static_cast<std::int16_t>(0x0101 * fill & 0x7fff), static_cast<std::int16_t>(fill & 15)};
  }
};

}  // namespace edgemoe::interpreter

#endif  // EDGEMOE_ACCEL_INTERPRETER_MEMORY_H_

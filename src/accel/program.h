// What the accelerator executes: two lists of commands in memory and the data that they load. The one place that says
// where a command's fields stand: the SystemVerilog package gets its positions from here (rtl_package.cpp).
//
// Words of this file. T, O, C: the array's tokens, outputs and chains. A step is S = 8 · C inputs, a group T rows, a
// column tile O outputs, a beat of the bus O · C bytes. Rows of activations are whole column tiles wide: O / S steps
// for each; what lies beyond a layer's width is 0. Numbers are little-endian.
#ifndef EDGEMOE_ACCEL_PROGRAM_H_
#define EDGEMOE_ACCEL_PROGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "accel/design_point.h"
#include "base/status.h"

namespace edgemoe {

inline constexpr int kCommandBytes = 64;
using CommandBytes = std::array<std::uint8_t, kCommandBytes>;

/// In the field of an expert: none.
inline constexpr int kNoExpert = 255;
/// Digits of a router's input: y = y0 + 64 · y1 + 4096 · y2, |y0|, |y1| ≤ 32.
inline constexpr int kRouterDigits = 3;
inline constexpr int kRouterDigitBits = 6;

/// Data arrive in the order of the list, so what stands before a WEIGHT is there when that is.
enum class LoadKind : std::uint8_t {
  kNone = 0,      ///< no command: in a list it is an error
  kWeight = 1,    ///< rows of the weight ring: [row][bank 0 … 7][chain · O + output], a beat a bank
  kChannel = 2,   ///< words of the channel ring: O × 64 bits
  kNorm = 3,      ///< words of the norms' gains and biases: O × {gain 16, bias 16}
  kPosition = 4,  ///< words of the residual stream: O × 32 bits
  kImage = 5,     ///< words of activation memory [bank][chain · T + token], from the input instead of the image
};
inline constexpr int kNumLoadKinds = 6;

/// One command of the load list.
struct LoadCommand {
  LoadKind kind = LoadKind::kNone;
  int expert = kNoExpert;         ///< may be skipped where that expert has no token
  int routing = 0;                ///< the router phase, from 1, whose queues say so; 0: none
  std::uint32_t wait_phases = 0;  ///< not before so many phases are issued; the compiler needs none
  std::uint32_t offset = 0;       ///< in beats, from the image's base (kImage: the input's)
  std::uint32_t task_stride = 0;  ///< beats to add to it for each task before the one that runs
  std::uint32_t beats = 0;
  std::uint32_t destination = 0;  ///< first word; rings know theirs

  bool operator==(const LoadCommand&) const = default;
};

enum class PhaseKind : std::uint8_t {
  kFinish = 0,     ///< when all is written: the residual stream goes out, `rows` tokens of `row_tiles` words
  kLinear = 1,     ///< rows · weights from the ring
  kAttention = 2,  ///< scores, softmax, P · V of all groups and heads
  kNorm = 3,       ///< when the residual stream is written: LayerNorm of all rows
  kRouter = 4,     ///< logits from digits; the tokens' queues
  kGather = 5,     ///< when the router is done: the rows of all experts' queues, expert by expert, to activation memory
};
inline constexpr int kNumPhaseKinds = 6;

/// Where a linear phase's outputs go.
enum class Destination : std::uint8_t {
  kRows = 0,      ///< s16, quantised by `row_tiles` column tiles, to activation memory
  kKeys = 1,      ///< the same, to the keys of all heads
  kValues = 2,    ///< s16, all rows quantised at once, to the values of `head`
  kResidual = 3,  ///< s32.16, added to the token row + `first_token`
  kWeighted = 4,  ///< the same, times the router's weight, to the token of the queue
};
inline constexpr int kNumDestinations = 5;

/// Rows of activations whose finished groups are counted: a phase that makes them starts their count at 0, a phase that
/// waits for them takes group g when more than g are finished. Gathered rows are counted over all experts: those of
/// expert e begin at a group that the gathering decides, first_group(e); each expert's begin a group.
enum class Region : std::uint8_t {
  kNone = 0,
  kNormed = 1,
  kQueries = 2,
  kHeads = 3,
  kHidden0 = 4,
  kHidden1 = 5,
  kGathered = 6,
};
inline constexpr int kNumRegions = 7;

/// One phase: a command of the compute list. Fields that its kind does not name below are 0.
struct ComputeCommand {
  PhaseKind kind = PhaseKind::kFinish;
  Destination destination = Destination::kRows;  ///< kLinear
  Region waits = Region::kNone;
  Region makes = Region::kNone;
  bool columns_outer = false;  ///< kLinear: column tiles outside, groups inside
  bool unit_rows = false;      ///< kLinear: the scale of all input rows is 1, (32512, 8)
  bool narrow = false;         ///< kLinear: to s16
  bool gelu = false;           ///< kLinear
  bool norm = false;           ///< kLinear to kResidual: LayerNorm of each finished group
  bool digits = false;         ///< with `norm`: the rows go to the router instead of activation memory: as digits to
                               ///< probability memory, quantised to the store that kGather reads
  int expert = kNoExpert;      ///< kLinear: rows are its queue; none in it, and the phase is empty
  int fraction = 0;            ///< of outputs of 16 bits; kAttention: of the values
  int heads = 0;               ///< kLinear to kRows, kKeys: quantised rows a token; kAttention
  int head = 0;                ///< kLinear to kValues
  int rows = 0;                ///< tokens, or rows where there is no expert; kAttention: queries and keys

  // Input: group g has words base + g · pitch … of `steps`, row scales at scales + g, of activation memory; where it
  // waits for kGathered, first_group(expert) + g takes the place of g. kRouter: of probability memory, `steps` of each
  // digit. kAttention: queries, head h has words … + h · steps, row scales at scales + g · heads + h.
  int input_base = 0;
  int input_pitch = 0;
  int input_scales = 0;
  int steps = 0;

  int column_tiles = 0;  ///< kLinear, kRouter
  int row_tiles = 0;     ///< column tiles of one quantised or normed row; of a head

  // Rows that are written to activation memory, as above: by kRows, `norm`, kNorm, kAttention, kGather. A group's
  // quantised rows have row scales at scales + g · heads + row.
  int output_base = 0;
  int output_pitch = 0;
  int output_scales = 0;

  int first_token = 0;    ///< kLinear to kResidual
  int exponent_base = 0;  ///< kLinear: E + 15 + f where narrow, else E + 16, clipped to 8 bits

  // LayerNorm, by `norm` and kNorm: first word of gains and biases; 15 + f + G, clipped to 8 bits; f; epsilon.
  int norm_base = 0;
  int norm_shift = 0;
  int norm_fraction = 0;
  std::uint32_t norm_eps = 0;
  int digits_base = 0;  ///< word of probability memory: [group][digit][step]

  // kLinear to kKeys and kValues (`head`'s first word is in value_base), kAttention. Keys and values lie in one memory:
  // keys (head · key_tiles + key tile) · steps of a head + step from key_base, values [head ·] row_tiles · value_steps
  // from value_base.
  int key_base = 0;
  int value_base = 0;
  int key_tiles = 0;
  int value_steps = 0;
  int last_keys = 0;        ///< keys in the last key tile
  int score_pre_shift = 0;  ///< p of docs/numerics.md, section 3.5
  int score_shift = 0;      ///< −p − 36 − ℓ
  int key_mantissa = 0;     ///< Λ

  bool operator==(const ComputeCommand&) const = default;
};

/// Calls visit(name, bits, member) for every field of a LoadCommand, from bit 0 up.
template <typename Command, typename Visit>
constexpr void visit_load_fields(Command& command, Visit&& visit) {
  visit("kind", 8, command.kind);
  visit("expert", 8, command.expert);
  visit("routing", 16, command.routing);
  visit("wait_phases", 32, command.wait_phases);
  visit("offset", 32, command.offset);
  visit("task_stride", 32, command.task_stride);
  visit("beats", 32, command.beats);
  visit("destination", 32, command.destination);
}

/// Negative: a signed field of so many bits. The same for a ComputeCommand.
template <typename Command, typename Visit>
constexpr void visit_compute_fields(Command& command, Visit&& visit) {
  visit("kind", 4, command.kind);
  visit("destination", 4, command.destination);
  visit("waits", 4, command.waits);
  visit("makes", 4, command.makes);
  visit("columns_outer", 1, command.columns_outer);
  visit("unit_rows", 1, command.unit_rows);
  visit("narrow", 1, command.narrow);
  visit("gelu", 1, command.gelu);
  visit("norm", 1, command.norm);
  visit("digits", 3, command.digits);
  visit("expert", 8, command.expert);
  visit("fraction", 8, command.fraction);
  visit("heads", 8, command.heads);
  visit("head", 8, command.head);
  visit("last_keys", 8, command.last_keys);
  visit("rows", 16, command.rows);
  visit("input_base", 16, command.input_base);
  visit("input_pitch", 16, command.input_pitch);
  visit("input_scales", 16, command.input_scales);
  visit("steps", 16, command.steps);
  visit("column_tiles", 16, command.column_tiles);
  visit("row_tiles", 16, command.row_tiles);
  visit("output_base", 16, command.output_base);
  visit("output_pitch", 16, command.output_pitch);
  visit("output_scales", 16, command.output_scales);
  visit("first_token", 16, command.first_token);
  visit("exponent_base", -8, command.exponent_base);
  visit("norm_shift", -8, command.norm_shift);
  visit("norm_base", 16, command.norm_base);
  visit("norm_fraction", 8, command.norm_fraction);
  visit("norm_eps", 24, command.norm_eps);
  visit("digits_base", 16, command.digits_base);
  visit("key_base", 16, command.key_base);
  visit("value_base", 16, command.value_base);
  visit("key_tiles", 16, command.key_tiles);
  visit("value_steps", 16, command.value_steps);
  visit("score_pre_shift", 8, command.score_pre_shift);
  visit("score_shift", -8, command.score_shift);
  visit("key_mantissa", 16, command.key_mantissa);
}

// A word of the channel ring, 64 bits an output: of a linear layer, or of a router, whose first word holds the
// experts' constants and whose second the scalars, in the place of output 0. A router's weights, less 128, are two
// signed bytes: outputs 2e of the low and 2e + 1 of the high one of expert e. For each digit of the rows the array
// makes their sums; logit = Σ 64^digit · (low + 256 · high) + constant.
struct ChannelConstants {
  std::int32_t bias = 0;
  std::int16_t mantissa = 0;
  int pre_shift = 0;
};
template <typename Channel, typename Visit>
constexpr void visit_channel_fields(Channel& channel, Visit&& visit) {
  visit("bias", -32, channel.bias);
  visit("mantissa", -16, channel.mantissa);
  visit("pre_shift", 5, channel.pre_shift);
}

struct RouterScalars {
  int kappa = 0;         ///< 2¹⁴ … 2¹⁵ − 1
  int right = 0;         ///< sigma, clipped to 8 bits
  int first_expert = 0;  ///< of the task's group
  int experts = 0;       ///< in it
  int top_k = 0;
  bool softmax_after_topk = false;
  int prune_above = -1;  ///< weights up to it become 0, −1: none do
};
template <typename Scalars, typename Visit>
constexpr void visit_router_fields(Scalars& scalars, Visit&& visit) {
  visit("kappa", 15, scalars.kappa);
  visit("right", -8, scalars.right);
  visit("first_expert", 8, scalars.first_expert);
  visit("experts", 9, scalars.experts);
  visit("top_k", 5, scalars.top_k);
  visit("softmax_after_topk", 1, scalars.softmax_after_topk);
  visit("prune_above", -17, scalars.prune_above);
}

// In memory. kInvalidArgument, with the field, for a number that its field does not hold.
Result<CommandBytes> encode(const LoadCommand& command);
Result<CommandBytes> encode(const ComputeCommand& command);
Result<std::uint64_t> encode(const ChannelConstants& channel);
Result<std::uint64_t> encode(const RouterScalars& scalars);

// And back. kMalformed, with the field, for a kind, destination or region that is none.
Result<LoadCommand> decode_load(const CommandBytes& bytes);
Result<ComputeCommand> decode_compute(const CommandBytes& bytes);
ChannelConstants decode_channel(std::uint64_t bits);
RouterScalars decode_router(std::uint64_t bits);

/// One network for one design point, and how the host hands pictures over.
struct Program {
  std::string network;
  std::string design;
  std::vector<std::uint8_t> image;  ///< what lies at the image's base: both lists and all that is loaded
  std::uint32_t load_list = 0;      ///< beats from the image's base, a multiple of 64 bytes
  std::uint32_t compute_list = 0;   ///< the same
  int num_loads = 0;                ///< commands of the load list
  int num_phases = 0;               ///< commands of the compute list, kFinish among them
  std::uint32_t input_bytes = 0;    ///< of a picture as the machine loads it, whole beats
  int num_tasks = 0;
  int num_tokens = 0;  ///< rows that come out, [num_tokens, embed_dim] s32.16
  int embed_dim = 0;
  int image_height = 0;
  int image_width = 0;
  int patch_size = 0;
};

/// A command of the compute list. kMalformed where it is none, or lies outside of the image.
Result<ComputeCommand> phase_at(const Program& program, const DesignPoint& design, int index);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_PROGRAM_H_

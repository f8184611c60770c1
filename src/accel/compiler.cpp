#include "accel/compiler.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "accel/image_builder.h"
#include "accel/machine_layout.h"
#include "numeric/attention_scale.h"

namespace edgemoe {
namespace {

/// Bits of a shift: beyond them every shift gives the same.
constexpr int clip_shift(int shift) { return std::clamp(shift, -128, 127); }

/// What a router's weights must be above.
std::int32_t prune_above(const MoeConfig& moe) {
  if (!moe.prune_threshold) return -1;
  const double threshold = std::floor(std::ldexp(static_cast<double>(*moe.prune_threshold), 16));
  // 16 bits hold every weight: none is above the largest.
  return static_cast<std::int32_t>(std::clamp(threshold, -1.0, 65535.0));
}

class Compiler {
 public:
  Compiler(const CompilerInput& input, const DesignPoint& design, const MachineLayout& layout)
      : config_(input.config),
        model_(input.model),
        positions_(input.positions),
        design_(design),
        layout_(layout),
        image_(design) {}

  Result<Program> compile() {
    EDGEMOE_RETURN_IF_ERROR(embedding());
    for (int block = 0; block < config_.depth; ++block) EDGEMOE_RETURN_IF_ERROR(this->block(block));
    phases_.push_back({.kind = PhaseKind::kFinish, .rows = tokens(), .row_tiles = layout_.dim_tiles});
    return program();
  }

 private:
  /// How a layer's rows and columns lie; what a phase of it does besides.
  struct LinearShape {
    int column_tiles = 0;
    int steps = 0;
    Spread inputs;
    Spread outputs;
    int expert = kNoExpert;
  };

  int tokens() const { return config_.num_tokens(); }
  int dim() const { return config_.embed_dim; }
  Spread plain() const { return {1, 1}; }
  Spread by_heads() const { return {config_.head_dim(), layout_.head_tiles * design_.array.outputs}; }
  int heads_tiles() const { return config_.num_heads * layout_.head_tiles; }

  void load(LoadKind kind, ImagePart part, int expert = kNoExpert, std::uint32_t task_stride = 0) {
    loads_.push_back({.kind = kind,
                      .expert = expert,
                      .routing = expert == kNoExpert ? 0 : num_routers_,
                      .offset = part.offset,
                      .task_stride = task_stride,
                      .beats = part.beats});
  }

  /// Loads a layer and begins its phase.
  Result<ComputeCommand> linear(const IntegerLinear& layer, const LinearShape& shape) {
    EDGEMOE_ASSIGN_OR_RETURN(const ImagePart channels, image_.channels(layer, shape.column_tiles, shape.outputs));
    load(LoadKind::kChannel, channels, shape.expert);
    load(LoadKind::kWeight,
         image_.weights(layer.weight.span(), static_cast<int>(layer.inputs), shape.column_tiles, shape.steps,
                        shape.inputs, shape.outputs),
         shape.expert);
    ComputeCommand phase = {.kind = PhaseKind::kLinear, .expert = shape.expert};
    if (shape.expert == kNoExpert) phase.rows = tokens();
    phase.steps = shape.steps;
    phase.column_tiles = shape.column_tiles;
    return phase;
  }

  static void make_narrow(const IntegerLinear& layer, ComputeCommand& phase) {
    phase.narrow = true;
    phase.fraction = layer.fraction;
    phase.exponent_base = clip_shift(layer.exponent + 15 + layer.fraction);
  }

  void make_wide(const IntegerLinear& layer, Destination destination, ComputeCommand& phase) {
    phase.destination = destination;
    phase.exponent_base = clip_shift(layer.exponent + kWideFraction);
    phase.row_tiles = layout_.dim_tiles;
  }

  static void read(const RowRegion& region, Region waits, ComputeCommand& phase) {
    phase.waits = waits;
    phase.input_base = region.base;
    phase.input_pitch = region.pitch;
    phase.input_scales = region.scales;
  }

  static void write(const RowRegion& region, Region makes, ComputeCommand& phase) {
    phase.makes = makes;
    phase.output_base = region.base;
    phase.output_pitch = region.pitch;
    phase.output_scales = region.scales;
  }

  /// The norm that a phase ends with, to normed rows.
  void normalize(const IntegerNorm& norm, int norm_base, ComputeCommand& phase) const {
    phase.norm_base = norm_base;
    phase.norm_shift = clip_shift(15 + norm.fraction + norm.gain_exponent);
    phase.norm_fraction = norm.fraction;
    phase.norm_eps = norm.eps;
    phase.row_tiles = layout_.dim_tiles;
    write(layout_.normed, Region::kNormed, phase);
  }

  int norm_base(int block, int norm) const { return (2 * block + norm) * layout_.dim_tiles; }

  void normalize_all(int block) {
    ComputeCommand phase = {.kind = PhaseKind::kNorm, .rows = tokens()};
    normalize(model_.blocks[static_cast<std::size_t>(block)].norm1, norm_base(block, 0), phase);
    phases_.push_back(phase);
  }

  /// norm1 of the block behind `block`, as the end of `phase`.
  void normalize_for_next(int block, ComputeCommand& phase) const {
    if (block + 1 == config_.depth) return;
    phase.norm = true;
    normalize(model_.blocks[static_cast<std::size_t>(block) + 1].norm1, norm_base(block + 1, 0), phase);
  }

  Status embedding() {
    // Norms lie one behind the other, as norm_base() has them.
    ImagePart norms;
    for (const IntegerBlock& block : model_.blocks) {
      for (const IntegerNorm* norm : {&block.norm1, &block.norm2}) {
        const ImagePart part = image_.norm(*norm);
        if (norms.beats == 0) norms.offset = part.offset;
        norms.beats += part.beats;
      }
    }
    load(LoadKind::kNorm, norms);
    load(LoadKind::kPosition, image_.tokens(positions_));
    loads_.push_back({.kind = LoadKind::kImage,
                      .beats = input_bytes() / static_cast<std::uint32_t>(design_.bus_bytes()),
                      .destination = static_cast<std::uint32_t>(layout_.patches.base)});
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand phase, linear(model_.patch_embed, {.column_tiles = layout_.dim_tiles,
                                                                               .steps = layout_.patch_steps,
                                                                               .inputs = plain(),
                                                                               .outputs = plain()}));
    make_wide(model_.patch_embed, Destination::kResidual, phase);
    read(layout_.patches, Region::kNone, phase);
    phase.columns_outer = true;
    phase.unit_rows = true;
    phase.rows = tokens() - 1;
    phase.first_token = 1;
    phases_.push_back(phase);
    normalize_all(0);
    return {};
  }

  Status block(int index) {
    const IntegerBlock& block = model_.blocks[static_cast<std::size_t>(index)];
    EDGEMOE_RETURN_IF_ERROR(keys_values_queries(block));
    attention(block);
    const bool moe = config_.is_moe_block(index);
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand phase, linear(block.proj, {.column_tiles = layout_.dim_tiles,
                                                                       .steps = heads_tiles() * layout_.beat_steps,
                                                                       .inputs = by_heads(),
                                                                       .outputs = plain()}));
    make_wide(block.proj, Destination::kResidual, phase);
    read(layout_.heads, Region::kHeads, phase);
    phase.norm = true;
    phase.digits = moe;
    normalize(block.norm2, norm_base(index, 1), phase);
    phases_.push_back(phase);
    return moe ? mixture(index) : dense(index);
  }

  Status keys_values_queries(const IntegerBlock& block) {
    const LinearShape all = {
        .column_tiles = heads_tiles(), .steps = layout_.dim_steps, .inputs = plain(), .outputs = by_heads()};
    const ScoreScale score = make_score_scale(config_.head_dim());
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand keys, linear(block.key, all));
    make_narrow(block.key, keys);
    read(layout_.normed, Region::kNormed, keys);
    keys.destination = Destination::kKeys;
    keys.heads = config_.num_heads;
    keys.row_tiles = layout_.head_tiles;
    keys.key_base = layout_.key_base;
    keys.key_tiles = layout_.key_tiles;
    keys.key_mantissa = score.mantissa;
    phases_.push_back(keys);
    for (int head = 0; head < config_.num_heads; ++head) EDGEMOE_RETURN_IF_ERROR(values(block.value, head));
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand queries, linear(block.query, all));
    make_narrow(block.query, queries);
    read(layout_.normed, Region::kNormed, queries);
    queries.heads = config_.num_heads;
    queries.row_tiles = layout_.head_tiles;
    write(layout_.queries, Region::kQueries, queries);
    phases_.push_back(queries);
    return {};
  }

  /// One head's part of the layer: all its tokens are quantised at once.
  Status values(const IntegerLinear& layer, int head) {
    const auto head_dim = static_cast<std::size_t>(config_.head_dim());
    const std::size_t first = static_cast<std::size_t>(head) * head_dim;
    IntegerLinear part;
    part.outputs = head_dim;
    part.inputs = layer.inputs;
    part.weight = LayerWeights::borrowed(layer.weight.span().subspan(first * layer.inputs, head_dim * layer.inputs));
    const auto slice = [&](auto& to, const auto& from) {
      const auto begin = from.begin() + static_cast<std::ptrdiff_t>(first);
      to.assign(begin, begin + static_cast<std::ptrdiff_t>(head_dim));
    };
    slice(part.pre_shift, layer.pre_shift);
    slice(part.mantissa, layer.mantissa);
    slice(part.bias, layer.bias);
    part.exponent = layer.exponent;
    part.fraction = layer.fraction;
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand phase, linear(part, {.column_tiles = layout_.head_tiles,
                                                                 .steps = layout_.dim_steps,
                                                                 .inputs = plain(),
                                                                 .outputs = plain()}));
    make_narrow(part, phase);
    read(layout_.normed, Region::kNormed, phase);
    phase.destination = Destination::kValues;
    phase.head = head;
    phase.row_tiles = layout_.head_tiles;
    phase.value_base = layout_.value_base + head * layout_.head_tiles * layout_.value_steps;
    phase.value_steps = layout_.value_steps;
    phases_.push_back(phase);
    return {};
  }

  void attention(const IntegerBlock& block) {
    const ScoreScale score = make_score_scale(config_.head_dim());
    ComputeCommand phase = {.kind = PhaseKind::kAttention,
                            .fraction = block.value.fraction,
                            .heads = config_.num_heads,
                            .rows = tokens(),
                            .steps = layout_.head_steps,
                            .row_tiles = layout_.head_tiles,
                            .key_base = layout_.key_base,
                            .value_base = layout_.value_base,
                            .key_tiles = layout_.key_tiles,
                            .value_steps = layout_.value_steps,
                            .last_keys = layout_.last_keys,
                            .score_pre_shift = score.pre_shift,
                            .score_shift = score.shift(0, 0)};
    read(layout_.queries, Region::kQueries, phase);
    write(layout_.heads, Region::kHeads, phase);
    phases_.push_back(phase);
  }

  Result<ComputeCommand> up(const IntegerLinear& layer, int tiles, int expert) {
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand phase, linear(layer, {.column_tiles = tiles,
                                                                  .steps = layout_.dim_steps,
                                                                  .inputs = plain(),
                                                                  .outputs = plain(),
                                                                  .expert = expert}));
    make_narrow(layer, phase);
    phase.gelu = true;
    phase.heads = 1;
    phase.row_tiles = tiles;
    return phase;
  }

  Result<ComputeCommand> down(const IntegerLinear& layer, int tiles, int expert) {
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand phase, linear(layer, {.column_tiles = layout_.dim_tiles,
                                                                  .steps = tiles * layout_.beat_steps,
                                                                  .inputs = plain(),
                                                                  .outputs = plain(),
                                                                  .expert = expert}));
    make_wide(layer, expert == kNoExpert ? Destination::kResidual : Destination::kWeighted, phase);
    return phase;
  }

  Status dense(int index) {
    const IntegerMlp& mlp = model_.blocks[static_cast<std::size_t>(index)].mlps.front();
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand first, up(mlp.up, layout_.mlp_tiles, kNoExpert));
    read(layout_.normed, Region::kNormed, first);
    write(layout_.hidden, Region::kHidden0, first);
    phases_.push_back(first);
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand second, down(mlp.down, layout_.mlp_tiles, kNoExpert));
    read(layout_.hidden, Region::kHidden0, second);
    normalize_for_next(index, second);
    phases_.push_back(second);
    return {};
  }

  Status mixture(int index) {
    const IntegerBlock& block = model_.blocks[static_cast<std::size_t>(index)];
    EDGEMOE_RETURN_IF_ERROR(router(block));
    ComputeCommand gather = {.kind = PhaseKind::kGather, .steps = layout_.dim_steps};
    write(layout_.gathered, Region::kGathered, gather);
    phases_.push_back(gather);
    const int experts = static_cast<int>(block.mlps.size());
    for (int e = 0; e <= experts; ++e) {
      if (e < experts) EDGEMOE_RETURN_IF_ERROR(expert_up(block, e));
      if (e > 0) EDGEMOE_RETURN_IF_ERROR(expert_down(block, e - 1));
    }
    if (index + 1 < config_.depth) normalize_all(index + 1);
    return {};
  }

  static Region hidden_of(int expert) { return expert % 2 == 0 ? Region::kHidden0 : Region::kHidden1; }

  Status expert_up(const IntegerBlock& block, int expert) {
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand phase,
                             up(block.mlps[static_cast<std::size_t>(expert)].up, layout_.expert_tiles, expert));
    read(layout_.gathered, Region::kGathered, phase);
    write(layout_.expert_hidden[expert % 2], hidden_of(expert), phase);
    phases_.push_back(phase);
    return {};
  }

  Status expert_down(const IntegerBlock& block, int expert) {
    EDGEMOE_ASSIGN_OR_RETURN(ComputeCommand phase,
                             down(block.mlps[static_cast<std::size_t>(expert)].down, layout_.expert_tiles, expert));
    read(layout_.expert_hidden[expert % 2], hidden_of(expert), phase);
    phases_.push_back(phase);
    return {};
  }

  /// The routers of all tasks lie one behind the other, of one size: a task's is a stride away.
  Status router(const IntegerBlock& block) {
    ImagePart channels;
    ImagePart weights;
    std::uint32_t stride = 0;
    for (const IntegerGate& gate : block.gates) {
      const RouterScalars scalars = {.kappa = gate.kappa,
                                     .right = clip_shift(gate.sigma),
                                     .first_expert = static_cast<int>(gate.first_expert),
                                     .experts = static_cast<int>(gate.experts),
                                     .top_k = config_.moe.top_k,
                                     .softmax_after_topk = config_.moe.rule == RouterRule::kTopKThenSoftmax,
                                     .prune_above = prune_above(config_.moe)};
      EDGEMOE_ASSIGN_OR_RETURN(const ImagePart gate_channels, image_.router_channels(gate, scalars));
      const ImagePart gate_weights = image_.router_weights(gate, layout_.gate_tiles, layout_.dim_steps);
      if (&gate == &block.gates.front()) {
        channels = gate_channels;
        weights = gate_weights;
      } else {
        stride = channels.beats + weights.beats;
      }
    }
    load(LoadKind::kChannel, channels, kNoExpert, stride);
    load(LoadKind::kWeight, weights, kNoExpert, stride);
    ++num_routers_;
    phases_.push_back({.kind = PhaseKind::kRouter,
                       .waits = Region::kNormed,
                       .rows = tokens(),
                       .input_pitch = kRouterDigits * layout_.dim_steps,
                       .steps = layout_.dim_steps,
                       .column_tiles = layout_.gate_tiles});
    return {};
  }

  std::uint32_t input_bytes() const {
    return static_cast<std::uint32_t>(layout_.patch_groups * layout_.patch_steps * design_.image_word_bytes());
  }

  template <typename Command>
  Result<ImagePart> append(const std::vector<Command>& commands) {
    std::vector<CommandBytes> bytes;
    for (const Command& command : commands) {
      EDGEMOE_ASSIGN_OR_RETURN(const CommandBytes encoded, encode(command));
      bytes.push_back(encoded);
    }
    return image_.commands(bytes);
  }

  Result<Program> program() {
    Program program = {.network = config_.name,
                       .design = design_.name,
                       .num_loads = static_cast<int>(loads_.size()),
                       .num_phases = static_cast<int>(phases_.size()),
                       .input_bytes = input_bytes(),
                       .num_tasks = static_cast<int>(config_.tasks.size()),
                       .num_tokens = tokens(),
                       .embed_dim = dim(),
                       .image_height = config_.input.height,
                       .image_width = config_.input.width,
                       .patch_size = config_.patch_size};
    EDGEMOE_ASSIGN_OR_RETURN(const ImagePart loads, append(loads_));
    EDGEMOE_ASSIGN_OR_RETURN(const ImagePart phases, append(phases_));
    program.load_list = loads.offset;
    program.compute_list = phases.offset;
    program.image = image_.take();
    return program;
  }

  const ModelConfig& config_;
  const IntegerModel& model_;
  std::span<const std::int32_t> positions_;
  const DesignPoint& design_;
  const MachineLayout& layout_;
  ImageBuilder image_;
  std::vector<LoadCommand> loads_;
  std::vector<ComputeCommand> phases_;
  int num_routers_ = 0;
};

}  // namespace

Result<Program> compile_program(const CompilerInput& input, const DesignPoint& design) {
  EDGEMOE_ASSIGN_OR_RETURN(const MachineLayout layout, lay_out_machine(input.config, design));
  const auto num_values = static_cast<std::size_t>(input.config.num_tokens() * input.config.embed_dim);
  if (input.positions.size() != num_values) {
    return invalid_argument("positions: expected {} values, one an element of every token, found {}", num_values,
                            input.positions.size());
  }
  return Compiler(input, design, layout).compile();
}

Status lay_out_picture(const Program& program, const DesignPoint& design, std::span<const std::uint8_t> picture,
                       std::span<std::uint8_t> bytes) {
  const auto size = static_cast<std::size_t>(program.image_height * program.image_width * 3);
  if (picture.size() != size || bytes.size() != program.input_bytes) {
    return invalid_argument("picture: expected {} × {} × 3 = {} bytes for {} of input, found {} for {}",
                            program.image_height, program.image_width, size, program.input_bytes, picture.size(),
                            bytes.size());
  }
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
  const int lanes = design.array.tokens;
  const int chains = design.array.chains;
  const int patch = program.patch_size;
  const int grid_width = program.image_width / patch;
  const int steps = tiles_of(patch * patch * 3, design.step());
  for (int token = 0; token + 1 < program.num_tokens; ++token) {
    const int top = token / grid_width * patch;
    const int left = token % grid_width * patch * 3;
    for (int k = 0; k < patch * patch * 3; ++k) {
      const int pixel = (top + k / (patch * 3)) * program.image_width * 3 + left + k % (patch * 3);
      const int word = token / lanes * steps + k / design.step();
      const int bank = k % kDotChainLength;
      const int chain = k / kDotChainLength % chains;
      const int at = word * design.image_word_bytes() + (bank * chains + chain) * lanes + token % lanes;
      bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(picture[static_cast<std::size_t>(pixel)] - 128);
    }
  }
  return {};
}

}  // namespace edgemoe

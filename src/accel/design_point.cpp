#include "accel/design_point.h"

#include <bit>
#include <cctype>
#include <utility>

#include "accel/program.h"
#include "base/file.h"
#include "model/json_reader.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1 << 20;

struct Range {
  std::string_view key;
  int value;
  int least;
  int most;
  enum class Kind { kAny, kEven, kPowerOfTwo } kind = Kind::kAny;
};

Status check(const Range& range) {
  const bool fits = range.value >= range.least && range.value <= range.most;
  const bool even = range.value % 2 == 0;
  const bool power = fits && std::has_single_bit(static_cast<unsigned>(range.value));
  if (fits && (range.kind != Range::Kind::kEven || even) && (range.kind != Range::Kind::kPowerOfTwo || power))
    return {};
  const std::string_view kind = range.kind == Range::Kind::kEven         ? "an even number"
                                : range.kind == Range::Kind::kPowerOfTwo ? "a power of two"
                                                                         : "a number";
  return invalid_argument("{}: expected {} from {} to {}, found {}", range.key, kind, range.least, range.most,
                          range.value);
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') return false;
  }
  return true;
}

Status check_ranges(const DesignPoint& design) {
  using enum Range::Kind;
  constexpr int kMost = 1 << 24;
  // Places in the rings are compared in 16 bits, a full ring's words among them.
  constexpr int kMostRing = 1 << 15;
  const Range ranges[] = {
      {"part.dsp", design.part.dsp, 0, kMost},
      {"part.bram36", design.part.bram36, 0, kMost},
      {"part.lut", design.part.lut, 0, kMost},
      {"part.ff", design.part.ff, 0, kMost},
      {"clock_mhz", design.clock_mhz, 1, 2000},
      {"array.tokens", design.array.tokens, 2, DesignPoint::Array::kMostTokens, kEven},
      {"array.outputs", design.array.outputs, 8, DesignPoint::Array::kMostOutputs, kPowerOfTwo},
      {"array.chains", design.array.chains, 1, DesignPoint::Array::kMostChains, kPowerOfTwo},
      {"memory.activation_words", design.memory.activation_words, 16, 1 << 16, kPowerOfTwo},
      {"memory.scale_words", design.memory.scale_words, 4, 1 << 16, kPowerOfTwo},
      {"memory.probability_words", design.memory.probability_words, 16, 1 << 16, kPowerOfTwo},
      {"memory.gather_words", design.memory.gather_words, 4, 1 << 16, kPowerOfTwo},
      {"memory.key_value_words", design.memory.key_value_words, 4, 1 << 16, kPowerOfTwo},
      {"memory.weight_words", design.memory.weight_words, 16, kMostRing, kPowerOfTwo},
      {"memory.channel_words", design.memory.channel_words, 4, kMostRing, kPowerOfTwo},
      {"memory.norm_words", design.memory.norm_words, 4, 1 << 16, kPowerOfTwo},
      {"memory.token_words", design.memory.token_words, 4, 1 << 16, kPowerOfTwo},
      {"bus.address_bits", design.bus.address_bits, 32, 64},
      {"bus.burst_beats", design.bus.burst_beats, 2, 256, kPowerOfTwo},
      {"bus.outstanding_bursts", design.bus.outstanding_bursts, 2, 64, kPowerOfTwo},
      {"lanes.row_quantizer", design.lanes.row_quantizer, 2, 256, kPowerOfTwo},
      {"lanes.layer_norm", design.lanes.layer_norm, 2, 256, kPowerOfTwo},
      {"lanes.softmax", design.lanes.softmax, 2, 256, kPowerOfTwo},
      {"limits.max_tokens", design.limits.max_tokens, 4, 8192, kPowerOfTwo},
      {"limits.max_width", design.limits.max_width, 4, 8192, kPowerOfTwo},
      {"limits.max_heads", design.limits.max_heads, 2, 128, kPowerOfTwo},
      {"limits.max_experts", design.limits.max_experts, 2, 64, kPowerOfTwo},
      {"limits.max_top_k", design.limits.max_top_k, 1, 16},
  };
  for (const Range& range : ranges) EDGEMOE_RETURN_IF_ERROR(check(range));
  return {};
}

Status check_bus(const DesignPoint& design) {
  if (design.bus_bytes() > kCommandBytes) {
    return invalid_argument("array: expected a bus of at most {} bytes, found outputs · chains = {}", kCommandBytes,
                            design.bus_bytes());
  }
  constexpr int kPageBytes = 4096;
  const int burst_bytes = design.bus.burst_beats * design.bus_bytes();
  if (burst_bytes > kPageBytes) {
    return invalid_argument("bus.burst_beats: expected bursts within {} bytes, at most {} beats of {}, found {}",
                            kPageBytes, kPageBytes / design.bus_bytes(), design.bus_bytes(), design.bus.burst_beats);
  }
  if (burst_bytes < kCommandBytes) {
    return invalid_argument(
        "bus.burst_beats: expected bursts that hold a command of {} bytes, at least {} beats of {}, found {}",
        kCommandBytes, kCommandBytes / design.bus_bytes(), design.bus_bytes(), design.bus.burst_beats);
  }
  return {};
}

Status check_limits(const DesignPoint& design) {
  const DesignPoint::Limits& limits = design.limits;
  const int outputs = design.array.outputs;
  if (limits.max_top_k > limits.max_experts) {
    return invalid_argument("limits.max_top_k: expected at most limits.max_experts, {}, found {}", limits.max_experts,
                            limits.max_top_k);
  }
  // One word holds the constants of all experts.
  if (limits.max_experts > outputs) {
    return invalid_argument("limits.max_experts: expected at most array.outputs, {}, found {}", outputs,
                            limits.max_experts);
  }
  // A row memory holds at least two words.
  const std::pair<std::string_view, int> rows[] = {{"limits.max_width", limits.max_width},
                                                   {"limits.max_tokens", limits.max_tokens}};
  for (const auto& [key, value] : rows) {
    if (value < 2 * outputs) {
      return invalid_argument("{}: expected at least twice array.outputs, {}, found {}", key, 2 * outputs, value);
    }
  }
  // A queue of groups holds at least two.
  if (limits.max_tokens <= design.array.tokens) {
    return invalid_argument("limits.max_tokens: expected more than array.tokens, {}, found {}", design.array.tokens,
                            limits.max_tokens);
  }
  // A tile says in 16 bits where its keys' scales stand.
  constexpr int kMostScaleWords = 1 << 16;
  const int scale_words = limits.max_heads * (limits.max_tokens / outputs);
  if (scale_words > kMostScaleWords) {
    return invalid_argument(
        "limits: expected max_heads · max_tokens / array.outputs, the words of the keys' scales, of at most {}, found "
        "{} · {} / {} = {}",
        kMostScaleWords, limits.max_heads, limits.max_tokens, outputs, scale_words);
  }
  return {};
}

/// What is accepted, the RTL elaborates and runs: its modules' own conditions are repeated here.
Status validate(const DesignPoint& design) {
  if (!is_name(design.name)) {
    return invalid_argument("name: expected letters, digits, - and _, found \"{}\"", design.name);
  }
  if (!is_name(design.part.name)) {
    return invalid_argument("part.name: expected letters, digits, - and _, found \"{}\"", design.part.name);
  }
  EDGEMOE_RETURN_IF_ERROR(check_ranges(design));
  const int outputs = design.array.outputs;
  if (outputs % design.step() != 0) {
    return invalid_argument("array.outputs: expected a multiple of {} · array.chains, {}, found {}", kDotChainLength,
                            design.step(), outputs);
  }
  EDGEMOE_RETURN_IF_ERROR(check_bus(design));
  const std::pair<std::string_view, int> lanes[] = {{"lanes.row_quantizer", design.lanes.row_quantizer},
                                                    {"lanes.layer_norm", design.lanes.layer_norm},
                                                    {"lanes.softmax", design.lanes.softmax}};
  for (const auto& [key, value] : lanes) {
    if (value != outputs) return invalid_argument("{}: expected array.outputs, {}, found {}", key, outputs, value);
  }
  return check_limits(design);
}

DesignPoint read(const JsonValue& document, Status& status) {
  JsonObjectReader root(document, "", {"name", "part", "clock_mhz", "array", "memory", "bus", "lanes", "limits"},
                        status);
  JsonObjectReader part(root.member("part"), "part", {"name", "dsp", "bram36", "lut", "ff"}, status);
  JsonObjectReader array(root.member("array"), "array", {"tokens", "outputs", "chains"}, status);
  JsonObjectReader memory(root.member("memory"), "memory",
                          {"activation_words", "scale_words", "probability_words", "gather_words", "key_value_words",
                           "weight_words", "channel_words", "norm_words", "token_words"},
                          status);
  JsonObjectReader bus(root.member("bus"), "bus", {"address_bits", "burst_beats", "outstanding_bursts", "prefetch"},
                       status);
  JsonObjectReader lanes(root.member("lanes"), "lanes", {"row_quantizer", "layer_norm", "softmax"}, status);
  JsonObjectReader limits(root.member("limits"), "limits",
                          {"max_tokens", "max_width", "max_heads", "max_experts", "max_top_k"}, status);
  return {.name = root.text("name"),
          .part = {.name = part.text("name"),
                   .dsp = part.integer("dsp"),
                   .bram36 = part.integer("bram36"),
                   .lut = part.integer("lut"),
                   .ff = part.integer("ff")},
          .clock_mhz = root.integer("clock_mhz"),
          .array = {.tokens = array.integer("tokens"),
                    .outputs = array.integer("outputs"),
                    .chains = array.integer("chains")},
          .memory = {.activation_words = memory.integer("activation_words"),
                     .scale_words = memory.integer("scale_words"),
                     .probability_words = memory.integer("probability_words"),
                     .gather_words = memory.integer("gather_words"),
                     .key_value_words = memory.integer("key_value_words"),
                     .weight_words = memory.integer("weight_words"),
                     .channel_words = memory.integer("channel_words"),
                     .norm_words = memory.integer("norm_words"),
                     .token_words = memory.integer("token_words")},
          .bus = {.address_bits = bus.integer("address_bits"),
                  .burst_beats = bus.integer("burst_beats"),
                  .outstanding_bursts = bus.integer("outstanding_bursts"),
                  .prefetch = bus.boolean("prefetch")},
          .lanes = {.row_quantizer = lanes.integer("row_quantizer"),
                    .layer_norm = lanes.integer("layer_norm"),
                    .softmax = lanes.integer("softmax")},
          .limits = {.max_tokens = limits.integer("max_tokens"),
                     .max_width = limits.integer("max_width"),
                     .max_heads = limits.integer("max_heads"),
                     .max_experts = limits.integer("max_experts"),
                     .max_top_k = limits.integer("max_top_k")}};
}

}  // namespace

Result<DesignPoint> parse_design_point(std::string_view text) {
  EDGEMOE_ASSIGN_OR_RETURN(const JsonValue document, parse_json(text));
  Status status;
  DesignPoint design = read(document, status);
  EDGEMOE_RETURN_IF_ERROR(status);
  EDGEMOE_RETURN_IF_ERROR(validate(design));
  return design;
}

Result<DesignPoint> load_design_point(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMaxFileBytes));
  Result<DesignPoint> design = parse_design_point(text);
  if (!design.ok()) return design.status().with_context(path.string());
  return design;
}

}  // namespace edgemoe

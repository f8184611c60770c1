#include "accel/design_point.h"

#include <bit>
#include <cctype>

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

Status validate(const DesignPoint& design) {
  if (!is_name(design.name)) {
    return invalid_argument("name: expected letters, digits, - and _, found \"{}\"", design.name);
  }
  if (!is_name(design.part.name)) {
    return invalid_argument("part.name: expected letters, digits, - and _, found \"{}\"", design.part.name);
  }
  using enum Range::Kind;
  constexpr int kMost = 1 << 24;
  const Range ranges[] = {
      {"part.dsp", design.part.dsp, 1, kMost},
      {"part.bram36", design.part.bram36, 1, kMost},
      {"part.lut", design.part.lut, 1, kMost},
      {"part.ff", design.part.ff, 1, kMost},
      {"clock_mhz", design.clock_mhz, 1, 2000},
      {"array.tokens", design.array.tokens, 2, 64, kEven},
      {"array.outputs", design.array.outputs, 2, 256, kPowerOfTwo},
      {"array.chains", design.array.chains, 1, 16},
      {"memory.activation_words", design.memory.activation_words, 16, 1 << 16, kPowerOfTwo},
      {"memory.probability_words", design.memory.probability_words, 16, 1 << 16, kPowerOfTwo},
      {"memory.weight_words", design.memory.weight_words, 16, 1 << 16, kPowerOfTwo},
      {"memory.channel_words", design.memory.channel_words, 4, 1 << 16, kPowerOfTwo},
      {"memory.key_value_words", design.memory.key_value_words, 16, 1 << 16, kPowerOfTwo},
      {"memory.token_words", design.memory.token_words, 16, 1 << 16, kPowerOfTwo},
      {"memory.norm_words", design.memory.norm_words, 16, 1 << 16, kPowerOfTwo},
      {"lanes.row_quantizer", design.lanes.row_quantizer, 2, 256, kPowerOfTwo},
      {"lanes.layer_norm", design.lanes.layer_norm, 2, 256, kPowerOfTwo},
      {"lanes.softmax", design.lanes.softmax, 2, 256, kPowerOfTwo},
      {"limits.max_tokens", design.limits.max_tokens, 4, 8192, kPowerOfTwo},
      {"limits.max_width", design.limits.max_width, 4, 8192, kPowerOfTwo},
      {"limits.max_heads", design.limits.max_heads, 2, 256, kPowerOfTwo},
      {"limits.max_experts", design.limits.max_experts, 2, 256, kPowerOfTwo},
      {"limits.max_top_k", design.limits.max_top_k, 1, 16},
  };
  for (const Range& range : ranges) EDGEMOE_RETURN_IF_ERROR(check(range));
  if (design.limits.max_top_k > design.limits.max_experts) {
    return invalid_argument("limits.max_top_k: expected at most limits.max_experts, {}, found {}",
                            design.limits.max_experts, design.limits.max_top_k);
  }
  const int step = kDotChainLength * design.array.chains;
  if (design.array.outputs % step != 0) {
    return invalid_argument(
        "array.outputs: expected a multiple of the inputs of a step, {} · array.chains = {}, found {}: a beat of "
        "results "
        "is written as whole steps",
        kDotChainLength, step, design.array.outputs);
  }
  struct Lane {
    std::string_view key;
    int lanes;
    std::string_view row_key;
    int row;
  };
  // A row memory holds at least two words.
  for (const Lane& lane :
       {Lane{"lanes.row_quantizer", design.lanes.row_quantizer, "max_width", design.limits.max_width},
        Lane{"lanes.layer_norm", design.lanes.layer_norm, "max_width", design.limits.max_width},
        Lane{"lanes.softmax", design.lanes.softmax, "max_tokens", design.limits.max_tokens}}) {
    if (lane.lanes != design.array.outputs) {
      return invalid_argument("{}: expected array.outputs, {}: rows travel in beats of that many, found {}", lane.key,
                              design.array.outputs, lane.lanes);
    }
    if (2 * lane.lanes > lane.row) {
      return invalid_argument("{}: expected at most half of limits.{}, {}, found {}", lane.key, lane.row_key, lane.row,
                              lane.lanes);
    }
  }
  return {};
}

DesignPoint read(const JsonValue& document, Status& status) {
  JsonObjectReader root(document, "", {"name", "part", "clock_mhz", "array", "memory", "lanes", "limits"}, status);
  JsonObjectReader part(root.member("part"), "part", {"name", "dsp", "bram36", "lut", "ff"}, status);
  JsonObjectReader array(root.member("array"), "array", {"tokens", "outputs", "chains"}, status);
  JsonObjectReader memory(root.member("memory"), "memory",
                          {"activation_words", "probability_words", "weight_words", "channel_words", "key_value_words",
                           "token_words", "norm_words"},
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
                     .probability_words = memory.integer("probability_words"),
                     .weight_words = memory.integer("weight_words"),
                     .channel_words = memory.integer("channel_words"),
                     .key_value_words = memory.integer("key_value_words"),
                     .token_words = memory.integer("token_words"),
                     .norm_words = memory.integer("norm_words")},
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

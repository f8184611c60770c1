#include <fmt/core.h>

#include <cctype>
#include <iterator>
#include <string>
#include <utility>

#include "accel/design_point.h"
#include "accel/program.h"
#include "accel/registers.h"
#include "numeric/exp2_table.h"
#include "numeric/gelu_table.h"

namespace edgemoe {
namespace {

/// A table as a function: the one form of a constant table that every open tool reads from a package.
template <typename Entry, std::size_t N>
std::string table_function(std::string_view name, int index_bits, const Entry (&entries)[N]) {
  std::string text = fmt::format("  function automatic logic [15:0] {}(input logic [{}:0] index);\n    case (index)\n",
                                 name, index_bits - 1);
  for (std::size_t i = 0; i < N; ++i) {
    text += fmt::format("      {}'d{}: {} = 16'd{};\n", index_bits, i, name, static_cast<unsigned>(entries[i]));
  }
  return text + fmt::format("      default: {} = 16'd0;\n    endcase\n  endfunction\n", name);
}

/// Positions of a command's fields: LoadOffsetLsb, LoadOffsetBits.
class FieldParameters {
 public:
  FieldParameters(std::string_view prefix, std::string& text) : prefix_(prefix), text_(text) {}

  template <typename T>
  void operator()(std::string_view name, int bits, const T&) {
    const int width = bits < 0 ? -bits : bits;
    const std::string field = prefix_ + camel_case(name);
    text_ += fmt::format("  parameter int {0}Lsb = {1};\n  parameter int {0}Bits = {2};{3}\n", field, first_, width,
                         bits < 0 ? "  // signed" : "");
    first_ += width;
  }

 private:
  static std::string camel_case(std::string_view name) {
    std::string out;
    bool upper = true;
    for (const char c : name) {
      if (c != '_') out += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      upper = c == '_';
    }
    return out;
  }

  std::string prefix_;
  std::string& text_;
  int first_ = 0;
};

/// src/accel/program.h in SystemVerilog.
std::string program_parameters() {
  std::string text =
      "  // Commands (src/accel/program.h): kinds, then the first bit of each field and how many it has.\n";
  const std::pair<std::string_view, int> names[] = {
      {"LoadWeight", static_cast<int>(LoadKind::kWeight)},
      {"LoadChannel", static_cast<int>(LoadKind::kChannel)},
      {"LoadNorm", static_cast<int>(LoadKind::kNorm)},
      {"LoadPosition", static_cast<int>(LoadKind::kPosition)},
      {"LoadImage", static_cast<int>(LoadKind::kImage)},
      {"PhaseFinish", static_cast<int>(PhaseKind::kFinish)},
      {"PhaseLinear", static_cast<int>(PhaseKind::kLinear)},
      {"PhaseAttention", static_cast<int>(PhaseKind::kAttention)},
      {"PhaseNorm", static_cast<int>(PhaseKind::kNorm)},
      {"PhaseRouter", static_cast<int>(PhaseKind::kRouter)},
      {"PhaseGather", static_cast<int>(PhaseKind::kGather)},
      {"ToRows", static_cast<int>(Destination::kRows)},
      {"ToKeys", static_cast<int>(Destination::kKeys)},
      {"ToValues", static_cast<int>(Destination::kValues)},
      {"ToResidual", static_cast<int>(Destination::kResidual)},
      {"ToWeighted", static_cast<int>(Destination::kWeighted)},
      {"RegionNone", static_cast<int>(Region::kNone)},
      {"RegionNormed", static_cast<int>(Region::kNormed)},
      {"RegionQueries", static_cast<int>(Region::kQueries)},
      {"RegionHeads", static_cast<int>(Region::kHeads)},
      {"RegionHidden0", static_cast<int>(Region::kHidden0)},
      {"RegionHidden1", static_cast<int>(Region::kHidden1)},
      {"RegionGathered", static_cast<int>(Region::kGathered)},
      {"NoExpert", kNoExpert},
      {"RouterDigits", kRouterDigits},
  };
  for (const auto& [name, value] : names) text += fmt::format("  parameter int {} = {};\n", name, value);
  const LoadCommand load;
  visit_load_fields(load, FieldParameters("Load", text));
  const ComputeCommand compute;
  visit_compute_fields(compute, FieldParameters("Compute", text));
  const ChannelConstants channel;
  visit_channel_fields(channel, FieldParameters("Channel", text));
  const RouterScalars scalars;
  visit_router_fields(scalars, FieldParameters("Router", text));
  return text;
}

}  // namespace

std::string make_rtl_package(const DesignPoint& design) {
  const struct {
    std::string_view name;
    int value;
    std::string_view what;
  } parameters[] = {
      {"ArrayTokens", design.array.tokens, "token rows of the array"},
      {"ArrayOutputs", design.array.outputs, "output columns of the array, and requantise lanes"},
      {"ArrayChains", design.array.chains, "chains of DSPs that make one sum"},
      {"ChainLength", kDotChainLength, "DSPs in a chain"},
      {"BeatSteps", design.ways(), "steps of a beat of ArrayOutputs elements"},
      {"ActivationWords", design.memory.activation_words, "words of an activation bank"},
      {"ScaleWords", design.memory.scale_words, "words of the activations' row scales"},
      {"ProbabilityWords", design.memory.probability_words, "words of a probability bank"},
      {"GatherWords", design.memory.gather_words, "beats of rows to be gathered"},
      {"KeyValueWords", design.memory.key_value_words, "words of a bank of keys and values"},
      {"WeightWords", design.memory.weight_words, "words of a weight bank"},
      {"ChannelWords", design.memory.channel_words, "words of the channels' constants"},
      {"NormWords", design.memory.norm_words, "words of the norms' gains and biases"},
      {"TokenWords", design.memory.token_words, "words of the residual stream"},
      {"AddressWidth", design.bus.address_bits, "bits of a byte's address outside"},
      {"BurstBeats", design.bus.burst_beats, "beats of the longest burst"},
      {"OutstandingBursts", design.bus.outstanding_bursts, "bursts that are asked for before they are there"},
      {"Prefetch", design.bus.prefetch ? 1 : 0, "whether experts are loaded ahead of the router"},
      {"QuantizerLanes", design.lanes.row_quantizer, "elements a cycle of the row quantiser"},
      {"NormLanes", design.lanes.layer_norm, "elements a cycle of a LayerNorm unit"},
      {"SoftmaxLanes", design.lanes.softmax, "scores a cycle of the softmax unit"},
      {"MaxTokens", design.limits.max_tokens, "tokens of a layer, scores of a row"},
      {"MaxWidth", design.limits.max_width, "elements of a row"},
      {"MaxHeads", design.limits.max_heads, "heads of a layer"},
      {"MaxExperts", design.limits.max_experts, "experts of a router"},
      {"MaxTopK", design.limits.max_top_k, "experts a token"},
  };
  std::string text = fmt::format(
      "// Generated from the design point `{}`: change that, not this.\n"
      "// No module uses all of it.\n"
      "// verilator lint_off UNUSEDPARAM\n"
      "package edgemoe_pkg;\n",
      design.name);
  for (const auto& parameter : parameters) {
    text += fmt::format("  parameter int {} = {};  // {}\n", parameter.name, parameter.value, parameter.what);
  }
  text += program_parameters() + register_parameters();
  text += "  // 65280 times 2^(-index/64).\n" + table_function("exp2_entry", kExp2IndexBits, kExp2Table);
  text += "  // ReLU(x) - GELU(x) at |x| = index/16, 17 fraction bits.\n" + table_function("gelu_knot", 7, kGeluKnots);
  return text + "endpackage\n// verilator lint_on UNUSEDPARAM\n";
}

std::uint64_t rtl_fingerprint(const DesignPoint& design) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : make_rtl_package(design)) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace edgemoe

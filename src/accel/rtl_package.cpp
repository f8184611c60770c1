#include <fmt/core.h>

#include <iterator>

#include "accel/design_point.h"
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
      {"ActivationWords", design.memory.activation_words, "words of an activation bank"},
      {"ProbabilityWords", design.memory.probability_words, "words of a bank of probabilities"},
      {"WeightWords", design.memory.weight_words, "words of a weight bank"},
      {"ChannelWords", design.memory.channel_words, "words of the channels' constants"},
      {"KeyValueWords", design.memory.key_value_words, "words of a bank of keys and values"},
      {"TokenWords", design.memory.token_words, "words of ArrayOutputs elements of the residual stream"},
      {"NormWords", design.memory.norm_words, "words of ArrayOutputs gains and biases"},
      {"QuantizerLanes", design.lanes.row_quantizer, "elements a cycle of the row quantiser"},
      {"NormLanes", design.lanes.layer_norm, "elements a cycle of a LayerNorm unit"},
      {"SoftmaxLanes", design.lanes.softmax, "scores a cycle of the softmax unit"},
      {"MaxTokens", design.limits.max_tokens, "tokens of a layer, scores of a row"},
      {"MaxWidth", design.limits.max_width, "elements of a row"},
      {"MaxHeads", design.limits.max_heads, "heads of attention"},
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
  text += "  // 65280 times 2^(-index/64).\n" + table_function("exp2_entry", kExp2IndexBits, kExp2Table);
  text += "  // ReLU(x) - GELU(x) at |x| = index/16, 17 fraction bits.\n" + table_function("gelu_knot", 7, kGeluKnots);
  return text + "endpackage\n// verilator lint_on UNUSEDPARAM\n";
}

}  // namespace edgemoe

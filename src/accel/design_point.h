// A design point: the sizes of one accelerator, configs/accelerators/*.json. The SystemVerilog package is generated
// from it.
#ifndef EDGEMOE_ACCEL_DESIGN_POINT_H_
#define EDGEMOE_ACCEL_DESIGN_POINT_H_

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"

namespace edgemoe {

/// Terms of one cascade of DSPs: with two products in each, the lower one's sum would overflow after more.
inline constexpr int kDotChainLength = 8;

struct DesignPoint {
  struct Part {
    std::string name;
    int dsp;
    int bram36;
    int lut;
    int ff;
  };
  /// What the array computes in a cycle: tokens · outputs · chains · kDotChainLength products.
  struct Array {
    int tokens;  // even: two share a DSP
    int outputs;
    int chains;
  };
  /// Depths, powers of two. An activation word holds `tokens` · `chains` bytes of a bank, a weight word `outputs` ·
  /// `chains`, a channel word the constants of `outputs` channels.
  struct Memory {
    int activation_words;
    int probability_words;  // as activation words: what attention weighs V with, and the router's digits
    int weight_words;
    int channel_words;
    int key_value_words;  // as weight words: keys and values of all heads
    int token_words;      // of `outputs` elements: every token's residual stream
    int norm_words;       // of `outputs` gains and biases: every norm
  };
  /// Elements a unit takes in a cycle: `outputs`, for rows travel between the units in beats of that many.
  struct Lanes {
    int row_quantizer;
    int layer_norm;
    int softmax;
  };
  struct Limits {
    int max_tokens;  // also of one row of scores
    int max_width;   // elements of a row that is quantised or normalised
    int max_heads;
    int max_experts;
    int max_top_k;
  };

  std::string name;
  Part part;
  int clock_mhz;  // assumed: no open tool times these parts
  Array array;
  Memory memory;
  Lanes lanes;
  Limits limits;

  int products_per_cycle() const { return array.tokens * array.outputs * array.chains * kDotChainLength; }
};

/// kMalformed for text that is no JSON, a missing or unknown key; kInvalidArgument for a size that cannot be built,
/// with what it must be.
Result<DesignPoint> parse_design_point(std::string_view text);
Result<DesignPoint> load_design_point(const std::filesystem::path& path);

/// `edgemoe_pkg`: the sizes as parameters, and the tables of src/numeric as functions.
std::string make_rtl_package(const DesignPoint& design);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_DESIGN_POINT_H_

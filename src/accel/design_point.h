// A design point: the sizes of one accelerator, configs/accelerators/*.json. The SystemVerilog package is generated
// from it.
#ifndef EDGEMOE_ACCEL_DESIGN_POINT_H_
#define EDGEMOE_ACCEL_DESIGN_POINT_H_

#include <cstdint>
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

    bool operator==(const Part&) const = default;
  };
  /// What the array computes in a cycle: tokens · outputs · chains · kDotChainLength products.
  struct Array {
    /// What the RTL takes; `outputs` · `chains` are kCommandBytes at most besides.
    static constexpr int kMostTokens = 64;
    static constexpr int kMostOutputs = 64;
    static constexpr int kMostChains = 2;

    int tokens;  // even: two share a DSP
    int outputs;
    int chains;

    bool operator==(const Array&) const = default;
  };
  /// Depths, powers of two; words of memories whose name begins alike are as wide. A group is `tokens` rows, a step
  /// step() inputs of them.
  struct Memory {
    int activation_words;   // a step of a group
    int scale_words;        // the scales of a group's rows
    int probability_words;  // a step of a group: probabilities, a router's digits
    int gather_words;       // a beat of a token: the rows that an MoE block's experts are given
    int key_value_words;    // a step of keys or values: as weights
    int weight_words;       // of each of kDotChainLength banks, `outputs` · `chains` bytes
    int channel_words;      // the constants of `outputs` channels
    int norm_words;         // gains and biases of `outputs` elements; all norms of a network
    int token_words;        // `outputs` elements of a token

    bool operator==(const Memory&) const = default;
  };
  /// How commands, weights and pictures come in, in beats of bus_bytes().
  struct Bus {
    int address_bits;
    int burst_beats;         // at most, a power of two
    int outstanding_bursts;  // that are asked for before they are there
    bool prefetch;           // experts are loaded ahead of the router; else only when it has chosen

    bool operator==(const Bus&) const = default;
  };
  /// Elements a unit takes in a cycle: `outputs` of the array, which is the machine's beat.
  struct Lanes {
    int row_quantizer;
    int layer_norm;
    int softmax;

    bool operator==(const Lanes&) const = default;
  };
  struct Limits {
    int max_tokens;  // also of one row of scores
    int max_width;   // elements of a row that is quantised or normalised
    int max_heads;
    int max_experts;
    int max_top_k;

    bool operator==(const Limits&) const = default;
  };

  std::string name;
  Part part;
  int clock_mhz;  // assumed: no open tool times these parts
  Array array;
  Memory memory;
  Bus bus;
  Lanes lanes;
  Limits limits;

  /// Inputs of a step: what all chains take in a cycle.
  int step() const { return array.chains * kDotChainLength; }
  /// Steps of a beat of `outputs` elements.
  int ways() const { return array.outputs / step(); }
  /// Bytes of a beat of the bus: a word of one bank of weights.
  int bus_bytes() const { return array.outputs * array.chains; }
  /// Bytes of a word of the picture in memory: a step of a group, filled to whole beats.
  int image_word_bytes() const { return (array.tokens * step() + bus_bytes() - 1) / bus_bytes() * bus_bytes(); }
  int products_per_cycle() const { return array.tokens * array.outputs * array.chains * kDotChainLength; }

  bool operator==(const DesignPoint&) const = default;
};

/// kMalformed for text that is no JSON, a missing or unknown key; kInvalidArgument for a size that cannot be built,
/// with what it must be.
Result<DesignPoint> parse_design_point(std::string_view text);
Result<DesignPoint> load_design_point(const std::filesystem::path& path);
/// A design point's file with the values of `design` in the place of those of `text`, which is one. Keys that it does
/// not know stay as they are. kMalformed for a text that is none; the result's sizes are parse_design_point's to check.
Result<std::string> rewrite_design_point(std::string_view text, const DesignPoint& design);

/// `edgemoe_pkg`: the sizes as parameters, and the tables of src/numeric as functions.
std::string make_rtl_package(const DesignPoint& design);
/// FNV-1a of that text, 64 bits: equal for machines of the same sizes, commands, registers and tables.
std::uint64_t rtl_fingerprint(const DesignPoint& design);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_DESIGN_POINT_H_

// Whole linear layers of ragged sizes against hls::linear_narrow and hls::linear_wide, and their cycles against the
// formula.
#include <Vgemm.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "hls/linear.h"
#include "sim/bench.h"
#include "sim/bench_design.h"

namespace edgemoe::sim {
namespace {

/// A layer with its rows and memories: C[M, N] = A[M, K] · B[N, K]ᵀ.
struct Layer {
  int num_tokens;
  int outputs;
  int inputs;
  bool narrow;
  int exponent;
  int fraction;
  std::vector<std::int8_t> rows;
  std::vector<RowScale> scales;
  std::vector<std::int8_t> weight;
  std::vector<std::uint8_t> pre_shift;
  std::vector<std::int16_t> mantissa;
  std::vector<std::int32_t> bias;

  std::int8_t row_at(int m, int k) const {
    return m < num_tokens && k < inputs ? rows[static_cast<std::size_t>(m * inputs + k)] : std::int8_t{0};
  }
  std::int8_t weight_at(int n, int k) const {
    return n < outputs && k < inputs ? weight[static_cast<std::size_t>(n * inputs + k)] : std::int8_t{0};
  }
  /// C by the reference.
  std::vector<std::int32_t> reference() const {
    const hls::LinearLayer layer = {.weight = weight.data(),
                                    .pre_shift = pre_shift.data(),
                                    .mantissa = mantissa.data(),
                                    .bias = bias.data(),
                                    .outputs = outputs,
                                    .inputs = inputs,
                                    .exponent = exponent,
                                    .fraction = fraction};
    std::vector<std::int32_t> out;
    std::vector<std::int16_t> narrow_row(static_cast<std::size_t>(outputs));
    std::vector<std::int32_t> wide_row(static_cast<std::size_t>(outputs));
    for (int m = 0; m < num_tokens; ++m) {
      const std::int8_t* row = rows.data() + m * inputs;
      if (narrow) {
        hls::linear_narrow(row, scales[static_cast<std::size_t>(m)], layer, narrow_row.data());
        out.insert(out.end(), narrow_row.begin(), narrow_row.end());
      } else {
        hls::linear_wide(row, scales[static_cast<std::size_t>(m)], layer, wide_row.data());
        out.insert(out.end(), wide_row.begin(), wide_row.end());
      }
    }
    return out;
  }
};

Layer make_layer(Random& random, int num_tokens, int outputs, int inputs) {
  Layer layer = {.num_tokens = num_tokens, .outputs = outputs, .inputs = inputs};
  layer.narrow = random.below(2) == 0;
  layer.fraction = static_cast<int>(random.below(16));
  const bool extreme = random.below(4) == 0;
  for (int i = 0; i < num_tokens * inputs; ++i) {
    layer.rows.push_back(static_cast<std::int8_t>(extreme ? -128 : draw(random, -128, 127)));
  }
  for (int i = 0; i < outputs * inputs; ++i) {
    layer.weight.push_back(static_cast<std::int8_t>(extreme ? (i % 3 == 0 ? 127 : -127) : draw(random, -127, 127)));
  }
  for (int m = 0; m < num_tokens; ++m) {
    const auto mantissa = static_cast<std::int16_t>(random.below(9) == 0 ? 0 : draw(random, 1 << 14, 32767));
    layer.scales.push_back({mantissa, static_cast<std::int16_t>(mantissa == 0 ? 0 : random.below(30))});
  }
  // Pre-shifts as quantisation makes them, or one too few: then the sum is clipped.
  for (int n = 0; n < outputs; ++n) {
    std::uint64_t magnitude = 0;
    for (int k = 0; k < inputs; ++k) magnitude += static_cast<std::uint64_t>(std::abs(int{layer.weight_at(n, k)}));
    const int natural = std::max(0, bit_length(128 * magnitude) - 15);
    layer.pre_shift.push_back(static_cast<std::uint8_t>(std::max(0, natural - static_cast<int>(random.below(5) == 0))));
    layer.mantissa.push_back(static_cast<std::int16_t>(draw(random, 0, 32767)));
    layer.bias.push_back(
        static_cast<std::int32_t>(layer.narrow ? draw(random, -32768, 32767) : draw(random, INT32_MIN, INT32_MAX)));
  }
  // The middle of the rows' exponents leaves something in most outputs.
  layer.exponent = 15 - 15 - (layer.narrow ? layer.fraction : 1) + static_cast<int>(draw(random, -6, 6));
  return layer;
}

/// What one command needs of the memories.
struct Placement {
  int activation_base = 0;
  int weight_base = 0;
  int channel_base = 0;
  int row_base = 0;
};

class Gemm {
 public:
  explicit Gemm(PowerUp power_up = PowerUp::kRandom) : bench_(power_up) {
    bench_->activation_write_i = bench_->weight_write_i = bench_->channel_write_i = bench_->row_write_i = 0;
    bench_->start_i = 0;
    bench_.reset();
  }

  static int steps(const Layer& layer) { return divided_up(layer.inputs, array().chains * kDotChainLength); }
  static int row_tiles(const Layer& layer) { return divided_up(layer.num_tokens, array().tokens); }
  static int column_tiles(const Layer& layer) { return divided_up(layer.outputs, array().outputs); }
  static int last_tokens(const Layer& layer) { return layer.num_tokens - (row_tiles(layer) - 1) * array().tokens; }

  void load(const Layer& layer, const Placement& at) {
    for (int step = 0; step < steps(layer); ++step) {
      for (int bank = 0; bank < kDotChainLength; ++bank) {
        for (int tile = 0; tile < row_tiles(layer); ++tile) load_activations(layer, at, tile, step, bank);
        for (int tile = 0; tile < column_tiles(layer); ++tile) load_weights(layer, at, tile, step, bank);
      }
    }
    load_scales(layer, at);
  }

  /// Runs a loaded layer, compares every result; returns the cycles from start_i to done_o.
  std::int64_t run(const Layer& layer, const Placement& at) {
    const std::vector<std::int32_t> expected = layer.reference();
    set_port(bench_->row_tiles_i, row_tiles(layer));
    set_port(bench_->column_tiles_i, column_tiles(layer));
    set_port(bench_->steps_i, steps(layer));
    set_port(bench_->last_tokens_i, last_tokens(layer));
    set_port(bench_->last_outputs_i, layer.outputs - (column_tiles(layer) - 1) * array().outputs);
    set_port(bench_->activation_base_i, at.activation_base);
    set_port(bench_->weight_base_i, at.weight_base);
    set_port(bench_->channel_base_i, at.channel_base);
    set_port(bench_->row_base_i, at.row_base);
    set_port(bench_->exponent_base_i, layer.exponent + (layer.narrow ? 15 + layer.fraction : 16));
    bench_->narrow_i = layer.narrow;
    bench_->start_i = 1;
    bench_.settle();
    EXPECT_TRUE(bench_->ready_o);
    const std::int64_t start = bench_.cycles();
    std::vector<int> seen(expected.size());
    int wrong = 0;
    bool done = false;
    while (!done && bench_.cycles() - start < 1'000'000) {
      bench_.tick();
      bench_->start_i = 0;
      if (!bench_->valid_o) continue;
      done = bench_->done_o;
      const int m = bench_->row_tile_o * array().tokens + bench_->token_o;
      for (int o = 0; o < array().outputs; ++o) {
        const int n = bench_->column_tile_o * array().outputs + o;
        const bool keep = get_bits(bench_->keep_o, static_cast<std::size_t>(o), 1) != 0;
        if (keep != (n < layer.outputs) || m >= layer.num_tokens) ++wrong;
        if (!keep || n >= layer.outputs || m >= layer.num_tokens) continue;
        const auto i = static_cast<std::size_t>(m * layer.outputs + n);
        ++seen[i];
        if (get_signed(bench_->values_o, static_cast<std::size_t>(o) * 32, 32) != expected[i] && ++wrong == 1) {
          ADD_FAILURE() << "token " << m << " output " << n << ": "
                        << get_signed(bench_->values_o, static_cast<std::size_t>(o) * 32, 32) << ", expected "
                        << expected[i];
        }
      }
    }
    const std::int64_t cycles = bench_.cycles() - start;
    EXPECT_TRUE(done);
    EXPECT_EQ(wrong, 0);
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](int count) { return count == 1; })) << "each result once";
    bench_.tick();
    return cycles;
  }

  /// The formula of gemm.sv.
  static std::int64_t cycles(const Layer& layer) {
    return std::int64_t{row_tiles(layer) * column_tiles(layer) - 1} * std::max(steps(layer), array().tokens) +
           steps(layer) + last_tokens(layer) + 24;
  }

  void reset_after(int cycles_from_start) {
    bench_->start_i = 1;
    for (int i = 0; i < cycles_from_start; ++i) {
      bench_.tick();
      bench_->start_i = 0;
    }
    bench_.reset();
  }

 private:
  static const DesignPoint::Array& array() { return bench_design().array; }

  void load_activations(const Layer& layer, const Placement& at, int tile, int step, int bank) {
    bench_->activation_write_i = 1;
    set_port(bench_->bank_i, bank);
    set_port(bench_->activation_addr_i, at.activation_base + tile * steps(layer) + step);
    for (int c = 0; c < array().chains; ++c) {
      for (int t = 0; t < array().tokens; ++t) {
        const std::int8_t value =
            layer.row_at(tile * array().tokens + t, (step * array().chains + c) * kDotChainLength + bank);
        set_bits(bench_->activation_data_i, static_cast<std::size_t>(c * array().tokens + t) * 8, 8,
                 static_cast<std::uint8_t>(value));
      }
    }
    bench_.tick();
    bench_->activation_write_i = 0;
  }

  void load_weights(const Layer& layer, const Placement& at, int tile, int step, int bank) {
    bench_->weight_write_i = 1;
    set_port(bench_->bank_i, bank);
    set_port(bench_->weight_addr_i, at.weight_base + tile * steps(layer) + step);
    for (int c = 0; c < array().chains; ++c) {
      for (int o = 0; o < array().outputs; ++o) {
        const std::int8_t value =
            layer.weight_at(tile * array().outputs + o, (step * array().chains + c) * kDotChainLength + bank);
        set_bits(bench_->weight_data_i, static_cast<std::size_t>(c * array().outputs + o) * 8, 8,
                 static_cast<std::uint8_t>(value));
      }
    }
    bench_.tick();
    bench_->weight_write_i = 0;
  }

  void load_scales(const Layer& layer, const Placement& at) {
    bench_->channel_write_i = 1;
    for (int tile = 0; tile < column_tiles(layer); ++tile) {
      set_port(bench_->channel_addr_i, at.channel_base + tile);
      for (int o = 0; o < array().outputs; ++o) {
        const auto n = static_cast<std::size_t>(std::min(tile * array().outputs + o, layer.outputs - 1));
        const std::size_t bit = static_cast<std::size_t>(o) * 53;
        set_bits(bench_->channel_data_i, bit, 32, static_cast<std::uint32_t>(layer.bias[n]));
        set_bits(bench_->channel_data_i, bit + 32, 16, static_cast<std::uint16_t>(layer.mantissa[n]));
        set_bits(bench_->channel_data_i, bit + 48, 5, layer.pre_shift[n]);
      }
      bench_.tick();
    }
    bench_->channel_write_i = 0;
    bench_->row_write_i = 1;
    for (int tile = 0; tile < row_tiles(layer); ++tile) {
      set_port(bench_->row_addr_i, at.row_base + tile);
      for (int t = 0; t < array().tokens; ++t) {
        const RowScale scale =
            layer.scales[static_cast<std::size_t>(std::min(tile * array().tokens + t, layer.num_tokens - 1))];
        const std::size_t bit = static_cast<std::size_t>(t) * 23;
        set_bits(bench_->row_data_i, bit, 15, static_cast<std::uint16_t>(scale.mantissa));
        set_bits(bench_->row_data_i, bit + 15, 8, static_cast<std::uint8_t>(scale.exponent));
      }
      bench_.tick();
    }
    bench_->row_write_i = 0;
  }

  Bench<Vgemm> bench_;
};

/// Sizes around the tile, those that fill the memories, and random ones.
std::vector<Layer> make_layers(Random& random, int count) {
  const DesignPoint& design = bench_design();
  const DesignPoint::Array& array = design.array;
  const int step = array.chains * kDotChainLength;
  std::vector<Layer> layers;
  for (const int m : {1, array.tokens, array.tokens + 1}) {
    for (const int n : {1, array.outputs - 1, 2 * array.outputs + 1}) {
      for (const int k : {1, step, 2 * step + 1, 5 * step - 1}) layers.push_back(make_layer(random, m, n, k));
    }
  }
  for (int i = 0; i < count; ++i) {
    const int steps = 1 + static_cast<int>(random.below(12));
    const int rows = std::min(design.limits.max_tokens, design.memory.activation_words / steps * array.tokens);
    const int columns = std::min({design.memory.channel_words, design.memory.weight_words / steps, 6}) * array.outputs;
    layers.push_back(make_layer(random, 1 + static_cast<int>(random.below(static_cast<unsigned>(std::min(rows, 40)))),
                                1 + static_cast<int>(random.below(static_cast<unsigned>(columns))),
                                1 + static_cast<int>(random.below(static_cast<unsigned>(steps * step)))));
  }
  return layers;
}

TEST(GemmCore, LayersOfAnySize_EqualTheReferenceInTheStatedCycles) {
  for (const PowerUp power_up : kAllPowerUps) {
    Random random(81);
    Gemm gemm(power_up);
    for (const Layer& layer : make_layers(random, 40)) {
      gemm.load(layer, {});
      EXPECT_EQ(gemm.run(layer, {}), Gemm::cycles(layer))
          << layer.num_tokens << "x" << layer.outputs << "x" << layer.inputs;
      if (testing::Test::HasFailure()) return;
    }
  }
}

/// As large as a projection of the public network's, or as the design point allows.
TEST(GemmCore, AProjectionOfTheNetwork_EqualsTheReferenceInTheStatedCycles) {
  const DesignPoint& design = bench_design();
  const DesignPoint::Array& array = design.array;
  const int tokens = std::min(129, design.limits.max_tokens - 1);
  const int steps = std::min(
      {192 / (array.chains * kDotChainLength), design.memory.activation_words / divided_up(tokens, array.tokens), 12});
  const int column_tiles = std::min(6, design.memory.weight_words / steps);
  Random random(84);
  const Layer layer = make_layer(random, tokens, column_tiles * array.outputs, steps * array.chains * kDotChainLength);
  Gemm gemm;
  gemm.load(layer, {});
  const std::int64_t cycles = gemm.run(layer, {});
  EXPECT_EQ(cycles, Gemm::cycles(layer));
  const std::int64_t products = std::int64_t{layer.num_tokens} * layer.outputs * layer.inputs;
  std::printf("%dx%dx%d: %lld cycles, %.1f %% of the array's %d products a cycle\n", layer.num_tokens, layer.outputs,
              layer.inputs, static_cast<long long>(cycles),
              100.0 * static_cast<double>(products) / static_cast<double>(cycles * design.products_per_cycle()),
              design.products_per_cycle());
}

/// Two layers in the memories at once, run one after the other and again.
TEST(GemmCore, LayersBesideEachOther_RunFromTheirOwnWords) {
  const DesignPoint& design = bench_design();
  const int step = design.array.chains * kDotChainLength;
  Random random(82);
  const Layer first = make_layer(random, design.array.tokens + 1, design.array.outputs + 1, 2 * step);
  const Layer second = make_layer(random, 2 * design.array.tokens, 2 * design.array.outputs, 3 * step - 1);
  const Placement at_second = {.activation_base = 2 * 2, .weight_base = 2 * 2, .channel_base = 2, .row_base = 2};
  Gemm gemm;
  gemm.load(first, {});
  gemm.load(second, at_second);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(gemm.run(first, {}), Gemm::cycles(first));
    EXPECT_EQ(gemm.run(second, at_second), Gemm::cycles(second));
  }
}

TEST(GemmCore, ResetAtAnyCycle_LeavesTheNextLayerRight) {
  Random random(83);
  Gemm gemm;
  const int step = bench_design().array.chains * kDotChainLength;
  const Layer layer = make_layer(random, 2 * bench_design().array.tokens, 2 * bench_design().array.outputs, 2 * step);
  gemm.load(layer, {});
  for (int cut = 1; cut < 45; ++cut) {
    gemm.reset_after(cut);
    EXPECT_EQ(gemm.run(layer, {}), Gemm::cycles(layer)) << "reset after " << cut;
  }
}

}  // namespace
}  // namespace edgemoe::sim

// Rows of the residual stream against hls::layer_norm.
#include <Vlayer_norm.h>
#include <gtest/gtest.h>

#include <vector>

#include "hls/design.h"
#include "hls/layer_norm.h"
#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/stream.h"

namespace edgemoe::sim {
namespace {

/// A norm with memories of its own.
struct Norm {
  std::vector<std::int16_t> gain;
  std::vector<std::int16_t> bias;
  hls::NormLayer layer;
  int base = 0;  // word of its first gains
};

Norm make_norm(Random& random, int width, std::uint32_t eps) {
  Norm norm;
  for (int i = 0; i < width; ++i) {
    norm.gain.push_back(static_cast<std::int16_t>(draw(random, -32767, 32767)));
    norm.bias.push_back(static_cast<std::int16_t>(draw(random, -32768, 32767)));
  }
  norm.layer = {.gain = norm.gain.data(),
                .bias = norm.bias.data(),
                .gain_exponent = static_cast<int>(draw(random, -6, 8)),
                .fraction = static_cast<int>(draw(random, 0, 15)),
                .eps = eps};
  return norm;
}

struct Row {
  std::vector<std::int32_t> values;
  std::vector<std::int16_t> out;
};

Row make_row(Random& random, int width, const Norm& norm) {
  Row row;
  const auto kind = random.below(7);
  const std::int64_t most = kind == 0 ? INT32_MAX : INT32_MAX >> random.below(31);
  const std::int64_t centre = random.below(2) == 0 ? 0 : draw(random, INT32_MIN, INT32_MAX);
  for (int i = 0; i < width; ++i) {
    const std::int64_t value = kind == 1   ? centre  // constant: only epsilon is left
                               : kind == 2 ? (i % 2 == 0 ? INT32_MAX : INT32_MIN)
                               : kind == 3 ? (i == 0 ? INT32_MIN : INT32_MAX)
                                           : centre + draw(random, -most, most);
    row.values.push_back(static_cast<std::int32_t>(saturate<32>(value)));
  }
  row.out.resize(row.values.size());
  hls::layer_norm<hls::ReferenceDesign>(row.values.data(), width, norm.layer, row.out.data());
  return row;
}

void write_params(Bench<Vlayer_norm>& bench, const Norm& norm) {
  const auto lanes = static_cast<std::size_t>(bench_design().lanes.layer_norm);
  bench->param_write_i = 1;
  for (std::size_t at = 0; at < norm.gain.size(); at += lanes) {
    set_port(bench->param_addr_i, norm.base + static_cast<int>(at / lanes));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      set_bits(bench->gains_i, lane * 16, 16, static_cast<std::uint16_t>(norm.gain[at + lane]));
      set_bits(bench->biases_i, lane * 16, 16, static_cast<std::uint16_t>(norm.bias[at + lane]));
    }
    bench.tick();
  }
  bench->param_write_i = 0;
  bench.tick();
}

void select(Bench<Vlayer_norm>& bench, const Norm& norm) {
  bench->count_i = static_cast<std::uint16_t>(norm.gain.size());
  bench->eps_i = norm.layer.eps;
  bench->out_shift_i = static_cast<std::uint8_t>(15 + norm.layer.fraction + norm.layer.gain_exponent);
  set_port(bench->param_base_i, norm.base);
}

StreamTimes run(Bench<Vlayer_norm>& bench, const std::vector<Row>& rows, bool gaps, Random& random) {
  const auto lanes = static_cast<std::size_t>(bench_design().lanes.layer_norm);
  const std::size_t row_beats = rows.front().values.size() / lanes;
  const std::size_t beats = rows.size() * row_beats;
  std::size_t seen = 0;
  int wrong = 0;
  const StreamTimes times = stream(
      bench, static_cast<int>(beats), gaps, random, static_cast<std::int64_t>(beats) * 20 + 2000,
      [&](int i) {
        const auto beat = static_cast<std::size_t>(i);
        bench->last_i = beat % row_beats + 1 == row_beats;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          set_bits(bench->values_i, lane * 32, 32,
                   static_cast<std::uint32_t>(rows[beat / row_beats].values[beat % row_beats * lanes + lane]));
        }
      },
      [&] {
        if (!bench->valid_o) return false;
        const std::size_t beat = seen++;
        wrong += bench->last_o != (beat % row_beats + 1 == row_beats);
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          wrong +=
              get_signed(bench->values_o, lane * 16, 16) != rows[beat / row_beats].out[beat % row_beats * lanes + lane];
        }
        return seen == beats;
      });
  EXPECT_EQ(seen, beats);
  EXPECT_EQ(wrong, 0);
  return times;
}

TEST(LayerNorm, RowsOfAnyWidth_EqualTheReference) {
  const int lanes = bench_design().lanes.layer_norm;
  const int most = bench_design().limits.max_width;
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(61);
      Bench<Vlayer_norm> bench(power_up);
      bench->valid_i = 0;
      bench->param_write_i = 0;
      bench.reset();
      for (const int width : {lanes, 3 * lanes, most / 2, most}) {
        // Epsilon at both ends and as M3ViT has it; all three norms are there before the first is used.
        std::vector<Norm> norms;
        for (const std::uint32_t eps : {1u, 4295u, kMaxNormEps}) {
          norms.push_back(make_norm(random, width, eps));
          norms.back().base = static_cast<int>(norms.size() - 1) * width / lanes;
          write_params(bench, norms.back());
        }
        for (const Norm& norm : norms) {
          select(bench, norm);
          std::vector<Row> rows;
          for (int i = 0; i < 60; ++i) rows.push_back(make_row(random, width, norm));
          EXPECT_GT(run(bench, rows, gaps, random).finished, 0) << "width " << width << " eps " << norm.layer.eps;
        }
      }
    }
  }
}

TEST(LayerNorm, RowsWithoutGaps_TakeABeatACycle) {
  const int lanes = bench_design().lanes.layer_norm;
  const int width = bench_design().limits.max_width;
  const int beats = width / lanes;
  constexpr int kRows = 20;
  Random random(62);
  Bench<Vlayer_norm> bench;
  bench->valid_i = 0;
  bench->param_write_i = 0;
  bench.reset();
  const Norm norm = make_norm(random, width, 4295);
  write_params(bench, norm);
  select(bench, norm);
  std::vector<Row> rows;
  for (int i = 0; i < kRows; ++i) rows.push_back(make_row(random, width, norm));
  const StreamTimes times = run(bench, rows, false, random);
  EXPECT_EQ(times.last_taken - times.first_taken, kRows * beats - 1);
  // The first beat, then the rest of the row.
  EXPECT_EQ(times.finished - times.last_taken, 2 * levels(lanes) + beats + 106 + beats - 1);
}

}  // namespace
}  // namespace edgemoe::sim

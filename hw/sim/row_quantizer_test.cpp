// Rows of any width against hls::quantize_row.
#include <Vrow_quantizer.h>
#include <gtest/gtest.h>

#include <vector>

#include "hls/linear.h"
#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/stream.h"

namespace edgemoe::sim {
namespace {

struct Row {
  std::vector<std::int16_t> values;  // padded to whole beats
  std::vector<std::int8_t> quantized;
  RowScale scale;
};

Row make_row(Random& random, int beats, int lanes, int fraction) {
  Row row;
  row.values.resize(static_cast<std::size_t>(beats * lanes));
  // Of any magnitude, zeros and both ends among them.
  const auto kind = random.below(8);
  const std::int64_t most = kind == 0 ? 0 : kind == 1 ? 32767 : static_cast<std::int64_t>(32767 >> random.below(15));
  for (auto& x : row.values) x = static_cast<std::int16_t>(draw(random, kind == 1 ? -32768 : -most, most));
  // The last beat may be padded.
  const auto padding = random.below(static_cast<unsigned>(lanes));
  for (std::size_t i = 0; i < padding; ++i) row.values[row.values.size() - 1 - i] = 0;
  row.quantized.resize(row.values.size());
  row.scale = hls::quantize_row(row.values.data(), static_cast<int>(row.values.size()), fraction, row.quantized.data());
  return row;
}

struct Beat {
  const Row* row;
  std::size_t at;
  bool last;
};

std::vector<Beat> beats_of(const std::vector<Row>& rows, int lanes) {
  std::vector<Beat> beats;
  for (const Row& row : rows) {
    for (std::size_t at = 0; at < row.values.size(); at += static_cast<std::size_t>(lanes)) {
      beats.push_back({&row, at, at + static_cast<std::size_t>(lanes) == row.values.size()});
    }
  }
  return beats;
}

/// Streams the rows through and compares every beat.
StreamTimes run(Bench<Vrow_quantizer>& bench, const std::vector<Row>& rows, int fraction, bool gaps, Random& random) {
  const int lanes = bench_design().lanes.row_quantizer;
  const std::vector<Beat> beats = beats_of(rows, lanes);
  std::size_t seen = 0;
  int wrong = 0;
  bench->fraction_i = static_cast<std::uint8_t>(fraction);
  const StreamTimes times = stream(
      bench, static_cast<int>(beats.size()), gaps, random, static_cast<std::int64_t>(beats.size()) * 30 + 1000,
      [&](int i) {
        const Beat& beat = beats[static_cast<std::size_t>(i)];
        bench->last_i = beat.last;
        for (std::size_t lane = 0; lane < static_cast<std::size_t>(lanes); ++lane) {
          set_bits(bench->values_i, lane * 16, 16, static_cast<std::uint16_t>(beat.row->values[beat.at + lane]));
        }
      },
      [&] {
        if (!bench->valid_o) return false;
        const Beat& beat = beats[seen++];
        wrong += bench->last_o != beat.last || bench->mantissa_o != static_cast<unsigned>(beat.row->scale.mantissa) ||
                 bench->exponent_o != static_cast<unsigned>(beat.row->scale.exponent);
        for (std::size_t lane = 0; lane < static_cast<std::size_t>(lanes); ++lane) {
          wrong += get_signed(bench->values_o, lane * 8, 8) != beat.row->quantized[beat.at + lane];
        }
        return seen == beats.size();
      });
  EXPECT_EQ(seen, beats.size());
  EXPECT_EQ(wrong, 0);
  return times;
}

TEST(RowQuantizer, RowsOfAnyWidth_EqualTheReference) {
  const int lanes = bench_design().lanes.row_quantizer;
  const int most = bench_design().limits.max_width / lanes;
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(41);
      Bench<Vrow_quantizer> bench(power_up);
      bench->valid_i = 0;
      bench.reset();
      for (const int fraction : {0, 7, 15}) {
        std::vector<Row> rows;
        for (int i = 0; i < 200; ++i) {
          const int beats =
              random.below(4) == 0 ? most : 1 + static_cast<int>(random.below(static_cast<unsigned>(most)));
          rows.push_back(make_row(random, beats, lanes, fraction));
        }
        EXPECT_GT(run(bench, rows, fraction, gaps, random).finished, 0);
      }
    }
  }
}

/// Reset in the middle of a row: nothing of it comes out, and the next row is right.
TEST(RowQuantizer, ResetAtAnyCycle_ForgetsWhatWasThere) {
  const int lanes = bench_design().lanes.row_quantizer;
  Random random(42);
  Bench<Vrow_quantizer> bench;
  bench->valid_i = 0;
  bench.reset();
  for (int cut = 1; cut < 60; ++cut) {
    bench->valid_i = 1;
    for (int i = 0; i < cut; ++i) {
      bench->last_i = random.below(3) == 0;
      bench.tick();
    }
    bench->valid_i = 0;
    bench.reset();
    EXPECT_GT(run(bench, {make_row(random, 3, lanes, 9)}, 9, false, random).finished, 0) << "reset after " << cut;
  }
}

TEST(RowQuantizer, RowsWithoutGaps_TakeABeatACycle) {
  const int lanes = bench_design().lanes.row_quantizer;
  const int beats = bench_design().limits.max_width / lanes;
  constexpr int kRows = 20;
  Random random(43);
  std::vector<Row> rows;
  for (int i = 0; i < kRows; ++i) rows.push_back(make_row(random, beats, lanes, 8));
  Bench<Vrow_quantizer> bench;
  bench->valid_i = 0;
  bench.reset();
  const StreamTimes times = run(bench, rows, 8, false, random);
  EXPECT_EQ(times.last_taken - times.first_taken, kRows * beats - 1);
  // The last row's first beat comes log2(lanes) + 23 cycles after its last went in.
  EXPECT_EQ(times.finished - times.last_taken, levels(lanes) + 23 + beats - 1);
}

}  // namespace
}  // namespace edgemoe::sim

// Rows of scores against the exponentials and scales that hls::attend makes of them.
#include <Vsoftmax.h>
#include <gtest/gtest.h>

#include <vector>

#include "numeric/attention_scale.h"
#include "numeric/exp2_table.h"
#include "sim/bench.h"
#include "sim/bench_design.h"
#include "sim/stream.h"

namespace edgemoe::sim {
namespace {

struct Row {
  std::vector<std::int16_t> scores;
  std::vector<std::uint8_t> probabilities;
  SoftmaxScale scale;
};

/// The steps of hls::attend between its scores and its products with V.
Row make_row(Random& random, int tokens) {
  Row row;
  row.scores.resize(static_cast<std::size_t>(tokens));
  const auto kind = random.below(6);
  const auto centre = kind == 0 ? -32768 : static_cast<int>(draw(random, -20000, 20000));
  for (auto& score : row.scores) {
    const std::int64_t near = centre + draw(random, -1100, 1100);
    score = static_cast<std::int16_t>(kind == 1 ? draw(random, -32768, 32767) : kind == 2 ? 777 : saturate<16>(near));
  }
  std::int32_t running_max = -32768;
  for (const std::int16_t score : row.scores) running_max = score > running_max ? score : running_max;
  std::uint32_t sum = 0;
  for (const std::int16_t score : row.scores) {
    const std::uint16_t exponential = exp2_negative(static_cast<std::uint32_t>(running_max - score));
    row.probabilities.push_back(static_cast<std::uint8_t>((exponential + 128) >> 8));
    sum += exponential;
  }
  row.scale = make_softmax_scale(sum);
  return row;
}

struct Beat {
  const Row* row;
  std::size_t at;
  bool last;
};

StreamTimes run(Bench<Vsoftmax>& bench, const std::vector<Row>& rows, bool gaps, Random& random) {
  const auto lanes = static_cast<std::size_t>(bench_design().lanes.softmax);
  std::vector<Beat> beats;
  for (const Row& row : rows) {
    for (std::size_t at = 0; at < row.scores.size(); at += lanes)
      beats.push_back({&row, at, at + lanes >= row.scores.size()});
  }
  std::size_t seen = 0;
  std::size_t scales = 0;
  std::size_t compared = 0;
  int wrong = 0;
  const StreamTimes times = stream(
      bench, static_cast<int>(beats.size()), gaps, random, static_cast<std::int64_t>(beats.size()) * 20 + 1000,
      [&](int i) {
        const Beat& beat = beats[static_cast<std::size_t>(i)];
        bench->last_i = beat.last;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const bool keep = beat.at + lane < beat.row->scores.size();
          set_bits(bench->keep_i, lane, 1, keep);
          // A lane that is not kept holds anything.
          set_bits(bench->scores_i, lane * 16, 16,
                   keep ? static_cast<std::uint16_t>(beat.row->scores[beat.at + lane])
                        : static_cast<std::uint16_t>(random.next_u64()));
        }
      },
      [&] {
        if (bench->valid_o) {
          const Beat& beat = beats[seen++];
          wrong += bench->last_o != beat.last;
          for (std::size_t lane = 0; lane < lanes; ++lane) {
            const bool keep = beat.at + lane < beat.row->scores.size();
            wrong +=
                get_bits(bench->probabilities_o, lane * 8, 8) != (keep ? beat.row->probabilities[beat.at + lane] : 0u);
            ++compared;
          }
        }
        if (bench->scale_valid_o) {
          const SoftmaxScale& scale = rows[scales++].scale;
          wrong += bench->pre_shift_o != scale.pre_shift || bench->reciprocal_o != scale.reciprocal;
        }
        return scales == rows.size();
      });
  EXPECT_EQ(seen, beats.size());
  EXPECT_EQ(compared, beats.size() * lanes);
  EXPECT_EQ(wrong, 0);
  return times;
}

TEST(Softmax, RowsOfAnyLength_EqualTheReference) {
  const int most = bench_design().limits.max_tokens;
  const int lanes = bench_design().lanes.softmax;
  for (const PowerUp power_up : kAllPowerUps) {
    for (const bool gaps : {false, true}) {
      Random random(51);
      Bench<Vsoftmax> bench(power_up);
      bench->valid_i = 0;
      bench.reset();
      std::vector<Row> rows;
      for (const int tokens : {1, lanes - 1, lanes, lanes + 1, 2 * lanes + 1, most})
        rows.push_back(make_row(random, tokens));
      for (int i = 0; i < 400; ++i)
        rows.push_back(make_row(random, 1 + static_cast<int>(random.below(static_cast<unsigned>(most)))));
      EXPECT_GT(run(bench, rows, gaps, random).finished, 0);
    }
  }
}

TEST(Softmax, RowsWithoutGaps_TakeABeatACycle) {
  const int lanes = bench_design().lanes.softmax;
  const int beats = bench_design().limits.max_tokens / lanes;
  constexpr int kRows = 20;
  Random random(52);
  std::vector<Row> rows;
  for (int i = 0; i < kRows; ++i) rows.push_back(make_row(random, beats * lanes));
  Bench<Vsoftmax> bench;
  bench->valid_i = 0;
  bench.reset();
  const StreamTimes times = run(bench, rows, false, random);
  EXPECT_EQ(times.last_taken - times.first_taken, kRows * beats - 1);
  // First beat, the rest of the row, its scale.
  EXPECT_EQ(times.finished - times.last_taken, levels(lanes) + 7 + beats - 1 + levels(lanes) + 16);
}

}  // namespace
}  // namespace edgemoe::sim

// Attention of one head for all queries, kQueryLanes at a time. Keys and values pass by once a group of queries and
// serve all its lanes, so their memory is read as often as there are groups, however many lanes work: that is what
// makes the lanes cheap. Groups are skewed: while the keys pass for one group, the values pass for the group before it,
// whose maxima are known by then.
//
//   step      0          1          2        ...      last
//   keys      group 0    group 1    group 2           -
//   values    -          group 0    group 1           last group
//
//   read_queries ── queries ──────┐
//                                 v
//   stream_head ──── keys ──> score_queries ── scores, maxima ──> weigh_values ── outputs ──> write_heads
//        └────────── values ─────────────────────────────────────────^
#ifndef EDGEMOE_HLS_ATTENTION_UNIT_H_
#define EDGEMOE_HLS_ATTENTION_UNIT_H_

#include <cstdint>

#include "hls/attention.h"
#include "hls/dataflow.h"
#include "hls/network_stream.h"

namespace edgemoe {
namespace hls {

template <typename Design>
struct KeyBeat {
  std::int8_t key[Design::kHeadDim];
  std::int16_t mantissa;
};

template <typename Design>
struct ValueBeat {
  std::int8_t value[Design::kHeadDim];
};

/// One number a query lane: the scores of a key, or the largest scores.
template <typename Design>
using LaneBeat = Vector<std::int16_t, Design::kQueryLanes>;

template <typename Design>
using ScoreStream = stream<LaneBeat<Design>, Design::kScoreDepth>;

/// A query's output of one head.
template <typename Design>
struct HeadBeat {
  std::int16_t value[Design::kHeadDim];
};

/// Fraction bits of q, k and v.
struct AttentionFormat {
  int query;
  int key;
  int value;
};

template <typename Design>
constexpr int query_groups() {
  return ceil_div(Design::kTokens, Design::kQueryLanes);
}

/// Read process. Lanes without a query, in the last group, get one of zeros.
template <typename Design>
void read_queries(const std::int16_t (&values)[Design::kTokens][Design::kValueColumns], int first_column, int fraction,
                  ScoreScale score, int key_exponent, stream<Query<Design>, 2>& queries) {
  for (int place = 0; place < query_groups<Design>() * Design::kQueryLanes; ++place) {
    if (place < Design::kTokens) {
      queries.write(load_query<Design>(values[place] + first_column, Design::kHeadDim, fraction, score, key_exponent));
    } else {
      queries.write(Query<Design>{});
    }
  }
}

/// Read process: all keys and values, once a step.
template <typename Design>
void stream_head(const HeadMemory<Design>& head, stream<KeyBeat<Design>, 2>& keys,
                 stream<ValueBeat<Design>, 2>& values) {
  constexpr int kGroups = query_groups<Design>();
  for (int step = 0; step < kGroups + 1; ++step) {
    for (int j = 0; j < Design::kTokens; ++j) {
      EDGEMOE_HLS(pipeline II = 1)
      if (step < kGroups) {
        KeyBeat<Design> beat;
        for (int d = 0; d < Design::kHeadDim; ++d) {
          EDGEMOE_HLS(unroll)
          beat.key[d] = head.key[j][d];
        }
        beat.mantissa = head.key_mantissa[j];
        keys.write(beat);
      }
      if (step > 0) {
        ValueBeat<Design> beat;
        for (int d = 0; d < Design::kHeadDim; ++d) {
          EDGEMOE_HLS(unroll)
          beat.value[d] = head.value[j][d];
        }
        values.write(beat);
      }
    }
  }
}

/// Compute process, first half: scores and their maximum in one pass.
template <typename Design>
void score_queries(int pre_shift, stream<Query<Design>, 2>& queries, stream<KeyBeat<Design>, 2>& keys,
                   ScoreStream<Design>& scores, stream<LaneBeat<Design>, 2>& maxima) {
  for (int group = 0; group < query_groups<Design>(); ++group) {
    Query<Design> query[Design::kQueryLanes];
    EDGEMOE_HLS(array_partition variable = query complete)
    LaneBeat<Design> running_max;
    for (int l = 0; l < Design::kQueryLanes; ++l) {
      EDGEMOE_HLS(pipeline II = 1)
      query[l] = queries.read();
      running_max.lane[l] = -32768;
    }
    for (int j = 0; j < Design::kTokens; ++j) {
      EDGEMOE_HLS(pipeline II = 1)
      const KeyBeat<Design> beat = keys.read();
      LaneBeat<Design> score;
      for (int l = 0; l < Design::kQueryLanes; ++l) {
        EDGEMOE_HLS(unroll)
        score.lane[l] = score_key(query[l], beat.key, beat.mantissa, Design::kHeadDim, pre_shift);
        running_max.lane[l] = score.lane[l] > running_max.lane[l] ? score.lane[l] : running_max.lane[l];
      }
      scores.write(score);
    }
    maxima.write(running_max);
  }
}

/// Compute process, second half: exponentials are taken, and summed, where they meet V.
template <typename Design>
void weigh_values(RowScale value_scale, int value_fraction, ScoreStream<Design>& scores,
                  stream<LaneBeat<Design>, 2>& maxima, stream<ValueBeat<Design>, 2>& values,
                  stream<HeadBeat<Design>, 2>& outputs) {
  for (int group = 0; group < query_groups<Design>(); ++group) {
    const LaneBeat<Design> largest = maxima.read();
    WeighedValues<Design> sums[Design::kQueryLanes] = {};
    EDGEMOE_HLS(array_partition variable = sums complete)
    for (int j = 0; j < Design::kTokens; ++j) {
      EDGEMOE_HLS(pipeline II = 1)
      const LaneBeat<Design> score = scores.read();
      const ValueBeat<Design> beat = values.read();
      for (int l = 0; l < Design::kQueryLanes; ++l) {
        EDGEMOE_HLS(unroll)
        weigh_value(largest.lane[l] - score.lane[l], beat.value, Design::kHeadDim, sums[l]);
      }
    }
    for (int l = 0; l < Design::kQueryLanes; ++l) {
      HeadBeat<Design> out;
      divide_by_sum(sums[l], value_scale, value_fraction, Design::kHeadDim, out.value);
      outputs.write(out);
    }
  }
}

/// Write process.
template <typename Design>
void write_heads(int first_column, stream<HeadBeat<Design>, 2>& outputs,
                 std::int16_t (&heads)[Design::kTokens][Design::kEmbedDim]) {
  for (int place = 0; place < query_groups<Design>() * Design::kQueryLanes; ++place) {
    const HeadBeat<Design> out = outputs.read();
    if (place >= Design::kTokens) continue;
    for (int d = 0; d < Design::kHeadDim; ++d) {
      EDGEMOE_HLS(unroll)
      heads[place][first_column + d] = out.value[d];
    }
  }
}

/// All queries of one head. `values` holds q, k and v side by side; the head begins at `first_column` of each.
template <typename Design>
void attention_processes(const std::int16_t (&values)[Design::kTokens][Design::kValueColumns],
                         const HeadMemory<Design>& head, int first_column, const AttentionFormat& format,
                         std::int16_t (&heads)[Design::kTokens][Design::kEmbedDim]) {
  EDGEMOE_HLS(dataflow)
  EDGEMOE_DATAFLOW(region);
  const ScoreScale score = head.score;
  const int key_exponent = head.key_exponent;
  const RowScale value_scale = head.value_scale;
  stream<Query<Design>, 2> queries("queries");
  stream<KeyBeat<Design>, 2> keys("keys");
  stream<ValueBeat<Design>, 2> value_beats("values");
  ScoreStream<Design> scores("scores");
  stream<LaneBeat<Design>, 2> maxima("maxima");
  stream<HeadBeat<Design>, 2> outputs("head_outputs");
  EDGEMOE_PROCESS(region, read_queries<Design>(values, first_column, format.query, score, key_exponent, queries));
  EDGEMOE_PROCESS(region, stream_head<Design>(head, keys, value_beats));
  EDGEMOE_PROCESS(region, score_queries<Design>(score.pre_shift, queries, keys, scores, maxima));
  EDGEMOE_PROCESS(region, weigh_values<Design>(value_scale, format.value, scores, maxima, value_beats, outputs));
  EDGEMOE_PROCESS(region, write_heads<Design>(first_column, outputs, heads));
  EDGEMOE_RUN(region);
}

/// All heads. A head's values share one scale, so its memory is filled before its queries start.
template <typename Design>
void attention_unit(const std::int16_t (&values)[Design::kTokens][Design::kValueColumns], const AttentionFormat& format,
                    const ScoreScale& score, std::int16_t (&heads)[Design::kTokens][Design::kEmbedDim]) {
  for (int first = 0; first < Design::kEmbedDim; first += Design::kHeadDim) {
    HeadMemory<Design> head;
    EDGEMOE_HLS(array_partition variable = head.key dim = 2 complete)
    EDGEMOE_HLS(array_partition variable = head.value dim = 2 complete)
    load_head(values[0] + Design::kEmbedDim + first, values[0] + 2 * Design::kEmbedDim + first, Design::kValueColumns,
              Design::kTokens, Design::kHeadDim, format.key, format.value, score, head);
    attention_processes<Design>(values, head, first, format, heads);
  }
}

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_ATTENTION_UNIT_H_

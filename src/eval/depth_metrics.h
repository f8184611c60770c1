// Scores of depth maps, after Eigen, Puhrsch, Fergus (2014), pooled over all scored pixels of all pictures.
#ifndef EDGEMOE_EVAL_DEPTH_METRICS_H_
#define EDGEMOE_EVAL_DEPTH_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/thread_pool.h"

namespace edgemoe {

/// Depths that are scored, in the truth's unit: truths outside score nothing, predictions are cut to the range.
struct DepthCap {
  double min = 0;  // above 0
  double max = 0;  // at least min; may be infinite
};

/// What is usual for streets.
inline constexpr DepthCap kStreetCap = {0.001, 80};

enum class DepthAlignment {
  kNone,
  kMedianScale,  ///< each picture's prediction is multiplied by median(truth) / median(prediction) first
};

struct DepthRule {
  DepthCap cap;
  DepthAlignment alignment = DepthAlignment::kNone;
};

/// Sums over scored pixels, and the metrics that follow. p is the prediction, g the truth.
struct DepthSums {
  std::uint64_t num_scored = 0;
  std::uint64_t num_without_truth = 0;  // truth 0 or not finite: no depth here
  std::uint64_t num_outside_cap = 0;    // truth outside the cap
  std::uint64_t num_cut = 0;            // scored, prediction outside the cap: counted as the cap's end
  std::uint64_t num_non_finite = 0;  // scored, prediction NaN or infinite: counted as the cap's end that is farther off
  double abs_rel_sum = 0;            // |p − g| / g
  double sq_rel_sum = 0;             // (p − g)² / g
  double square_sum = 0;             // (p − g)²
  double log_square_sum = 0;         // (ln p − ln g)²
  std::array<std::uint64_t, 3> num_within = {};  // max(p / g, g / p) < 1.25, 1.25², 1.25³
  std::uint64_t num_unaligned = 0;               // pictures that could not be aligned: no positive finite prediction

  void add(double predicted, double truth, const DepthCap& cap);
  DepthSums& operator+=(const DepthSums& other);

  // Not to be asked for when num_scored is 0.
  double abs_rel() const { return mean(abs_rel_sum); }
  double sq_rel() const { return mean(sq_rel_sum); }
  double rmse() const;
  double rmse_log() const;
  /// Share of pixels within 1.25^(1 + power).
  double delta(std::size_t power) const { return mean(static_cast<double>(num_within[power])); }

 private:
  double mean(double sum) const { return sum / static_cast<double>(num_scored); }
};

/// One picture, `width` pixels a row. The same sums for any number of threads.
DepthSums score_depth(std::span<const float> predicted, std::span<const float> truth, std::size_t width,
                      const DepthRule& rule, ThreadPool& pool);

/// The factor of kMedianScale over the pixels that are scored and whose prediction is finite and above 0; the median of
/// an even number is the mean of the middle two. 0 when there is no such pixel.
double median_scale(std::span<const float> predicted, std::span<const float> truth, const DepthCap& cap);

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_DEPTH_METRICS_H_

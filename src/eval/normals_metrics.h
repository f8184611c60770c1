// Scores of surface normals: the angle between prediction and truth, pooled over all pixels that have a truth.
#ifndef EDGEMOE_EVAL_NORMALS_METRICS_H_
#define EDGEMOE_EVAL_NORMALS_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"

namespace edgemoe {

/// Degrees below which a pixel counts as right.
inline constexpr std::array kAngleThresholds = {11.25, 22.5, 30.0};

/// Sums over scored pixels, and the metrics that follow. Memory does not grow with the number of pixels: the median
/// comes from a histogram.
class NormalsSums {
 public:
  NormalsSums();

  void add_angle(double degrees);
  /// A prediction without a direction (not finite, or of length 0) counts as 180 degrees.
  void add_invalid();
  void add_without_truth() { ++num_without_truth_; }
  void merge(const NormalsSums& other);

  std::uint64_t num_scored() const { return num_scored_; }
  std::uint64_t num_without_truth() const { return num_without_truth_; }
  std::uint64_t num_invalid() const { return num_invalid_; }

  // Degrees. Not to be asked for when num_scored() is 0.
  double mean() const { return sum_ / static_cast<double>(num_scored_); }
  double rmse() const;
  /// Within 0.005 of the exact median; of an even number of angles the mean of the middle two.
  double median() const;
  /// Share of pixels below kAngleThresholds[i].
  double within(std::size_t i) const { return static_cast<double>(num_within_[i]) / static_cast<double>(num_scored_); }

 private:
  double ranked(std::uint64_t rank) const;

  std::uint64_t num_scored_ = 0;
  std::uint64_t num_without_truth_ = 0;
  std::uint64_t num_invalid_ = 0;
  double sum_ = 0;
  double square_sum_ = 0;
  std::array<std::uint64_t, kAngleThresholds.size()> num_within_ = {};
  std::vector<std::uint64_t> histogram_;  // [180 / 0.01 + 1], angles rounded to 0.01 degrees
};

/// Angle between two vectors in degrees, whatever their lengths; exactly 0 for equal ones. NaN when one is zero or not
/// finite.
double angle_degrees(std::span<const float, 3> a, std::span<const float, 3> b);

/// One picture [pixels, 3] each; a truth of (0, 0, 0) or not finite is none. The same sums for any number of threads.
NormalsSums score_normals(std::span<const float> predicted, std::span<const float> truth, ThreadPool& pool);

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_NORMALS_METRICS_H_

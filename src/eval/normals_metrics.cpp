#include "eval/normals_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/check.h"

namespace edgemoe {
namespace {

constexpr double kBinsPerDegree = 100;
constexpr std::size_t kNumBins = 18001;
constexpr std::size_t kPixelsPerTask = 4096;  // of one piece of work for a thread
constexpr double kNoTruth = -1;               // in place of an angle

bool has_direction(std::span<const float, 3> vector) {
  const bool finite = std::isfinite(vector[0]) && std::isfinite(vector[1]) && std::isfinite(vector[2]);
  return finite && (vector[0] != 0 || vector[1] != 0 || vector[2] != 0);
}

}  // namespace

NormalsSums::NormalsSums() : histogram_(kNumBins) {}

void NormalsSums::add_angle(double degrees) {
  ++num_scored_;
  sum_ += degrees;
  square_sum_ += degrees * degrees;
  for (std::size_t i = 0; i < kAngleThresholds.size(); ++i) num_within_[i] += degrees < kAngleThresholds[i] ? 1U : 0U;
  const auto bin = static_cast<std::size_t>(std::lround(std::clamp(degrees, 0.0, 180.0) * kBinsPerDegree));
  ++histogram_[bin];
}

void NormalsSums::add_invalid() {
  ++num_invalid_;
  add_angle(180);
}

void NormalsSums::merge(const NormalsSums& other) {
  num_scored_ += other.num_scored_;
  num_without_truth_ += other.num_without_truth_;
  num_invalid_ += other.num_invalid_;
  sum_ += other.sum_;
  square_sum_ += other.square_sum_;
  for (std::size_t i = 0; i < num_within_.size(); ++i) num_within_[i] += other.num_within_[i];
  for (std::size_t i = 0; i < histogram_.size(); ++i) histogram_[i] += other.histogram_[i];
}

double NormalsSums::rmse() const { return std::sqrt(square_sum_ / static_cast<double>(num_scored_)); }

/// The angle of that rank (0 is the smallest), rounded to a bin's centre.
double NormalsSums::ranked(std::uint64_t rank) const {
  std::size_t bin = 0;
  for (std::uint64_t below = histogram_[0]; below <= rank; below += histogram_[bin]) ++bin;
  return static_cast<double>(bin) / kBinsPerDegree;
}

double NormalsSums::median() const { return (ranked((num_scored_ - 1) / 2) + ranked(num_scored_ / 2)) / 2; }

double angle_degrees(std::span<const float, 3> a, std::span<const float, 3> b) {
  if (!has_direction(a) || !has_direction(b)) return std::numeric_limits<double>::quiet_NaN();
  const std::array<double, 3> u = {a[0], a[1], a[2]};
  const std::array<double, 3> v = {b[0], b[1], b[2]};
  // The arc cosine of the scalar product loses half of its digits near 0; the arc tangent loses none.
  const double cross_x = u[1] * v[2] - u[2] * v[1];
  const double cross_y = u[2] * v[0] - u[0] * v[2];
  const double cross_z = u[0] * v[1] - u[1] * v[0];
  const double cross = std::sqrt(cross_x * cross_x + cross_y * cross_y + cross_z * cross_z);
  const double dot = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
  return std::atan2(cross, dot) * (180 / std::numbers::pi);
}

NormalsSums score_normals(std::span<const float> predicted, std::span<const float> truth, ThreadPool& pool) {
  EDGEMOE_CHECK(predicted.size() == truth.size() && truth.size() % 3 == 0);
  const std::size_t pixels = truth.size() / 3;
  std::vector<double> angles(pixels);
  pool.parallel_for((pixels + kPixelsPerTask - 1) / kPixelsPerTask, [&](std::size_t task, int /*thread*/) {
    const std::size_t end = std::min(pixels, (task + 1) * kPixelsPerTask);
    for (std::size_t i = task * kPixelsPerTask; i < end; ++i) {
      const std::span<const float, 3> expected = truth.subspan(3 * i).first<3>();
      angles[i] = has_direction(expected) ? angle_degrees(predicted.subspan(3 * i).first<3>(), expected) : kNoTruth;
    }
  });
  NormalsSums sums;
  for (const double angle : angles) {
    if (angle == kNoTruth) {
      sums.add_without_truth();
    } else if (std::isnan(angle)) {
      sums.add_invalid();
    } else {
      sums.add_angle(angle);
    }
  }
  return sums;
}

}  // namespace edgemoe

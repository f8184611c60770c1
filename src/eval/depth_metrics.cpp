#include "eval/depth_metrics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"

namespace edgemoe {
namespace {

bool has_truth(double truth) { return std::isfinite(truth) && truth > 0; }

bool in_cap(double truth, const DepthCap& cap) { return truth >= cap.min && truth <= cap.max; }

/// Reorders `values`, at least one.
double median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (static_cast<double>(*std::max_element(values.begin(), middle)) + static_cast<double>(*middle)) / 2;
}

}  // namespace

void DepthSums::add(double predicted, double truth, const DepthCap& cap) {
  if (!has_truth(truth)) {
    ++num_without_truth;
    return;
  }
  if (!in_cap(truth, cap)) {
    ++num_outside_cap;
    return;
  }
  ++num_scored;
  if (!std::isfinite(predicted)) {
    ++num_non_finite;
    // The end that is farther off by ratio, so that a broken value never scores well.
    predicted = std::isfinite(cap.max) && cap.max / truth > truth / cap.min ? cap.max : cap.min;
  } else if (!in_cap(predicted, cap)) {
    ++num_cut;
    predicted = std::clamp(predicted, cap.min, cap.max);
  }
  const double difference = predicted - truth;
  const double log_difference = std::log(predicted) - std::log(truth);
  abs_rel_sum += std::abs(difference) / truth;
  sq_rel_sum += difference * difference / truth;
  square_sum += difference * difference;
  log_square_sum += log_difference * log_difference;
  const double ratio = std::max(predicted / truth, truth / predicted);
  double bound = 1.25;
  for (std::uint64_t& within : num_within) {
    within += ratio < bound ? 1U : 0U;
    bound *= 1.25;
  }
}

DepthSums& DepthSums::operator+=(const DepthSums& other) {
  num_scored += other.num_scored;
  num_without_truth += other.num_without_truth;
  num_outside_cap += other.num_outside_cap;
  num_cut += other.num_cut;
  num_non_finite += other.num_non_finite;
  abs_rel_sum += other.abs_rel_sum;
  sq_rel_sum += other.sq_rel_sum;
  square_sum += other.square_sum;
  log_square_sum += other.log_square_sum;
  for (std::size_t i = 0; i < num_within.size(); ++i) num_within[i] += other.num_within[i];
  num_unaligned += other.num_unaligned;
  return *this;
}

double DepthSums::rmse() const { return std::sqrt(mean(square_sum)); }
double DepthSums::rmse_log() const { return std::sqrt(mean(log_square_sum)); }

double median_scale(std::span<const float> predicted, std::span<const float> truth, const DepthCap& cap) {
  std::vector<float> predictions;
  std::vector<float> truths;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (!has_truth(truth[i]) || !in_cap(truth[i], cap)) continue;
    if (!std::isfinite(predicted[i]) || predicted[i] <= 0) continue;
    predictions.push_back(predicted[i]);
    truths.push_back(truth[i]);
  }
  if (truths.empty()) return 0;
  return median(truths) / median(predictions);
}

DepthSums score_depth(std::span<const float> predicted, std::span<const float> truth, std::size_t width,
                      const DepthRule& rule, ThreadPool& pool) {
  EDGEMOE_CHECK(predicted.size() == truth.size() && width > 0 && truth.size() % width == 0);
  double scale = 1;
  DepthSums total;
  if (rule.alignment == DepthAlignment::kMedianScale) {
    scale = median_scale(predicted, truth, rule.cap);
    if (scale == 0) {
      scale = 1;
      total.num_unaligned = 1;
    }
  }
  // A sum a row, added up in the rows' order: threads cannot change it.
  std::vector<DepthSums> rows(truth.size() / width);
  pool.parallel_for(rows.size(), [&](std::size_t y, int /*thread*/) {
    for (std::size_t i = y * width; i < (y + 1) * width; ++i) {
      rows[y].add(static_cast<double>(predicted[i]) * scale, truth[i], rule.cap);
    }
  });
  for (const DepthSums& row : rows) total += row;
  return total;
}

}  // namespace edgemoe

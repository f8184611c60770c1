// The units behind the array, as the timing model sees them: each takes rows in their order and says when they are out.
// Latencies are docs/rtl.md's.
#ifndef EDGEMOE_ACCEL_COST_MACHINE_UNITS_H_
#define EDGEMOE_ACCEL_COST_MACHINE_UNITS_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <deque>
#include <vector>

namespace edgemoe {

inline double log2_of(int lanes) { return static_cast<double>(std::bit_width(static_cast<unsigned>(lanes)) - 1); }

/// Places for groups of rows between the array and a unit: one is taken before a group's first tile, and free again
/// when its rows have been read.
class GroupSlots {
 public:
  explicit GroupSlots(std::size_t slots) : slots_(slots) {}

  /// From when on there is one.
  double free_at() const { return ends_.size() < slots_ ? 0 : ends_.front() + 1; }
  /// A group's rows take `cycles` to read, from `written` on or when the group before is through; returns their end.
  double read(double written, double cycles) {
    end_ = std::max(end_, written) + cycles;
    ends_.push_back(end_);
    if (ends_.size() > slots_) ends_.pop_front();
    return end_;
  }

 private:
  std::size_t slots_;
  std::deque<double> ends_;
  double end_ = 0;
};

/// Rows of the residual stream to normed, quantised rows, and to digits.
struct NormUnit {
  double norm_cycles = 1;      // of a row, a beat a cycle
  double quantize_cycles = 1;  // of a row
  double digit_cycles = 3;
  double norm_latency = 0;  // after a row's last beat
  double quantize_latency = 0;

  double normed = 0;
  double quantised = 0;
  double digits = 0;

  /// A row whose last beat was read at `read`: when what the next phase waits for is written.
  double pass(double read, bool with_digits) {
    normed = std::max(normed, read + norm_latency) + norm_cycles;
    quantised = std::max(quantised + quantize_cycles, normed + quantize_latency);
    if (!with_digits) return quantised;
    digits = std::max(digits, normed - norm_cycles + 2) + digit_cycles;
    return digits;
  }
  double idle() const { return std::max(quantised, digits) + 1; }
};

/// Sums to queues: one unit finds a token's logits, as many as the array has tokens choose in turn.
class RouterUnit {
 public:
  RouterUnit(int experts, double select_cycles, int units)
      : logit_cycles_(experts + 2.0), select_cycles_(select_cycles), busy_(static_cast<std::size_t>(units), 0) {}

  /// A token whose sums are there; returns when its logits have left.
  double token(double there) {
    double& unit = busy_[next_];
    next_ = (next_ + 1) % busy_.size();
    const double start = std::max({there, logits_, unit});
    logits_ = start + logit_cycles_;
    unit = start + select_cycles_;
    done_ = std::max(done_, unit);
    return logits_;
  }
  void begin(double cycle) {
    std::fill(busy_.begin(), busy_.end(), cycle);
    next_ = 0;
    logits_ = cycle;
    done_ = cycle;
  }
  double done() const { return done_; }

 private:
  double logit_cycles_;
  double select_cycles_;
  std::vector<double> busy_;
  std::size_t next_ = 0;
  double logits_ = 0;
  double done_ = 0;
};

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_MACHINE_UNITS_H_

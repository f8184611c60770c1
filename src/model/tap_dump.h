// Tap dumps: what a run published, kept in memory or as a safetensors file, and the comparer that walks two of them.
#ifndef EDGEMOE_MODEL_TAP_DUMP_H_
#define EDGEMOE_MODEL_TAP_DUMP_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/tensor.h"
#include "model/safetensors.h"
#include "model/taps.h"

namespace edgemoe {

/// Copies every tap, in the order of publication.
class TapRecorder final : public TapSink {
 public:
  void on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) override;

  /// Name → values: "<scope>/<tap>", or "image<i>/<scope>/<tap>" when more than one picture was seen.
  SafetensorsIndex index() const;
  /// Writes all as a safetensors file.
  Status write(const std::filesystem::path& path,
               const std::map<std::string, std::string, std::less<>>& metadata) const;

 private:
  struct Entry {
    int image;
    std::string name;  // "<scope>/<tap>"
    DType dtype;
    Shape shape;
    std::vector<std::byte> bytes;
  };
  std::string full_name(const Entry& entry) const;

  std::vector<Entry> entries_;
  int num_images_ = 0;
};

/// When two values count as equal: |a − b| ≤ absolute + relative · max|expected tap|. Zero and zero: the same bits but
/// for the sign of zero. Values that are both NaN, or the same infinity, are equal.
struct TapTolerance {
  double absolute = 0;
  double relative = 0;
};

struct TapDifference {
  std::string tap;
  std::vector<std::int64_t> coordinates;  // in the tap's shape
  double expected = 0;
  double found = 0;
  double allowed = 0;  // how far apart they might have been
};

struct TapComparison {
  std::size_t taps = 0;                // compared
  std::size_t values = 0;              // compared
  std::optional<TapDifference> first;  // first that is too far apart, in the network's order
  std::optional<TapDifference> worst;  // largest |a − b| relative to what was allowed (absolute where nothing was)
  std::vector<std::string> only_expected;
  std::vector<std::string> only_found;
};

/// Walks the taps of `expected` in the network's order and stops at the first difference. A tap "<task>/x" that the
/// other side has only as "shared/x" is compared with that. kMismatch for shapes or types that differ, kNotFound when
/// there is no tap in common.
Result<TapComparison> compare_taps(const SafetensorsIndex& expected, const SafetensorsIndex& found,
                                   const TapTolerance& tolerance);

/// One tap of known equal shape and type; adds to `comparison`, true when all values are close enough. `skip_rows` are
/// rows (first axis) to leave out.
bool compare_tap(std::string_view name, const TensorView& expected, const TensorView& found,
                 const TapTolerance& tolerance, std::span<const std::int64_t> skip_rows, TapComparison& comparison);

/// Orders full tap names as the network makes them: picture, then block by block, then heads; scopes side by side.
bool tap_order_less(std::string_view a, std::string_view b);

/// The tap `name`, or its "shared/" form; null when there is neither.
const TensorView* find_tap(const SafetensorsIndex& index, std::string_view name);

/// "semseg/block3.router.logits[17,4]: expected 0.25, found 0.31, apart by 0.06 (allowed 0.0001)"
std::string describe(const TapDifference& difference);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_TAP_DUMP_H_

#include "model/tap_dump.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <tuple>

namespace edgemoe {
namespace {

/// A full tap name taken apart: "image2/semseg/block3.attn.out".
struct TapName {
  int image = 0;
  std::string_view scope;
  std::string_view tap;
};

TapName split_name(std::string_view name) {
  TapName parts;
  constexpr std::string_view kImage = "image";
  if (name.starts_with(kImage)) {
    const std::size_t slash = name.find('/');
    const char* begin = name.data() + kImage.size();
    const char* end = name.data() + std::min(slash, name.size());
    if (slash != std::string_view::npos && std::from_chars(begin, end, parts.image).ptr == end && begin != end) {
      name.remove_prefix(slash + 1);
    }
  }
  const std::size_t slash = name.find('/');
  if (slash != std::string_view::npos) {
    parts.scope = name.substr(0, slash);
    name.remove_prefix(slash + 1);
  }
  parts.tap = name;
  return parts;
}

/// Place of a tap in the network: (block, stage); unknown names come last, by name.
std::pair<int, int> network_place(std::string_view tap) {
  static constexpr std::array kStages = {kTapNorm1,  kTapQkv,          kTapAttention,     kTapAttentionOut,
                                         kTapNorm2,  kTapRouterLogits, kTapRouterIndices, kTapRouterWeights,
                                         kTapMlpOut, kTapBlockOut};
  static constexpr std::array kHeadStages = {kTapHeadNorm, kTapHeadLogits};
  constexpr int kAfterAllBlocks = 1 << 20;
  if (tap == kTapInput) return {-2, 0};
  if (tap == kTapPatchEmbed) return {-1, 0};
  const auto stage_of = [](std::string_view what, const auto& stages) {
    return static_cast<int>(std::find(stages.begin(), stages.end(), what) - stages.begin());
  };
  constexpr std::string_view kBlock = "block";
  constexpr std::string_view kHead = "head.";
  if (tap.starts_with(kBlock)) {
    int block = 0;
    const char* begin = tap.data() + kBlock.size();
    const char* end = tap.data() + tap.size();
    const auto [rest, error] = std::from_chars(begin, end, block);
    if (error == std::errc() && rest != end && *rest == '.' && block >= 0 && block < kAfterAllBlocks) {
      return {block, stage_of(std::string_view(rest + 1, static_cast<std::size_t>(end - rest - 1)), kStages)};
    }
  }
  if (tap.starts_with(kHead)) return {kAfterAllBlocks, stage_of(tap.substr(kHead.size()), kHeadStages)};
  return {kAfterAllBlocks + 1, 0};
}

double value_at(const TensorView& view, std::size_t i) {
  if (view.dtype == DType::kI32) {
    std::int32_t value = 0;
    std::memcpy(&value, view.bytes.data() + i * sizeof(value), sizeof(value));
    return value;
  }
  float value = 0;
  const std::size_t size = dtype_size(view.dtype);
  widen_to_f32(view.dtype, view.bytes.subspan(i * size, size), std::span(&value, 1));
  return static_cast<double>(value);
}

bool comparable(const TensorView& view) {
  return view.dtype == DType::kF32 || view.dtype == DType::kF16 || view.dtype == DType::kBF16 ||
         view.dtype == DType::kI32;
}

std::vector<std::int64_t> coordinates_of(const Shape& shape, std::size_t flat) {
  std::vector<std::int64_t> coordinates(shape.rank());
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(shape[axis]);
    coordinates[axis] = static_cast<std::int64_t>(flat % extent);
    flat /= extent;
  }
  return coordinates;
}

/// Distance as a share of what is allowed; past 1 is too far. Infinite where nothing is allowed or one side is not a
/// number.
double excess(double a, double b, double allowed) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double distance = std::abs(a - b);
  if (!std::isfinite(distance) || !(allowed > 0)) return HUGE_VAL;  // an allowance of NaN allows nothing
  return distance / allowed;
}

}  // namespace

void TapRecorder::on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) {
  num_images_ = std::max(num_images_, image + 1);
  entries_.push_back({image,
                      std::string(scope) + "/" + std::string(tap),
                      values.dtype,
                      values.shape,
                      {values.bytes.begin(), values.bytes.end()}});
}

std::string TapRecorder::full_name(const Entry& entry) const {
  return num_images_ > 1 ? "image" + std::to_string(entry.image) + "/" + entry.name : entry.name;
}

SafetensorsIndex TapRecorder::index() const {
  SafetensorsIndex index;
  for (const Entry& entry : entries_) {
    index.tensors.insert_or_assign(full_name(entry), TensorView{entry.dtype, entry.shape, entry.bytes});
  }
  return index;
}

Status TapRecorder::write(const std::filesystem::path& path,
                          const std::map<std::string, std::string, std::less<>>& metadata) const {
  std::vector<NamedTensor> tensors;
  for (const Entry& entry : entries_) tensors.push_back({full_name(entry), {entry.dtype, entry.shape, entry.bytes}});
  return write_safetensors(path, tensors, metadata);
}

bool tap_order_less(std::string_view a, std::string_view b) {
  const TapName left = split_name(a);
  const TapName right = split_name(b);
  return std::tuple(left.image, network_place(left.tap), left.scope, left.tap) <
         std::tuple(right.image, network_place(right.tap), right.scope, right.tap);
}

const TensorView* find_tap(const SafetensorsIndex& index, std::string_view name) {
  if (const auto found = index.tensors.find(name); found != index.tensors.end()) return &found->second;
  const TapName parts = split_name(name);
  if (parts.scope.empty()) return nullptr;
  const auto prefix = static_cast<std::size_t>(parts.scope.data() - name.data());
  const std::string shared =
      std::string(name.substr(0, prefix)) + std::string(kSharedScope) + "/" + std::string(parts.tap);
  const auto found = index.tensors.find(shared);
  return found == index.tensors.end() ? nullptr : &found->second;
}

bool compare_tap(std::string_view name, const TensorView& expected, const TensorView& found,
                 const TapTolerance& tolerance, std::span<const std::int64_t> skip_rows, TapComparison& comparison) {
  const auto count = static_cast<std::size_t>(expected.shape.num_elements());
  const std::size_t row_values =
      expected.shape.rank() == 0 || count == 0 ? 1 : count / static_cast<std::size_t>(expected.shape[0]);
  double scale = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double magnitude = std::abs(value_at(expected, i));
    if (std::isfinite(magnitude)) scale = std::max(scale, magnitude);
  }
  const double allowed = tolerance.absolute + tolerance.relative * scale;
  double worst =
      comparison.worst ? excess(comparison.worst->expected, comparison.worst->found, comparison.worst->allowed) : -1;
  ++comparison.taps;
  bool equal = true;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::find(skip_rows.begin(), skip_rows.end(), static_cast<std::int64_t>(i / row_values)) != skip_rows.end()) {
      continue;
    }
    ++comparison.values;
    const double a = value_at(expected, i);
    const double b = value_at(found, i);
    const double share = excess(a, b, allowed);
    if (share > worst) {
      worst = share;
      comparison.worst = TapDifference{std::string(name), coordinates_of(expected.shape, i), a, b, allowed};
    }
    if (share > 1) {
      if (!comparison.first) {
        comparison.first = TapDifference{std::string(name), coordinates_of(expected.shape, i), a, b, allowed};
      }
      equal = false;
    }
  }
  return equal;
}

Result<TapComparison> compare_taps(const SafetensorsIndex& expected, const SafetensorsIndex& found,
                                   const TapTolerance& tolerance) {
  TapComparison comparison;
  std::vector<std::string_view> names;
  for (const auto& [name, view] : expected.tensors) names.push_back(name);
  std::sort(names.begin(), names.end(), tap_order_less);
  for (const auto& [name, view] : found.tensors) {
    if (find_tap(expected, name) == nullptr) comparison.only_found.push_back(name);
  }
  for (const std::string_view name : names) {
    const TensorView& a = expected.tensors.find(name)->second;
    const TensorView* b = find_tap(found, name);
    if (b == nullptr) {
      comparison.only_expected.emplace_back(name);
      continue;
    }
    if (a.shape != b->shape) {
      return mismatch("{}: expected shape {}, found {}", name, a.shape.to_string(), b->shape.to_string());
    }
    if (!comparable(a) || !comparable(*b) || (a.dtype == DType::kI32) != (b->dtype == DType::kI32)) {
      return mismatch("{}: element types {} and {} cannot be compared", name, dtype_name(a.dtype),
                      dtype_name(b->dtype));
    }
    // Indices are equal or they are not.
    const TapTolerance applied = a.dtype == DType::kI32 ? TapTolerance{} : tolerance;
    if (!compare_tap(name, a, *b, applied, {}, comparison)) break;
  }
  if (comparison.values == 0) {
    return not_found("no tap in common: {} on the expected side, {} on the other", expected.tensors.size(),
                     found.tensors.size());
  }
  return comparison;
}

std::string describe(const TapDifference& difference) {
  std::string place;
  for (const std::int64_t coordinate : difference.coordinates) {
    place += place.empty() ? "" : ",";
    place += std::to_string(coordinate);
  }
  return fmt::format("{}[{}]: expected {:.9g}, found {:.9g}, apart by {:.3g} (allowed {:.3g})", difference.tap, place,
                     difference.expected, difference.found, std::abs(difference.expected - difference.found),
                     difference.allowed);
}

}  // namespace edgemoe

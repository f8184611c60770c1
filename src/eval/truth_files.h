// Ground truth of one picture from files, for the readers of all layouts.
#ifndef EDGEMOE_EVAL_TRUTH_FILES_H_
#define EDGEMOE_EVAL_TRUTH_FILES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/status.h"
#include "eval/dataset.h"

namespace edgemoe {

/// One file's values with their extents.
template <typename T>
struct TruthMap {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<T> values;  // [height, width, …]
};

/// 8-bit PNG of class numbers, grey or palette (the index counts, not the colour). kUnsupported for other PNGs.
Result<TruthMap<std::uint8_t>> read_label_png(const std::filesystem::path& path);
/// 16-bit grey PNG.
Result<TruthMap<std::uint16_t>> read_grey16_png(const std::filesystem::path& path);
/// 8-bit RGB PNG of normals as round(127.5 · (n + 1)), (0, 0, 0) for none: values [height, width, 3].
Result<TruthMap<float>> read_normals_png(const std::filesystem::path& path);
/// .npy of float16, float32 or float64 [height, width] or [height, width, 1] (channels 1), [height, width, 3].
Result<TruthMap<float>> read_float_npy(const std::filesystem::path& path, std::size_t channels);

/// What a stored label means: the class, kIgnoreLabel, or kNoClass for a value that must not stand there.
using LabelTable = std::array<std::uint16_t, 256>;
inline constexpr std::uint16_t kNoClass = 256;
/// 0 … num_classes − 1 as they are, `ignore` and kIgnoreLabel itself for kIgnoreLabel.
LabelTable plain_labels(std::size_t num_classes, std::uint8_t ignore);
/// Applies a table in place. kMismatch names the first pixel whose value is no class.
Status translate_labels(std::vector<std::uint8_t>& labels, std::size_t width, const LabelTable& table);

/// The sample takes this size, or must have it already. kMismatch.
Status agree_on_size(Sample& sample, std::size_t height, std::size_t width);

/// Decodes the picture into the sample, whose size it gives.
Status read_picture(const std::filesystem::path& path, Sample& sample);

/// True for a regular file, or a link to one.
bool is_file(const std::filesystem::path& path);
/// kNotFound, naming file and picture, unless the file is there.
Status expect_file(const std::filesystem::path& path, const std::filesystem::path& picture);

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_TRUTH_FILES_H_

#include "eval/truth_files.h"

#include <cstring>
#include <system_error>

#include "base/file.h"
#include "base/tensor.h"
#include "image/array_file.h"
#include "image/decode.h"
#include "image/palette.h"

namespace edgemoe {
namespace {

/// Reads a PNG that must be of this form.
Result<RawPng> load_png(const std::filesystem::path& path, std::size_t channels, int bits, std::string_view expected) {
  EDGEMOE_ASSIGN_OR_RETURN(RawPng png, load_raw_png(path));
  if (png.channels != channels || png.bits != bits) {
    return unsupported("{}: expected a PNG of {}, found {} bits and {} channels", path.string(), expected, png.bits,
                       png.channels);
  }
  return png;
}

/// `out` has as many values as the view.
bool to_float(const TensorView& view, std::span<float> out) {
  if (view.dtype != DType::kF64) return widen_to_f32(view.dtype, view.bytes, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    double value = 0;
    std::memcpy(&value, view.bytes.data() + i * sizeof(value), sizeof(value));
    out[i] = static_cast<float>(value);
  }
  return true;
}

Result<TruthMap<float>> float_map(const TensorView& view, std::size_t channels) {
  const Shape& shape = view.shape;
  const bool fits = channels == 1 ? shape.rank() == 2 || (shape.rank() == 3 && shape[2] == 1)
                                  : shape.rank() == 3 && shape[2] == static_cast<std::int64_t>(channels);
  if (!fits) {
    return mismatch("expected an array of shape [height,width{}], found {}",
                    channels == 1 ? "" : fmt::format(",{}", channels), shape.to_string());
  }
  TruthMap<float> map{static_cast<std::size_t>(shape[0]), static_cast<std::size_t>(shape[1]), {}};
  map.values.resize(map.height * map.width * channels);
  if (to_float(view, map.values)) return map;
  return unsupported("expected floating-point numbers, found {}", dtype_name(view.dtype));
}

}  // namespace

Result<TruthMap<std::uint8_t>> read_label_png(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(RawPng png, load_png(path, 1, 8, "class numbers (8 bits, grey or palette)"));
  return TruthMap<std::uint8_t>{png.height, png.width, std::move(png.samples8)};
}

Result<TruthMap<std::uint16_t>> read_grey16_png(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(RawPng png, load_png(path, 1, 16, "16-bit grey"));
  return TruthMap<std::uint16_t>{png.height, png.width, std::move(png.samples16)};
}

Result<TruthMap<float>> read_normals_png(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(const RawPng png, load_png(path, 3, 8, "normals (8 bits, RGB)"));
  TruthMap<float> map{png.height, png.width, std::vector<float>(png.samples8.size())};
  for (std::size_t i = 0; i < png.samples8.size(); i += 3) {
    const std::uint8_t* stored = png.samples8.data() + i;
    if (stored[0] == 0 && stored[1] == 0 && stored[2] == 0) continue;
    for (std::size_t c = 0; c < 3; ++c) map.values[i + c] = static_cast<float>(stored[c]) / 127.5F - 1.0F;
  }
  return map;
}

Result<TruthMap<float>> read_float_npy(const std::filesystem::path& path, std::size_t channels) {
  EDGEMOE_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  const Result<TensorView> view = view_npy(file.bytes());
  if (!view.ok()) return view.status().with_context(path.string());
  Result<TruthMap<float>> map = float_map(*view, channels);
  if (!map.ok()) return map.status().with_context(path.string());
  return map;
}

LabelTable plain_labels(std::size_t num_classes, std::uint8_t ignore) {
  LabelTable table;
  table.fill(kNoClass);
  for (std::size_t c = 0; c < num_classes; ++c) table[c] = static_cast<std::uint16_t>(c);
  table[ignore] = kIgnoreLabel;
  table[kIgnoreLabel] = kIgnoreLabel;
  return table;
}

Status translate_labels(std::vector<std::uint8_t>& labels, std::size_t width, const LabelTable& table) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::uint16_t meaning = table[labels[i]];
    if (meaning == kNoClass) {
      return mismatch("pixel ({}, {}) has the label {}, which is no class here", i % width, i / width, labels[i]);
    }
    labels[i] = static_cast<std::uint8_t>(meaning);
  }
  return {};
}

Status agree_on_size(Sample& sample, std::size_t height, std::size_t width) {
  if (height == 0 || width == 0) return malformed("has no pixels ({}x{})", width, height);
  if (sample.height == 0) {
    sample.height = height;
    sample.width = width;
  }
  if (sample.height == height && sample.width == width) return {};
  return mismatch(
      "has {}x{} pixels (width x height), its picture {} {}x{}: ground truth must be as large as its picture", width,
      height, sample.name, sample.width, sample.height);
}

Status read_picture(const std::filesystem::path& path, Sample& sample) {
  EDGEMOE_ASSIGN_OR_RETURN(sample.image, load_image(path));
  return agree_on_size(sample, sample.image.height, sample.image.width).with_context(path.string());
}

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

Status expect_file(const std::filesystem::path& path, const std::filesystem::path& picture) {
  if (is_file(path)) return {};
  return not_found("{}: missing; the picture {} needs it (leave the task out with --task to score the others)",
                   path.string(), picture.string());
}

}  // namespace edgemoe

// edgemoe: multi-task vision transformers with mixture of experts (M3ViT) on the CPU. One picture in, one map per task
// out.
//
//   edgemoe::Result<edgemoe::Model> model = edgemoe::Model::load("model.safetensors");
//   edgemoe::Result<edgemoe::Picture> picture = edgemoe::read_picture("street.jpg");
//   edgemoe::Result<std::vector<edgemoe::Map>> maps = model->run(picture->view(), {"semseg", "depth"});
//
// Nothing here prints, throws, exits or keeps global state. Everything fallible returns a Status or a Result; memory
// that ends is kTooLarge.
#ifndef EDGEMOE_EDGEMOE_H_
#define EDGEMOE_EDGEMOE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "edgemoe/status.h"

namespace edgemoe {

/// How the samples of a borrowed picture lie in memory.
enum class PixelFormat {
  kRgb8,   ///< three bytes a pixel: red, green, blue
  kBgr8,   ///< three bytes a pixel: blue, green, red (OpenCV)
  kRgb16,  ///< three 16-bit values a pixel in native byte order
};

/// A borrowed picture, rows from top to bottom.
struct PictureView {
  const void* pixels = nullptr;
  std::size_t width = 0;             ///< pixels, ≥ 1
  std::size_t height = 0;            ///< pixels, ≥ 1
  std::size_t row_stride_bytes = 0;  ///< distance between rows; 0: rows follow each other without padding
  PixelFormat format = PixelFormat::kRgb8;
};

/// An owned 8-bit or 16-bit RGB picture.
struct Picture {
  std::size_t width = 0;
  std::size_t height = 0;
  PixelFormat format = PixelFormat::kRgb8;
  std::vector<std::uint8_t> bytes;  ///< [height, width, 3] samples of the format, no padding

  PictureView view() const { return {bytes.data(), width, height, 0, format}; }
};

/// Reads a JPEG or PNG file upright (EXIF orientation applied) and in RGB. Faults name the file: kNotFound, kMalformed,
/// kUnsupported, kTooLarge (over 100 million pixels).
Result<Picture> read_picture(const std::filesystem::path& path);

/// The same for a JPEG or PNG in memory. Its header is checked against `max_pixels` (1 … 100 million) before memory is
/// taken for the pixels: kTooLarge.
Result<Picture> decode_picture(std::span<const std::byte> file, std::size_t max_pixels = 100'000'000);

/// What a picture file says of itself before its pixels are decoded.
struct PictureHeader {
  std::size_t width = 0;  ///< as stored: decode_picture exchanges them where the file says that it lies on its side
  std::size_t height = 0;
  PixelFormat format = PixelFormat::kRgb8;
  std::size_t decoding_bytes = 0;  ///< at most what decode_picture takes for pixels at one time, the picture included
};

/// Reads no more than the header: for who wants to know what decode_picture would take. Errors as decode_picture; a
/// file that is cut off or damaged behind its header is none here.
Result<PictureHeader> read_picture_header(std::span<const std::byte> file, std::size_t max_pixels = 100'000'000);

enum class FileFormat { kPng, kJpeg };

/// A whole PNG or JPEG file (`quality` 1 … 100, for JPEG alone) of a picture of 8 bits, in memory. kInvalidArgument for
/// a picture of 16 bits or without pixels and for another quality, kTooLarge past 65,500 a side.
Result<std::vector<std::byte>> encode_picture(const PictureView& picture, FileFormat format, int quality = 90);

/// One task's answer for one picture, as large as the picture. Exactly one of `labels` and `values` is filled.
struct Map {
  std::string task;  ///< "semseg", "human_parts", "sal", "normals", "edge" or "depth"
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t channels = 0;          ///< of `values`: 3 for normals, else 1
  std::size_t num_classes = 0;       ///< of `labels`: C
  std::vector<std::uint8_t> labels;  ///< semseg, human_parts: class 0 … C−1, [height, width]
  std::vector<float>
      values;        ///< [height, width, channels]: depth in `unit`; sal, edge in [0, 1]; normals of unit length
  std::string unit;  ///< depth: "m", or empty where the model's values have no known unit
  std::vector<std::string> class_names;  ///< of `labels`, if known; colours of a preview follow them
};

/// Writes the picture of a map that people look at (class colours, depth colours with a scale bar, …) as a PNG. Label
/// 255 ("ignore") is allowed. kInvalidArgument for sizes that do not agree, kMismatch for a label past num_classes,
/// kIo.
Status write_preview(const Map& map, const std::filesystem::path& path);
/// The same as a picture, exactly as large as the map and without the scale bar. Errors as write_preview.
Result<Picture> draw_map(const Map& map);
/// The map's colours over the picture it was made from: alpha in [0, 1] is the colours' part. 8 bits. Errors as
/// draw_map; kMismatch where the sizes differ.
Result<Picture> draw_overlay(const PictureView& picture, const Map& map, float alpha = 0.5F);

/// Red, green, blue.
using Color = std::array<std::uint8_t, 3>;

struct TaskInfo {
  std::string name;
  int outputs = 0;                       ///< channels of the head
  std::string unit;                      ///< as Map::unit
  std::vector<std::string> class_names;  ///< label tasks, if known
  std::vector<Color> class_colors;       ///< label tasks: as pictures of its maps show the classes
};

struct ModelInfo {
  std::string name;
  std::vector<TaskInfo> tasks;
  int input_height = 0;  ///< the network's own input size: pictures of any size are resized to it
  int input_width = 0;
  int patch_size = 0;  ///< pixels of the network's input a side
  int num_blocks = 0;
  std::vector<int> moe_blocks;  ///< those with experts, ascending
  int num_experts = 0;          ///< 0: no mixture of experts
  int top_k = 0;
  bool trained = true;          ///< false: the file says of itself that its weights are random
  std::string number_type;      ///< "float32", "int8" or "reference"
  std::string instruction_set;  ///< "avx512vnni", "avx2", "neon" …
  int num_threads = 0;
};

struct LoadOptions {
  int num_threads = 0;          ///< 1 … 256; 0: all that the process may run on
  std::string number_type;      ///< "float", "int8" (docs/numerics.md), "reference"; empty: what the file holds
  std::string instruction_set;  ///< empty: the best that the machine has
  int max_batch = 1;            ///< pictures computed together by run_batch, 1 … 1024
};

/// Where the time of a run went.
struct RunTimes {
  std::int64_t resize_ns = 0;    ///< picture to the network's input
  std::int64_t backbone_ns = 0;  ///< patch embedding to last block, all tasks
  std::int64_t head_ns = 0;      ///< heads of all tasks
  std::int64_t maps_ns = 0;      ///< logits to the maps' size, activation
};

/// What one block's router chose for the patches of one picture.
struct Routing {
  std::string task;  ///< whose tokens these are; empty where one pass of the network serves every task
  int block = 0;     ///< counted from 0, one of ModelInfo::moe_blocks
  std::size_t grid_height = 0;
  std::size_t grid_width = 0;
  std::size_t top_k = 0;
  std::vector<std::int32_t> experts;  ///< [grid_height, grid_width, top_k], the most fitting first, 0 … num_experts − 1
  std::vector<float> weights;         ///< the same shape: what each expert's answer is multiplied by
};

struct RunOptions {
  std::vector<std::string> tasks;  ///< none: all that the model has
  std::size_t max_map_side = 0;    ///< maps of larger pictures are made this long on the longer side; 0: no bound
  bool routing = false;            ///< report what the routers chose
};

struct RunReport {
  std::vector<Map> maps;         ///< in the order of the tasks
  std::vector<Routing> routing;  ///< by block, then task; empty unless asked for, and for a network without experts
  RunTimes times;
};

/// A loaded network with the memory it works in. Movable. One thread at a time may run it; load one a thread for more.
/// The maps of a picture and task are the same bytes for any number of threads, batch and set of tasks.
class Model {
 public:
  /// Opens a model file made by `edgemoe convert` or `edgemoe new`. Faults name the file.
  static Result<Model> load(const std::filesystem::path& path, const LoadOptions& options = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const ModelInfo& info() const;

  /// Runs the named tasks (none: all that the model has) and returns their maps in that order. kInvalidArgument for an
  /// unknown or repeated task, naming those that there are, or for a picture without pixels; kTooLarge for a picture
  /// over 100 million pixels or when memory ends; kUnsupported for a model without heads.
  Result<std::vector<Map>> run(const PictureView& picture, const std::vector<std::string>& tasks = {});
  /// The same with what a run can tell of itself. The maps are the same bytes with and without the routing.
  Result<RunReport> run_with_report(const PictureView& picture, const RunOptions& options = {});
  /// run() for several pictures, `max_batch` at a time: result [picture][task].
  Result<std::vector<std::vector<Map>>> run_batch(const std::vector<PictureView>& pictures,
                                                  const std::vector<std::string>& tasks = {});

 private:
  struct Implementation;
  explicit Model(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_EDGEMOE_H_

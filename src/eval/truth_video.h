// A video of what a model said of consecutive frames, the ground truth below it.
#ifndef EDGEMOE_EVAL_TRUTH_VIDEO_H_
#define EDGEMOE_EVAL_TRUTH_VIDEO_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/status.h"
#include "eval/dataset.h"
#include "image/image.h"
#include "image/video_encoder.h"
#include "model/config.h"
#include "pipeline/task_map.h"
#include "pipeline/video_view.h"

namespace edgemoe {

/// Writes H.264 in MP4. Above, the picture and the model's maps; below, task by task, the truth. Depth of both is
/// coloured by its logarithm from 1 to 80 m, so that colours can be compared; where there is no truth, it is black.
class TruthVideo {
 public:
  /// `config` must outlive it; `rate` in frames a second, above 0. The file is begun with the first frame.
  TruthVideo(const ModelConfig& config, std::filesystem::path path, double rate);

  /// `maps` of the frame, at least one; `truth` in the model's classes. kIo, and kUnsupported without FFmpeg.
  Status add(const std::vector<TaskMap>& maps, const Sample& truth);
  /// Ends the file and gives it its name.
  Status finish();

 private:
  void draw_classes(Image& sheet, const std::vector<TaskMap>& maps, std::size_t width, std::size_t height) const;
  Result<Image> draw(const std::vector<TaskMap>& maps, const Sample& truth);

  const ModelConfig& config_;
  const std::filesystem::path path_;
  const Ratio tick_;
  VideoView view_;
  std::optional<VideoEncoder> encoder_;
  std::int64_t num_frames_ = 0;
};

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_TRUTH_VIDEO_H_

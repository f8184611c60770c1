// A video through a model: decoding, computing and encoding at once, each on threads of its own, with bounded queues
// between them.
#ifndef EDGEMOE_PIPELINE_VIDEO_RUN_H_
#define EDGEMOE_PIPELINE_VIDEO_RUN_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/sink.h"
#include "base/status.h"
#include "image/video_decoder.h"
#include "pipeline/map_files.h"
#include "pipeline/pipeline.h"
#include "pipeline/video_view.h"

namespace edgemoe {

/// What became of one frame.
struct FrameRecord {
  std::int64_t number = 0;  // of the frames decoded, from 0
  double time_s = 0;        // since the first frame
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<MapReport> maps;  // its files, where there are any
};

struct VideoRunOptions {
  std::vector<int> tasks;             // indices into the configuration's, at least one
  std::filesystem::path video = {};   // the MP4 file to write; empty: none
  VideoViewOptions view = {};         // what it shows
  std::filesystem::path frames = {};  // folder (exists) for each frame's data; empty: none
  FloatFormat float_format = FloatFormat::kNpy;
  double steady = 0;                                        // SteadyLogits: weight of the past, [0, 1)
  std::int64_t limit = 0;                                   // first frames only; 0: all
  std::function<Status(const FrameRecord&)> on_frame = {};  // in order, on the thread that writes; may be empty
  ProgressSink progress = {};  // on the caller's thread; a total of 0 is one that nobody knows
};

/// How a run went. Stages work at the same time: their sum may be more than the total.
struct VideoRunReport {
  std::int64_t num_frames = 0;  // through all stages
  VideoDamage damage;
  std::size_t video_width = 0;  // of the video written, 0 without one
  std::size_t video_height = 0;
  std::int64_t total_ns = 0;  // from before the first frame is decoded until the files are whole
  std::int64_t decode_ns = 0;
  PipelineTimes pipeline;
  std::int64_t draw_ns = 0;
  std::int64_t encode_ns = 0;
  std::int64_t files_ns = 0;           // frames' data
  std::size_t max_waiting_frames = 0;  // in both queues
};

/// Frames that wait before and behind the model, at most; with batches as many as one has.
inline constexpr std::size_t kVideoQueue = 4;

/// Runs the decoder to its end, its stop, or the limit. When the decoder or the model fails, what was done before is
/// written all the same and the fault is returned; when the output fails, the video is not kept. `report` says how far
/// it came, whatever is returned.
Status run_video(Pipeline& pipeline, VideoDecoder& decoder, const VideoRunOptions& options, VideoRunReport& report);

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_VIDEO_RUN_H_

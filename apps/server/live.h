// The live picture: a source is read, the newest picture goes through the models that somebody looks at, and every
// viewer takes what is newest when it is ready for it. A viewer that is slow misses pictures; nobody waits for it.
#ifndef EDGEMOE_SERVER_LIVE_H_
#define EDGEMOE_SERVER_LIVE_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "edgemoe/edgemoe.h"
#include "server/engine_room.h"
#include "server/frame_source.h"

namespace edgemoe::server {

/// One picture of the source. Not changed once it waits for the engine.
class LivePicture {
 public:
  /// As a JPEG file, made when the first viewer asks; empty where that failed. Any thread.
  const std::string& jpeg() const;
  std::int64_t encode_ns() const { return encode_ns_; }  // that it took; after jpeg()

  std::string name;  // of the file, or empty
  Picture picture;
  std::int64_t read_ns = 0;  // reading and decoding

 private:
  mutable std::once_flag encoded_;
  mutable std::string jpeg_;
  mutable std::int64_t encode_ns_ = 0;
};

/// A picture with the maps that one model made of it.
struct LiveFrame {
  std::uint64_t id = 0;  // from 1; of all models' frames
  std::shared_ptr<const LivePicture> source;
  RunReport report;
  std::int64_t run_ns = 0;  // picture to maps
};

struct LiveStatistics {
  double frames_per_second = 0;  // of the model, over the last seconds
  double run_ms[3] = {};         // picture to maps of its last 256 frames: median, 90th, 99th percentile
  std::uint64_t shown = 0;       // frames of all models
  std::uint64_t dropped = 0;     // pictures read but overtaken by a newer one
  std::int64_t damaged = 0;      // passed over by the source
  std::uint64_t faults = 0;      // times that the source gave no frame, or could not be opened again
  std::size_t viewers = 0;
  Status fault;  // why no frame comes; ok while they come
};

/// How long the source is left alone after a fault; doubled from one vain try to the next.
struct RetryWaits {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{15'000};
};

class LiveFeed {
 public:
  static constexpr std::size_t kMaxViewers = 256;
  static constexpr std::size_t kMaxMapSide = 512;  // of live maps; larger pictures get maps of this size

  /// Reads the source only while somebody looks. A source that fails is opened again and again, with growing waits.
  LiveFeed(EngineRoom& room, std::unique_ptr<FrameSource> source, RetryWaits waits = {});
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// What a viewer looks at: a model (index into the room's) and names of tasks that it has; none: all.
  struct Wish {
    std::size_t model = 0;
    std::vector<std::string> tasks;
    bool operator==(const Wish&) const = default;
  };
  /// The model's newest frame after `after`; waits for one up to `wait`, else null. Null at once for one viewer too
  /// many, and while the source fails. The wishes of all viewers of the last seconds are what the next picture is run
  /// for. Frames past `asked_after` hold the viewer's tasks: it is the last one that was begun before the viewer asked
  /// for them.
  struct Next {
    std::shared_ptr<const LiveFrame> frame;
    std::uint64_t asked_after = 0;
  };
  Next next(const std::string& viewer, const Wish& wish, std::uint64_t after, std::chrono::milliseconds wait);
  LiveStatistics statistics(std::size_t model = 0) const;
  std::string description() const { return description_; }
  /// Everybody who waits returns; no frame comes after.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Viewer {
    Wish wish;
    Clock::time_point seen;
    std::uint64_t asked_after = 0;
  };
  /// What is known of one model's frames.
  struct Track {
    std::shared_ptr<const LiveFrame> newest;
    std::vector<std::pair<Clock::time_point, std::int64_t>> history;  // when shown, run_ns; a ring
    std::uint64_t shown = 0;
    Status fault;  // of its last run
  };
  void read();
  Result<SourceFrame> read_source(bool open);
  void wait_to_retry(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds wait);
  void note_fault(Status fault);
  void run(const std::vector<Model*>& models);
  std::shared_ptr<const LivePicture> take_picture();
  void run_model(Model& model, std::size_t index, const std::shared_ptr<const LivePicture>& picture);
  bool watched(Clock::time_point now);
  std::optional<std::vector<std::string>> wanted_tasks(std::size_t model) const;

  EngineRoom& room_;
  const std::unique_ptr<FrameSource> source_;
  const std::string description_;
  const RetryWaits waits_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Viewer> viewers_;
  std::shared_ptr<const LivePicture> waiting_;  // read, not yet run
  std::vector<Track> tracks_;                   // of the room's models
  std::uint64_t begun_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t faults_ = 0;
  std::int64_t damaged_ = 0;
  Status fault_;  // of the source
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_LIVE_H_

// The live picture: a source is read, the newest picture goes through the engine, and every viewer takes what is newest
// when it is ready for it. A viewer that is slow misses pictures; nobody waits for it.
#ifndef EDGEMOE_SERVER_LIVE_H_
#define EDGEMOE_SERVER_LIVE_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "edgemoe/edgemoe.h"
#include "server/engine_room.h"
#include "server/frame_source.h"

namespace edgemoe::server {

/// One picture with its maps. Not changed once it is shown.
class LiveFrame {
 public:
  /// The picture as a JPEG file, made when the first viewer asks; empty where that failed. Any thread.
  const std::string& jpeg() const;
  std::int64_t encode_ns() const { return encode_ns_; }  // that it took; after jpeg()

  std::uint64_t id = 0;  // from 1
  std::string name;      // of the file, or empty
  Picture picture;
  RunReport report;
  std::int64_t read_ns = 0;  // reading and decoding
  std::int64_t run_ns = 0;   // picture to maps

 private:
  mutable std::once_flag encoded_;
  mutable std::string jpeg_;
  mutable std::int64_t encode_ns_ = 0;
};

struct LiveStatistics {
  double frames_per_second = 0;  // over the last seconds
  double run_ms[3] = {};         // picture to maps of the last 256 frames: median, 90th, 99th percentile
  std::uint64_t shown = 0;
  std::uint64_t dropped = 0;  // read but overtaken by a newer one
  std::size_t viewers = 0;
  std::string fault;  // why the source has ended; empty while it has not
};

class LiveFeed {
 public:
  static constexpr std::size_t kMaxViewers = 256;
  static constexpr std::size_t kMaxMapSide = 512;  // of live maps; larger pictures get maps of this size

  /// Reads the source only while somebody looks. `model` is an index into the room's.
  LiveFeed(EngineRoom& room, std::size_t model, std::unique_ptr<FrameSource> source);
  ~LiveFeed();
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  /// The newest frame after `after` for a viewer who wants `tasks` (names that the model has; none: all); waits for one
  /// up to `wait`, else null. The tasks of all viewers of the last seconds are what the next frame is run for. Null at
  /// once for one viewer too many. Frames past `asked_after` hold the viewer's tasks: it is the last one that was begun
  /// before the viewer asked for them.
  struct Next {
    std::shared_ptr<const LiveFrame> frame;
    std::uint64_t asked_after = 0;
  };
  Next next(const std::string& viewer, const std::vector<std::string>& tasks, std::uint64_t after,
            std::chrono::milliseconds wait);
  LiveStatistics statistics() const;
  std::string description() const { return description_; }
  /// Everybody who waits returns; no frame comes after.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Viewer {
    std::vector<std::string> tasks;
    Clock::time_point seen;
    std::uint64_t asked_after = 0;
  };
  void read();
  void run(Model& model);
  bool watched(Clock::time_point now);
  std::vector<std::string> wanted_tasks() const;

  EngineRoom& room_;
  const std::size_t model_;
  const std::unique_ptr<FrameSource> source_;
  const std::string description_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Viewer> viewers_;
  std::shared_ptr<LiveFrame> waiting_;  // read, not yet run
  std::shared_ptr<const LiveFrame> newest_;
  std::vector<std::pair<Clock::time_point, std::int64_t>> history_;  // when shown, run_ns; a ring
  std::uint64_t begun_ = 0;
  std::uint64_t shown_ = 0;
  std::uint64_t dropped_ = 0;
  std::string fault_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_LIVE_H_

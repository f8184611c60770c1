// Where the live page's pictures come from.
#ifndef EDGEMOE_SERVER_FRAME_SOURCE_H_
#define EDGEMOE_SERVER_FRAME_SOURCE_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "edgemoe/edgemoe.h"

namespace edgemoe::server {

struct SourceFrame {
  Picture picture;
  double seconds = 0;  // when it is due, from the first frame since the source was opened; never falls
  std::string name;    // of the file, or empty
};

/// An endless row of pictures. Used by one thread.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  /// The next one. After a fault none comes until reopen() has succeeded.
  virtual Result<SourceFrame> next() = 0;
  /// Opens it anew, from its beginning: after a fault, when whatever was wrong may be over.
  virtual Status reopen() = 0;
  /// Frames and pictures passed over so far because they were damaged.
  virtual std::int64_t num_damaged() const = 0;
  /// For everybody who looks at the page: "drive.mp4", "3 pictures of street"; never where that lies.
  virtual std::string description() const = 0;
  /// Ends a next() or reopen() that waits, and all later ones. The one function that another thread may call.
  virtual void interrupt() = 0;
};

/// A picture, a folder of pictures or a video (a file or a camera), from its beginning again when it ends.
/// `pictures_per_second` of pictures; > 0. `stopped`, asked by any thread, ends every wait for a video, its opening
/// too. kNotFound, kMalformed, kUnsupported, kIo.
Result<std::unique_ptr<FrameSource>> open_source(const std::filesystem::path& path, double pictures_per_second,
                                                 std::function<bool()> stopped = {});

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_FRAME_SOURCE_H_

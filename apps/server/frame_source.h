// Where the live page's pictures come from.
#ifndef EDGEMOE_SERVER_FRAME_SOURCE_H_
#define EDGEMOE_SERVER_FRAME_SOURCE_H_

#include <filesystem>
#include <memory>
#include <string>

#include "edgemoe/edgemoe.h"

namespace edgemoe::server {

struct SourceFrame {
  Picture picture;
  double seconds = 0;  // when it is due, from the first frame on; never falls
  std::string name;    // of the file, or empty
};

/// An endless row of pictures. Used by one thread.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  /// The next one. A fault ends the row.
  virtual Result<SourceFrame> next() = 0;
  /// For everybody who looks at the page: "drive.mp4", "3 pictures of street"; never where that lies.
  virtual std::string description() const = 0;
  /// Ends a next() that waits. The one function that another thread may call.
  virtual void interrupt() {}
};

/// A picture, a folder of pictures or a video (a file or a camera), from its beginning again when it ends.
/// `pictures_per_second` of pictures; > 0. kNotFound, kMalformed, kUnsupported.
Result<std::unique_ptr<FrameSource>> open_source(const std::filesystem::path& path, double pictures_per_second);

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_FRAME_SOURCE_H_

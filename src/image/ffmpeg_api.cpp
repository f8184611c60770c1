#include "image/ffmpeg_api.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <string>

#include "base/check.h"

namespace edgemoe::ffmpeg {
namespace {

class Library {
 public:
  /// Never closed: FFmpeg's threads and callbacks may be at work until the process ends.
  Library(const char* name, int version)
      : name_(fmt::format("lib{}.so.{}", name, version)), handle_(::dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) status_ = missing(::dlerror());
  }

  template <typename Function>
  void find(Function*& function, const char* name) {
    if (handle_ == nullptr) return;
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (function == nullptr && status_.ok()) status_ = missing(fmt::format("it has no {}", name));
  }

  const Status& status() const { return status_; }

 private:
  Status missing(const std::string& reason) const {
    return unsupported(
        "FFmpeg's library {}, for which this edgemoe was built, cannot be used ({}): install it (Debian: apt-get "
        "install "
        "ffmpeg), or build edgemoe again on this machine",
        name_, reason);
  }

  const std::string name_;
  void* const handle_;
  Status status_;
};

struct Loaded {
  Api api;
  Status status;

  Loaded() {
#define EDGEMOE_FIND(name) library.find(api.name, #name);
#define EDGEMOE_OPEN(NAME, name)                                        \
  if (status.ok()) {                                                    \
    [[maybe_unused]] Library library(name, LIB##NAME##_VERSION_MAJOR);  \
    EDGEMOE_##NAME##_FUNCTIONS(EDGEMOE_FIND) status = library.status(); \
  }
    EDGEMOE_OPEN(AVUTIL, "avutil")
    EDGEMOE_OPEN(SWSCALE, "swscale")
    EDGEMOE_OPEN(AVCODEC, "avcodec")
    EDGEMOE_OPEN(AVFORMAT, "avformat")
#ifdef EDGEMOE_HAVE_AVDEVICE
    EDGEMOE_OPEN(AVDEVICE, "avdevice")
#endif
#undef EDGEMOE_OPEN
#undef EDGEMOE_FIND
  }
};

const Loaded& loaded() {
  static const Loaded once;
  return once;
}

}  // namespace

Status load() { return loaded().status; }

const Api& api() {
  EDGEMOE_CHECK(loaded().status.ok());
  return loaded().api;
}

}  // namespace edgemoe::ffmpeg

#include "base/pipe_input.h"

#include <fcntl.h>
#include <sys/poll.h>
#include <unistd.h>

#include <cerrno>
#include <ios>

namespace edgemoe {
namespace {

constexpr int kLookMs = 50;

}  // namespace

PipeInput::~PipeInput() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool PipeInput::open(const std::filesystem::path& path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  return descriptor_ >= 0;
}

std::streamsize PipeInput::xsgetn(char* out, std::streamsize count) {
  if (count <= 0) return 0;
  while (!stopped_ || !stopped_()) {
    // Until the first writer comes nothing is told, not even that there is none.
    pollfd entry = {descriptor_, POLLIN, 0};
    const int found = ::poll(&entry, 1, kLookMs);
    if (found < 0 && errno != EINTR) throw std::ios_base::failure("poll");  // istream makes badbit of it
    if (found <= 0) continue;
    const ssize_t got = ::read(descriptor_, out, static_cast<std::size_t>(count));
    if (got >= 0) return got;
    if (errno != EAGAIN && errno != EINTR) throw std::ios_base::failure("read");
  }
  return 0;
}

}  // namespace edgemoe

// A named pipe as a stream whose waits can be ended: for a writer to come, and for what it writes.
#ifndef EDGEMOE_BASE_PIPE_INPUT_H_
#define EDGEMOE_BASE_PIPE_INPUT_H_

#include <filesystem>
#include <functional>
#include <streambuf>

namespace edgemoe {

/// For istream::read(), which may get less than it asks for: what has been written by then. Ends when all who write
/// have closed the pipe, and where `stopped`, asked several times a second, says so.
class PipeInput final : public std::streambuf {
 public:
  explicit PipeInput(std::function<bool()> stopped) : stopped_(std::move(stopped)) {}
  ~PipeInput() override;
  PipeInput(const PipeInput&) = delete;
  PipeInput& operator=(const PipeInput&) = delete;

  /// Once, and without waiting for a writer. False, with errno, where the system refuses.
  bool open(const std::filesystem::path& path);

 protected:
  std::streamsize xsgetn(char* out, std::streamsize count) override;

 private:
  const std::function<bool()> stopped_;
  int descriptor_ = -1;
};

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_PIPE_INPUT_H_

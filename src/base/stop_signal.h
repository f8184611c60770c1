// The first interrupt lets long work end in order, a read of standard input too; the second ends the process.
#ifndef EDGEMOE_BASE_STOP_SIGNAL_H_
#define EDGEMOE_BASE_STOP_SIGNAL_H_

#include <streambuf>

namespace edgemoe {

/// While one lives, the first SIGINT or SIGTERM is noted instead of ending the process. One at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const;
  /// Ends the process by the signal that was noted, so that a shell sees why.
  [[noreturn]] void end_process() const;
  /// Readable once a signal has come: for poll().
  int descriptor() const { return pipe_[0]; }

 private:
  int pipe_[2] = {-1, -1};
};

/// Standard input that ends where a signal comes. For istream::read().
class StoppableInput : public std::streambuf {
 public:
  explicit StoppableInput(const StopSignal& stop) : stop_(stop) {}

 protected:
  std::streamsize xsgetn(char* out, std::streamsize count) override;

 private:
  const StopSignal& stop_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_STOP_SIGNAL_H_

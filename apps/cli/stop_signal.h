// The first interrupt lets long work end in order; the second ends the process.
#ifndef EDGEMOE_CLI_STOP_SIGNAL_H_
#define EDGEMOE_CLI_STOP_SIGNAL_H_

namespace edgemoe::cli {

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
};

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_STOP_SIGNAL_H_

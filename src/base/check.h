// Checks for a programmer's fault, on in every build. A user's or a file's fault is a Status instead.
#ifndef EDGEMOE_BASE_CHECK_H_
#define EDGEMOE_BASE_CHECK_H_

namespace edgemoe {

/// Prints file, line and the failed condition to standard error and ends the process.
[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace edgemoe

#define EDGEMOE_CHECK(condition)                                               \
  do {                                                                         \
    if (!(condition)) ::edgemoe::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)

#endif  // EDGEMOE_BASE_CHECK_H_

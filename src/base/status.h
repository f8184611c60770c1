// The public Status and Result, with the macros and constructors that the library's own code uses.
#ifndef EDGEMOE_BASE_STATUS_H_
#define EDGEMOE_BASE_STATUS_H_

#include <fmt/core.h>

#include <string>
#include <utility>

#include "edgemoe/status.h"

namespace edgemoe {

/// A Status of the given code whose message is formatted as by fmt::format.
template <typename... Args>
Status make_status(StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Status(code, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
Status invalid_argument(fmt::format_string<Args...> format, Args&&... args) {
  return make_status(StatusCode::kInvalidArgument, format, std::forward<Args>(args)...);
}
template <typename... Args>
Status not_found(fmt::format_string<Args...> format, Args&&... args) {
  return make_status(StatusCode::kNotFound, format, std::forward<Args>(args)...);
}
template <typename... Args>
Status malformed(fmt::format_string<Args...> format, Args&&... args) {
  return make_status(StatusCode::kMalformed, format, std::forward<Args>(args)...);
}
template <typename... Args>
Status mismatch(fmt::format_string<Args...> format, Args&&... args) {
  return make_status(StatusCode::kMismatch, format, std::forward<Args>(args)...);
}
template <typename... Args>
Status unsupported(fmt::format_string<Args...> format, Args&&... args) {
  return make_status(StatusCode::kUnsupported, format, std::forward<Args>(args)...);
}
template <typename... Args>
Status too_large(fmt::format_string<Args...> format, Args&&... args) {
  return make_status(StatusCode::kTooLarge, format, std::forward<Args>(args)...);
}
template <typename... Args>
Status io_error(fmt::format_string<Args...> format, Args&&... args) {
  return make_status(StatusCode::kIo, format, std::forward<Args>(args)...);
}

}  // namespace edgemoe

/// Returns the fault of `expr` (a Status) from the enclosing function, or goes on.
#define EDGEMOE_RETURN_IF_ERROR(expr)                                                              \
  do {                                                                                             \
    if (::edgemoe::Status edgemoe_status_ = (expr); !edgemoe_status_.ok()) return edgemoe_status_; \
  } while (false)

#define EDGEMOE_CONCAT_INNER_(a, b) a##b
#define EDGEMOE_CONCAT_(a, b) EDGEMOE_CONCAT_INNER_(a, b)

/// `EDGEMOE_ASSIGN_OR_RETURN(auto x, f());` unwraps a Result into `x` or returns its fault.
#define EDGEMOE_ASSIGN_OR_RETURN(lhs, expr) \
  EDGEMOE_ASSIGN_OR_RETURN_IMPL_(EDGEMOE_CONCAT_(edgemoe_result_, __LINE__), lhs, expr)
// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are names and declarations
#define EDGEMOE_ASSIGN_OR_RETURN_IMPL_(result, lhs, expr) \
  auto result = (expr);                                   \
  if (!result.ok()) return result.status();               \
  lhs = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)

#endif  // EDGEMOE_BASE_STATUS_H_

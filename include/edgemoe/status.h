// Status and Result: how every fallible function of edgemoe reports. The library never throws, prints, exits or aborts
// on account of a user's input; it returns one of these.
#ifndef EDGEMOE_STATUS_H_
#define EDGEMOE_STATUS_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace edgemoe {

/// What kind of fault a Status reports; `kOk` is success.
enum class StatusCode {
  kOk,
  kInvalidArgument,  ///< the caller asked for something that cannot be (unknown task, bad size, …)
  kNotFound,         ///< a file, tensor, task or configuration is not there
  kMalformed,        ///< a file's content breaks its own format
  kMismatch,         ///< two things that must agree do not (shapes, names, grids)
  kUnsupported,      ///< well-formed, but nothing edgemoe does
  kTooLarge,         ///< over a stated limit; refused before memory was taken
  kIo,               ///< the operating system refused (open, read, write, map)
  kInternal,         ///< a fault of edgemoe itself
};

/// Name of a code as printed in messages and JSON, e.g. "malformed".
constexpr std::string_view status_code_name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid_argument";
    case StatusCode::kNotFound:
      return "not_found";
    case StatusCode::kMalformed:
      return "malformed";
    case StatusCode::kMismatch:
      return "mismatch";
    case StatusCode::kUnsupported:
      return "unsupported";
    case StatusCode::kTooLarge:
      return "too_large";
    case StatusCode::kIo:
      return "io";
    case StatusCode::kInternal:
      return "internal";
  }
  return "unknown";
}

/// Success, or a code with a message that says what, where (file, tensor, expected, found) and what to do next.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  /// The same fault with `context` and ": " before its message; success stays success.
  Status with_context(std::string_view context) const {
    if (ok()) return *this;
    return Status(code_, std::string(context) + ": " + message_);
  }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

/// A value, or the Status that says why there is none. `value()` may be called only when `ok()`.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): `return value;` must read well
  Result(Status status) : status_(std::move(status)) {  // NOLINT(google-explicit-constructor): so must `return status;`
    if (status_.ok()) status_ = Status(StatusCode::kInternal, "a Result was made from a success without a value");
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_STATUS_H_

// JSON text to a plain tree of values, strictly: what a configuration file is read through.
#ifndef EDGEMOE_MODEL_JSON_H_
#define EDGEMOE_MODEL_JSON_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"

namespace edgemoe {

struct JsonMember;

/// One JSON value. A number written without fraction and exponent that fits is an int64, any other a double.
struct JsonValue {
  using Array = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;  // in the text's order; names are unique

  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value;

  bool is_null() const { return std::holds_alternative<std::monostate>(value); }
  /// "the integer 7", "the string \"7\"", "an object": what an error message says was found.
  std::string describe() const;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

struct JsonLimits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 100;  // objects and arrays inside each other
};

/// Parses one JSON document. kTooLarge over a limit; kMalformed for text that is no JSON (with its place), duplicate
/// names in an object, NUL bytes, anything after the document.
Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_JSON_H_

#include "model/json_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/text.h"

namespace edgemoe {
namespace {

const JsonValue kNull;
const JsonValue::Array kNoValues;
constexpr std::size_t kMaxNamedKeys = 8;  // listed in one error message

}  // namespace

JsonObjectReader::JsonObjectReader(const JsonValue& value, std::string path,
                                   std::initializer_list<std::string_view> keys, Status& status)
    : path_(std::move(path)), status_(status) {
  if (has_failed()) return;
  const auto* object = std::get_if<JsonValue::Object>(&value.value);
  if (object == nullptr) {
    fail(path_.empty() ? "the document" : path_, "an object", value);
    return;
  }
  std::vector<std::string> missing;
  std::vector<std::string> unknown;
  for (const std::string_view key : keys) {
    const bool present = std::any_of(object->begin(), object->end(), [&](const auto& m) { return m.name == key; });
    if (!present) missing.push_back(path_of(key));
  }
  for (const auto& member : *object) {
    if (std::find(keys.begin(), keys.end(), member.name) == keys.end()) unknown.push_back(path_of(member.name));
  }
  if (missing.empty() && unknown.empty()) {
    object_ = object;
    return;
  }
  std::string message;
  if (!missing.empty()) message = "missing " + sample(missing, kMaxNamedKeys);
  if (!unknown.empty()) message += (message.empty() ? "unknown " : "; unknown ") + sample(unknown, kMaxNamedKeys);
  status_ = malformed("{} (every key must be set, no other may)", message);
}

std::string JsonObjectReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const JsonValue& JsonObjectReader::member(std::string_view key) const {
  if (object_ == nullptr) return kNull;
  for (const auto& [name, value] : *object_) {
    if (name == key) return value;
  }
  check_failed(__FILE__, __LINE__, "a getter asks only for keys that the constructor was told");
}

void JsonObjectReader::fail(std::string_view path, std::string_view expected, const JsonValue& found) {
  if (has_failed()) return;
  status_ = malformed("{}: expected {}, found {}", path, expected, found.describe());
}

int JsonObjectReader::to_integer(const std::string& path, const JsonValue& value) {
  const auto* integer = std::get_if<std::int64_t>(&value.value);
  if (integer == nullptr || *integer < std::numeric_limits<int>::min() || *integer > std::numeric_limits<int>::max()) {
    fail(path, "an integer of 32 bits", value);
    return 0;
  }
  return static_cast<int>(*integer);
}

float JsonObjectReader::to_number(const std::string& path, const JsonValue& value) {
  double wide = std::numeric_limits<double>::quiet_NaN();
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) wide = static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value.value)) wide = *real;
  if (!(std::fabs(wide) <= static_cast<double>(std::numeric_limits<float>::max()))) {
    fail(path, "a number within float32", value);
    return 0;
  }
  return static_cast<float>(wide);
}

int JsonObjectReader::integer(std::string_view key) { return has_failed() ? 0 : to_integer(path_of(key), member(key)); }

int JsonObjectReader::width(std::string_view key) {
  if (has_failed() || member(key).is_null()) return 0;
  const int value = to_integer(path_of(key), member(key));
  if (value == 0) fail(path_of(key), "a size or null", member(key));
  return value;
}

float JsonObjectReader::number(std::string_view key) { return has_failed() ? 0 : to_number(path_of(key), member(key)); }

std::optional<float> JsonObjectReader::number_or_null(std::string_view key) {
  if (has_failed() || member(key).is_null()) return std::nullopt;
  return to_number(path_of(key), member(key));
}

bool JsonObjectReader::boolean(std::string_view key) {
  if (has_failed()) return false;
  if (const auto* value = std::get_if<bool>(&member(key).value)) return *value;
  fail(path_of(key), "true or false", member(key));
  return false;
}

std::string JsonObjectReader::text(std::string_view key) {
  if (has_failed()) return {};
  if (const auto* value = std::get_if<std::string>(&member(key).value)) return *value;
  fail(path_of(key), "a string", member(key));
  return {};
}

const JsonValue::Array& JsonObjectReader::array(std::string_view key) {
  if (has_failed()) return kNoValues;
  if (const auto* values = std::get_if<JsonValue::Array>(&member(key).value)) return *values;
  fail(path_of(key), "an array", member(key));
  return kNoValues;
}

const JsonValue::Array& JsonObjectReader::sized_array(std::string_view key, std::size_t size) {
  const JsonValue::Array& values = array(key);
  if (has_failed() || values.size() == size) return values;
  fail(path_of(key), fmt::format("an array of {} numbers", size), member(key));
  return kNoValues;
}

std::vector<int> JsonObjectReader::integers(std::string_view key) {
  std::vector<int> out;
  for (const JsonValue& value : array(key)) {
    out.push_back(to_integer(fmt::format("{}[{}]", path_of(key), out.size()), value));
  }
  return out;
}

std::vector<std::string> JsonObjectReader::texts(std::string_view key) {
  std::vector<std::string> out;
  for (const JsonValue& value : array(key)) {
    const auto* text = std::get_if<std::string>(&value.value);
    if (text == nullptr) {
      fail(fmt::format("{}[{}]", path_of(key), out.size()), "a string", value);
      return {};
    }
    out.push_back(*text);
  }
  return out;
}

}  // namespace edgemoe

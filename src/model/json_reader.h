// Reads the members of a JSON object whose keys are all known: a missing or unknown key, or a value of another type,
// is an error that names the key's full path ("moe.top_k", "tasks[1].outputs").
#ifndef EDGEMOE_MODEL_JSON_READER_H_
#define EDGEMOE_MODEL_JSON_READER_H_

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/json.h"

namespace edgemoe {

/// One object being read. The first fault goes into `status`, which all readers of a document share; from then on
/// getters return empty values. The value and the status must outlive the reader.
class JsonObjectReader {
 public:
  /// Checks that `value` is an object with exactly `keys`. `path` is the object's own place, "" for the document.
  JsonObjectReader(const JsonValue& value, std::string path, std::initializer_list<std::string_view> keys,
                   Status& status);

  int integer(std::string_view key);
  /// A size that may still be unread: 0 for null, which alone may say so (0 itself is refused).
  int width(std::string_view key);
  /// Any number that float32 can hold; an integer too.
  float number(std::string_view key);
  std::optional<float> number_or_null(std::string_view key);
  bool boolean(std::string_view key);
  std::string text(std::string_view key);
  std::vector<int> integers(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  /// Arrays of exactly N numbers.
  template <std::size_t N>
  std::array<int, N> fixed_integers(std::string_view key);
  template <std::size_t N>
  std::array<float, N> fixed_numbers(std::string_view key);
  /// The one of `all` whose name stands there; the first of them after a fault.
  template <typename Enum, std::size_t N>
  Enum choice(std::string_view key, const std::array<Enum, N>& all, std::string_view (*name)(Enum));

  /// The value itself, for nested objects; null after a fault.
  const JsonValue& member(std::string_view key) const;
  /// The values of an array; none after a fault.
  const JsonValue::Array& array(std::string_view key);
  /// Full path of a member of this object.
  std::string path_of(std::string_view key) const;

 private:
  void fail(std::string_view path, std::string_view expected, const JsonValue& found);
  int to_integer(const std::string& path, const JsonValue& value);
  float to_number(const std::string& path, const JsonValue& value);
  const JsonValue::Array& sized_array(std::string_view key, std::size_t size);
  bool has_failed() const { return !status_.ok(); }

  const JsonValue::Object* object_ = nullptr;  // null after a fault
  std::string path_;
  Status& status_;
};

template <std::size_t N>
std::array<int, N> JsonObjectReader::fixed_integers(std::string_view key) {
  std::array<int, N> out = {};
  const JsonValue::Array& values = sized_array(key, N);
  for (std::size_t i = 0; i < values.size(); ++i)
    out[i] = to_integer(fmt::format("{}[{}]", path_of(key), i), values[i]);
  return out;
}

template <std::size_t N>
std::array<float, N> JsonObjectReader::fixed_numbers(std::string_view key) {
  std::array<float, N> out = {};
  const JsonValue::Array& values = sized_array(key, N);
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = to_number(fmt::format("{}[{}]", path_of(key), i), values[i]);
  return out;
}

template <typename Enum, std::size_t N>
Enum JsonObjectReader::choice(std::string_view key, const std::array<Enum, N>& all, std::string_view (*name)(Enum)) {
  const std::string found = text(key);
  if (has_failed()) return all.front();
  std::string expected;
  for (const Enum candidate : all) {
    if (name(candidate) == found) return candidate;
    expected += fmt::format("{}\"{}\"", expected.empty() ? "" : ", ", name(candidate));
  }
  fail(path_of(key), "one of " + expected, member(key));
  return all.front();
}

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_JSON_READER_H_

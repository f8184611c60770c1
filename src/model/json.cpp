#include "model/json.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/text.h"

namespace edgemoe {
namespace {

/// Builds the tree from the parser's events; the parser itself keeps its state on the heap, so depth costs no stack.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit TreeBuilder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return put(JsonValue{}); }
  bool boolean(bool val) override { return put(JsonValue{val}); }
  bool number_integer(number_integer_t val) override { return put(JsonValue{std::int64_t{val}}); }
  bool number_unsigned(number_unsigned_t val) override {
    if (val > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return put(JsonValue{static_cast<double>(val)});
    }
    return put(JsonValue{static_cast<std::int64_t>(val)});
  }
  bool number_float(number_float_t val, const string_t& /*text*/) override { return put(JsonValue{double{val}}); }
  bool string(string_t& val) override { return put(JsonValue{std::move(val)}); }
  bool binary(binary_t& /*val*/) override { return fail(malformed("binary values are no JSON")); }

  bool start_object(std::size_t /*elements*/) override { return open(JsonValue{JsonValue::Object{}}); }
  bool key(string_t& val) override {
    if (!open_.back().names.insert(val).second)
      return fail(malformed("the key \"{}\" stands twice in one object", printable(val)));
    open_.back().key = std::move(val);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*elements*/) override { return open(JsonValue{JsonValue::Array{}}); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: …": the part behind the bracket is for people.
    std::string_view what = error.what();
    what.remove_prefix(std::min(what.size(), what.find("] ") + 2));
    return fail(malformed("no valid JSON: {}", printable(what)));
  }

  Result<JsonValue> take() && {
    if (!status_.ok()) return status_;
    return std::move(root_);
  }

 private:
  struct Level {
    JsonValue container;
    std::string key;              // an object's member that is being read
    std::set<std::string> names;  // an object's members so far
  };

  bool fail(Status status) {
    status_ = std::move(status);
    return false;
  }

  bool put(JsonValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* object = std::get_if<JsonValue::Object>(&open_.back().container.value)) {
      object->push_back({std::move(open_.back().key), std::move(value)});
    } else {
      std::get<JsonValue::Array>(open_.back().container.value).push_back(std::move(value));
    }
    return true;
  }

  bool open(JsonValue container) {
    if (open_.size() == limits_.max_depth) {
      return fail(too_large("more than {} objects and arrays inside each other", limits_.max_depth));
    }
    open_.push_back({std::move(container), {}, {}});
    return true;
  }

  bool close() {
    JsonValue done = std::move(open_.back().container);
    open_.pop_back();
    return put(std::move(done));
  }

  const JsonLimits& limits_;
  std::vector<Level> open_;
  JsonValue root_;
  Status status_;
};

constexpr std::size_t kMaxQuotedBytes = 40;  // of a string, in an error message

struct Describe {
  std::string operator()(std::monostate /*null*/) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return fmt::format("the integer {}", value); }
  std::string operator()(double value) const { return fmt::format("the number {}", value); }
  std::string operator()(const std::string& value) const {
    if (value.size() > kMaxQuotedBytes) return fmt::format("a string of {} bytes", value.size());
    return fmt::format("the string \"{}\"", printable(value));
  }
  std::string operator()(const JsonValue::Array& value) const {
    return fmt::format("an array of {} values", value.size());
  }
  std::string operator()(const JsonValue::Object& /*value*/) const { return "an object"; }
};

}  // namespace

std::string JsonValue::describe() const { return std::visit(Describe{}, value); }

Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return too_large("JSON text of {} bytes, the limit is {}", text.size(), limits.max_bytes);
  }
  // The parser takes a NUL byte for the end of the text and would ignore what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return malformed("no valid JSON: NUL byte at byte {}", nul);
  }
  TreeBuilder builder(limits);
  nlohmann::json::sax_parse(text, &builder);
  return std::move(builder).take();
}

}  // namespace edgemoe

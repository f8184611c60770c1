#include "eval/dataset_json.h"

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "model/json.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kMaxBytes = 1 << 20;
constexpr std::size_t kMaxClasses = 255;

/// A reader that passes over members that it is not asked for. The first fault stays.
class Members {
 public:
  explicit Members(const JsonValue::Object& object) : object_(object) {}

  const Status& status() const { return status_; }

  std::optional<std::string> text(std::string_view key) { return get<std::string>(key, "a text"); }

  std::optional<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high) {
    const auto value = get<std::int64_t>(key, "a whole number");
    if (value && (*value < low || *value > high)) {
      fail(malformed("\"{}\": expected {} to {}, found {}", key, low, high, *value));
      return std::nullopt;
    }
    return value;
  }

  std::optional<std::vector<std::string>> texts(std::string_view key) {
    const auto values = get<JsonValue::Array>(key, "an array of texts");
    if (!values) return std::nullopt;
    std::vector<std::string> out;
    for (const JsonValue& value : *values) {
      if (const auto* text = std::get_if<std::string>(&value.value)) {
        out.push_back(*text);
      } else {
        fail(malformed("\"{}\": expected an array of texts, found {} in it", key, value.describe()));
      }
    }
    return out;
  }

  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

 private:
  /// Nothing when the member is missing or null.
  template <typename T>
  std::optional<T> get(std::string_view key, std::string_view expected) {
    const auto member =
        std::find_if(object_.begin(), object_.end(), [&](const JsonMember& one) { return one.name == key; });
    if (member == object_.end() || member->value.is_null()) return std::nullopt;
    if (const T* value = std::get_if<T>(&member->value.value)) return *value;
    fail(malformed("\"{}\": expected {}, found {}", key, expected, member->value.describe()));
    return std::nullopt;
  }

  const JsonValue::Object& object_;
  Status status_;
};

Status check_classes(const std::vector<std::string>& classes) {
  if (classes.size() > kMaxClasses) {
    return malformed("\"classes\": at most {} fit into a label file, found {}", kMaxClasses, classes.size());
  }
  for (auto name = classes.begin(); name != classes.end(); ++name) {
    if (std::find(classes.begin(), name, *name) != name) {
      return malformed("\"classes\": \"{}\" stands there twice", printable(*name));
    }
  }
  return {};
}

Result<DatasetJson> parse(std::string text) {
  EDGEMOE_ASSIGN_OR_RETURN(const JsonValue root, parse_json(text));
  const auto* object = std::get_if<JsonValue::Object>(&root.value);
  if (object == nullptr) return malformed("expected an object, found {}", root.describe());
  Members members(*object);
  const std::string format = members.text("format").value_or("");
  const std::string layout = members.text("layout").value_or("");
  const std::string unit = members.text("depth_unit").value_or("m");
  DatasetJson out;
  out.count = members.integer("count", 1, std::int64_t{1} << 40);
  out.height = members.integer("height", 1, 1 << 20);
  out.width = members.integer("width", 1, 1 << 20);
  out.ignore = members.integer("ignore", 0, 255).value_or(255);
  out.classes = members.texts("classes").value_or(std::vector<std::string>());
  const std::optional<std::vector<std::string>> tasks = members.texts("tasks");
  EDGEMOE_RETURN_IF_ERROR(members.status());
  EDGEMOE_RETURN_IF_ERROR(check_classes(out.classes));
  if (format != kDatasetFormat) {
    return unsupported("\"format\": expected \"{}\", found \"{}\"", kDatasetFormat, printable(format));
  }
  if (layout != "files" && layout != "arrays") {
    return unsupported("\"layout\": expected \"files\" or \"arrays\", found \"{}\"", printable(layout));
  }
  if (unit != "m") return unsupported("\"depth_unit\": expected \"m\", found \"{}\"", printable(unit));
  out.is_arrays = layout == "arrays";
  if (tasks) {
    out.tasks.emplace();
    for (const std::string& name : *tasks) {
      const std::optional<TaskKind> kind = task_from_name(name);
      if (!kind) return malformed("\"tasks\": \"{}\" is no task", printable(name));
      out.tasks->push_back(*kind);
    }
  }
  out.text = std::move(text);
  return out;
}

}  // namespace

Result<DatasetJson> read_dataset_json(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kDatasetFile;
  EDGEMOE_ASSIGN_OR_RETURN(std::string text, read_text_file(path, kMaxBytes));
  Result<DatasetJson> json = parse(std::move(text));
  if (!json.ok()) return json.status().with_context(path.string());
  return json;
}

Result<DatasetInfo> describe_dataset(const std::filesystem::path& folder, const DatasetJson& json,
                                     std::span<const TaskKind> wanted, TruthName truth_name) {
  DatasetInfo info{.layout = json.is_arrays ? DatasetLayout::kArrays : DatasetLayout::kFiles,
                   .folder = folder,
                   .num_classes = json.classes.size(),
                   .classes = json.classes,
                   .default_cap = kStreetCap,
                   .description = json.text};
  const std::string path = (folder / kDatasetFile).string();
  for (const TaskKind task : wanted) {
    const std::string_view name = truth_name(task);
    std::error_code ignored;
    const bool exists = !name.empty() && std::filesystem::exists(folder / name, ignored);
    if (!json.tasks) {
      if (exists) info.tasks.push_back(task);
      continue;
    }
    if (!has_task(*json.tasks, task)) continue;
    if (name.empty()) {
      return unsupported("{}: \"tasks\" names {}, which has no ground truth in this layout", path, task_name(task));
    }
    if (!exists) {
      return not_found("{}: is not there, but \"tasks\" in {} names {}", (folder / name).string(), kDatasetFile,
                       task_name(task));
    }
    info.tasks.push_back(task);
  }
  if (info.has(TaskKind::kSemseg) && json.classes.empty()) {
    return malformed("{}: \"classes\" is missing; {} needs the list of its classes in index order", path,
                     truth_name(TaskKind::kSemseg));
  }
  return info;
}

}  // namespace edgemoe

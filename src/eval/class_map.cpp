#include "eval/class_map.h"

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "image/palette.h"
#include "model/json.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kMaxMapBytes = 1 << 20;
constexpr std::size_t kNamesInMessage = 40;

std::optional<std::size_t> index_of(const std::vector<std::string>& names, std::size_t count, std::string_view name) {
  for (std::size_t i = 0; i < count; ++i) {
    if (class_name(names, i) == name) return i;
  }
  return std::nullopt;
}

std::string list(const std::vector<std::string>& names, std::size_t count) {
  if (names.empty()) return fmt::format("{} without names", count);
  return fmt::format("{}: {}", count, sample(names, kNamesInMessage));
}

Status no_match(const TaskConfig& model, const DatasetInfo& data) {
  return mismatch(
      "{}: its classes are not the model's. The data has {}; the model has {}. A file with --class-map can say which "
      "class of the data counts as which of the model (docs/eval.md); --task with the other tasks leaves classes out",
      data.folder.string(), list(data.classes, data.num_classes),
      list(model.class_names, static_cast<std::size_t>(model.outputs)));
}

ClassMap empty_map(std::string how) {
  ClassMap map{.how = std::move(how)};
  map.to_model.fill(kNoClass);
  map.to_model[kIgnoreLabel] = kIgnoreLabel;
  return map;
}

Result<ClassMap> parse_class_map(std::string_view text, const TaskConfig& model, const DatasetInfo& data) {
  EDGEMOE_ASSIGN_OR_RETURN(const JsonValue root, parse_json(text));
  const auto* object = std::get_if<JsonValue::Object>(&root.value);
  if (object == nullptr) return malformed("expected an object, found {}", root.describe());
  ClassMap map = empty_map("");
  for (const JsonMember& member : *object) {
    const std::optional<std::size_t> from = index_of(data.classes, data.num_classes, member.name);
    if (!from) {
      return mismatch("\"{}\" is no class of the data, which has {}", printable(member.name),
                      list(data.classes, data.num_classes));
    }
    if (member.value.is_null()) {
      map.to_model[*from] = kIgnoreLabel;
      continue;
    }
    const auto* name = std::get_if<std::string>(&member.value.value);
    if (name == nullptr) {
      return malformed("\"{}\": expected a class of the model or null, found {}", member.name, member.value.describe());
    }
    const auto outputs = static_cast<std::size_t>(model.outputs);
    const std::optional<std::size_t> to = index_of(model.class_names, outputs, *name);
    if (!to) {
      return mismatch("\"{}\" is no class of the model, which has {}", printable(*name),
                      list(model.class_names, outputs));
    }
    map.to_model[*from] = static_cast<std::uint16_t>(*to);
  }
  for (std::size_t c = 0; c < data.num_classes; ++c) {
    if (map.to_model[c] != kNoClass) continue;
    return mismatch("the data's class \"{}\" is missing; give it a class of the model, or null to ignore it",
                    printable(class_name(data.classes, c)));
  }
  return map;
}

}  // namespace

std::string class_name(const std::vector<std::string>& names, std::size_t index) {
  return index < names.size() ? names[index] : std::to_string(index);
}

Result<ClassMap> match_classes(const TaskConfig& model, const DatasetInfo& data) {
  const auto outputs = static_cast<std::size_t>(model.outputs);
  if (data.num_classes != outputs) return no_match(model, data);
  const bool named = !model.class_names.empty() && !data.classes.empty();
  ClassMap map = empty_map(named ? "by name" : "by number");
  for (std::size_t c = 0; c < outputs; ++c) {
    const std::optional<std::size_t> to = named ? index_of(model.class_names, outputs, data.classes[c]) : c;
    if (!to) return no_match(model, data);
    map.to_model[c] = static_cast<std::uint16_t>(*to);
  }
  return map;
}

Result<ClassMap> read_class_map(const std::filesystem::path& file, const TaskConfig& model, const DatasetInfo& data) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(file, kMaxMapBytes));
  Result<ClassMap> map = parse_class_map(text, model, data);
  if (!map.ok()) return map.status().with_context(file.string());
  map->how = fmt::format("by {}", file.filename().string());
  return map;
}

}  // namespace edgemoe

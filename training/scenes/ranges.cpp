#include "scenes/ranges.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"

namespace edgemoe::scenes {
namespace {

using Json = nlohmann::json;

/// Calls `visit(table, key, range)` for every range of `ranges`.
template <typename AnyRanges, typename Visit>
void for_each_range(AnyRanges& ranges, const Visit& visit) {
#define EDGEMOE_VISIT_CAMERA(key) visit("camera", #key, ranges.camera.key);
#define EDGEMOE_VISIT_SENSOR(key) visit("sensor", #key, ranges.sensor.key);
#define EDGEMOE_VISIT_LIGHT(key) visit("light", #key, ranges.light.key);
#define EDGEMOE_VISIT_STREET(key) visit("street", #key, ranges.street.key);
#define EDGEMOE_VISIT_ROOM(key) visit("room", #key, ranges.room.key);
  EDGEMOE_CAMERA_RANGES(EDGEMOE_VISIT_CAMERA)
  EDGEMOE_SENSOR_RANGES(EDGEMOE_VISIT_SENSOR)
  EDGEMOE_LIGHT_RANGES(EDGEMOE_VISIT_LIGHT)
  EDGEMOE_STREET_RANGES(EDGEMOE_VISIT_STREET)
  EDGEMOE_ROOM_RANGES(EDGEMOE_VISIT_ROOM)
#undef EDGEMOE_VISIT_CAMERA
#undef EDGEMOE_VISIT_SENSOR
#undef EDGEMOE_VISIT_LIGHT
#undef EDGEMOE_VISIT_STREET
#undef EDGEMOE_VISIT_ROOM
}

/// What a value must keep to, so that scenes can be built at all.
struct Limit {
  std::string_view name;
  float least, most;
};
constexpr std::array<Limit, 16> kLimits = {{{"camera.fov_deg", 10, 150},
                                            {"camera.pitch_deg", -80, 80},
                                            {"camera.pitch_elevated_deg", -80, 80},
                                            {"sensor.gamma", 0.2F, 5},
                                            {"sensor.jpeg_quality", 1, 100},
                                            {"sensor.motion", 0, 50},
                                            {"sensor.defocus", 0, 20},
                                            {"light.haze_distance", 1, 1e9F},
                                            {"street.lanes", 1, 12},
                                            {"street.lane_width", 2, 10},
                                            {"street.building_width", 4, 100},
                                            {"street.floors", 1, 100},
                                            {"street.lamp_spacing", 2, 1000},
                                            {"room.width", 2, 100},
                                            {"room.length", 2, 100},
                                            {"room.height", 2, 50}}};

Result<Range> parse_range(const Json& value, const std::string& name) {
  if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number()) {
    return malformed("{}: expected [low, high], found {}", name, printable(value.dump()));
  }
  const Range range = {value[0].get<float>(), value[1].get<float>()};
  if (!std::isfinite(range.low) || !std::isfinite(range.high) || range.low > range.high) {
    return malformed("{}: low must not be above high, and both finite; found {}", name, printable(value.dump()));
  }
  for (const Limit& limit : kLimits) {
    if (limit.name == name && (range.low < limit.least || range.high > limit.most)) {
      return malformed("{}: must lie within [{}, {}], found {}", name, limit.least, limit.most,
                       printable(value.dump()));
    }
  }
  return range;
}

Result<std::string> take_name(Json& root, const char* key) {
  const auto found = root.find(key);
  if (found == root.end() || !found->is_string() || found->get<std::string>().empty()) {
    return malformed("\"{}\" is missing or no text", key);
  }
  std::string value = found->get<std::string>();
  root.erase(found);
  return value;
}

/// Takes every known key out of `root`, so that what is left is unknown.
Status take_ranges(Json& root, Ranges& ranges) {
  Status status;
  for_each_range(ranges, [&](const char* table, const char* key, Range& range) {
    if (!status.ok()) return;
    const auto group = root.find(table);
    if (group == root.end() || !group->is_object() || !group->contains(key)) {
      status = malformed("{}.{} is missing; every range must be set", table, key);
      return;
    }
    Result<Range> parsed = parse_range((*group)[key], fmt::format("{}.{}", table, key));
    if (!parsed.ok()) {
      status = parsed.status();
      return;
    }
    range = *parsed;
    group->erase(key);
  });
  return status;
}

}  // namespace

Result<Ranges> parse_ranges(std::string_view text) {
  Json root = Json::parse(text, nullptr, false);
  if (!root.is_object()) return malformed("not a JSON object");
  Ranges ranges;
  EDGEMOE_ASSIGN_OR_RETURN(ranges.name, take_name(root, "name"));
  EDGEMOE_ASSIGN_OR_RETURN(ranges.stream, take_name(root, "stream"));
  EDGEMOE_RETURN_IF_ERROR(take_ranges(root, ranges));
  for (const auto& [table, rest] : root.items()) {
    const bool known =
        table == "camera" || table == "sensor" || table == "light" || table == "street" || table == "room";
    if (!known) return malformed("unknown key \"{}\"", printable(table));
    if (!rest.empty()) return malformed("unknown key \"{}.{}\"", table, printable(rest.begin().key()));
  }
  return ranges;
}

Result<Ranges> load_ranges(const std::filesystem::path& path) {
  constexpr std::uint64_t kMaxBytes = 1 << 20;
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMaxBytes));
  Result<Ranges> ranges = parse_ranges(text);
  if (!ranges.ok()) return ranges.status().with_context(path.string());
  return ranges;
}

std::vector<NamedRange> list_ranges(const Ranges& ranges) {
  std::vector<NamedRange> list;
  for_each_range(ranges, [&](const char* table, const char* key, const Range& range) {
    list.push_back({fmt::format("{}.{}", table, key), range});
  });
  return list;
}

}  // namespace edgemoe::scenes

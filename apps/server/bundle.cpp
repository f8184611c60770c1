#include "server/bundle.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace edgemoe::server {
namespace {

using Json = nlohmann::ordered_json;

/// The pieces, and where they lie.
class Pieces {
 public:
  Json place(std::size_t bytes) const { return {{"offset", data.size() - bytes}, {"bytes", bytes}}; }
  void byte(float unit) {
    // A comparison that NaN fails.
    data += static_cast<char>(unit > 0 ? static_cast<int>(std::min(unit, 1.0F) * 255.0F + 0.5F) : 0);
  }
  void word(unsigned value) {
    data += static_cast<char>(value & 0xFF);
    data += static_cast<char>(value >> 8 & 0xFF);
  }
  std::string data;
};

Json pack_depth(const Map& map, Pieces& pieces) {
  float low = 0;
  float high = 0;
  bool any = false;
  for (const float value : map.values) {
    if (!std::isfinite(value)) continue;
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
  const float step = high > low ? 65534.0F / (high - low) : 0.0F;
  for (const float value : map.values) {
    const float sample = std::isfinite(value) ? std::min(1.0F + (value - low) * step + 0.5F, 65535.0F) : 0.0F;
    pieces.word(static_cast<unsigned>(sample));
  }
  Json piece = pieces.place(map.values.size() * 2);
  piece["low"] = low;
  piece["high"] = high;
  return piece;
}

Json pack_map(const Map& map, Pieces& pieces) {
  Json piece;
  const char* kind = "unit";
  if (!map.labels.empty()) {
    kind = "labels";
    pieces.data.append(map.labels.begin(), map.labels.end());
    piece = pieces.place(map.labels.size());
  } else if (map.task == "depth") {
    kind = "depth";
    piece = pack_depth(map, pieces);
  } else {
    const bool normals = map.channels == 3;
    kind = normals ? "normals" : "unit";
    for (const float value : map.values) pieces.byte(normals ? 0.5F * (value + 1.0F) : value);
    piece = pieces.place(map.values.size());
  }
  piece["task"] = map.task;
  piece["kind"] = kind;
  piece["width"] = map.width;
  piece["height"] = map.height;
  return piece;
}

Json pack_routing(const Routing& routing, bool wide, Pieces& pieces) {
  for (const std::int32_t expert : routing.experts) {
    if (wide) {
      pieces.word(static_cast<unsigned>(expert));
    } else {
      pieces.data += static_cast<char>(expert);
    }
  }
  Json piece = {{"task", routing.task},          {"block", routing.block},
                {"height", routing.grid_height}, {"width", routing.grid_width},
                {"top_k", routing.top_k},        {"experts", pieces.place(routing.experts.size() * (wide ? 2 : 1))}};
  for (const float weight : routing.weights) pieces.byte(weight);
  piece["weights"] = pieces.place(routing.weights.size());
  return piece;
}

}  // namespace

std::string pack(const Bundle& bundle) {
  const auto wanted = [&](const std::string& task) {
    return task.empty() || std::find(bundle.tasks.begin(), bundle.tasks.end(), task) != bundle.tasks.end();
  };
  Pieces pieces;
  Json header = Json::object();
  if (!bundle.picture.empty()) {
    pieces.data += bundle.picture;
    header["picture"] = pieces.place(bundle.picture.size());
  }
  header["maps"] = Json::array();
  for (const Map& map : bundle.report->maps) {
    if (wanted(map.task)) header["maps"].push_back(pack_map(map, pieces));
  }
  const bool wide = bundle.num_experts > 256;
  header["wide_experts"] = wide;
  header["routing"] = Json::array();
  for (const Routing& routing : bundle.report->routing) {
    if (wanted(routing.task)) header["routing"].push_back(pack_routing(routing, wide, pieces));
  }
  std::string text = header.dump();
  if (!bundle.header.empty()) text.insert(text.size() - 1, "," + std::string(bundle.header));

  Pieces body;
  body.word(static_cast<unsigned>(text.size() & 0xFFFF));
  body.word(static_cast<unsigned>(text.size() >> 16 & 0xFFFF));
  return std::move(body.data) + text + pieces.data;
}

}  // namespace edgemoe::server

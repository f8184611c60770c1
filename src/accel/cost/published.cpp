#include "accel/cost/published.h"

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "model/json_reader.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1 << 20;

/// As it stands there: the reader gives a float32.
double exact(const JsonValue& value, float read) {
  const double* number = std::get_if<double>(&value.value);
  return number != nullptr ? *number : static_cast<double>(read);
}

double real(JsonObjectReader& reader, std::string_view key) {
  const float value = reader.number(key);
  return exact(reader.member(key), value);
}

std::optional<double> real_or_null(JsonObjectReader& reader, std::string_view key) {
  const std::optional<float> value = reader.number_or_null(key);
  return value ? std::optional<double>(exact(reader.member(key), *value)) : std::nullopt;
}

struct Bound {
  std::string_view key;
  double value;
  double least;
  double most;
};

Status check(std::initializer_list<Bound> bounds) {
  for (const Bound& bound : bounds) {
    if (bound.value < bound.least || bound.value > bound.most) {
      return invalid_argument("{}: expected a number from {} to {}, found {}", bound.key, bound.least, bound.most,
                              bound.value);
    }
  }
  return {};
}

Status validate(const PublishedMachine& published) {
  const Machine& machine = published.machine;
  const Machine::Array& array = machine.array;
  EDGEMOE_RETURN_IF_ERROR(check({{"clock_mhz", machine.clock_mhz, 1, 2000},
                                 {"array.tokens", static_cast<double>(array.tokens), 1, 4096},
                                 {"array.outputs", static_cast<double>(array.outputs), 1, 4096},
                                 {"array.depth", static_cast<double>(array.depth), 1, 4096},
                                 {"array.cycles_per_step", array.cycles_per_step, 0.5, 1000},
                                 {"query_lanes", static_cast<double>(machine.query_lanes), 1, 4096},
                                 {"memory.bytes_per_cycle", machine.memory.bytes_per_cycle, 0.01, 1e6},
                                 {"memory.ring_bytes", machine.memory.ring_bytes, 1024, 1e9},
                                 {"naive.softmax_cycles", machine.naive.softmax_cycles, 0, 1e4},
                                 {"naive.gelu_cycles", machine.naive.gelu_cycles, 0, 1e4},
                                 {"naive.linear_units", static_cast<double>(machine.naive.linear_units), 1, 64},
                                 {"published.latency_ms", published.latency_ms, 1e-6, 1e6},
                                 {"published.power_watts", published.power_watts, 1e-6, 1e6}}));
  if (const std::optional<double>& rate = machine.memory.key_value_bytes_per_cycle) {
    EDGEMOE_RETURN_IF_ERROR(check({{"memory.key_value_bytes_per_cycle", *rate, 0.01, 1e6}}));
  }
  if (const std::optional<PublishedMachine::Used>& used = published.used) {
    constexpr double kMost = 1 << 24;
    EDGEMOE_RETURN_IF_ERROR(check({{"used.dsp", static_cast<double>(used->dsp), 0, kMost},
                                   {"used.bram36", static_cast<double>(used->bram36), 0, kMost},
                                   {"used.lut", static_cast<double>(used->lut), 0, kMost},
                                   {"used.ff", static_cast<double>(used->ff), 0, kMost}}));
  }
  if (!published.ablation_ms.empty() && published.ablation_ms.size() != kIdeas.size() + 1) {
    return invalid_argument("published.ablation_ms: expected {} numbers or none, found {}", kIdeas.size() + 1,
                            published.ablation_ms.size());
  }
  return {};
}

}  // namespace

bool PublishedMachine::assumes(std::string_view key) const {
  return std::find(assumed.begin(), assumed.end(), key) != assumed.end();
}

std::optional<Resources> resources_of(const PublishedMachine& machine) {
  if (!machine.used) return std::nullopt;
  return Resources{.dsp = static_cast<double>(machine.used->dsp),
                   .bram36 = static_cast<double>(machine.used->bram36),
                   .lut = static_cast<double>(machine.used->lut),
                   .ff = static_cast<double>(machine.used->ff)};
}

Result<PublishedMachine> parse_published_machine(std::string_view text, const Board& board) {
  EDGEMOE_ASSIGN_OR_RETURN(const JsonValue document, parse_json(text));
  Status status;
  JsonObjectReader root(document, "",
                        {"name", "title", "source", "network", "board", "clock_mhz", "format", "array", "query_lanes",
                         "memory", "naive", "used", "published", "assumed", "fitted"},
                        status);
  JsonObjectReader array(root.member("array"), "array", {"tokens", "outputs", "depth", "cycles_per_step"}, status);
  JsonObjectReader memory(root.member("memory"), "memory",
                          {"bytes_per_cycle", "ring_bytes", "key_value_bytes_per_cycle"}, status);
  JsonObjectReader naive(root.member("naive"), "naive", {"softmax_cycles", "gelu_cycles", "linear_units"}, status);
  JsonObjectReader published(root.member("published"), "published", {"latency_ms", "power_watts", "ablation_ms"},
                             status);
  PublishedMachine out = {.title = root.text("title"),
                          .source = root.text("source"),
                          .network = root.text("network"),
                          .board = root.text("board")};
  Machine& machine = out.machine;
  machine.name = root.text("name");
  machine.clock_mhz = root.integer("clock_mhz");
  const std::string format = root.text("format");
  machine.array = {.tokens = array.integer("tokens"),
                   .outputs = array.integer("outputs"),
                   .depth = array.integer("depth"),
                   .cycles_per_step = real(array, "cycles_per_step")};
  machine.query_lanes = root.integer("query_lanes");
  machine.naive = {.softmax_cycles = real(naive, "softmax_cycles"),
                   .gelu_cycles = real(naive, "gelu_cycles"),
                   .linear_units = naive.integer("linear_units")};
  machine.memory = memory_of(board.memory, std::max(1.0, machine.clock_mhz), memory.integer("ring_bytes"));
  if (const auto rate = real_or_null(memory, "bytes_per_cycle")) machine.memory.bytes_per_cycle = *rate;
  machine.memory.key_value_bytes_per_cycle = real_or_null(memory, "key_value_bytes_per_cycle");
  out.latency_ms = real(published, "latency_ms");
  out.power_watts = real(published, "power_watts");
  std::vector<double> steps;
  for (const JsonValue& value : published.array("ablation_ms")) {
    if (const double* real_value = std::get_if<double>(&value.value)) {
      steps.push_back(*real_value);
    } else if (const std::int64_t* whole = std::get_if<std::int64_t>(&value.value)) {
      steps.push_back(static_cast<double>(*whole));
    } else {
      return malformed("published.ablation_ms: expected numbers, found {}", value.describe());
    }
  }
  out.ablation_ms = steps;
  out.assumed = root.texts("assumed");
  out.fitted = root.texts("fitted");
  if (status.ok() && !root.member("used").is_null()) {
    JsonObjectReader used(root.member("used"), "used", {"dsp", "bram36", "lut", "ff"}, status);
    out.used = {.dsp = used.integer("dsp"),
                .bram36 = used.integer("bram36"),
                .lut = used.integer("lut"),
                .ff = used.integer("ff")};
  }
  EDGEMOE_RETURN_IF_ERROR(status);
  EDGEMOE_ASSIGN_OR_RETURN(machine.format, parse_number_format(format));
  EDGEMOE_RETURN_IF_ERROR(validate(out));
  machine.array.drain_lanes = machine.array.tokens * machine.array.outputs;  // losses are in cycles_per_step
  return out;
}

Result<PublishedMachine> load_published_machine(const std::filesystem::path& path,
                                                const std::filesystem::path& boards) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMaxFileBytes));
  const auto with_path = [&](const Status& status) { return status.with_context(path.string()); };
  // The board's name first: the rest is read against it.
  const Result<JsonValue> document = parse_json(text);
  if (!document.ok()) return with_path(document.status());
  std::string board_name;
  if (const auto* object = std::get_if<JsonValue::Object>(&document->value)) {
    for (const JsonMember& member : *object) {
      const auto* name = std::get_if<std::string>(&member.value.value);
      if (member.name == "board" && name != nullptr) board_name = *name;
    }
  }
  if (board_name.empty() || board_name.find('/') != std::string::npos) {
    return with_path(malformed("board: expected the name of a board"));
  }
  const Result<Board> board = load_board(boards / (board_name + ".json"));
  if (!board.ok()) return with_path(board.status());
  Result<PublishedMachine> published = parse_published_machine(text, *board);
  if (!published.ok()) return with_path(published.status());
  return published;
}

Result<PublishedTable> parse_published_table(std::string_view text) {
  EDGEMOE_ASSIGN_OR_RETURN(const JsonValue document, parse_json(text));
  Status status;
  JsonObjectReader root(document, "", {"source", "systems"}, status);
  PublishedTable table = {.source = root.text("source"), .systems = {}};
  const JsonValue::Array& systems = root.array("systems");
  for (std::size_t i = 0; i < systems.size(); ++i) {
    JsonObjectReader system(systems[i], fmt::format("systems[{}]", i),
                            {"name", "platform", "numbers", "latency_ms", "power_watts", "status"}, status);
    table.systems.push_back({.name = system.text("name"),
                             .platform = system.text("platform"),
                             .numbers = system.text("numbers"),
                             .latency_ms = real(system, "latency_ms"),
                             .power_watts = real(system, "power_watts"),
                             .status = system.text("status")});
    EDGEMOE_RETURN_IF_ERROR(status);
    EDGEMOE_RETURN_IF_ERROR(check({{"latency_ms", table.systems.back().latency_ms, 1e-6, 1e6},
                                   {"power_watts", table.systems.back().power_watts, 1e-6, 1e6}}));
  }
  EDGEMOE_RETURN_IF_ERROR(status);
  if (table.systems.empty()) return malformed("systems: expected at least one, which ratios are to");
  return table;
}

Result<PublishedTable> load_published_table(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMaxFileBytes));
  Result<PublishedTable> table = parse_published_table(text);
  if (!table.ok()) return table.status().with_context(path.string());
  return table;
}

}  // namespace edgemoe

#include "accel/cost/board.h"

#include "base/file.h"
#include "model/json_reader.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1 << 20;

Status check_range(std::string_view key, double value, double least, double most) {
  if (value >= least && value <= most) return {};
  return invalid_argument("{}: expected a number from {} to {}, found {}", key, least, most, value);
}

Status validate(const Board& board) {
  struct Bound {
    std::string_view key;
    double value, least, most;
  };
  constexpr double kMost = 1 << 24;
  for (const Bound& bound : {Bound{"part.dsp", static_cast<double>(board.part.dsp), 0, kMost},
                             Bound{"part.bram36", static_cast<double>(board.part.bram36), 0, kMost},
                             Bound{"part.lut", static_cast<double>(board.part.lut), 0, kMost},
                             Bound{"part.ff", static_cast<double>(board.part.ff), 0, kMost},
                             Bound{"part.uram", static_cast<double>(board.ultra_ram), 0, kMost},
                             Bound{"clock_mhz", static_cast<double>(board.clock_mhz), 1, 2000},
                             Bound{"memory.gigabytes_per_second", board.memory.gigabytes_per_second, 0.01, 10000},
                             Bound{"memory.efficiency", board.memory.efficiency, 0.01, 1},
                             Bound{"memory.latency_ns", board.memory.latency_ns, 0, 1e5},
                             Bound{"static_watts[0]", board.static_watts.low, 0, 1000},
                             Bound{"static_watts[1]", board.static_watts.high, board.static_watts.low, 1000}}) {
    EDGEMOE_RETURN_IF_ERROR(check_range(bound.key, bound.value, bound.least, bound.most));
  }
  if (board.name.empty() || board.part.name.empty()) return invalid_argument("name, part.name: must not be empty");
  return {};
}

}  // namespace

Result<Board> parse_board(std::string_view text) {
  EDGEMOE_ASSIGN_OR_RETURN(const JsonValue document, parse_json(text));
  Status status;
  JsonObjectReader root(document, "", {"name", "source", "part", "clock_mhz", "memory", "static_watts"}, status);
  JsonObjectReader part(root.member("part"), "part", {"name", "dsp", "bram36", "uram", "lut", "ff"}, status);
  JsonObjectReader memory(root.member("memory"), "memory", {"name", "gigabytes_per_second", "efficiency", "latency_ns"},
                          status);
  const std::array<float, 2> watts = root.fixed_numbers<2>("static_watts");
  Board board = {.name = root.text("name"),
                 .source = root.text("source"),
                 .part = {.name = part.text("name"),
                          .dsp = part.integer("dsp"),
                          .bram36 = part.integer("bram36"),
                          .lut = part.integer("lut"),
                          .ff = part.integer("ff")},
                 .ultra_ram = part.integer("uram"),
                 .clock_mhz = root.integer("clock_mhz"),
                 .memory = {.name = memory.text("name"),
                            .gigabytes_per_second = static_cast<double>(memory.number("gigabytes_per_second")),
                            .efficiency = static_cast<double>(memory.number("efficiency")),
                            .latency_ns = static_cast<double>(memory.number("latency_ns"))},
                 .static_watts = {static_cast<double>(watts[0]), static_cast<double>(watts[1])}};
  EDGEMOE_RETURN_IF_ERROR(status);
  EDGEMOE_RETURN_IF_ERROR(validate(board));
  return board;
}

Result<Board> load_board(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMaxFileBytes));
  Result<Board> board = parse_board(text);
  if (!board.ok()) return board.status().with_context(path.string());
  return board;
}

}  // namespace edgemoe

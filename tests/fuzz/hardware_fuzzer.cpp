// Any text as a board, a design point, a published machine, a table of them or counted queues: an error with a
// sentence, or numbers that the cost model and the explorer take.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "accel/cost/explore.h"
#include "accel/cost/published.h"
#include "base/check.h"
#include "base/file.h"

namespace edgemoe {
namespace {

std::string shipped(const char* file) {
  return *read_text_file(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs" / file, 1 << 20);
}

const ModelConfig& network() {
  static const ModelConfig config = *parse_model_config(shipped("models/tiny.json"));
  return config;
}

const Board& board() {
  static const Board loaded = *parse_board(shipped("boards/zcu102.json"));
  return loaded;
}

const ExpertQueues& queues() {
  static const ExpertQueues made = make_queues(network(), 1, kTypicalQueueSpread);
  return made;
}

void estimate(const Machine& machine) {
  const FrameCost cost = estimate_frame(network(), {}, queues(), machine);
  EDGEMOE_CHECK(std::isfinite(cost.cycles) && cost.cycles > 0);
}

void try_board(std::string_view text) {
  const Result<Board> parsed = parse_board(text);
  if (!parsed.ok()) {
    EDGEMOE_CHECK(!parsed.status().message().empty());
    return;
  }
  static const std::string base = shipped("accelerators/small.json");
  const ExploreSpace space = {.tokens = {2, 6}, .outputs = {8, 32}, .chains = {1}, .weight_words = {128}};
  const Result<Exploration> found = explore({network(), {}, queues(), *parsed, base}, space, {}, {});
  EDGEMOE_CHECK(found.ok() ? !found->candidates.empty() : !found.status().message().empty());
}

void try_design(std::string_view text) {
  const Result<DesignPoint> design = parse_design_point(text);
  if (!design.ok()) {
    EDGEMOE_CHECK(!design.status().message().empty());
    return;
  }
  EDGEMOE_CHECK(!make_rtl_package(*design).empty());
  const Result<std::string> again = rewrite_design_point(text, *design);
  EDGEMOE_CHECK(again.ok());
  const Result<DesignPoint> read_again = parse_design_point(*again);
  EDGEMOE_CHECK(read_again.ok() && *read_again == *design);
  EDGEMOE_CHECK(std::isfinite(sum(estimate_resources(*design, {8, 8}, network())).lut));
  estimate(machine_of(*design, {8, 8}, board(), {}));
}

}  // namespace
}  // namespace edgemoe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  edgemoe::try_board(text);
  edgemoe::try_design(text);
  if (const auto machine = edgemoe::parse_published_machine(text, edgemoe::board()); machine.ok()) {
    edgemoe::estimate(machine->machine);
  }
  static_cast<void>(edgemoe::parse_published_table(text));
  static_cast<void>(edgemoe::parse_queues(text, edgemoe::network(), 1));
  return 0;
}

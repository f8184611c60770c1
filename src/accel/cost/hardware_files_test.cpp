// Files of boards, design points and published machines with values that no part has: a sentence, or a model that says
// what does not fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "accel/cost/explore.h"
#include "accel/cost/published.h"
#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;
using namespace cost_testing;

std::string shipped(const char* kind, const char* name) {
  return *read_text_file(config_folder(kind) / (std::string(name) + ".json"), 1 << 20);
}

/// Calls `visit` with the text once for every value in it, each in turn replaced by each of some odd ones, and once
/// without it.
int with_odd_values(const std::string& text, const std::function<void(const std::string&)>& visit) {
  const nlohmann::json document = nlohmann::json::parse(text);
  const std::vector<std::string> odd = {
      "0",    "-1", "1e300", "-1e300", "1e-300",   "99999999999999999999", "2147483648", "0.5", "null", "true",
      "\"\"", "[]", "{}",    "NaN",    "Infinity", "[1e300, 1e300]"};
  int count = 0;
  const nlohmann::json flat = document.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    const nlohmann::json::json_pointer place(pointer);
    for (const std::string& replacement : odd) {
      nlohmann::json changed = document;
      changed[place] = "@odd@";
      std::string out = changed.dump();
      out.replace(out.find("\"@odd@\""), 7, replacement);
      visit(out);
      ++count;
    }
    nlohmann::json without = document;
    if (!place.parent_pointer().empty() && without[place.parent_pointer()].is_array()) continue;
    (place.parent_pointer().empty() ? without : without[place.parent_pointer()]).erase(place.back());
    visit(without.dump());
    ++count;
  }
  return count;
}

TEST(HardwareFiles, BoardsWithOddValues_GetASentenceOrAnExploration) {
  const ModelConfig network = edge_moe_network();
  const ExpertQueues queues = make_queues(network, 1, kTypicalQueueSpread);
  const std::string base = shipped("accelerators", "zcu102");
  const ExploreSpace space = {.tokens = {4}, .outputs = {32}, .chains = {2}, .weight_words = {4096}};
  int refused = 0;
  const int tried = with_odd_values(shipped("boards", "zcu102"), [&](const std::string& text) {
    const Result<Board> board = parse_board(text);
    if (!board.ok()) {
      EXPECT_FALSE(board.status().message().empty()) << text;
      ++refused;
      return;
    }
    const Result<Exploration> found = explore({network, {}, queues, *board, base}, space, {}, {});
    if (found.ok()) {
      EXPECT_TRUE(std::isfinite(found->candidates.front().milliseconds)) << text;
    } else {
      EXPECT_THAT(found.status().message(), HasSubstr("nearest")) << text;
    }
  });
  EXPECT_GE(tried, 200);
  EXPECT_GE(refused, tried / 2);
}

TEST(HardwareFiles, DesignPointsAndMachinesWithOddValues_GetASentenceOrAnEstimate) {
  const ModelConfig network = edge_moe_network();
  const Board board = named_board("zcu102");
  int refused = 0;
  int tried = with_odd_values(shipped("accelerators", "zcu102"), [&](const std::string& text) {
    const Result<DesignPoint> design = parse_design_point(text);
    if (!design.ok()) {
      EXPECT_FALSE(design.status().message().empty()) << text;
      ++refused;
      return;
    }
    const double cycles = typical_frame(network, machine_of(*design, {8, 8}, board, {})).cycles;
    EXPECT_TRUE(std::isfinite(cycles) && cycles > 0) << text;
  });
  tried += with_odd_values(shipped("machines", "edge-moe"), [&](const std::string& text) {
    const Result<PublishedMachine> machine = parse_published_machine(text, board);
    if (!machine.ok()) {
      EXPECT_FALSE(machine.status().message().empty()) << text;
      ++refused;
      return;
    }
    const double cycles = typical_frame(network, machine->machine).cycles;
    EXPECT_TRUE(std::isfinite(cycles) && cycles > 0) << text;
  });
  EXPECT_GE(tried, 600);
  EXPECT_GE(refused, tried / 2);
}

TEST(HardwareFiles, PartsThatLackAKind_FitNothingAndSayWhatMissedByTheLeast) {
  const ModelConfig network = edge_moe_network();
  const std::string base = shipped("accelerators", "zcu102");
  struct Row {
    const char* key;
    const char* reason;
  };
  for (const Row& row : {Row{"dsp", "DSP"}, Row{"bram36", "block RAM"}, Row{"lut", "LUTs"}, Row{"ff", "flip-flops"}}) {
    nlohmann::json text = nlohmann::json::parse(shipped("boards", "zcu102"));
    text["part"][row.key] = 0;
    const Result<Board> board = parse_board(text.dump());
    ASSERT_TRUE(board.ok()) << board.status().message();
    const Result<Exploration> found =
        explore({network, {}, make_queues(network, 1, kTypicalQueueSpread), *board, base}, {}, {}, {});
    ASSERT_FALSE(found.ok()) << row.key;
    EXPECT_EQ(found.status().code(), StatusCode::kNotFound);
    EXPECT_THAT(found.status().message(), HasSubstr(row.reason)) << row.key;
    EXPECT_THAT(found.status().message(), HasSubstr("of 0 ")) << row.key;
  }
}

}  // namespace
}  // namespace edgemoe

// The timing model beside Verilator: cycles that `edgemoe simulate` printed (simulated), with the queues that the
// network's routers made there.
#include "accel/cost/machine_timing.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "accel/cost/testing.h"

namespace edgemoe {
namespace {

using namespace cost_testing;

/// hw/sim/timing_test.cpp writes them: EDGEMOE_SIMULATED_FRAMES=src/accel/cost/simulated_frames.json timing_sim, and
/// the larger designs' timing benches. A frame a line.
std::vector<nlohmann::json> simulated_frames() {
  std::ifstream file(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "src/accel/cost/simulated_frames.json");
  std::vector<nlohmann::json> frames;
  for (std::string line; std::getline(file, line);) frames.push_back(nlohmann::json::parse(line));
  return frames;
}

/// Shipped, or one of the explored points.
Result<DesignPoint> design_of_bench(const std::string& name) {
  const std::filesystem::path point = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "hw/sim/points" / (name + ".json");
  return load_design_point(std::filesystem::exists(point) ? point : config_folder("accelerators") / (name + ".json"));
}

TEST(MachineTiming, SimulatedFrames_AreWithinThreePercent) {
  int compared = 0;
  for (const nlohmann::json& frame : simulated_frames()) {
    const Result<ModelConfig> network = parse_model_config(frame["network"].dump());
    ASSERT_TRUE(network.ok()) << network.status().message();
    const Result<DesignPoint> design = design_of_bench(frame["design"].get<std::string>());
    ASSERT_TRUE(design.ok()) << design.status().message();
    Machine machine = machine_of(*design, {8, 8}, Board{}, {});
    // The ring of constants has been made larger since the first frames.
    ASSERT_TRUE(frame.contains("channel_words")) << "a frame whose ring of constants is not known";
    machine.design->memory.channel_words = frame["channel_words"].get<int>();
    machine.memory.latency_cycles = frame["latency_cycles"].get<double>();
    machine.memory.bytes_per_cycle = frame["bytes_per_cycle"].get<double>();
    const double simulated = frame["cycles"].get<double>();
    const double modelled = time_machine(*network, {}, frame["queues"].get<ExpertQueues>(), machine).cycles;
    fmt::print(
        "{}, {}, {} words of constants, {:.1f} bytes a cycle after {}: {:.0f} simulated, {:.0f} modelled, {:+.2f} %\n",
        design->name, network->name, machine.design->memory.channel_words, machine.memory.bytes_per_cycle,
        machine.memory.latency_cycles, simulated, modelled, 100 * (modelled / simulated - 1));
    EXPECT_NEAR(modelled, simulated, 0.03 * simulated)
        << network->name << " on " << design->name << ", " << frame["bytes_per_cycle"] << " bytes a cycle";
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

/// A network far beyond any design's limits, of as many tokens, heads and elements as a configuration may have.
ModelConfig long_network(int side, int heads) {
  ModelConfig network = edge_moe_network();
  network.input.height = side * network.patch_size;
  network.input.width = side * network.patch_size;
  network.embed_dim = 8 * heads;
  network.num_heads = heads;
  network.depth = 1;
  network.moe.blocks.clear();
  network.mlp_dim = 32;
  return network;
}

// A million tokens: 17 thousand million tiles of scores.
TEST(MachineTiming, AttentionOfLongSequences_IsCountedInFull) {
  const Machine machine = machine_of(named_design("zcu102"), {8, 8}, named_board("zcu102"), {});
  const auto attention = [&](const ModelConfig& network) {
    const MachineTiming timing = time_machine(network, {}, {}, machine);
    return timing.phases[static_cast<std::size_t>(Phase::kScores)].array +
           timing.phases[static_cast<std::size_t>(Phase::kValues)].array;
  };
  const auto tiles = [](double side, double heads) {
    const double tokens = side * side + 1;
    const double groups = std::ceil(tokens / 4);
    // Heads of 8 elements: a tile of 32 outputs, 2 steps of 16, which the 4 tokens stretch to 4 cycles.
    return heads * groups * (std::ceil(tokens / 32) * 4 + std::ceil(tokens / 16));
  };
  EXPECT_EQ(attention(long_network(8, 4)), tiles(8, 4));
  EXPECT_EQ(attention(long_network(1024, 2)), tiles(1024, 2));
}

}  // namespace
}  // namespace edgemoe

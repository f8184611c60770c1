// The timing model beside Verilator: cycles that `edgemoe simulate` printed (simulated), with the queues that the
// network's routers made there.
#include "accel/cost/machine_timing.h"

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
    if (frame.contains("channel_words")) machine.design->memory.channel_words = frame["channel_words"].get<int>();
    machine.memory.latency_cycles = frame["latency_cycles"].get<double>();
    machine.memory.bytes_per_cycle = frame["bytes_per_cycle"].get<double>();
    const double simulated = frame["cycles"].get<double>();
    EXPECT_NEAR(time_machine(*network, {}, frame["queues"].get<ExpertQueues>(), machine).cycles, simulated,
                0.03 * simulated)
        << network->name << " on " << design->name << ", " << frame["bytes_per_cycle"] << " bytes a cycle";
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

}  // namespace
}  // namespace edgemoe

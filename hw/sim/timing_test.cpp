// The cost model's cycles beside the RTL's: networks of many shapes, every token of theirs equal to the reference's,
// within 3 % of what src/accel/cost/machine_timing.h says. With EDGEMOE_SIMULATED_FRAMES=FILE each frame is also added
// to FILE, a line of JSON, for machine_timing_test.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "accel/cost/machine_timing.h"
#include "accel/machine_layout.h"
#include "base/file.h"
#include "sim/accelerator_testing.h"

namespace edgemoe::sim {
namespace {

constexpr double kMostMiss = 0.03;

struct Network {
  std::string name;
  ModelConfig config;
};

ModelConfig changed(ModelConfig config, int grid_height, int grid_width, int depth, std::vector<int> mixtures) {
  config.pos_embed_height = grid_height;
  config.pos_embed_width = grid_width;
  config.input.height = grid_height * config.patch_size;
  config.input.width = grid_width * config.patch_size;
  config.depth = depth;
  config.moe.blocks = std::move(mixtures);
  config.tasks.resize(1);
  return config;
}

/// For machines of the limits of `small`: 64 tokens, rows of 128, 8 experts.
std::vector<Network> small_networks() {
  const ModelConfig tiny = config_of("tiny");
  std::vector<Network> networks = {
      {"tiny", changed(tiny, 4, 6, 4, {1, 3})},      {"two patches", changed(tiny, 1, 2, 4, {1, 3})},
      {"dense", changed(tiny, 2, 3, 3, {})},         {"37 tokens", changed(tiny, 4, 9, 2, {1})},
      {"ragged", changed(tiny, 2, 3, 4, {0, 2, 3})}, {"8 experts", changed(tiny, 3, 5, 4, {1, 2, 3})},
      {"2 heads", changed(tiny, 3, 3, 4, {1, 3})}};
  ModelConfig& tokens = networks[3].config;
  tokens.embed_dim = 16;
  tokens.num_heads = 2;
  tokens.mlp_dim = 32;
  tokens.moe.expert_dim = 16;
  ModelConfig& ragged = networks[4].config;
  ragged.embed_dim = 40;
  ragged.num_heads = 4;  // of 10 elements
  ragged.mlp_dim = 29;
  ragged.moe.expert_dim = 21;
  ragged.moe.num_experts = 3;
  ragged.moe.top_k = 1;
  ModelConfig& experts = networks[5].config;
  experts.moe.num_experts = 8;
  experts.moe.top_k = 3;
  experts.moe.expert_dim = 40;
  networks[6].config.num_heads = 2;
  networks[6].config.mlp_dim = 64;
  return networks;
}

/// For those of the limits of `zcu102`: 256 tokens, rows of 1,024, 16 experts.
std::vector<Network> large_networks() {
  const ModelConfig city = config_of("edgemoe-cityscapes-light");
  std::vector<Network> networks = {{"edgemoe-cityscapes", changed(city, 8, 16, 12, {1, 3, 5, 7, 9, 11})},
                                   {"49 tokens", changed(city, 6, 8, 4, {1, 3})},
                                   {"170 tokens", changed(city, 13, 13, 2, {1})},
                                   {"narrow", changed(city, 7, 9, 6, {1, 3, 5})},
                                   {"top 4", changed(city, 8, 8, 4, {1, 3})}};
  ModelConfig& narrow = networks[3].config;
  narrow.embed_dim = 96;
  narrow.num_heads = 6;
  narrow.mlp_dim = 200;
  narrow.moe.expert_dim = 100;
  narrow.moe.num_experts = 5;
  narrow.moe.top_k = 1;
  ModelConfig& top = networks[4].config;
  top.moe.num_experts = 8;
  top.moe.top_k = 4;
  return networks;
}

ExpertQueues queues_of(const ModelConfig& config, const InterpreterCounts& counts) {
  ExpertQueues queues = counts.queues;
  for (std::vector<int>& queue : queues) queue.resize(static_cast<std::size_t>(config.moe.num_experts));
  return queues;
}

void write_frame(const ModelConfig& config, const AxiMemory::Timing& memory, const ExpertQueues& queues,
                 std::uint64_t cycles) {
  const char* const path = std::getenv("EDGEMOE_SIMULATED_FRAMES");
  if (path == nullptr) return;
  const nlohmann::ordered_json frame = {{"design", bench_design().name},
                                        {"channel_words", bench_design().memory.channel_words},
                                        {"latency_cycles", memory.latency_cycles},
                                        {"bytes_per_cycle", memory.bytes_per_cycle},
                                        {"cycles", cycles},
                                        {"queues", queues},
                                        {"network", nlohmann::ordered_json::parse(model_config_to_json(config))}};
  std::ofstream(path, std::ios::app) << frame.dump() << '\n';
}

void expect_model_near_rtl(const HlsCase& network, const std::string& name, const AxiMemory::Timing& memory,
                           int task = 0) {
  AcceleratorRig rig(network, memory);
  const RunReport report = rig.expect_equals_reference(task);
  if (testing::Test::HasFailure()) return;
  const DesignPoint& design = bench_design();
  const ExpertQueues queues = queues_of(network.config(), rig.counts(task, LoadOrder::kLate));
  edgemoe::Machine machine = machine_of(design, {8, 8}, Board{}, {});
  machine.memory.latency_cycles = memory.latency_cycles;
  machine.memory.bytes_per_cycle = memory.bytes_per_cycle;
  const MachineTiming timing = time_machine(network.config(), {}, queues, machine);
  const auto simulated = static_cast<double>(report.cycles);
  const double miss = timing.cycles / simulated - 1;
  fmt::print("{}, {}, {:.1f} bytes a cycle after {}: {} cycles simulated, {:.0f} modelled, {:+.1f} %\n", design.name,
             name, memory.bytes_per_cycle, memory.latency_cycles, report.cycles, timing.cycles, 100 * miss);
  for (int i = 0; i < kNumCoreWaits; ++i) {
    fmt::print("  waited {} for {}\n", report.core_waits[static_cast<std::size_t>(i)], core_wait_name(i));
  }
  double fill = 0;
  double wait = 0;
  for (const MachineTiming::PhaseCycles& phase : timing.phases) {
    fill += phase.fill;
    wait += phase.wait;
  }
  fmt::print("  modelled: fill {:.0f}, weights {:.0f}\n", fill, wait);
  EXPECT_LE(std::abs(miss), kMostMiss) << name;
  write_frame(network.config(), memory, queues, report.cycles);
}

TEST(Timing, SeededNetworks_AreWithinThreePercentOfTheModel) {
  const bool small = bench_design().limits.max_tokens < 128;
  const double bus = bench_design().bus_bytes();
  const std::vector<Network> networks = small ? small_networks() : large_networks();
  std::size_t compared = 0;
  for (const Network& one : networks) {
    // Explored points have room for the network that they were explored for.
    if (const auto layout = lay_out_machine(one.config, bench_design()); !layout.ok()) {
      fmt::print("{} left out: {}\n", one.name, layout.status().message());
      continue;
    }
    ++compared;
    const HlsCase network = HlsCase::seeded(one.config, 5);
    expect_model_near_rtl(network, one.name, {.latency_cycles = 60, .bytes_per_cycle = bus * 8 / 9});
    if (one.name == "tiny" || one.name == "8 experts" || one.name == "top 4") {
      expect_model_near_rtl(network, one.name, {.latency_cycles = 150, .bytes_per_cycle = bus / 3});
    }
  }
  const bool shipped = std::filesystem::exists(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/accelerators" /
                                               (bench_design().name + ".json"));
  EXPECT_GE(compared, shipped ? networks.size() : 1U);
}

/// The one with trained routers, which use every expert.
TEST(Timing, ModelInTheBox_IsWithinThreePercentOfTheModel) {
  if (bench_design().limits.max_tokens < 128) GTEST_SKIP() << "it has more tokens than this machine takes";
  const auto file = ModelFile::open(std::filesystem::path(EDGEMOE_SOURCE_DIR) / "models/edgemoe-street.safetensors");
  ASSERT_TRUE(file.ok()) << file.status().message();
  const HlsCase network(*file, 3);
  const double bus = bench_design().bus_bytes();
  for (int task = 0; task < static_cast<int>(network.config().tasks.size()); ++task) {
    expect_model_near_rtl(network, fmt::format("edgemoe-street, task {}", task),
                          {.latency_cycles = 60, .bytes_per_cycle = bus * 57 / 64}, task);
  }
  expect_model_near_rtl(network, "edgemoe-street", {.latency_cycles = 60, .bytes_per_cycle = bus * 40 / 64});
}

}  // namespace
}  // namespace edgemoe::sim

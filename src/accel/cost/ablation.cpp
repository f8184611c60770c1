#include "accel/cost/ablation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>

#include "accel/cost/frame_cost.h"
#include "accel/program.h"

namespace edgemoe {
namespace {

/// By how many doublings two sizes differ.
double doublings(double a, double b) { return std::abs(std::log2(a / b)); }

}  // namespace

DesignPoint with_products(DesignPoint design, std::int64_t products) {
  const DesignPoint::Array own = design.array;
  DesignPoint::Array best = own;
  constexpr double kFar = std::numeric_limits<double>::infinity();
  auto least = std::tuple(kFar, kFar, kFar, kFar);
  for (int tokens = 2; tokens <= DesignPoint::Array::kMostTokens; tokens += 2) {
    for (int chains = 1; chains <= DesignPoint::Array::kMostChains; chains *= 2) {
      for (int outputs = chains * kDotChainLength; outputs <= DesignPoint::Array::kMostOutputs; outputs *= 2) {
        if (outputs * chains > kCommandBytes) continue;
        const double found = static_cast<double>(tokens) * outputs * chains * kDotChainLength;
        const auto distance = std::tuple(doublings(found, static_cast<double>(products)), doublings(tokens, own.tokens),
                                         doublings(outputs, own.outputs), doublings(chains, own.chains));
        if (distance >= least) continue;
        least = distance;
        best = {.tokens = tokens, .outputs = outputs, .chains = chains};
      }
    }
  }
  design.array = best;
  design.lanes = {.row_quantizer = best.outputs, .layer_norm = best.outputs, .softmax = best.outputs};
  const auto same_bytes = [&](int words, int before, int after) { return std::max(1, words * before / after); };
  DesignPoint::Memory& memory = design.memory;
  memory.weight_words = same_bytes(memory.weight_words, own.outputs * own.chains, best.outputs * best.chains);
  memory.channel_words = same_bytes(memory.channel_words, own.outputs, best.outputs);
  return design;
}

AblationSteps ablate(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                     const Machine& machine) {
  AblationSteps steps = {};
  Machine step = machine;
  for (const IdeaName& idea : kIdeas) step.ideas.*idea.member = false;
  steps[0] = estimate_frame(config, spec, queues, step).milliseconds;
  for (std::size_t i = 0; i < kIdeas.size(); ++i) {
    step.ideas.*kIdeas[i].member = true;
    steps[i + 1] = estimate_frame(config, spec, queues, step).milliseconds;
  }
  return steps;
}

std::vector<AblationColumn> compare_ablations(const ModelConfig& config, const ExpertQueues& queues,
                                              const PublishedMachine& published, const DesignPoint& design,
                                              const Board& board,
                                              const std::function<void(std::size_t, std::size_t)>& progress) {
  constexpr NumberFormat kOurFormat = {8, 8};
  const Machine& theirs = published.machine;
  const auto ours = [&](const DesignPoint& point, const NumberFormat& format) {
    Machine machine = machine_of(point, format, board, theirs.naive);
    machine.memory.bus_bytes = design.bus_bytes();
    machine.memory.ring_bytes = ring_bytes(design);
    return machine;
  };
  const std::int64_t their_products = theirs.array.products_per_step();
  const DesignPoint alike = with_products(design, their_products);
  const std::int64_t products = alike.products_per_cycle();
  const std::int64_t own_products = design.products_per_cycle();
  Machine start = ours(alike, theirs.format);
  // The same memory at our clock.
  const double clocks = theirs.clock_mhz / start.clock_mhz;
  start.memory.bytes_per_cycle = theirs.memory.bytes_per_cycle * clocks;
  start.memory.latency_cycles = theirs.memory.latency_cycles / clocks;
  std::vector<AblationColumn> columns = {
      {.title = published.title, .what = "as fitted", .machine = theirs, .milliseconds = {}},
      {.title = "ours",
       .what = products == their_products
                   ? "same number format, products a cycle and memory"
                   : fmt::format("same number format and memory; {} products a cycle, as near to {} as the RTL comes",
                                 products, their_products),
       .machine = start,
       .milliseconds = {}}};
  const auto add = [&](std::string title, std::string what, Machine machine) {
    columns.push_back(
        {.title = std::move(title), .what = std::move(what), .machine = std::move(machine), .milliseconds = {}});
  };
  const Machine with_memory = ours(alike, theirs.format);
  if (with_memory.memory.bytes_per_cycle != start.memory.bytes_per_cycle ||
      with_memory.memory.latency_cycles != start.memory.latency_cycles) {
    add("+ memory", "the board's memory", with_memory);
  }
  if (theirs.format != kOurFormat) add("+ int8", "8-bit weights and activations", ours(alike, kOurFormat));
  if (own_products != products) {
    add(own_products > products ? "+ multipliers" : "own multipliers",
        fmt::format("{} products a cycle instead of {}", own_products, products), ours(design, kOurFormat));
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].milliseconds = ablate(config, {}, queues, columns[i].machine);
    if (progress) progress(i + 1, columns.size());
  }
  return columns;
}

}  // namespace edgemoe

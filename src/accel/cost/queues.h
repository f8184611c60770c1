// How many tokens each expert gets: what decides how full the array's rows are in a mixture.
#ifndef EDGEMOE_ACCEL_COST_QUEUES_H_
#define EDGEMOE_ACCEL_COST_QUEUES_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/config.h"

namespace edgemoe {

/// Queue lengths of every mixture, in the order of the blocks: [mixtures][experts]. Each mixture's add up to tokens ·
/// top_k · streams.
using ExpertQueues = std::vector<std::vector<int>>;

/// Spread for which make_queues is as uneven as the routers of the public Edge-MoE network: queues of 16.1 tokens have
/// a deviation of 11.9 there, 1.9 of 16 are empty, and rows taken 2, 4, 8, 16 at a time are used to 0.974, 0.923,
/// 0.831, 0.708 (counted over both tasks).
inline constexpr double kTypicalQueueSpread = 0.82;

/// Queues in the proportions of max(0, 1 + spread · x), x normal; 0: all even. The same for the same seed. An expert
/// has at most all tokens of a stream (`streams`: pictures of a batch, and tasks, that run together).
ExpertQueues make_queues(const ModelConfig& config, int streams, double spread, std::uint64_t seed = 1);

/// Queues in the proportions that `edgemoe eval --routing --json` counted ("routing" of its JSON): the mean of the
/// file's tasks, brought to tokens · top_k · streams. kMalformed, and kMismatch where its blocks or experts are not the
/// network's.
Result<ExpertQueues> parse_queues(std::string_view json, const ModelConfig& config, int streams);
Result<ExpertQueues> load_queues(const std::filesystem::path& path, const ModelConfig& config, int streams);

/// Share of the array's row slots that are tokens when queues are taken `tokens` at a time.
double slot_use(const ExpertQueues& queues, int tokens);

}  // namespace edgemoe

#endif  // EDGEMOE_ACCEL_COST_QUEUES_H_

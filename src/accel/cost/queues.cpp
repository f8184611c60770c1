#include "accel/cost/queues.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.h"
#include "base/random.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kMaxFileBytes = 64 << 20;

/// Whole numbers in the proportions of `shares` that add up to `total`, none above `most`: largest remainders first.
std::vector<int> apportion(const std::vector<double>& shares, std::int64_t total, std::int64_t most) {
  const std::size_t n = shares.size();
  std::vector<double> wanted(n, 0);
  std::vector<bool> full(n, false);
  // What is over an expert's limit goes to the others, in their proportions; each round fills one at least.
  double left = static_cast<double>(total);
  for (std::size_t round = 0; round < n; ++round) {
    double sum = 0;
    std::size_t open = 0;
    for (std::size_t e = 0; e < n; ++e) {
      if (!full[e]) sum += shares[e], ++open;
    }
    bool over = false;
    for (std::size_t e = 0; e < n; ++e) {
      if (full[e]) continue;
      wanted[e] = sum > 0 ? left * shares[e] / sum : left / static_cast<double>(open);
      over = over || wanted[e] > static_cast<double>(most);
    }
    if (!over) break;
    for (std::size_t e = 0; e < n; ++e) {
      if (full[e] || wanted[e] <= static_cast<double>(most)) continue;
      wanted[e] = static_cast<double>(most);
      full[e] = true;
      left -= static_cast<double>(most);
    }
  }
  std::vector<int> queue(n);
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::int64_t given = 0;
  for (std::size_t e = 0; e < n; ++e) given += queue[e] = static_cast<int>(std::floor(wanted[e]));
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return wanted[a] - std::floor(wanted[a]) > wanted[b] - std::floor(wanted[b]);
  });
  for (std::size_t i = 0; given < total; i = (i + 1) % n) {
    if (queue[order[i]] < most) ++queue[order[i]], ++given;
  }
  return queue;
}

std::int64_t picks(const ModelConfig& config, int streams) {
  return std::int64_t{config.num_tokens()} * config.moe.top_k * streams;
}

}  // namespace

ExpertQueues make_queues(const ModelConfig& config, int streams, double spread, std::uint64_t seed) {
  ExpertQueues queues;
  Random random(seed);
  for (std::size_t mixture = 0; mixture < config.moe.blocks.size(); ++mixture) {
    std::vector<double> shares(static_cast<std::size_t>(config.moe.num_experts));
    for (double& share : shares) share = std::max(0.0, 1 + spread * static_cast<double>(random.normal()));
    queues.push_back(apportion(shares, picks(config, streams), std::int64_t{config.num_tokens()} * streams));
  }
  return queues;
}

Result<ExpertQueues> parse_queues(std::string_view json, const ModelConfig& config, int streams) {
  const nlohmann::json root = nlohmann::json::parse(json, nullptr, false);
  if (!root.is_object() || !root.contains("routing") || !root["routing"].is_array()) {
    return malformed("expected the JSON of 'edgemoe eval --routing --json', with an array \"routing\"");
  }
  const nlohmann::json& blocks = root["routing"];
  if (blocks.size() != config.moe.blocks.size()) {
    return mismatch("routing: expected {} mixtures as in {}, found {}", config.moe.blocks.size(), config.name,
                    blocks.size());
  }
  ExpertQueues queues;
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    const nlohmann::json& block = blocks[m];
    const std::string where = fmt::format("routing[{}]", m);
    if (!block.is_object() || block.value("block", nlohmann::json()) != config.moe.blocks[m]) {
      return mismatch("{}.block: expected {}", where, config.moe.blocks[m]);
    }
    std::vector<double> sums(static_cast<std::size_t>(config.moe.num_experts), 0.0);
    const nlohmann::json tasks = block.value("tasks", nlohmann::json::object());
    if (!tasks.is_object() || tasks.empty()) return malformed("{}.tasks: expected a task with its picks", where);
    for (const auto& [name, task] : tasks.items()) {
      const nlohmann::json counts = task.is_object() ? task.value("picks", nlohmann::json()) : nlohmann::json();
      if (!counts.is_array() || counts.size() != sums.size()) {
        return mismatch("{}.tasks.{}.picks: expected an array of {} numbers", where, name, sums.size());
      }
      for (std::size_t e = 0; e < sums.size(); ++e) {
        if (!counts[e].is_number_unsigned()) {
          return malformed("{}.tasks.{}.picks[{}]: expected a count", where, name, e);
        }
        sums[e] += counts[e].get<double>();
      }
    }
    if (std::accumulate(sums.begin(), sums.end(), 0.0) <= 0) return malformed("{}: no pick was counted", where);
    queues.push_back(apportion(sums, picks(config, streams), std::int64_t{config.num_tokens()} * streams));
  }
  return queues;
}

Result<ExpertQueues> load_queues(const std::filesystem::path& path, const ModelConfig& config, int streams) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string text, read_text_file(path, kMaxFileBytes));
  Result<ExpertQueues> queues = parse_queues(text, config, streams);
  if (!queues.ok()) return queues.status().with_context(path.string());
  return queues;
}

double slot_use(const ExpertQueues& queues, int tokens) {
  std::int64_t used = 0;
  std::int64_t slots = 0;
  for (const std::vector<int>& queue : queues) {
    for (const int length : queue) {
      used += length;
      slots += std::int64_t{(length + tokens - 1) / tokens} * tokens;
    }
  }
  return slots == 0 ? 1 : static_cast<double>(used) / static_cast<double>(slots);
}

}  // namespace edgemoe

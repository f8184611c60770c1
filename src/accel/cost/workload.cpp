#include "accel/cost/workload.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace edgemoe {
namespace {

/// Bits of the router's operands on both sides; narrower arrays take them as planes.
constexpr int kRouterBits = 16;
constexpr double kResidualBytes = 4;  // s32.16

double divide_up(double a, double b) { return std::ceil(a / b); }

struct Gemm {
  double rows;     // of A, tokens
  double columns;  // N
  double depth;    // K
};

class Builder {
 public:
  Builder(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues, const Machine& machine)
      : config_(config), spec_(spec), queues_(queues), machine_(machine), fill_(machine.fill) {}

  std::vector<WorkItem> build() {
    const double patches = config_.num_tokens() - 1;
    const double pixels = 3.0 * config_.patch_size * config_.patch_size;
    linear(Phase::kPatchEmbedding, {patches * spec_.first_streams(), width(), pixels}, 0, kResidualBytes);
    std::size_t mixture = 0;
    for (int block = 0; block < config_.depth; ++block) {
      const bool moe = config_.is_moe_block(block);
      attention(streams(block <= config_.first_moe_block()));
      if (!moe) {
        mlp(streams(block < config_.first_moe_block()));
        continue;
      }
      router(streams(false));
      experts(queues_.at(mixture++));
    }
    return std::move(items_);
  }

 private:
  double width() const { return config_.embed_dim; }
  double streams(bool before_routers) const {
    return before_routers ? spec_.first_streams() : spec_.last_streams(config_);
  }

  /// Cycles and traffic of C[M,N] = A[M,K]·B[N,K]ᵀ, `rows` of A at a time; B of `b_bytes` an element.
  WorkItem gemm(Phase phase, const Gemm& size, double rows, double b_bytes) const {
    const Machine::Array& array = machine_.array;
    const double row_tiles = divide_up(size.rows, rows);
    const double column_tiles = divide_up(size.columns, array.outputs);
    const double steps = divide_up(size.depth, array.depth);
    const double drain = rows * array.outputs / array.drain_lanes;
    const double parts = machine_.ideas.unified_unit ? 1 : machine_.naive.linear_units;
    const double a_bytes = machine_.format.activation_bytes();
    return {
        .phase = phase,
        .macs = size.rows * size.columns * size.depth,
        .array_cycles = row_tiles * column_tiles * std::max(steps * array.cycles_per_step * parts, drain),
        .operand_bytes = row_tiles * column_tiles * steps * array.depth * (rows * a_bytes + array.outputs * b_bytes),
        .result_bytes = size.rows * size.columns * a_bytes};
  }

  /// Adds a linear layer whose weights come from outside.
  WorkItem& linear(Phase phase, const Gemm& size, double fill, double result_bytes = 0) {
    WorkItem item = gemm(phase, size, machine_.array.tokens, machine_.format.weight_bytes());
    item.fill_cycles = fill;
    item.weight_bytes = size.columns * size.depth * machine_.format.weight_bytes();
    if (result_bytes > 0) item.result_bytes = size.rows * size.columns * result_bytes;
    items_.push_back(item);
    return items_.back();
  }

  void attention(double streams) {
    const double tokens = config_.num_tokens();
    const double a_bytes = machine_.format.activation_bytes();
    const bool reordered = machine_.ideas.attention_reordering;
    const double lanes = reordered ? machine_.query_lanes : 1;
    const double rows = std::min<double>(machine_.array.tokens, lanes);
    const double all_rows = tokens * streams;
    linear(Phase::kQkv, {all_rows, 3 * width(), width()}, fill_.qkv);
    const double heads = config_.num_heads * streams;
    WorkItem scores = gemm(Phase::kScores, {tokens, tokens, static_cast<double>(config_.head_dim())}, rows, a_bytes);
    WorkItem values = gemm(Phase::kValues, {tokens, static_cast<double>(config_.head_dim()), tokens}, rows, a_bytes);
    for (WorkItem* item : {&scores, &values}) {
      item->key_value_bytes = divide_up(tokens, lanes) * tokens * config_.head_dim() * a_bytes;
      item->operand_bytes += item->key_value_bytes - item->macs / rows * a_bytes;  // B is read once for all lanes
      if (machine_.memory.key_value_bytes_per_cycle) {
        const double reading = item->key_value_bytes / *machine_.memory.key_value_bytes_per_cycle;
        item->special_cycles = std::max(0.0, reading - item->array_cycles);
      }
      scale(*item, heads);
    }
    if (!machine_.ideas.single_pass_softmax) {
      scores.special_cycles += heads * tokens * tokens * machine_.naive.softmax_cycles / machine_.naive.softmax_lanes;
    }
    scores.fill_cycles = fill_.attention;
    items_.push_back(scores);
    items_.push_back(values);
    linear(Phase::kProjection, {all_rows, width(), width()}, fill_.projection, kResidualBytes);
  }

  /// Cycles of `elements` through a GELU that stands alone.
  double naive_gelu(double elements) const {
    if (machine_.ideas.table_gelu) return 0;
    return elements * machine_.naive.gelu_cycles / machine_.naive.gelu_lanes;
  }

  void mlp(double streams) {
    const double rows = config_.num_tokens() * streams;
    const double hidden = config_.mlp_dim;
    WorkItem& up = linear(Phase::kMlp, {rows, hidden, width()}, fill_.mlp);
    up.special_cycles = naive_gelu(rows * hidden);
    linear(Phase::kMlp, {rows, width(), hidden}, fill_.mlp, kResidualBytes);
  }

  void router(double streams) {
    const double weight_planes = divide_up(kRouterBits, machine_.format.weight_bits);
    const double token_planes = divide_up(kRouterBits, machine_.format.activation_bits);
    const double rows = config_.num_tokens() * streams;
    // Planes of the weights are columns, planes of the tokens depth. The task's part of a gate is a constant.
    WorkItem& item =
        linear(Phase::kRouter, {rows, config_.moe.num_experts * weight_planes, width() * token_planes}, fill_.router);
    item.macs = rows * config_.moe.num_experts * width();
    item.weight_bytes = config_.moe.num_experts * width() * kRouterBits / 8;
  }

  void experts(const std::vector<int>& queue) {
    const double hidden = config_.moe.expert_dim;
    bool first = true;
    const auto add = [&](double rows) {
      WorkItem& up = linear(Phase::kExperts, {rows, hidden, width()}, first ? fill_.experts : 0);
      up.special_cycles = naive_gelu(rows * hidden);
      linear(Phase::kExperts, {rows, width(), hidden}, 0, kResidualBytes);
      first = false;
    };
    if (machine_.ideas.expert_reordering) {
      // Those without tokens too: their weights are asked for before the router has spoken.
      for (const int length : queue) add(length);
    } else {
      const int picks = std::accumulate(queue.begin(), queue.end(), 0);
      for (int pick = 0; pick < picks; ++pick) add(1);
    }
  }

  static void scale(WorkItem& item, double times) {
    for (double WorkItem::*member : {&WorkItem::macs, &WorkItem::array_cycles, &WorkItem::special_cycles,
                                     &WorkItem::operand_bytes, &WorkItem::result_bytes, &WorkItem::key_value_bytes}) {
      item.*member *= times;
    }
  }

  const ModelConfig& config_;
  const FrameSpec& spec_;
  const ExpertQueues& queues_;
  const Machine& machine_;
  const Machine::Fill& fill_;
  std::vector<WorkItem> items_;
};

}  // namespace

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::kPatchEmbedding:
      return "patch_embedding";
    case Phase::kQkv:
      return "qkv";
    case Phase::kScores:
      return "scores";
    case Phase::kValues:
      return "values";
    case Phase::kProjection:
      return "projection";
    case Phase::kMlp:
      return "mlp";
    case Phase::kRouter:
      return "router";
    case Phase::kExperts:
      return "experts";
  }
  return "unknown";
}

std::vector<WorkItem> make_workload(const ModelConfig& config, const FrameSpec& spec, const ExpertQueues& queues,
                                    const Machine& machine) {
  EDGEMOE_CHECK(queues.size() == config.moe.blocks.size());
  return Builder(config, spec, queues, machine).build();
}

}  // namespace edgemoe

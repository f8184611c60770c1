#include "pipeline/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

namespace edgemoe {
namespace {

struct DiscardLogits final : LogitsSink {
  void on_logits(int, int, const MatrixView<const float>&) override {}
};

/// Values of a golden tap of a known shape.
Result<std::vector<float>> floats_of(const TensorView& view, std::string_view name, const Shape& shape) {
  if (view.shape != shape) {
    return mismatch("golden tap {}: expected shape {}, found {}", name, shape.to_string(), view.shape.to_string());
  }
  std::vector<float> values(static_cast<std::size_t>(shape.num_elements()));
  if (!widen_to_f32(view.dtype, view.bytes, values)) {
    return mismatch("golden tap {}: expected element type F32, found {}", name, dtype_name(view.dtype));
  }
  return values;
}

double largest_magnitude(std::span<const float> values) {
  double scale = 0;
  for (const float value : values) scale = std::max(scale, std::abs(static_cast<double>(value)));
  return scale;
}

/// Rows in which two engines chose other experts, or the same in another order.
struct RoutingDifference {
  std::vector<std::int64_t> near_ties;       // explained: the logits of what was swapped are closer than `gap`
  std::optional<TapDifference> unexplained;  // the first that is not
};

/// The experts of one task, as its router's logits have them.
struct RouterColumns {
  std::int32_t first_expert = 0;  // index of the first column's expert
  std::size_t count = 0;
};

/// `logits` [rows, columns.count], or empty: then no difference can be explained.
RoutingDifference compare_routing(std::string_view name, const TensorView& expected, const TensorView& found,
                                  std::span<const float> logits, RouterColumns columns, double tolerance) {
  RoutingDifference difference;
  const auto rows = static_cast<std::size_t>(expected.shape[0]);
  const auto top_k = static_cast<std::size_t>(expected.shape[1]);
  const auto experts = static_cast<std::int64_t>(logits.empty() ? 0 : columns.count);
  const double gap = 2 * tolerance * largest_magnitude(logits);
  const auto index_at = [](const TensorView& view, std::size_t i) {
    std::int32_t index = 0;
    std::memcpy(&index, view.bytes.data() + i * sizeof(index), sizeof(index));
    return index;
  };
  for (std::size_t row = 0; row < rows; ++row) {
    bool differs = false;
    for (std::size_t j = 0; j < top_k; ++j) {
      const std::int32_t a = index_at(expected, row * top_k + j);
      const std::int32_t b = index_at(found, row * top_k + j);
      if (a == b) continue;
      differs = true;
      const std::int64_t column_a = std::int64_t{a} - columns.first_expert;
      const std::int64_t column_b = std::int64_t{b} - columns.first_expert;
      const bool known = column_a >= 0 && column_b >= 0 && column_a < experts && column_b < experts;
      const float* of_row = logits.data() + row * static_cast<std::size_t>(experts);
      if (known && std::abs(static_cast<double>(of_row[column_a]) - static_cast<double>(of_row[column_b])) <= gap) {
        continue;
      }
      if (!difference.unexplained) {
        difference.unexplained = TapDifference{std::string(name),
                                               {static_cast<std::int64_t>(row), static_cast<std::int64_t>(j)},
                                               static_cast<double>(a),
                                               static_cast<double>(b),
                                               0};
      }
    }
    if (differs) difference.near_ties.push_back(static_cast<std::int64_t>(row));
  }
  return difference;
}

bool is_routing(std::string_view tap) { return tap.ends_with(kTapRouterIndices); }

/// The taps of one golden file as one task sees them, and the engine's answers to them.
class TaskVerifier {
 public:
  TaskVerifier(Engine& engine, const SafetensorsIndex& golden, int task, const VerifyOptions& options)
      : engine_(engine), golden_(golden), task_(task), options_(options) {
    report_.task = task_name(engine.config().tasks[static_cast<std::size_t>(task)].kind);
  }

  Result<VerifyTask> run();

 private:
  /// Golden taps whose tap name starts with `prefix`, in the network's order: this task's, and shared ones that it has
  /// no own form of.
  std::vector<std::string> golden_taps(std::string_view prefix) const;
  const TensorView* golden_tap(std::string_view tap) const {
    return find_tap(golden_, report_.task + "/" + std::string(tap));
  }
  /// A golden tap's values as tokens of the network.
  Result<std::vector<float>> tokens(const TensorView& view) const {
    return floats_of(view, report_.task + "'s tokens", {engine_.config().num_tokens(), engine_.config().embed_dim});
  }
  /// The golden logits beside the golden indices of a router; empty where there are none.
  Result<std::vector<float>> router_logits(const std::string& indices, RouterColumns columns) const;
  RouterColumns router_columns() const;
  Status check_block(int block);
  Status check_head();
  Status check_end_to_end();
  enum class Flow { kGoOn, kStop };
  /// Compares one tap; fills `skip_rows` with tokens at near ties.
  Result<Flow> check_tap(const std::string& name, const SafetensorsIndex& found, double tolerance,
                         std::vector<std::int64_t>& skip_rows, TapComparison& comparison);

  Engine& engine_;
  const SafetensorsIndex& golden_;
  const int task_;
  const VerifyOptions& options_;
  VerifyTask report_;
};

std::vector<std::string> TaskVerifier::golden_taps(std::string_view prefix) const {
  std::vector<std::string> names;
  const auto add = [&](std::string_view scope, auto&& wanted) {
    const std::string full = fmt::format("{}/{}", scope, prefix);
    for (auto it = golden_.tensors.lower_bound(full); it != golden_.tensors.end() && it->first.starts_with(full);
         ++it) {
      if (wanted(std::string_view(it->first).substr(scope.size() + 1))) names.push_back(it->first);
    }
  };
  add(report_.task, [](std::string_view) { return true; });
  add(kSharedScope, [&](std::string_view tap) {
    return tap != kTapInput && !golden_.tensors.contains(fmt::format("{}/{}", report_.task, tap));
  });
  std::sort(names.begin(), names.end(), tap_order_less);
  return names;
}

RouterColumns TaskVerifier::router_columns() const {
  const MoeConfig& moe = engine_.config().moe;
  if (moe.experts_per_task == 0) return {0, static_cast<std::size_t>(moe.num_experts)};
  return {engine_.config().expert_group_start(task_), static_cast<std::size_t>(moe.experts_per_task)};
}

Result<std::vector<float>> TaskVerifier::router_logits(const std::string& indices, RouterColumns columns) const {
  const std::string name = indices.substr(0, indices.size() - kTapRouterIndices.size()) + std::string(kTapRouterLogits);
  const TensorView* logits = find_tap(golden_, name);
  if (logits == nullptr) return std::vector<float>();
  return floats_of(*logits, name, {engine_.config().num_tokens(), static_cast<std::int64_t>(columns.count)});
}

Result<TaskVerifier::Flow> TaskVerifier::check_tap(const std::string& name, const SafetensorsIndex& found,
                                                   double tolerance, std::vector<std::int64_t>& skip_rows,
                                                   TapComparison& comparison) {
  const TensorView& expected = golden_.tensors.find(name)->second;
  // What a golden file calls shared, the engine may publish under the task, and the other way round.
  const TensorView* other = find_tap(found, report_.task + name.substr(name.find('/')));
  if (other == nullptr) {
    return mismatch("golden tap {} is none that this model has; see docs/verify.md for the names", name);
  }
  if (expected.shape != other->shape) {
    return mismatch("golden tap {}: expected shape {}, found {}", name, other->shape.to_string(),
                    expected.shape.to_string());
  }
  const bool indices = is_routing(name);
  const bool is_float =
      expected.dtype == DType::kF32 || expected.dtype == DType::kF16 || expected.dtype == DType::kBF16;
  if (indices ? expected.dtype != DType::kI32 : !is_float) {
    return mismatch("golden tap {}: expected element type {}, found {}", name, indices ? "I32" : "F32",
                    dtype_name(expected.dtype));
  }
  if (!indices) {
    return compare_tap(name, expected, *other, {.relative = tolerance}, skip_rows, comparison) ? Flow::kGoOn
                                                                                               : Flow::kStop;
  }
  const RouterColumns columns = router_columns();
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<float> logits, router_logits(name, columns));
  const RoutingDifference routing = compare_routing(name, expected, *other, logits, columns, tolerance);
  ++comparison.taps;
  comparison.values += static_cast<std::size_t>(expected.shape.num_elements());
  if (routing.unexplained) {
    comparison.first = routing.unexplained;
    comparison.worst = routing.unexplained;
    return Flow::kStop;
  }
  skip_rows = routing.near_ties;
  return Flow::kGoOn;
}

Status TaskVerifier::check_block(int block) {
  const std::vector<std::string> names = golden_taps(block_tap(block, ""));
  const TensorView* input = golden_tap(block == 0 ? std::string(kTapPatchEmbed) : block_tap(block - 1, kTapBlockOut));
  if (names.empty() || input == nullptr || report_.block_by_block.first) return {};
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<float> tokens_in, tokens(*input));
  std::vector<float> tokens_out(tokens_in.size());
  TapRecorder recorder;
  EDGEMOE_RETURN_IF_ERROR(engine_.run_block(block, task_, tokens_in, tokens_out, &recorder));
  const SafetensorsIndex found = recorder.index();
  std::vector<std::int64_t> skip_rows;
  for (const std::string& name : names) {
    EDGEMOE_ASSIGN_OR_RETURN(const Flow flow,
                             check_tap(name, found, options_.block_tolerance, skip_rows, report_.block_by_block));
    if (flow == Flow::kStop) return {};
  }
  report_.near_ties += skip_rows.size();
  return {};
}

Status TaskVerifier::check_head() {
  const std::vector<std::string> names = golden_taps(head_tap(""));
  const TensorView* input = golden_tap(block_tap(engine_.config().depth - 1, kTapBlockOut));
  if (names.empty() || input == nullptr || report_.block_by_block.first) return {};
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<float> tokens_in, tokens(*input));
  TapRecorder recorder;
  DiscardLogits discard;
  EDGEMOE_RETURN_IF_ERROR(engine_.run_head(task_, tokens_in, discard, &recorder));
  const SafetensorsIndex found = recorder.index();
  std::vector<std::int64_t> skip_rows;
  for (const std::string& name : names) {
    EDGEMOE_ASSIGN_OR_RETURN(const Flow flow,
                             check_tap(name, found, options_.block_tolerance, skip_rows, report_.block_by_block));
    if (flow == Flow::kStop) return {};
  }
  return {};
}

Status TaskVerifier::check_end_to_end() {
  const TensorView* input = find_tap(golden_, std::string(kSharedScope) + "/" + std::string(kTapInput));
  if (input == nullptr) return not_found("golden file: no \"shared/input\", the network's input [3,height,width]");
  const InputConfig& size = engine_.config().input;
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<float> planes,
                           floats_of(*input, "shared/input", {3, size.height, size.width}));
  std::vector<float> pixels(planes.size());
  const std::size_t count = planes.size() / 3;
  for (std::size_t p = 0; p < count; ++p) {
    for (std::size_t c = 0; c < 3; ++c) pixels[3 * p + c] = planes[c * count + p];
  }
  TapRecorder recorder;
  DiscardLogits discard;
  const float* images[] = {pixels.data()};
  const int tasks[] = {task_};
  const bool heads = engine_.config().head.present && !golden_taps(head_tap("")).empty();
  EDGEMOE_ASSIGN_OR_RETURN(
      [[maybe_unused]] const EngineTimes times,
      engine_.run({.images = images, .tasks = tasks, .logits = heads ? &discard : nullptr, .taps = &recorder}));
  const SafetensorsIndex found = recorder.index();
  for (const std::string& name : golden_taps("")) {
    std::vector<std::int64_t> near_ties;
    EDGEMOE_ASSIGN_OR_RETURN(const Flow flow,
                             check_tap(name, found, options_.end_to_end_tolerance, near_ties, report_.end_to_end));
    if (flow == Flow::kStop) return {};
    if (!near_ties.empty()) {
      report_.end_to_end_note = fmt::format(
          "stopped at {}: {} tokens at a near tie went to another expert, what follows is not comparable end to end",
          name, near_ties.size());
      return {};
    }
  }
  return {};
}

Result<VerifyTask> TaskVerifier::run() {
  for (int block = 0; block < engine_.config().depth; ++block) EDGEMOE_RETURN_IF_ERROR(check_block(block));
  EDGEMOE_RETURN_IF_ERROR(check_head());
  EDGEMOE_RETURN_IF_ERROR(check_end_to_end());
  return std::move(report_);
}

}  // namespace

const TapDifference* VerifyReport::first_difference() const {
  for (const VerifyTask& task : tasks) {
    if (task.block_by_block.first) return &*task.block_by_block.first;
    if (task.end_to_end.first) return &*task.end_to_end.first;
  }
  return nullptr;
}

std::size_t VerifyReport::values() const {
  std::size_t count = 0;
  for (const VerifyTask& task : tasks) count += task.block_by_block.values + task.end_to_end.values;
  return count;
}

Result<VerifyReport> verify_engine(Engine& engine, const SafetensorsIndex& golden, const VerifyOptions& options) {
  VerifyReport report;
  const ModelConfig& config = engine.config();
  for (const auto& [name, view] : golden.tensors) {
    const std::string_view scope = std::string_view(name).substr(0, name.find('/'));
    const std::optional<TaskKind> kind = task_from_name(scope);
    if (scope != kSharedScope && !(kind && config.task_index(*kind))) {
      return mismatch("golden tap {}: \"{}\" is no task of model {}; it has {}", name, scope, config.name,
                      config.task_list());
    }
  }
  std::vector<std::size_t> tasks;
  for (std::size_t task = 0; task < config.tasks.size(); ++task) {
    const std::string prefix = std::string(task_name(config.tasks[task].kind)) + "/";
    const auto first = golden.tensors.lower_bound(prefix);
    if (first != golden.tensors.end() && first->first.starts_with(prefix)) tasks.push_back(task);
  }
  // Values that are all shared are the same for any task.
  const bool has_shared = std::any_of(golden.tensors.begin(), golden.tensors.end(), [](const auto& tap) {
    return tap.first.starts_with(kSharedScope) && !tap.first.ends_with(kTapInput);
  });
  if (tasks.empty() && has_shared && !config.tasks.empty()) tasks.push_back(0);
  for (const std::size_t task : tasks) {
    EDGEMOE_ASSIGN_OR_RETURN(VerifyTask checked, TaskVerifier(engine, golden, static_cast<int>(task), options).run());
    report.tasks.push_back(std::move(checked));
  }
  if (report.values() == 0) {
    return mismatch("golden file: no tap of a task of model {} ({}) in it, nothing was compared", config.name,
                    config.task_list());
  }
  return report;
}

}  // namespace edgemoe

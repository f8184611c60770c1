#include "checkpoint/match.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "checkpoint/float_folder.h"
#include "checkpoint/names.h"
#include "model/tensor_table.h"

namespace edgemoe {
namespace {

constexpr std::size_t kNamesShown = 6;

/// Names of the network's tensors, which do not depend on widths that are yet unread.
std::vector<std::string> expected_names(ModelConfig config) {
  if (config.mlp_dim == 0) config.mlp_dim = 1;
  if (config.moe.expert_dim == 0) config.moe.expert_dim = 1;
  if (config.head.first_kernel == 0) config.head.first_kernel = 3;
  std::vector<std::string> names;
  for (const TensorSpec& spec : tensor_table(config)) names.push_back(spec.name);
  return names;
}

/// Sorts a tensor that the network does not need.
void set_aside(const std::string& name, const ModelConfig& config, ConvertReport& report) {
  if (const std::optional<std::string_view> reason = known_unused(name)) {
    report.ignored.push_back({name, std::string(*reason)});
  } else if (!config.head.present && (name.starts_with("decoders.") || name.starts_with("decoder."))) {
    report.ignored.push_back({name, "decoder of a model that is to have none"});
  } else {
    report.left_over.push_back(name);
  }
}

bool is_known_extra_file(const std::string& name) {
  return name == "image.float32.bin" || name.ends_with("_x_post_moe.float32.bin");
}

void report_source(const CheckpointSource& source, ConvertReport& report) {
  report.inputs.push_back({source.path, std::string(checkpoint_format_name(source.format)), source.tensors.size()});
  for (const std::string& wrapper : source.wrappers) report.stripped[wrapper + "/"] += source.tensors.size();
  for (const auto& [prefix, count] : source.stripped) report.stripped[prefix] += count;
  for (const std::string& name : source.beside) report.ignored.push_back({name, "stands beside the weights"});
  for (const std::string& name : source.not_tensors) report.ignored.push_back({name, "no tensor"});
  for (const std::string& file : source.extra_files) {
    if (source.format == CheckpointFormat::kFloatFolder && !is_known_extra_file(file)) {
      report.left_over.push_back(file);
    } else {
      report.ignored.push_back({file, "a file that holds no weights"});
    }
  }
}

/// Axis of a tensor that is as long as some width of the network.
struct WidthSite {
  std::string tensor;
  std::size_t axis;
};

/// A width as most of its sites have it, the first ones on a tie: a single damaged tensor is then what does not fit.
/// The weights win over the configuration.
Status adopt_width(const TensorMap& tensors, const std::vector<WidthSite>& sites, std::string_view key, int& width,
                   ConvertReport& report) {
  constexpr std::int64_t kMaxWidth = 1 << 20;
  std::map<int, std::size_t> votes;
  int most = 0;
  for (const WidthSite& site : sites) {
    const auto found = tensors.find(site.tensor);
    if (found == tensors.end()) continue;
    const SourceTensor& tensor = found->second;
    if (tensor.shape.rank() <= site.axis || tensor.shape[site.axis] < 1 || tensor.shape[site.axis] > kMaxWidth) {
      return mismatch("{}: tensor {} {}: {} can't be read from axis {}", tensor.origin, site.tensor,
                      tensor.shape.to_string(), key, site.axis);
    }
    const int read = static_cast<int>(tensor.shape[site.axis]);
    if (++votes[read] > votes[most]) most = read;
  }
  if (most == 0) return {};
  if (most != width) report.widths.push_back({std::string(key), width, most});
  width = most;
  return {};
}

Status adopt_widths(const TensorMap& tensors, ModelConfig& config, ConvertReport& report) {
  std::vector<WidthSite> mlp;
  std::vector<WidthSite> experts;
  for (int block = 0; block < config.depth; ++block) {
    const std::string prefix = block_prefix(block) + "mlp.";
    if (config.is_moe_block(block)) {
      experts.push_back({prefix + "experts.htoh4.weight", 1});
      experts.push_back({prefix + "experts.htoh4.bias", 1});
      experts.push_back({prefix + "experts.h4toh.weight", 2});
    } else {
      mlp.push_back({prefix + "fc1.weight", 0});
      mlp.push_back({prefix + "fc1.bias", 0});
      mlp.push_back({prefix + "fc2.weight", 1});
    }
  }
  EDGEMOE_RETURN_IF_ERROR(adopt_width(tensors, mlp, "mlp_dim", config.mlp_dim, report));
  EDGEMOE_RETURN_IF_ERROR(adopt_width(tensors, experts, "moe.expert_dim", config.moe.expert_dim, report));
  if (!config.head.present) return {};
  std::vector<WidthSite> kernels;
  for (const TaskConfig& task : config.tasks) kernels.push_back({decoder_prefix(task.kind) + "conv_0.weight", 2});
  return adopt_width(tensors, kernels, "head.first_kernel", config.head.first_kernel, report);
}

/// Routers say by their tensors how they were trained; the configuration must say the same.
Status check_routers(const std::set<std::string>& names, const ModelConfig& config, ConvertReport& report) {
  if (config.moe.blocks.empty()) return {};
  const bool has_noise =
      std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".w_noise"); });
  const bool softmax_last = config.moe.rule == RouterRule::kTopKThenSoftmax;
  if (has_noise && !softmax_last) {
    return unsupported(
        "the routers have w_noise beside w_gate: they were trained to choose top-k of the logits and take "
        "the softmax over the chosen (\"router_rule\": \"{}\"), but the configuration says \"{}\"",
        router_rule_name(RouterRule::kTopKThenSoftmax), router_rule_name(config.moe.rule));
  }
  if (softmax_last && !has_noise) {
    report.notes.push_back(
        fmt::format("the configuration says \"router_rule\": \"{}\", but the checkpoint has no w_noise, "
                    "which such routers are trained with",
                    router_rule_name(config.moe.rule)));
  }
  if (config.moe.router != RouterKind::kPerTask) return {};
  int gates = 0;
  for (const std::string& name : names) gates = std::max(gates, gate_task(name).value_or(-1) + 1);
  if (gates > static_cast<int>(config.tasks.size())) {
    return mismatch(
        "the checkpoint has routers for {} tasks, the configuration lists {} ({}). Routers are numbered by the "
        "task's position: list every task of the training run, in its order (semseg, human_parts, sal, "
        "normals, edge, depth, those present)",
        gates, config.tasks.size(), config.task_list());
  }
  if (!std::is_sorted(config.tasks.begin(), config.tasks.end(),
                      [](const TaskConfig& a, const TaskConfig& b) { return a.kind < b.kind; })) {
    report.notes.push_back(
        fmt::format("the tasks ({}) do not stand in the original's order (semseg, human_parts, sal, "
                    "normals, edge, depth); routers are numbered by their position here",
                    config.task_list()));
  }
  return {};
}

}  // namespace

Result<TensorMap> match_tensors(std::span<const CheckpointSource> sources, ModelConfig& config, ConvertReport& report) {
  const std::vector<std::string> expected = expected_names(config);
  const std::set<std::string, std::less<>> needed(expected.begin(), expected.end());
  TensorMap tensors;
  std::set<std::string> names;  // canonical, of all tensors that the sources hold
  for (const CheckpointSource& source : sources) {
    report_source(source, report);
    for (const SourceTensor& tensor : source.tensors) {
      std::string name = needed.contains(tensor.name) ? tensor.name : canonical_name(tensor.name, config);
      names.insert(name);
      if (!needed.contains(name)) {
        set_aside(name, config, report);
        continue;
      }
      if (name != tensor.name) report.renamed.push_back({tensor.name, name});
      const auto [place, is_new] = tensors.emplace(name, tensor);
      if (!is_new) {
        return mismatch("tensor {} stands in {} and in {}; give one of them{}", name, place->second.origin,
                        tensor.origin,
                        is_expert_name(name) ? ", or, if these are one training run's ranks, their directory" : "");
      }
      ++report.types[std::string(tensor.type->dtype)];
    }
  }
  report.expected = expected.size();
  report.matched = tensors.size();
  for (const std::string& name : expected) {
    if (!tensors.contains(name)) report.missing.push_back(name);
  }
  EDGEMOE_RETURN_IF_ERROR(check_routers(names, config, report));
  EDGEMOE_RETURN_IF_ERROR(adopt_widths(tensors, config, report));
  return tensors;
}

Status check_missing(std::span<const CheckpointSource> sources, const ModelConfig& config,
                     const ConvertReport& report) {
  if (report.missing.empty()) return {};
  if (report.matched == 0) {
    return mismatch("0 of {} tensors matched. The checkpoint has {}; the network needs {}", report.expected,
                    report.left_over.empty() ? "none that could" : sample(report.left_over, kNamesShown),
                    sample(report.missing, kNamesShown));
  }
  std::vector<std::string> missing = report.missing;
  const bool has_folder = std::any_of(sources.begin(), sources.end(), [](const CheckpointSource& source) {
    return source.format == CheckpointFormat::kFloatFolder;
  });
  for (std::string& name : missing) {
    const std::optional<std::string> file = has_folder ? float_file_name(name) : std::nullopt;
    if (file) name += " (" + *file + ")";
  }
  std::string hint;
  const auto is_decoder = [](const std::string& name) { return name.starts_with("decoders."); };
  const bool has_single = std::any_of(report.left_over.begin(), report.left_over.end(),
                                      [](const std::string& name) { return name.starts_with("decoder."); });
  if (has_single) {
    hint = fmt::format(". It has one unnamed decoder.*: take a configuration with that task alone (now: {})",
                       config.task_list());
  } else if (std::all_of(report.missing.begin(), report.missing.end(), is_decoder)) {
    hint = ". Only decoders are missing: --no-heads makes a model of the backbone alone";
  }
  const std::string left_over =
      report.left_over.empty() ? "" : "; unknown are " + sample(report.left_over, kNamesShown);
  return mismatch("{} of {} tensors matched, missing are {}{}{}", report.matched, report.expected,
                  sample(missing, kNamesShown), left_over, hint);
}

}  // namespace edgemoe

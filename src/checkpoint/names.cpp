#include "checkpoint/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.h"

namespace edgemoe {
namespace {

constexpr std::array<std::string_view, 2> kAnywhere = {"module.", "_orig_mod."};
constexpr std::array<std::string_view, 8> kInFront = {"model.",     "net.",     "network.", "ema.",
                                                      "ema_model.", "teacher.", "student.", "encoder."};
constexpr std::array<std::string_view, 5> kBackboneParts = {"patch_embed.", "cls_token", "pos_embed", "blocks.",
                                                            "gate_task_represent."};

/// Takes `component` out of `name` wherever a path component begins; whether it was there.
bool remove_component(std::string& name, std::string_view component) {
  bool removed = false;
  for (std::size_t at = 0; at != std::string::npos && at < name.size();) {
    if (std::string_view(name).substr(at).starts_with(component)) {
      name.erase(at, component.size());
      removed = true;
    } else {
      at = name.find('.', at);
      if (at != std::string::npos) ++at;
    }
  }
  return removed;
}

/// The wrapper's prefix that every name has.
std::optional<std::string_view> common_prefix(const std::vector<SourceTensor>& tensors) {
  if (tensors.empty()) return std::nullopt;
  for (const std::string_view prefix : kInFront) {
    const auto has_prefix = [&](const SourceTensor& tensor) { return tensor.name.starts_with(prefix); };
    if (std::all_of(tensors.begin(), tensors.end(), has_prefix)) return prefix;
  }
  return std::nullopt;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

Status strip_prefixes(std::vector<SourceTensor>& tensors, StripCounts& stripped) {
  for (SourceTensor& tensor : tensors) {
    for (const std::string_view component : kAnywhere) {
      if (remove_component(tensor.name, component)) ++stripped[std::string(component)];
    }
  }
  while (const std::optional<std::string_view> prefix = common_prefix(tensors)) {
    for (SourceTensor& tensor : tensors) tensor.name.erase(0, prefix->size());
    stripped[std::string(*prefix)] += tensors.size();
  }
  std::set<std::string_view> names;
  for (const SourceTensor& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      return malformed("{}: two tensors are called {} once the wrappers' prefixes are taken off", tensor.origin,
                       printable(tensor.name));
    }
  }
  return {};
}

bool is_expert_name(std::string_view name) {
  return contains(name, ".experts.htoh4.") || contains(name, ".experts.h4toh.");
}

std::optional<std::string_view> known_unused(std::string_view name) {
  if (name.ends_with(".num_batches_tracked")) return "batch norm's counter";
  if (name.starts_with("tam_model")) return "task attention, used in training only";
  if (name.ends_with(".w_gate_aux")) return "second gate, used in training only";
  if (name.ends_with(".w_noise")) return "router noise, used in training only";
  if (contains(name, ".mlp.gate.") && contains(name, ".head.")) return "gate's semantic head, used in training only";
  if (name.starts_with("decoders.") && contains(name, ".output_level_")) return "side output, used in training only";
  return std::nullopt;
}

std::optional<int> gate_task(std::string_view name) {
  constexpr std::string_view kBefore = ".mlp.gate.";
  constexpr std::string_view kAfter = ".w_gate";
  const std::size_t at = name.find(kBefore);
  if (at == std::string_view::npos || !name.ends_with(kAfter)) return std::nullopt;
  name.remove_prefix(at + kBefore.size());
  if (name.size() <= kAfter.size()) return std::nullopt;
  name.remove_suffix(kAfter.size());
  int task = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), task);
  if (error != std::errc() || end != name.data() + name.size() || task < 0) return std::nullopt;
  return task;
}

std::string canonical_name(std::string_view name, const ModelConfig& config) {
  constexpr std::string_view kSingle = "decoder.";
  if (name.starts_with(kSingle) && config.tasks.size() == 1) {
    return "decoders." + std::string(task_name(config.tasks[0].kind)) + "." + std::string(name.substr(kSingle.size()));
  }
  for (const std::string_view part : kBackboneParts) {
    if (name.starts_with(part)) return "backbone." + std::string(name);
  }
  return std::string(name);
}

}  // namespace edgemoe

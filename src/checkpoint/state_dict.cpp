#include "checkpoint/state_dict.h"

#include <fmt/ranges.h>

#include <array>
#include <set>

#include "base/text.h"

namespace edgemoe {
namespace {

// In the order in which they are looked for.
constexpr std::array<std::string_view, 14> kWrappers = {
    "state_dict", "model_state_dict", "model",     "net",       "network",        "module", "params",
    "weights",    "state_dict_ema",   "model_ema", "ema_model", "ema_state_dict", "ema",    "teacher"};
constexpr std::size_t kMaxWrappers = 3;

std::string key_text(const PickleValue& key) {
  if (const auto* text = key.as<PickleString>()) return printable(text->text);
  if (const auto* bytes = key.as<PickleBytes>()) return printable(bytes->bytes);
  return std::string(pickle_kind_name(key));
}

bool holds_tensors(const PickleDict& dict) {
  for (const auto& [key, value] : dict.items) {
    if (key->as<PickleString>() != nullptr && value->as<PickleTensor>() != nullptr) return true;
  }
  return false;
}

/// The dict under `name`; null when there is none. As in Python the last one counts.
const PickleDict* dict_under(const PickleDict& dict, std::string_view name) {
  const PickleDict* found = nullptr;
  for (const auto& [key, value] : dict.items) {
    const auto* text = key->as<PickleString>();
    if (text != nullptr && text->text == name) found = value->as<PickleDict>();
  }
  return found;
}

/// Whether the dict holds tensors itself or `depth` wrappers further down. The depth bounds the work: a pickle's dicts
/// may contain themselves.
bool leads_to_tensors(const PickleDict& dict, std::size_t depth) {
  if (holds_tensors(dict)) return true;
  if (depth == 0) return false;
  for (const std::string_view wrapper : kWrappers) {
    const PickleDict* inner = dict_under(dict, wrapper);
    if (inner != nullptr && leads_to_tensors(*inner, depth - 1)) return true;
  }
  return false;
}

}  // namespace

Result<StateDict> find_state_dict(const PickleValue& root) {
  const auto* dict = root.as<PickleDict>();
  if (dict == nullptr)
    return mismatch("the file holds {} where a dict with the weights is due", pickle_kind_name(root));
  StateDict found;
  while (found.wrappers.size() < kMaxWrappers) {
    const PickleDict* inner = nullptr;
    std::string_view taken;
    for (const std::string_view wrapper : kWrappers) {
      const PickleDict* candidate = dict_under(*dict, wrapper);
      if (candidate == nullptr || !leads_to_tensors(*candidate, kMaxWrappers - found.wrappers.size() - 1)) continue;
      inner = candidate;
      taken = wrapper;
      break;
    }
    if (inner == nullptr) break;
    for (const auto& item : dict->items) {
      std::string key = key_text(*item.first);
      if (key != taken) found.beside.push_back(std::move(key));
    }
    found.wrappers.emplace_back(taken);
    dict = inner;
  }
  std::set<std::string_view> names;
  std::vector<std::string> keys;
  for (const auto& [key, value] : dict->items) {
    keys.push_back(key_text(*key));
    const auto* name = key->as<PickleString>();
    const auto* tensor = value->as<PickleTensor>();
    if (name == nullptr || tensor == nullptr) {
      found.not_tensors.push_back(keys.back());
      continue;
    }
    if (!names.insert(name->text).second) return malformed("tensor {} stands twice", printable(name->text));
    found.tensors.push_back({name->text, tensor->record});
  }
  if (found.tensors.empty()) {
    return mismatch("no tensors found: the file's keys are {}; weights are looked for there and under {}",
                    keys.empty() ? "none" : sample(keys, 8), fmt::join(kWrappers, ", "));
  }
  return found;
}

}  // namespace edgemoe

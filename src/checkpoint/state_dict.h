// Where in a checkpoint's object the weights are: bare, or under the names that training scripts give them.
#ifndef EDGEMOE_CHECKPOINT_STATE_DICT_H_
#define EDGEMOE_CHECKPOINT_STATE_DICT_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "checkpoint/pickle_value.h"

namespace edgemoe {

struct NamedRecord {
  std::string_view name;
  const TensorRecord* tensor = nullptr;
};

struct StateDict {
  std::vector<NamedRecord> tensors;      // in the file's order, names unique
  std::vector<std::string> wrappers;     // keys on the way down, outermost first, e.g. "state_dict"
  std::vector<std::string> beside;       // keys that stand beside the weights on the way: "epoch", "optimizer", …
  std::vector<std::string> not_tensors;  // keys of the state dict whose values are no tensors
};

/// Descends from the root through dicts named as training scripts name them (state_dict, model, ema, …: kWrappers) to
/// the first that holds tensors. kMismatch when there is none (names the keys that are there), kMalformed when a name
/// occurs twice.
Result<StateDict> find_state_dict(const PickleValue& root);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_STATE_DICT_H_

// The classes and functions that a checkpoint's pickle may name. None is ever called: each stands for a fixed way of
// turning its arguments into an inert value.
#ifndef EDGEMOE_CHECKPOINT_PICKLE_GLOBALS_H_
#define EDGEMOE_CHECKPOINT_PICKLE_GLOBALS_H_

#include <optional>
#include <string>
#include <string_view>

#include "checkpoint/element_type.h"

namespace edgemoe {

/// What naming a class or function amounts to.
enum class GlobalRole {
  kDict,              // collections.OrderedDict and kin: becomes a dict
  kInert,             // harmless data (numpy scalars, namespaces, paths, sets): content dropped
  kSize,              // torch.Size: becomes the tuple
  kStorageClass,      // torch.FloatStorage …: only inside a persistent id
  kDType,             // torch.float16 …
  kTensorClass,       // torch.Tensor, torch.nn.parameter.Parameter: only inside _rebuild_from_type_v2
  kRebuildTensor,     // (storage, offset, size, stride, …)
  kRebuildTensorV3,   // (storage, offset, size, stride, requires_grad, hooks, dtype, …)
  kRebuildParameter,  // (tensor, …): becomes the tensor
  kRebuildFromType,   // (function, class, arguments, state): becomes what the function would make
};

struct PickleGlobal {
  std::string_view module;
  std::string_view name;
  GlobalRole role = GlobalRole::kInert;
  const ElementType* element = nullptr;  // kStorageClass, kDType

  std::string full_name() const { return std::string(module) + '.' + std::string(name); }
};

/// The entry for module.name, or nothing when it is not on the list. The entry's texts are the arguments' own.
std::optional<PickleGlobal> find_pickle_global(std::string_view module, std::string_view name);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_PICKLE_GLOBALS_H_

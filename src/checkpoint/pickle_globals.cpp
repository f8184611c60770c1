#include "checkpoint/pickle_globals.h"

#include <array>

namespace edgemoe {
namespace {

struct Entry {
  std::string_view module;
  std::string_view name;
  GlobalRole role;
};

// PyTorch's and numpy's own, and the containers in which training scripts keep their settings. Whatever stands here
// must be harmless even if it were called with any arguments.
constexpr std::array kEntries = {
    Entry{"collections", "OrderedDict", GlobalRole::kDict},
    Entry{"collections", "defaultdict", GlobalRole::kDict},
    Entry{"collections", "Counter", GlobalRole::kDict},
    Entry{"easydict", "EasyDict", GlobalRole::kDict},
    Entry{"yacs.config", "CfgNode", GlobalRole::kDict},
    Entry{"builtins", "dict", GlobalRole::kDict},
    Entry{"__builtin__", "dict", GlobalRole::kDict},
    Entry{"collections", "deque", GlobalRole::kInert},
    Entry{"argparse", "Namespace", GlobalRole::kInert},
    Entry{"types", "SimpleNamespace", GlobalRole::kInert},
    Entry{"pathlib", "PosixPath", GlobalRole::kInert},
    Entry{"pathlib", "WindowsPath", GlobalRole::kInert},
    Entry{"pathlib", "PurePosixPath", GlobalRole::kInert},
    Entry{"pathlib", "PureWindowsPath", GlobalRole::kInert},
    Entry{"_codecs", "encode", GlobalRole::kInert},
    Entry{"numpy.core.multiarray", "scalar", GlobalRole::kInert},
    Entry{"numpy._core.multiarray", "scalar", GlobalRole::kInert},
    Entry{"numpy.core.multiarray", "_reconstruct", GlobalRole::kInert},
    Entry{"numpy._core.multiarray", "_reconstruct", GlobalRole::kInert},
    Entry{"numpy.core.numeric", "_frombuffer", GlobalRole::kInert},
    Entry{"numpy._core.numeric", "_frombuffer", GlobalRole::kInert},
    Entry{"numpy", "dtype", GlobalRole::kInert},
    Entry{"numpy", "ndarray", GlobalRole::kInert},
    Entry{"torch", "device", GlobalRole::kInert},
    Entry{"torch", "Size", GlobalRole::kSize},
    Entry{"torch.serialization", "_get_layout", GlobalRole::kInert},
    Entry{"torch", "Tensor", GlobalRole::kTensorClass},
    Entry{"torch.nn.parameter", "Parameter", GlobalRole::kTensorClass},
    Entry{"torch.nn.parameter", "Buffer", GlobalRole::kTensorClass},
    Entry{"torch._utils", "_rebuild_tensor", GlobalRole::kRebuildTensor},
    Entry{"torch._utils", "_rebuild_tensor_v2", GlobalRole::kRebuildTensor},
    Entry{"torch._utils", "_rebuild_tensor_v3", GlobalRole::kRebuildTensorV3},
    Entry{"torch._utils", "_rebuild_parameter", GlobalRole::kRebuildParameter},
    Entry{"torch._utils", "_rebuild_parameter_with_state", GlobalRole::kRebuildParameter},
    Entry{"torch._tensor", "_rebuild_from_type_v2", GlobalRole::kRebuildFromType},
};

// Built-in types that hold data only; Python 2 calls their module __builtin__.
constexpr std::array<std::string_view, 12> kBuiltins = {
    "set", "frozenset", "complex", "bytearray", "slice", "range", "int", "float", "bool", "str", "list", "tuple",
};

}  // namespace

std::optional<PickleGlobal> find_pickle_global(std::string_view module, std::string_view name) {
  PickleGlobal global{module, name, GlobalRole::kInert, nullptr};
  for (const Entry& entry : kEntries) {
    if (entry.module == module && entry.name == name) {
      global.role = entry.role;
      return global;
    }
  }
  if (module == "builtins" || module == "__builtin__") {
    for (const std::string_view builtin : kBuiltins) {
      if (builtin == name) return global;
    }
  }
  if (module != "torch" && module != "torch.storage") return std::nullopt;
  if (const ElementType* stored = element_type_of_storage(name)) {
    global.role = GlobalRole::kStorageClass;
    global.element = stored;
    return global;
  }
  if (name == "TypedStorage" || name == "_TypedStorage") return global;
  if (module != "torch") return std::nullopt;
  if (const ElementType* type = element_type_of_dtype(name)) {
    global.role = GlobalRole::kDType;
    global.element = type;
    return global;
  }
  return std::nullopt;
}

}  // namespace edgemoe

// Element types as PyTorch names them, those that edgemoe has no use for among them: they must be told apart, measured
// and named in messages.
#ifndef EDGEMOE_CHECKPOINT_ELEMENT_TYPE_H_
#define EDGEMOE_CHECKPOINT_ELEMENT_TYPE_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/tensor.h"

namespace edgemoe {

/// One element type. Objects are static; compare by address.
struct ElementType {
  std::string_view dtype;        // "float16", as in torch.float16
  std::string_view storage;      // "HalfStorage"; empty where PyTorch has none
  std::size_t size = 0;          // bytes an element
  std::optional<DType> in_base;  // nothing when base has no such type
};

/// The type of torch.<name>, aliases ("half") included; null when unknown.
const ElementType* element_type_of_dtype(std::string_view name);
/// The type that torch.<name> stores; "UntypedStorage" stores uint8. Null when unknown.
const ElementType* element_type_of_storage(std::string_view name);
/// The entry for a type of base.
const ElementType& element_type_of(DType dtype);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_ELEMENT_TYPE_H_

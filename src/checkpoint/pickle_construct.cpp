// Classes, functions and instances in the pickle machine: what a real unpickler would call, turned into records.
#include "base/text.h"
#include "checkpoint/pickle_machine.h"

namespace edgemoe {
namespace {

constexpr std::size_t kMaxRank = 16;

const std::vector<PickleValue*>* tuple_items(const PickleValue& value) {
  const auto* tuple = value.as<PickleTuple>();
  return tuple == nullptr ? nullptr : &tuple->items;
}

/// The values of a tuple of non-negative integers.
std::optional<std::vector<std::int64_t>> extents(const PickleValue& value) {
  const std::vector<PickleValue*>* items = tuple_items(value);
  if (items == nullptr || items->size() > kMaxRank) return std::nullopt;
  std::vector<std::int64_t> result;
  for (const PickleValue* item : *items) {
    const auto* extent = item->as<std::int64_t>();
    if (extent == nullptr || *extent < 0) return std::nullopt;
    result.push_back(*extent);
  }
  return result;
}

/// One past the highest element that a tensor touches, counted from its storage's beginning; nothing on overflow.
std::optional<std::int64_t> end_of(const TensorRecord& tensor) {
  std::int64_t last = tensor.offset;
  for (std::size_t axis = 0; axis < tensor.sizes.size(); ++axis) {
    if (tensor.sizes[axis] == 0) return 0;
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(tensor.sizes[axis] - 1, tensor.strides[axis], &reach)) return std::nullopt;
    if (__builtin_add_overflow(last, reach, &last)) return std::nullopt;
  }
  if (__builtin_add_overflow(last, 1, &last)) return std::nullopt;
  return last;
}

}  // namespace

Status PickleMachine::push_global(std::string_view module, std::string_view name) {
  const std::optional<PickleGlobal> found = find_pickle_global(module, name);
  if (!found) {
    return unsupported(
        "pickle byte {}: the file names {}.{}, which is none of the inert types that a checkpoint needs; nothing of "
        "the "
        "file was executed. Save the weights alone, in PyTorch: torch.save({{'state_dict': model.state_dict()}}, path)",
        op_position_, printable(module), printable(name));
  }
  return push(PickleGlobalRef{&arena_->globals.emplace_back(*found)});
}

Status PickleMachine::step_object(PickleOp op) {
  switch (op) {
    case PickleOp::kGlobal: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view module, take_line());
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view name, take_line());
      return push_global(module, name);
    }
    case PickleOp::kStackGlobal: {
      EDGEMOE_ASSIGN_OR_RETURN(const PickleValue* name, pop());
      EDGEMOE_ASSIGN_OR_RETURN(const PickleValue* module, pop());
      if (name->as<PickleString>() == nullptr || module->as<PickleString>() == nullptr) {
        return malformed_here("STACK_GLOBAL without two strings");
      }
      return push_global(module->as<PickleString>()->text, name->as<PickleString>()->text);
    }
    case PickleOp::kNewObjEx:
      EDGEMOE_RETURN_IF_ERROR(pop().status());  // keyword arguments
      [[fallthrough]];
    case PickleOp::kReduce:
    case PickleOp::kNewObj: {
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * arguments, pop());
      EDGEMOE_ASSIGN_OR_RETURN(const PickleValue* callee, pop());
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * made, construct(*callee, arguments));
      stack_.push_back(made);
      return {};
    }
    case PickleOp::kInst:
    case PickleOp::kObj: {
      // Instances of protocol 0 and 1: arguments (for OBJ the class before them) above the mark.
      EDGEMOE_ASSIGN_OR_RETURN(std::vector<PickleValue*> items, pop_to_mark());
      if (op == PickleOp::kInst) {
        EDGEMOE_ASSIGN_OR_RETURN(const std::string_view module, take_line());
        EDGEMOE_ASSIGN_OR_RETURN(const std::string_view name, take_line());
        EDGEMOE_RETURN_IF_ERROR(push_global(module, name));
        EDGEMOE_ASSIGN_OR_RETURN(PickleValue * type, pop());
        items.insert(items.begin(), type);
      }
      if (items.empty()) return malformed_here("OBJ without a class");
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * arguments, make(PickleTuple{{items.begin() + 1, items.end()}}));
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * made, construct(*items[0], arguments));
      stack_.push_back(made);
      return {};
    }
    case PickleOp::kBuild:
      return build();
    default:  // kBinPersId
      return persistent_load();
  }
}

Result<PickleValue*> PickleMachine::construct(const PickleValue& callee, PickleValue* arguments) {
  const auto* ref = callee.as<PickleGlobalRef>();
  if (ref == nullptr) return malformed_here(fmt::format("{} can't be called", pickle_kind_name(callee)));
  const std::vector<PickleValue*>* items = tuple_items(*arguments);
  if (items == nullptr) return malformed_here("arguments that are no tuple");
  switch (ref->global->role) {
    case GlobalRole::kDict:
      return construct_dict(*items);
    case GlobalRole::kInert:
      return make(PickleInert{ref->global});
    case GlobalRole::kSize:
      if (items->size() != 1 || tuple_items(*items->front()) == nullptr)
        return malformed_here("torch.Size of no tuple");
      return items->front();
    case GlobalRole::kRebuildTensor:
    case GlobalRole::kRebuildTensorV3:
      return rebuild_tensor(*ref->global, *items);
    case GlobalRole::kRebuildParameter:
      if (items->empty() || items->front()->as<PickleTensor>() == nullptr) {
        return malformed_here("a parameter without its tensor");
      }
      return items->front();
    case GlobalRole::kRebuildFromType:
      return rebuild_from_type(*items);
    case GlobalRole::kStorageClass:
    case GlobalRole::kDType:
    case GlobalRole::kTensorClass:
      break;
  }
  return unsupported("pickle byte {}: {} is made in a way that no state dict needs; nothing of the file was executed",
                     op_position_, ref->global->full_name());
}

Result<PickleValue*> PickleMachine::construct_dict(std::span<PickleValue* const> arguments) {
  PickleDict dict;
  for (const PickleValue* argument : arguments) {
    if (const auto* other = argument->as<PickleDict>()) {
      EDGEMOE_RETURN_IF_ERROR(spend(other->items.size()));
      dict.items = other->items;
    } else if (const auto* pairs = argument->as<PickleList>()) {
      // Python 2's OrderedDict: a list of [key, value] lists.
      EDGEMOE_RETURN_IF_ERROR(spend(pairs->items.size()));
      for (const PickleValue* pair : pairs->items) {
        const auto* list = pair->as<PickleList>();
        const std::vector<PickleValue*>* two = list != nullptr ? &list->items : tuple_items(*pair);
        if (two == nullptr || two->size() != 2) return malformed_here("a dict of something else than pairs");
        dict.items.emplace_back((*two)[0], (*two)[1]);
      }
    }
    // defaultdict's factory and the like carry no items.
  }
  return make(std::move(dict));
}

Result<PickleValue*> PickleMachine::rebuild_from_type(std::span<PickleValue* const> arguments) {
  // (function, class, arguments, state): a tensor that carries attributes.
  const auto* function = arguments.empty() ? nullptr : arguments[0]->as<PickleGlobalRef>();
  const auto* type = arguments.size() < 3 ? nullptr : arguments[1]->as<PickleGlobalRef>();
  if (function == nullptr || type == nullptr || type->global->role != GlobalRole::kTensorClass ||
      function->global->role == GlobalRole::kRebuildFromType) {
    return malformed_here("_rebuild_from_type_v2 of something else than a tensor");
  }
  return construct(*arguments[0], arguments[2]);
}

Result<PickleValue*> PickleMachine::rebuild_tensor(const PickleGlobal& function,
                                                   std::span<PickleValue* const> arguments) {
  const bool has_dtype = function.role == GlobalRole::kRebuildTensorV3;
  if (arguments.size() < (has_dtype ? 7u : 4u)) return malformed_here("a tensor with too few arguments");
  const auto* storage = arguments[0]->as<PickleStorage>();
  const auto* offset = arguments[1]->as<std::int64_t>();
  std::optional<std::vector<std::int64_t>> sizes = extents(*arguments[2]);
  std::optional<std::vector<std::int64_t>> strides = extents(*arguments[3]);
  if (storage == nullptr || offset == nullptr || *offset < 0 || !sizes || !strides ||
      sizes->size() != strides->size()) {
    return malformed_here("a tensor without a storage, offset, sizes and strides that fit each other");
  }
  TensorRecord tensor{storage->record, storage->record->type, *offset, std::move(*sizes), std::move(*strides)};
  if (has_dtype) {
    const auto* dtype = arguments[6]->as<PickleGlobalRef>();
    if (dtype == nullptr || dtype->global->role != GlobalRole::kDType)
      return malformed_here("a tensor without its dtype");
    tensor.type = dtype->global->element;
  }
  // Storage and tensor types differ for untyped storages only, whose elements are bytes: compare bytes.
  const auto size = static_cast<std::int64_t>(tensor.type->size);
  const auto storage_size = static_cast<std::int64_t>(tensor.storage->type->size);
  const std::optional<std::int64_t> end = end_of(tensor);
  std::int64_t end_bytes = 0;
  if (!Shape(tensor.sizes).checked_num_elements() || !end || __builtin_mul_overflow(*end, size, &end_bytes) ||
      end_bytes > tensor.storage->view_elements * storage_size) {
    return malformed_here(fmt::format("a tensor {} reaches past the end of its storage \"{}\" of {} elements",
                                      Shape(tensor.sizes).to_string(), printable(tensor.storage->key),
                                      tensor.storage->view_elements));
  }
  const std::int64_t view_bytes = tensor.storage->view_offset * storage_size;
  if (view_bytes % size != 0) return malformed_here("a view that does not begin at an element");
  tensor.offset += view_bytes / size;
  return make(PickleTensor{&arena_->tensors.emplace_back(std::move(tensor))});
}

Status PickleMachine::build() {
  EDGEMOE_RETURN_IF_ERROR(pop().status());  // the state: attributes such as a state dict's _metadata
  EDGEMOE_ASSIGN_OR_RETURN(const PickleValue* object, top());
  if (object->as<PickleDict>() != nullptr || object->as<PickleInert>() != nullptr ||
      object->as<PickleTensor>() != nullptr) {
    return {};
  }
  return malformed_here(fmt::format("BUILD of {}", pickle_kind_name(*object)));
}

Status PickleMachine::persistent_load() {
  // ('storage', class, key, location, elements[, view]); view is None or (key, offset, elements).
  EDGEMOE_ASSIGN_OR_RETURN(const PickleValue* id, pop());
  const std::vector<PickleValue*>* items = tuple_items(*id);
  const auto* tag = items == nullptr || items->empty() ? nullptr : items->front()->as<PickleString>();
  if (tag == nullptr) return malformed_here("a persistent id that is none of PyTorch's");
  if (tag->text != "storage") {
    return unsupported(
        "pickle byte {}: a persistent id of kind \"{}\"; only storages are known. Save the weights alone, "
        "in PyTorch: torch.save({{'state_dict': model.state_dict()}}, path)",
        op_position_, printable(tag->text));
  }
  const auto* type = items->size() < 5 ? nullptr : (*items)[1]->as<PickleGlobalRef>();
  const auto* key = items->size() < 5 ? nullptr : (*items)[2]->as<PickleString>();
  const auto* count = items->size() < 5 ? nullptr : (*items)[4]->as<std::int64_t>();
  std::int64_t num_bytes = 0;
  if (type == nullptr || type->global->role != GlobalRole::kStorageClass || key == nullptr || count == nullptr ||
      *count < 0 ||
      __builtin_mul_overflow(*count, static_cast<std::int64_t>(type->global->element->size), &num_bytes)) {
    return malformed_here("a storage without class, key and number of elements");
  }
  StorageRecord record{key->text, type->global->element, *count, 0, *count};
  if (items->size() > 5 && (*items)[5]->as<PickleNone>() == nullptr) {
    const std::vector<PickleValue*>* view = tuple_items(*(*items)[5]);
    const auto* offset = view == nullptr || view->size() != 3 ? nullptr : (*view)[1]->as<std::int64_t>();
    const auto* elements = offset == nullptr ? nullptr : (*view)[2]->as<std::int64_t>();
    if (elements == nullptr || *offset < 0 || *elements < 0 || *offset > *count || *elements > *count - *offset) {
      return malformed_here("a view that does not lie within its storage");
    }
    record.view_offset = *offset;
    record.view_elements = *elements;
  }
  return push(PickleStorage{&arena_->storages.emplace_back(record)});
}

}  // namespace edgemoe

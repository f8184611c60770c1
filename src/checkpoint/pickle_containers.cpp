// Stack, memo and containers of the pickle machine.
#include <charconv>

#include "checkpoint/pickle_machine.h"

namespace edgemoe {

Result<PickleValue*> PickleMachine::top() {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) return malformed_here("the stack is empty");
  return stack_.back();
}

Result<PickleValue*> PickleMachine::pop() {
  EDGEMOE_ASSIGN_OR_RETURN(PickleValue * value, top());
  stack_.pop_back();
  return value;
}

Result<std::vector<PickleValue*>> PickleMachine::pop_to_mark() {
  if (marks_.empty()) return malformed_here("no mark on the stack");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleValue*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

Status PickleMachine::step_stack(PickleOp op) {
  switch (op) {
    case PickleOp::kProto: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t protocol, take_unsigned(1));
      if (protocol > 5) return unsupported("pickle protocol {}; 0 to 5 are known", protocol);
      return {};
    }
    case PickleOp::kFrame: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t length, take_unsigned(8));
      if (length > bytes_.size() - position_) return malformed_here("a frame is longer than the file");
      return {};
    }
    case PickleOp::kStop: {
      EDGEMOE_ASSIGN_OR_RETURN(result_, pop());
      return {};
    }
    case PickleOp::kMark:
      marks_.push_back(stack_.size());
      return {};
    case PickleOp::kPopMark:
      return pop_to_mark().status();
    case PickleOp::kDup: {
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * value, top());
      stack_.push_back(value);
      return {};
    }
    default:  // kPop: takes the mark away where it lies on top
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
        return {};
      }
      return pop().status();
  }
}

Status PickleMachine::memoize(std::uint64_t index) {
  EDGEMOE_ASSIGN_OR_RETURN(PickleValue * value, top());
  if (memo_.size() >= kMaxPickleValues)
    return too_large("pickle byte {}: more than {} memo entries", op_position_, kMaxPickleValues);
  memo_[index] = value;
  return {};
}

Status PickleMachine::recall(std::uint64_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) return malformed_here(fmt::format("nothing was memoized as {}", index));
  stack_.push_back(found->second);
  return {};
}

Status PickleMachine::step_memo(PickleOp op) {
  if (op == PickleOp::kMemoize) return memoize(memo_.size());
  const bool is_text = op == PickleOp::kGet || op == PickleOp::kPut;
  std::uint64_t index = 0;
  if (is_text) {
    EDGEMOE_ASSIGN_OR_RETURN(const std::string_view line, take_line());
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), index);
    if (error != std::errc() || end != line.data() + line.size()) return malformed_here("a memo index is no number");
  } else {
    const bool is_long = op == PickleOp::kLongBinGet || op == PickleOp::kLongBinPut;
    EDGEMOE_ASSIGN_OR_RETURN(index, take_unsigned(is_long ? 4 : 1));
  }
  const bool is_get = op == PickleOp::kGet || op == PickleOp::kBinGet || op == PickleOp::kLongBinGet;
  return is_get ? recall(index) : memoize(index);
}

Status PickleMachine::append(PickleValue& container, std::span<PickleValue* const> items) {
  if (container.as<PickleInert>() != nullptr) return {};
  auto* list = container.as<PickleList>();
  if (list == nullptr) return malformed_here(fmt::format("{} takes no items", pickle_kind_name(container)));
  list->items.insert(list->items.end(), items.begin(), items.end());
  return {};
}

Status PickleMachine::set_items(PickleValue& container, std::span<PickleValue* const> keys_and_values) {
  if (keys_and_values.size() % 2 != 0) return malformed_here("a key without a value");
  if (container.as<PickleInert>() != nullptr) return {};
  auto* dict = container.as<PickleDict>();
  if (dict == nullptr) return malformed_here(fmt::format("{} takes no keys", pickle_kind_name(container)));
  for (std::size_t i = 0; i < keys_and_values.size(); i += 2) {
    dict->items.emplace_back(keys_and_values[i], keys_and_values[i + 1]);
  }
  return {};
}

Status PickleMachine::step_container(PickleOp op) {
  switch (op) {
    case PickleOp::kEmptyTuple:
      return push(PickleTuple{});
    case PickleOp::kEmptyList:
      return push(PickleList{});
    case PickleOp::kEmptyDict:
      return push(PickleDict{});
    case PickleOp::kEmptySet:
      return push(PickleInert{});
    case PickleOp::kFrozenSet:
      EDGEMOE_RETURN_IF_ERROR(pop_to_mark().status());
      return push(PickleInert{});
    case PickleOp::kTuple1:
    case PickleOp::kTuple2:
    case PickleOp::kTuple3: {
      PickleTuple tuple;
      tuple.items.resize(static_cast<std::size_t>(op) - static_cast<std::size_t>(PickleOp::kTuple1) + 1);
      for (std::size_t i = tuple.items.size(); i-- > 0;) {
        EDGEMOE_ASSIGN_OR_RETURN(tuple.items[i], pop());
      }
      return push(std::move(tuple));
    }
    case PickleOp::kTuple: {
      EDGEMOE_ASSIGN_OR_RETURN(std::vector<PickleValue*> items, pop_to_mark());
      return push(PickleTuple{std::move(items)});
    }
    case PickleOp::kList: {
      EDGEMOE_ASSIGN_OR_RETURN(std::vector<PickleValue*> items, pop_to_mark());
      return push(PickleList{std::move(items)});
    }
    case PickleOp::kDict: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::vector<PickleValue*> items, pop_to_mark());
      EDGEMOE_RETURN_IF_ERROR(push(PickleDict{}));
      return set_items(*stack_.back(), items);
    }
    case PickleOp::kAppend: {
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * item, pop());
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * list, top());
      return append(*list, {&item, 1});
    }
    case PickleOp::kSetItem: {
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * value, pop());
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * key, pop());
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * dict, top());
      PickleValue* const pair[] = {key, value};
      return set_items(*dict, pair);
    }
    case PickleOp::kAppends:
    case PickleOp::kAddItems:
    case PickleOp::kSetItems: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::vector<PickleValue*> items, pop_to_mark());
      EDGEMOE_ASSIGN_OR_RETURN(PickleValue * container, top());
      return op == PickleOp::kSetItems ? set_items(*container, items) : append(*container, items);
    }
    default:
      return unsupported("pickle byte {}: opcode {} is none that a checkpoint needs; nothing of the file was executed",
                         op_position_, pickle_opcode_name(static_cast<unsigned char>(op)));
  }
}

}  // namespace edgemoe

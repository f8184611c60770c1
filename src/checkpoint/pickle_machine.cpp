#include "checkpoint/pickle_machine.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace edgemoe {

PickleMachine::PickleMachine(std::span<const std::byte> bytes)
    : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), arena_(std::make_unique<PickleArena>()) {}

Status PickleMachine::malformed_here(std::string_view what) const {
  return malformed("pickle byte {}: {}", op_position_, what);
}

Result<PickleDocument> PickleMachine::run() {
  while (result_ == nullptr) {
    op_position_ = position_;
    EDGEMOE_RETURN_IF_ERROR(spend(1));
    EDGEMOE_ASSIGN_OR_RETURN(const std::string_view op, take(1));
    EDGEMOE_RETURN_IF_ERROR(step(static_cast<PickleOp>(op[0])));
  }
  return PickleDocument{std::move(arena_), result_, position_};
}

Status PickleMachine::spend(std::size_t items) {
  if (items > budget_ || position_ > kMaxPickleBytes) {
    return too_large(
        "pickle byte {}: more than {} opcodes or {} bytes of pickle; no checkpoint of a network needs that",
        op_position_, kMaxPickleOpcodes, kMaxPickleBytes);
  }
  budget_ -= items;
  return {};
}

Result<std::string_view> PickleMachine::take(std::uint64_t count) {
  if (count > bytes_.size() - position_) {
    return malformed_here(fmt::format("cut short: {} bytes due, {} left", count, bytes_.size() - position_));
  }
  const std::string_view taken = bytes_.substr(position_, count);
  position_ += count;
  return taken;
}

Result<std::string_view> PickleMachine::take_line() {
  const std::size_t end = bytes_.find('\n', position_);
  if (end == std::string_view::npos) return malformed_here("cut short: a line without its end");
  const std::string_view line = bytes_.substr(position_, end - position_);
  position_ = end + 1;
  return line;
}

Result<std::uint64_t> PickleMachine::take_unsigned(int width) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string_view bytes, take(static_cast<std::uint64_t>(width)));
  std::uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  }
  return value;
}

Result<std::string_view> PickleMachine::take_counted(int width) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t count, take_unsigned(width));
  return take(count);
}

Result<PickleValue*> PickleMachine::make(PickleValue::Data data) {
  if (arena_->values.size() >= kMaxPickleValues) {
    return too_large("pickle byte {}: more than {} values; no checkpoint of a network needs that", op_position_,
                     kMaxPickleValues);
  }
  return &arena_->values.emplace_back(PickleValue{std::move(data)});
}

Status PickleMachine::push(PickleValue::Data data) {
  EDGEMOE_ASSIGN_OR_RETURN(PickleValue * value, make(std::move(data)));
  stack_.push_back(value);
  return {};
}

Status PickleMachine::step(PickleOp op) {
  switch (op) {
    case PickleOp::kNone:
    case PickleOp::kNewTrue:
    case PickleOp::kNewFalse:
    case PickleOp::kInt:
    case PickleOp::kBinInt:
    case PickleOp::kBinInt1:
    case PickleOp::kBinInt2:
    case PickleOp::kLong:
    case PickleOp::kLong1:
    case PickleOp::kLong4:
    case PickleOp::kFloat:
    case PickleOp::kBinFloat:
      return step_number(op);
    case PickleOp::kString:
    case PickleOp::kUnicode:
    case PickleOp::kBinString:
    case PickleOp::kShortBinString:
    case PickleOp::kBinUnicode:
    case PickleOp::kShortBinUnicode:
    case PickleOp::kBinUnicode8:
    case PickleOp::kBinBytes:
    case PickleOp::kShortBinBytes:
    case PickleOp::kBinBytes8:
    case PickleOp::kByteArray8:
      return step_text(op);
    case PickleOp::kProto:
    case PickleOp::kFrame:
    case PickleOp::kStop:
    case PickleOp::kMark:
    case PickleOp::kPop:
    case PickleOp::kPopMark:
    case PickleOp::kDup:
      return step_stack(op);
    case PickleOp::kGet:
    case PickleOp::kBinGet:
    case PickleOp::kLongBinGet:
    case PickleOp::kPut:
    case PickleOp::kBinPut:
    case PickleOp::kLongBinPut:
    case PickleOp::kMemoize:
      return step_memo(op);
    case PickleOp::kGlobal:
    case PickleOp::kStackGlobal:
    case PickleOp::kReduce:
    case PickleOp::kNewObj:
    case PickleOp::kNewObjEx:
    case PickleOp::kInst:
    case PickleOp::kObj:
    case PickleOp::kBuild:
    case PickleOp::kBinPersId:
      return step_object(op);
    default:
      return step_container(op);
  }
}

Status PickleMachine::step_number(PickleOp op) {
  switch (op) {
    case PickleOp::kNone:
      return push(PickleNone{});
    case PickleOp::kNewTrue:
      return push(true);
    case PickleOp::kNewFalse:
      return push(false);
    case PickleOp::kBinInt1:
    case PickleOp::kBinInt2: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t value, take_unsigned(op == PickleOp::kBinInt1 ? 1 : 2));
      return push(static_cast<std::int64_t>(value));
    }
    case PickleOp::kBinInt: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t value, take_unsigned(4));
      return push(std::int64_t{static_cast<std::int32_t>(static_cast<std::uint32_t>(value))});
    }
    case PickleOp::kLong1:
    case PickleOp::kLong4: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view bytes, take_counted(op == PickleOp::kLong1 ? 1 : 4));
      return push_long(bytes);
    }
    case PickleOp::kInt:
    case PickleOp::kLong: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view line, take_line());
      return push_integer_text(line, op == PickleOp::kLong);
    }
    case PickleOp::kFloat: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view line, take_line());
      double value = 0;
      const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
      if (error != std::errc() || end != line.data() + line.size()) return malformed_here("FLOAT is no number");
      return push(value);
    }
    default: {  // kBinFloat: eight bytes, big-endian
      EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t reversed, take_unsigned(8));
      return push(std::bit_cast<double>(__builtin_bswap64(reversed)));
    }
  }
}

Status PickleMachine::push_integer_text(std::string_view line, bool is_long) {
  if (!is_long && (line == "00" || line == "01")) return push(line == "01");
  if (is_long && line.ends_with('L')) line.remove_suffix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || end != line.data() + line.size()) {
    return malformed_here("an integer in text form is no number of 64 bits");
  }
  return push(value);
}

Status PickleMachine::push_long(std::string_view bytes) {
  if (bytes.size() > 8) return push(PickleBigInt{bytes});
  std::uint64_t value = 0;
  const bool negative = !bytes.empty() && static_cast<signed char>(bytes.back()) < 0;
  if (negative) value = ~std::uint64_t{0};
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return push(static_cast<std::int64_t>(value));
}

Status PickleMachine::step_text(PickleOp op) {
  switch (op) {
    case PickleOp::kString: {
      // Quoted, with escapes as written: no name in a checkpoint has any.
      EDGEMOE_ASSIGN_OR_RETURN(std::string_view line, take_line());
      if (line.size() < 2 || line.front() != line.back() || (line.front() != '\'' && line.front() != '"')) {
        return malformed_here("STRING without its quotes");
      }
      return push(PickleString{line.substr(1, line.size() - 2)});
    }
    case PickleOp::kUnicode: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view line, take_line());
      return push(PickleString{line});
    }
    case PickleOp::kShortBinString:
    case PickleOp::kShortBinUnicode: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view text, take_counted(1));
      return push(PickleString{text});
    }
    case PickleOp::kBinString:
    case PickleOp::kBinUnicode: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view text, take_counted(4));
      return push(PickleString{text});
    }
    case PickleOp::kBinUnicode8: {
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view text, take_counted(8));
      return push(PickleString{text});
    }
    default: {
      const int width = op == PickleOp::kShortBinBytes ? 1 : op == PickleOp::kBinBytes ? 4 : 8;
      EDGEMOE_ASSIGN_OR_RETURN(const std::string_view bytes, take_counted(width));
      return push(PickleBytes{bytes});
    }
  }
}

std::string_view pickle_kind_name(const PickleValue& value) {
  static constexpr std::string_view kNames[] = {
      "None",      "a boolean", "an integer", "a number", "an integer",          "a string",
      "bytes",     "a tuple",   "a list",     "a dict",   "a class or function", "an object of no use here",
      "a storage", "a tensor"};
  static_assert(std::size(kNames) == std::variant_size_v<PickleValue::Data>);
  return kNames[value.data.index()];
}

std::string pickle_opcode_name(unsigned char opcode) {
  switch (static_cast<PickleOp>(opcode)) {
    case PickleOp::kPersId:
      return "PERSID";
    case PickleOp::kExt1:
      return "EXT1";
    case PickleOp::kExt2:
      return "EXT2";
    case PickleOp::kExt4:
      return "EXT4";
    case PickleOp::kNextBuffer:
      return "NEXT_BUFFER";
    case PickleOp::kReadOnlyBuffer:
      return "READONLY_BUFFER";
    default:
      return fmt::format("0x{:02x}", opcode);
  }
}

Result<PickleDocument> read_pickle(std::span<const std::byte> bytes) { return PickleMachine(bytes).run(); }

}  // namespace edgemoe

// The stack machine behind read_pickle: one handler a group of opcodes.
#ifndef EDGEMOE_CHECKPOINT_PICKLE_MACHINE_H_
#define EDGEMOE_CHECKPOINT_PICKLE_MACHINE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "checkpoint/pickle_reader.h"
#include "checkpoint/pickle_value.h"

namespace edgemoe {

/// The opcodes of pickle protocols 0 to 5 (CPython's pickletools lists them).
enum class PickleOp : unsigned char {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kFloat = 'F',
  kInt = 'I',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kLong = 'L',
  kBinInt2 = 'M',
  kNone = 'N',
  kPersId = 'P',
  kBinPersId = 'Q',
  kReduce = 'R',
  kString = 'S',
  kBinString = 'T',
  kShortBinString = 'U',
  kUnicode = 'V',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kDict = 'd',
  kEmptyDict = '}',
  kAppends = 'e',
  kGet = 'g',
  kBinGet = 'h',
  kInst = 'i',
  kLongBinGet = 'j',
  kList = 'l',
  kEmptyList = ']',
  kObj = 'o',
  kPut = 'p',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kBinFloat = 'G',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kNewObj = 0x81,
  kExt1 = 0x82,
  kExt2 = 0x83,
  kExt4 = 0x84,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8A,
  kLong4 = 0x8B,
  kShortBinUnicode = 0x8C,
  kBinUnicode8 = 0x8D,
  kBinBytes8 = 0x8E,
  kEmptySet = 0x8F,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
  kNextBuffer = 0x97,
  kReadOnlyBuffer = 0x98,
};

class PickleMachine {
 public:
  explicit PickleMachine(std::span<const std::byte> bytes);
  Result<PickleDocument> run();

 private:
  Status step(PickleOp op);
  Status step_number(PickleOp op);
  Status step_text(PickleOp op);
  Status step_stack(PickleOp op);
  Status step_memo(PickleOp op);
  Status step_container(PickleOp op);
  Status step_object(PickleOp op);

  // Input.
  Result<std::string_view> take(std::uint64_t count);
  Result<std::string_view> take_line();
  /// An unsigned little-endian number of `width` ≤ 8 bytes.
  Result<std::uint64_t> take_unsigned(int width);
  /// A length of `width` bytes and as many bytes of text.
  Result<std::string_view> take_counted(int width);

  // Values and the stack.
  Result<PickleValue*> make(PickleValue::Data data);
  Status push(PickleValue::Data data);
  Status push_integer_text(std::string_view line, bool is_long);
  Status push_long(std::string_view bytes);
  Result<PickleValue*> pop();
  Result<PickleValue*> top();
  /// Everything above the last mark, which goes away too.
  Result<std::vector<PickleValue*>> pop_to_mark();
  Status memoize(std::uint64_t index);
  Status recall(std::uint64_t index);
  /// Counts work that one opcode causes beyond its own size.
  Status spend(std::size_t items);

  // Containers.
  Status append(PickleValue& container, std::span<PickleValue* const> items);
  Status set_items(PickleValue& container, std::span<PickleValue* const> keys_and_values);

  // Classes, functions, instances (pickle_construct.cpp).
  Status push_global(std::string_view module, std::string_view name);
  Result<PickleValue*> construct(const PickleValue& callee, PickleValue* arguments);
  Result<PickleValue*> construct_dict(std::span<PickleValue* const> arguments);
  Result<PickleValue*> rebuild_from_type(std::span<PickleValue* const> arguments);
  Result<PickleValue*> rebuild_tensor(const PickleGlobal& function, std::span<PickleValue* const> arguments);
  Status build();
  Status persistent_load();

  Status malformed_here(std::string_view what) const;

  std::string_view bytes_;
  std::size_t position_ = 0;
  std::size_t op_position_ = 0;
  std::size_t budget_ = kMaxPickleOpcodes;
  std::unique_ptr<PickleArena> arena_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;  // stack sizes
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
  PickleValue* result_ = nullptr;
};

/// Name of an opcode that is refused, e.g. "EXT1"; its number for one that no protocol has.
std::string pickle_opcode_name(unsigned char opcode);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_PICKLE_MACHINE_H_

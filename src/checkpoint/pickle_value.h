// What a pickle becomes when it is read without being executed: plain values, and records of the tensors that it
// describes. Classes and functions that a pickle names are never called; those on a short list (pickle_globals.h) turn
// into one of these values, everything else is refused.
#ifndef EDGEMOE_CHECKPOINT_PICKLE_VALUE_H_
#define EDGEMOE_CHECKPOINT_PICKLE_VALUE_H_

#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "checkpoint/element_type.h"
#include "checkpoint/pickle_globals.h"

namespace edgemoe {

struct PickleValue;

/// A storage that a pickle points at by key; its bytes lie elsewhere in the checkpoint.
struct StorageRecord {
  std::string_view key;
  const ElementType* type = nullptr;
  std::int64_t num_elements = 0;  // of the whole storage
  std::int64_t view_offset = 0;   // legacy files: this record is elements [view_offset, view_offset + view_elements)
  std::int64_t view_elements = 0;
};

/// A tensor over a storage. Its elements lie within the storage: checked, without overflow, when it was made.
struct TensorRecord {
  const StorageRecord* storage = nullptr;
  const ElementType* type = nullptr;
  std::int64_t offset = 0;  // in elements of `type`, from the storage's beginning (a view's offset is added)
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;  // in elements, never negative
};

struct PickleNone {};
/// An integer outside int64: little-endian two's complement, as in the file.
struct PickleBigInt {
  std::string_view bytes;
};
struct PickleString {
  std::string_view text;
};
struct PickleBytes {
  std::string_view bytes;
};
struct PickleTuple {
  std::vector<PickleValue*> items;
};
struct PickleList {
  std::vector<PickleValue*> items;
};
/// In the order of insertion; a key may stand more than once.
struct PickleDict {
  std::vector<std::pair<PickleValue*, PickleValue*>> items;
};
/// A class or function named by the pickle.
struct PickleGlobalRef {
  const PickleGlobal* global = nullptr;
};
/// What would be an instance of a listed class that edgemoe has no use for (a numpy scalar, a namespace): its content
/// is dropped.
struct PickleInert {
  const PickleGlobal* type = nullptr;
};
struct PickleStorage {
  const StorageRecord* record = nullptr;
};
struct PickleTensor {
  const TensorRecord* record = nullptr;
};

/// One value. Values refer to each other by address and are owned by a PickleArena, so that shared and cyclic
/// structures cost nothing and nothing recurses.
struct PickleValue {
  using Data =
      std::variant<PickleNone, bool, std::int64_t, double, PickleBigInt, PickleString, PickleBytes, PickleTuple,
                   PickleList, PickleDict, PickleGlobalRef, PickleInert, PickleStorage, PickleTensor>;
  Data data;

  template <typename T>
  T* as() {
    return std::get_if<T>(&data);
  }
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
};

/// "a dict", "an integer", …: for messages.
std::string_view pickle_kind_name(const PickleValue& value);

/// Owns everything that one pickle made; addresses stay valid as long as it lives.
struct PickleArena {
  std::deque<PickleValue> values;
  std::deque<PickleGlobal> globals;
  std::deque<StorageRecord> storages;
  std::deque<TensorRecord> tensors;
};

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_PICKLE_VALUE_H_

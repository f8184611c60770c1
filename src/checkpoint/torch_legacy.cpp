#include <cstring>
#include <map>
#include <string>

#include "base/text.h"
#include "checkpoint/pickle_reader.h"
#include "checkpoint/torch_archive.h"

namespace edgemoe {
namespace {

// The first pickle: after the protocol (2 unless torch.save was told otherwise) and, from protocol 4 on, the length of
// a frame, LONG1 of ten bytes, 0x1950a86a20f9469cfc6c.
constexpr unsigned char kMagic[] = {0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, '.'};
constexpr unsigned char kFrame[] = {0x95, sizeof kMagic, 0, 0, 0, 0, 0, 0, 0};

/// Length of the first pickle; 0 when the file begins otherwise.
std::size_t magic_length(std::span<const std::byte> bytes) {
  const auto begins_with = [&](std::size_t at, std::span<const unsigned char> expected) {
    return bytes.size() >= at + expected.size() &&
           std::memcmp(bytes.data() + at, expected.data(), expected.size()) == 0;
  };
  if (bytes.size() < 2 || bytes[0] != std::byte{0x80}) return 0;
  const auto protocol = std::to_integer<int>(bytes[1]);
  std::size_t at = 2;
  if (protocol >= 4 && begins_with(at, kFrame)) at += sizeof kFrame;
  return protocol >= 2 && protocol <= 5 && begins_with(at, kMagic) ? at + sizeof kMagic : 0;
}
constexpr std::int64_t kProtocol = 1001;

/// Walks the file from pickle to pickle.
class LegacyReader : public TorchArchive {
 public:
  explicit LegacyReader(FileBytes file) : file_(std::move(file)) {}

  Status read() {
    position_ = magic_length(file_.bytes);
    PickleDocument protocol;
    PickleDocument system;
    PickleDocument keys;
    EDGEMOE_RETURN_IF_ERROR(next(protocol, "protocol number"));
    const auto* number = protocol.root->as<std::int64_t>();
    if (number == nullptr || *number != kProtocol) return unsupported("legacy protocol other than {}", kProtocol);
    EDGEMOE_RETURN_IF_ERROR(next(system, "description of the writer's system"));
    EDGEMOE_RETURN_IF_ERROR(check_system(*system.root));
    EDGEMOE_RETURN_IF_ERROR(next(object_, "object"));
    EDGEMOE_RETURN_IF_ERROR(next(keys, "list of storages"));
    return find_storages(*keys.root);
  }

  const PickleValue& root() const override { return *object_.root; }

  Result<std::shared_ptr<Storage>> storage(const StorageRecord& record) override {
    const auto found = storages_.find(record.key);
    if (found == storages_.end()) return malformed("storage \"{}\" is not in the file", printable(record.key));
    const std::uint64_t due = static_cast<std::uint64_t>(record.num_elements) * record.type->size;
    EDGEMOE_ASSIGN_OR_RETURN(const std::span<const std::byte> bytes, found->second->bytes());
    if (bytes.size() != due) {
      return malformed("storage \"{}\" has {} bytes, but the pickle says {} elements of {} ({} bytes)",
                       printable(record.key), bytes.size(), record.num_elements, record.type->dtype, due);
    }
    return found->second;
  }

 private:
  Status next(PickleDocument& document, std::string_view what) {
    Result<PickleDocument> read = read_pickle(file_.bytes.subspan(position_));
    if (!read.ok()) return read.status().with_context(what);
    document = std::move(read).value();
    position_ += document.num_bytes;
    return {};
  }

  static Status check_system(const PickleValue& system) {
    const auto* dict = system.as<PickleDict>();
    if (dict == nullptr) return malformed("the description of the writer's system is {}", pickle_kind_name(system));
    for (const auto& [key, value] : dict->items) {
      const auto* name = key->as<PickleString>();
      const bool* flag = value->as<bool>();
      if (name != nullptr && name->text == "little_endian" && flag != nullptr && !*flag) {
        return unsupported("written on a big-endian machine; only little-endian files are read");
      }
    }
    return {};
  }

  /// The storages lie one after the other; how long one is, the object's records and its own count must agree on.
  Status find_storages(const PickleValue& keys) {
    const auto* list = keys.as<PickleList>();
    if (list == nullptr) return malformed("the list of storages is {}", pickle_kind_name(keys));
    std::map<std::string_view, const StorageRecord*> records;
    for (const StorageRecord& record : object_.arena->storages) records.emplace(record.key, &record);
    for (const PickleValue* item : list->items) {
      const auto* key = item->as<PickleString>();
      const auto record = key == nullptr ? records.end() : records.find(key->text);
      if (record == records.end()) return malformed("the list of storages names one that no tensor uses");
      std::int64_t count = 0;
      if (file_.bytes.size() - position_ < sizeof count) return cut_short(key->text, sizeof count);
      std::memcpy(&count, file_.bytes.data() + position_, sizeof count);
      position_ += sizeof count;
      if (count != record->second->num_elements) {
        return malformed("storage \"{}\" has {} elements, but the pickle says {}", printable(key->text), count,
                         record->second->num_elements);
      }
      const std::uint64_t size = static_cast<std::uint64_t>(count) * record->second->type->size;
      if (file_.bytes.size() - position_ < size) return cut_short(key->text, size);
      FileBytes bytes{file_.bytes.subspan(position_, size), file_.owner};
      storages_[std::string(key->text)] = std::make_shared<PlainStorage>(std::move(bytes));
      position_ += size;
    }
    return {};
  }

  Status cut_short(std::string_view key, std::uint64_t due) const {
    return malformed("cut short: storage \"{}\" needs {} bytes, {} are left", printable(key), due,
                     file_.bytes.size() - position_);
  }

  FileBytes file_;
  std::size_t position_ = 0;
  PickleDocument object_;
  std::map<std::string, std::shared_ptr<Storage>, std::less<>> storages_;
};

}  // namespace

bool is_torch_legacy(std::span<const std::byte> bytes) { return magic_length(bytes) > 0; }

Result<std::unique_ptr<TorchArchive>> open_torch_legacy(FileBytes file) {
  auto reader = std::make_unique<LegacyReader>(std::move(file));
  EDGEMOE_RETURN_IF_ERROR(reader->read());
  return std::unique_ptr<TorchArchive>(std::move(reader));
}

}  // namespace edgemoe

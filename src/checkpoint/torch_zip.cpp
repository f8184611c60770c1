#include <zip.h>

#include <cstring>
#include <map>
#include <string>

#include "base/text.h"
#include "checkpoint/pickle_reader.h"
#include "checkpoint/torch_archive.h"

namespace edgemoe {
namespace {

constexpr std::uint64_t kFreeInflation = std::uint64_t{64} << 20;  // bytes that may come out of any compressed file
constexpr std::uint64_t kMaxRatio = 100;                           // … and beyond that, per byte of the file

/// libzip's handle on a file in memory, and what may still be inflated from it.
class ZipReader {
 public:
  static Result<std::shared_ptr<ZipReader>> open(FileBytes file) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(file.bytes.data(), file.bytes.size(), 0, &error);
    zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
    if (archive == nullptr) {
      if (source != nullptr) zip_source_free(source);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      return malformed(
          "the zip archive has no readable table of contents ({}): the file of {} bytes is damaged or cut short",
          reason, file.bytes.size());
    }
    zip_error_fini(&error);
    return std::shared_ptr<ZipReader>(new ZipReader(std::move(file), archive));
  }
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;
  ~ZipReader() { zip_discard(archive_); }

  /// Names of all entries.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    const zip_int64_t count = zip_get_num_entries(archive_, 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(archive_, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
      result.emplace_back(name == nullptr ? "" : name);
    }
    return result;
  }

  /// Uncompressed size of an entry; kUnsupported when it is encrypted.
  Result<std::uint64_t> size(const std::string& name) const {
    EDGEMOE_ASSIGN_OR_RETURN(const zip_stat_t stat, find(name));
    return stat.size;
  }

  Result<std::vector<std::byte>> read(const std::string& name) {
    EDGEMOE_ASSIGN_OR_RETURN(const zip_stat_t stat, find(name));
    if (stat.comp_method == ZIP_CM_STORE) {
      if (stat.size > file_.bytes.size()) return malformed("entry {} is longer than the file", printable(name));
    } else {
      if (stat.size > inflatable_) {
        return too_large("entry {} claims {} bytes uncompressed: too much for a file of {} bytes", printable(name),
                         stat.size, file_.bytes.size());
      }
      inflatable_ -= stat.size;
    }
    zip_file_t* entry = zip_fopen_index(archive_, stat.index, 0);
    if (entry == nullptr) {
      return malformed("entry {} can't be read ({}): the file is damaged or cut short", printable(name),
                       zip_error_strerror(zip_get_error(archive_)));
    }
    std::vector<std::byte> bytes(stat.size);
    const zip_int64_t count = zip_fread(entry, bytes.data(), bytes.size());
    // A further read meets the end, where libzip compares the checksum.
    std::byte beyond{};
    const bool at_end = count == static_cast<zip_int64_t>(bytes.size()) && zip_fread(entry, &beyond, 1) == 0;
    const bool bad_checksum = zip_error_code_zip(zip_file_get_error(entry)) == ZIP_ER_CRC;
    zip_fclose(entry);
    if (bad_checksum) {
      return malformed(
          "entry {} does not match its checksum: the file is damaged (or was written with "
          "torch.serialization.set_crc32_options(False): save it again without)",
          printable(name));
    }
    if (!at_end) return malformed("entry {} does not hold the {} bytes it claims", printable(name), stat.size);
    return bytes;
  }

 private:
  ZipReader(FileBytes file, zip_t* archive)
      : file_(std::move(file)), archive_(archive), inflatable_(kFreeInflation + kMaxRatio * file_.bytes.size()) {}

  Result<zip_stat_t> find(const std::string& name) const {
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat(archive_, name.c_str(), ZIP_FL_ENC_RAW, &stat) != 0) {
      return malformed("entry {} is not in the archive", printable(name));
    }
    constexpr zip_uint64_t kNeeded = ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD;
    if ((stat.valid & kNeeded) != kNeeded) return malformed("entry {} has no size", printable(name));
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
      return unsupported("entry {} is encrypted", printable(name));
    }
    return stat;
  }

  FileBytes file_;
  zip_t* archive_;
  std::uint64_t inflatable_;
};

/// An entry under data/, read when first asked for.
class ZipStorage : public Storage {
 public:
  ZipStorage(std::shared_ptr<ZipReader> zip, std::string entry) : zip_(std::move(zip)), entry_(std::move(entry)) {}

  Result<std::span<const std::byte>> bytes() override {
    if (zip_ != nullptr) {
      EDGEMOE_ASSIGN_OR_RETURN(bytes_, zip_->read(entry_));
      zip_ = nullptr;
    }
    return std::span<const std::byte>(bytes_);
  }

 private:
  std::shared_ptr<ZipReader> zip_;  // null once the bytes are here
  std::string entry_;
  std::vector<std::byte> bytes_;
};

class TorchZip : public TorchArchive {
 public:
  TorchZip(std::shared_ptr<ZipReader> zip, std::string folder, std::vector<std::byte> pickle)
      : zip_(std::move(zip)), folder_(std::move(folder)), pickle_(std::move(pickle)) {}

  Status read_object() {
    EDGEMOE_ASSIGN_OR_RETURN(document_, read_pickle(pickle_));
    return {};
  }

  const PickleValue& root() const override { return *document_.root; }

  Result<std::shared_ptr<Storage>> storage(const StorageRecord& record) override {
    const std::string entry = folder_ + "data/" + std::string(record.key);
    std::shared_ptr<ZipStorage>& storage = storages_[entry];
    const std::uint64_t due = static_cast<std::uint64_t>(record.num_elements) * record.type->size;
    EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t size, zip_->size(entry));
    if (size != due) {
      return malformed("entry {} has {} bytes, but the pickle says {} elements of {} ({} bytes)", printable(entry),
                       size, record.num_elements, record.type->dtype, due);
    }
    if (storage == nullptr) storage = std::make_shared<ZipStorage>(zip_, entry);
    return std::shared_ptr<Storage>(storage);
  }

 private:
  std::shared_ptr<ZipReader> zip_;
  std::string folder_;  // with its slash; empty where data.pkl lies at the top
  std::vector<std::byte> pickle_;
  PickleDocument document_;
  std::map<std::string, std::shared_ptr<ZipStorage>> storages_;
};

/// The folder that holds data.pkl.
Result<std::string> find_folder(const std::vector<std::string>& names) {
  constexpr std::string_view kObject = "data.pkl";
  std::vector<std::string> folders;
  for (const std::string& name : names) {
    if (!name.ends_with(kObject)) continue;
    const std::string folder = name.substr(0, name.size() - kObject.size());
    if (folder.empty() || folder.find('/') == folder.size() - 1) folders.push_back(folder);
  }
  if (folders.empty()) {
    return unsupported("a zip archive without data.pkl (it holds {}): not a file that torch.save wrote",
                       names.empty() ? "nothing" : sample(names, 3));
  }
  if (folders.size() > 1) return malformed("two entries data.pkl: {}", sample(folders, 2));
  for (const std::string& name : names) {
    if (name == folders[0] + "constants.pkl") {
      return unsupported(
          "a TorchScript archive (torch.jit.save). Save the weights alone, in PyTorch: "
          "torch.save({{'state_dict': model.state_dict()}}, path)");
    }
  }
  return folders[0];
}

}  // namespace

bool is_zip(std::span<const std::byte> bytes) {
  return bytes.size() >= 4 && std::memcmp(bytes.data(), "PK\3\4", 4) == 0;
}

Result<std::unique_ptr<TorchArchive>> open_torch_zip(FileBytes file) {
  EDGEMOE_ASSIGN_OR_RETURN(std::shared_ptr<ZipReader> zip, ZipReader::open(std::move(file)));
  const std::vector<std::string> names = zip->names();
  EDGEMOE_ASSIGN_OR_RETURN(const std::string folder, find_folder(names));
  for (const std::string& name : names) {
    if (name != folder + "byteorder") continue;
    EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::byte> order, zip->read(name));
    const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
    if (text != "little") return unsupported("byte order \"{}\"; only little-endian files are read", printable(text));
  }
  EDGEMOE_ASSIGN_OR_RETURN(const std::uint64_t pickle_size, zip->size(folder + "data.pkl"));
  if (pickle_size > kMaxPickleBytes) {
    return too_large("data.pkl has {} bytes; {} are the limit", pickle_size, kMaxPickleBytes);
  }
  EDGEMOE_ASSIGN_OR_RETURN(std::vector<std::byte> pickle, zip->read(folder + "data.pkl"));
  auto archive = std::make_unique<TorchZip>(std::move(zip), folder, std::move(pickle));
  EDGEMOE_RETURN_IF_ERROR(archive->read_object());
  return std::unique_ptr<TorchArchive>(std::move(archive));
}

}  // namespace edgemoe

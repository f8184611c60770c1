#include "model/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "model/json.h"

namespace edgemoe {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian and mapped as they are");

constexpr std::size_t kLengthBytes = 8;
// The reference reader takes 100 MB; 100,000 tensors fit in this, and reading it stays within 100 MB of memory.
constexpr std::uint64_t kMaxHeaderBytes = 8 << 20;
constexpr std::size_t kHeaderAlignment = 64;

/// One tensor's bytes within the data section, for the check that all of it is covered once.
struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string_view name;
};

/// Text of a file fit for a message: printable ASCII, at most 100 characters.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, 100));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return out;
}

const JsonValue* member(const JsonValue::Object& object, std::string_view key) {
  for (const auto& [name, value] : object) {
    if (name == key) return &value;
  }
  return nullptr;
}

template <typename T>
const T* as(const JsonValue* value) {
  return value == nullptr ? nullptr : std::get_if<T>(&value->value);
}

/// An array of non-negative integers.
std::optional<std::vector<std::int64_t>> integers(const JsonValue* value) {
  const auto* array = as<JsonValue::Array>(value);
  if (array == nullptr) return std::nullopt;
  std::vector<std::int64_t> out;
  for (const JsonValue& item : *array) {
    const auto* integer = as<std::int64_t>(&item);
    if (integer == nullptr || *integer < 0) return std::nullopt;
    out.push_back(*integer);
  }
  return out;
}

/// Reads one entry of the header; `data` is the data section.
Result<TensorView> read_entry(const JsonValue& value, std::span<const std::byte> data, Extent& extent) {
  const auto* object = as<JsonValue::Object>(&value);
  if (object == nullptr)
    return malformed("expected an object with dtype, shape and data_offsets, found {}", value.describe());
  const auto* type_name = as<std::string>(member(*object, "dtype"));
  const auto shape = integers(member(*object, "shape"));
  const auto offsets = integers(member(*object, "data_offsets"));
  if (type_name == nullptr) return malformed("no dtype");
  if (!shape) return malformed("shape: expected an array of sizes");
  if (!offsets || offsets->size() != 2) return malformed("data_offsets: expected two offsets");
  const std::optional<DType> dtype = dtype_from_name(*type_name);
  if (!dtype) return unsupported("element type \"{}\"", printable(*type_name));
  constexpr std::size_t kMaxRank = 16;
  if (shape->size() > kMaxRank) return malformed("shape of {} dimensions, the limit is {}", shape->size(), kMaxRank);
  TensorView view{*dtype, Shape(*shape), {}};
  const std::optional<std::int64_t> count = view.shape.checked_num_elements();
  std::uint64_t bytes = 0;
  if (!count || __builtin_mul_overflow(static_cast<std::uint64_t>(*count), dtype_size(*dtype), &bytes)) {
    return malformed("shape {} is too large for any file", view.shape.to_string());
  }
  extent.begin = static_cast<std::uint64_t>((*offsets)[0]);
  extent.end = static_cast<std::uint64_t>((*offsets)[1]);
  if (extent.begin > extent.end || extent.end > data.size()) {
    return malformed("offsets {} to {} do not lie within the {} bytes of data", extent.begin, extent.end, data.size());
  }
  if (extent.end - extent.begin != bytes) {
    return malformed("shape {} of {} takes {} bytes, its offsets hold {}", view.shape.to_string(), *type_name, bytes,
                     extent.end - extent.begin);
  }
  view.bytes = data.subspan(static_cast<std::size_t>(extent.begin), static_cast<std::size_t>(bytes));
  return view;
}

/// As the format demands: tensors lie side by side from the first byte of data to the last.
Status check_coverage(std::vector<Extent> extents, std::uint64_t size) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t covered = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != covered) {
      return malformed("tensor {} begins at byte {} of the data, expected {}: tensors {}", printable(extent.name),
                       extent.begin, covered, extent.begin < covered ? "overlap" : "leave a hole");
    }
    covered = extent.end;
  }
  if (covered != size) return malformed("{} bytes of data belong to no tensor", size - covered);
  return {};
}

Status read_metadata(const JsonValue& value, SafetensorsIndex& index) {
  const auto* object = as<JsonValue::Object>(&value);
  if (object == nullptr) return malformed("__metadata__: expected an object, found {}", value.describe());
  for (const auto& [key, entry] : *object) {
    const auto* text = as<std::string>(&entry);
    if (text == nullptr) {
      return malformed("__metadata__.{}: expected a string, found {}", printable(key), entry.describe());
    }
    index.metadata.emplace(key, *text);
  }
  return {};
}

}  // namespace

Result<SafetensorsIndex> parse_safetensors(std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) {
    return malformed("not a safetensors file: {} bytes, expected at least {}", bytes.size(), kLengthBytes);
  }
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  if (header_bytes > bytes.size() - kLengthBytes) {
    return malformed("not a safetensors file, or cut short: a header of {} bytes in a file of {}", header_bytes,
                     bytes.size());
  }
  if (header_bytes > kMaxHeaderBytes) {
    return too_large("safetensors header of {} bytes, the limit is {}", header_bytes, kMaxHeaderBytes);
  }
  const auto header = bytes.subspan(kLengthBytes, static_cast<std::size_t>(header_bytes));
  const auto data = bytes.subspan(kLengthBytes + static_cast<std::size_t>(header_bytes));
  const Result<JsonValue> root = parse_json({reinterpret_cast<const char*>(header.data()), header.size()},
                                            {.max_bytes = kMaxHeaderBytes, .max_depth = 8});
  if (!root.ok()) return root.status().with_context("safetensors header");
  const auto* object = as<JsonValue::Object>(&*root);
  if (object == nullptr) return malformed("safetensors header: expected an object, found {}", root->describe());

  SafetensorsIndex index;
  std::vector<Extent> extents;
  for (const auto& [name, value] : *object) {
    if (name == "__metadata__") {
      EDGEMOE_RETURN_IF_ERROR(read_metadata(value, index));
      continue;
    }
    Extent extent{.name = name};
    Result<TensorView> view = read_entry(value, data, extent);
    if (!view.ok()) return view.status().with_context("tensor " + printable(name));
    extents.push_back(extent);
    index.tensors.emplace(name, std::move(view).value());
  }
  EDGEMOE_RETURN_IF_ERROR(check_coverage(std::move(extents), data.size()));
  return index;
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  Result<SafetensorsIndex> index = parse_safetensors(file.bytes());
  if (!index.ok()) return index.status().with_context(path.string());
  return SafetensorsFile(std::move(file), std::move(index).value());
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.tensors.find(name);
  return found == index_.tensors.end() ? nullptr : &found->second;
}

Result<SafetensorsWriter> SafetensorsWriter::create(const std::filesystem::path& path,
                                                    std::span<const SafetensorsEntry> entries,
                                                    const std::map<std::string, std::string, std::less<>>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  std::vector<std::uint64_t> sizes;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.name == "__metadata__" || header.contains(entry.name)) {
      return invalid_argument("{}: two tensors called {}", path.string(), entry.name);
    }
    const std::uint64_t bytes =
        static_cast<std::uint64_t>(entry.shape.num_elements()) * static_cast<std::uint64_t>(dtype_size(entry.dtype));
    const auto dims = entry.shape.dims();
    header[entry.name] = {{"dtype", dtype_name(entry.dtype)},
                          {"shape", std::vector<std::int64_t>(dims.begin(), dims.end())},
                          {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
    sizes.push_back(bytes);
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.append((kHeaderAlignment - (kLengthBytes + text.size()) % kHeaderAlignment) % kHeaderAlignment, ' ');
  if (text.size() > kMaxHeaderBytes) {
    return too_large("{}: a header of {} bytes, the limit is {}", path.string(), text.size(), kMaxHeaderBytes);
  }
  EDGEMOE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  const std::uint64_t length = text.size();
  EDGEMOE_RETURN_IF_ERROR(file.write(std::as_bytes(std::span(&length, 1))));
  EDGEMOE_RETURN_IF_ERROR(file.write(text));
  return SafetensorsWriter(std::move(file), std::move(sizes));
}

Status SafetensorsWriter::write_next(std::span<const std::byte> bytes) {
  if (next_ >= sizes_.size() || bytes.size() != sizes_[next_]) {
    return invalid_argument("tensor {} of {}: expected {} bytes, found {}", next_, sizes_.size(),
                            next_ < sizes_.size() ? sizes_[next_] : 0, bytes.size());
  }
  ++next_;
  return file_.write(bytes);
}

Status SafetensorsWriter::commit() {
  if (next_ != sizes_.size()) return invalid_argument("{} of {} tensors were written", next_, sizes_.size());
  return file_.commit();
}

Status write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                         const std::map<std::string, std::string, std::less<>>& metadata) {
  std::vector<SafetensorsEntry> entries;
  for (const NamedTensor& tensor : tensors) entries.push_back({tensor.name, tensor.view.dtype, tensor.view.shape});
  EDGEMOE_ASSIGN_OR_RETURN(SafetensorsWriter writer, SafetensorsWriter::create(path, entries, metadata));
  for (const NamedTensor& tensor : tensors) EDGEMOE_RETURN_IF_ERROR(writer.write_next(tensor.view.bytes));
  return writer.commit();
}

}  // namespace edgemoe

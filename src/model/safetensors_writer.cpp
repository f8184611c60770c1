#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/text.h"
#include "model/safetensors.h"

namespace edgemoe {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kDataAlignment = 64;
constexpr std::size_t kMaxHeaderBytes = 8 << 20;  // as parse_safetensors takes it

struct Header {
  ordered_json::object_t json;
  std::vector<std::uint64_t> sizes;  // bytes of each entry
};

Result<Header> make_header(std::span<const SafetensorsEntry> entries,
                           const std::map<std::string, std::string, std::less<>>& metadata) {
  Header header;
  if (!metadata.empty()) header.json.emplace("__metadata__", metadata);
  std::set<std::string_view> names = {"__metadata__"};
  std::int64_t offset = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (!names.insert(entry.name).second) return invalid_argument("two tensors called {}", printable(entry.name));
    const std::int64_t begin = offset;
    const std::optional<std::int64_t> elements = entry.shape.checked_num_elements();
    std::int64_t bytes = 0;
    if (!elements || __builtin_mul_overflow(*elements, static_cast<std::int64_t>(dtype_size(entry.dtype)), &bytes) ||
        __builtin_add_overflow(begin, bytes, &offset)) {
      return invalid_argument("tensor {}: no file can hold its shape {}", printable(entry.name),
                              entry.shape.to_string());
    }
    const std::span<const std::int64_t> dims = entry.shape.dims();
    // push_back, because emplace compares with every name before.
    header.json.push_back({entry.name,
                           {{"dtype", dtype_name(entry.dtype)},
                            {"shape", std::vector<std::int64_t>(dims.begin(), dims.end())},
                            {"data_offsets", {begin, offset}}}});
    header.sizes.push_back(static_cast<std::uint64_t>(bytes));
  }
  return header;
}

/// The header's text, padded with spaces so that what follows it starts at a multiple of kDataAlignment.
Result<std::string> header_text(ordered_json::object_t json) {
  std::string text;
  try {
    text = ordered_json(std::move(json)).dump();
  } catch (const nlohmann::json::exception&) {
    return invalid_argument("a tensor's name or the metadata is not valid UTF-8");
  }
  text.append((kDataAlignment - (kLengthBytes + text.size()) % kDataAlignment) % kDataAlignment, ' ');
  if (text.size() > kMaxHeaderBytes) {
    return too_large("a header of {} bytes, the limit is {}", text.size(), kMaxHeaderBytes);
  }
  return text;
}

}  // namespace

Result<SafetensorsWriter> SafetensorsWriter::create(const std::filesystem::path& path,
                                                    std::span<const SafetensorsEntry> entries,
                                                    const std::map<std::string, std::string, std::less<>>& metadata) {
  Result<Header> header = make_header(entries, metadata);
  if (!header.ok()) return header.status().with_context(path.string());
  const Result<std::string> text = header_text(std::move(header->json));
  if (!text.ok()) return text.status().with_context(path.string());
  EDGEMOE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::create(path));
  const std::uint64_t length = text->size();
  EDGEMOE_RETURN_IF_ERROR(file.write(std::as_bytes(std::span(&length, 1))));
  EDGEMOE_RETURN_IF_ERROR(file.write(*text));
  return SafetensorsWriter(std::move(file), std::move(header->sizes));
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

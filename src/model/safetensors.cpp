#include "model/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"

namespace edgemoe {
namespace {

static_assert(std::endian::native == std::endian::little, "files and memory are taken to have the same byte order");

constexpr std::size_t kLengthBytes = 8;  // the header's length, little-endian, before the header
// The reference reader takes 100 MB; 100,000 tensors fit in this, and reading it stays within 100 MB of memory.
constexpr std::uint64_t kMaxHeaderBytes = 8 << 20;
constexpr std::size_t kMaxRank = 16;
constexpr std::string_view kMetadataKey = "__metadata__";

/// One tensor as the header states it.
struct Entry {
  std::string name;
  std::optional<DType> dtype;
  std::optional<Shape> shape;
  std::optional<std::array<std::int64_t, 2>> offsets;  // begin and end within the data

  std::string label() const { return fmt::format("tensor \"{}\"", printable(name)); }
};

/// Reads the header's events. Only what the format allows is let through, so memory grows with what is kept alone:
/// {"name": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}, …, "__metadata__": {"key": "text", …}}.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Entry> entries;
  std::map<std::string, std::string, std::less<>> metadata;
  Status status;

  bool null() override { return refuse("null"); }
  bool boolean(bool /*val*/) override { return refuse("a boolean"); }
  bool number_integer(number_integer_t /*val*/) override { return refuse("a negative number"); }
  bool number_float(number_float_t /*val*/, const string_t& text) override {
    return refuse("the number " + printable(text));
  }
  bool binary(binary_t& /*val*/) override { return refuse("binary data"); }

  bool number_unsigned(number_unsigned_t val) override {
    if (place_ != Place::kShape && place_ != Place::kOffsets) return refuse("a number");
    if (val > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return refuse("a number past 2^63");
    if (numbers_.size() == (place_ == Place::kShape ? kMaxRank : 2)) return refuse("more numbers");
    numbers_.push_back(static_cast<std::int64_t>(val));
    return true;
  }

  bool string(string_t& val) override {
    if (place_ == Place::kMetadata) {
      metadata[key_] = std::move(val);
      return true;
    }
    if (place_ != Place::kTensor || key_ != "dtype") return refuse("a string");
    entries.back().dtype = dtype_from_name(val);
    if (!entries.back().dtype) {
      return fail(
          unsupported("{}: element type \"{}\" (F32, F16, BF16, F64, I64, I32, I16, I8, U8 "
                      "and BOOL are read)",
                      entries.back().label(), printable(val)));
    }
    return true;
  }

  bool start_object(std::size_t /*elements*/) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kHeader;
    } else if (place_ == Place::kHeader && key_ == kMetadataKey) {
      place_ = Place::kMetadata;
    } else if (place_ == Place::kHeader) {
      place_ = Place::kTensor;
      entries.push_back({std::move(key_), {}, {}, {}});
    } else {
      return refuse("an object");
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kTensor && !(entries.back().dtype && entries.back().shape && entries.back().offsets)) {
      return fail(malformed("{}: dtype, shape or data_offsets is missing", entries.back().label()));
    }
    place_ = place_ == Place::kHeader ? Place::kOutside : Place::kHeader;
    return true;
  }

  bool start_array(std::size_t /*elements*/) override {
    if (place_ != Place::kTensor || key_ == "dtype") return refuse("an array");
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kShape) {
      entries.back().shape.emplace(numbers_);
    } else {
      if (numbers_.size() != 2) return refuse(numbers_.empty() ? "none" : "one");
      entries.back().offsets = {numbers_[0], numbers_[1]};
    }
    place_ = Place::kTensor;
    return true;
  }

  bool key(string_t& val) override {
    const bool twice = place_ == Place::kMetadata ? metadata.contains(val)
                       : place_ == Place::kTensor ? has_field(val)
                                                  : val == kMetadataKey && has_metadata_;
    if (twice) return fail(malformed("the header has \"{}\" twice", printable(val)));
    if (place_ == Place::kTensor && val != "dtype" && val != "shape" && val != "data_offsets") {
      return fail(malformed("{}: unknown field \"{}\"", entries.back().label(), printable(val)));
    }
    if (place_ == Place::kHeader && val == kMetadataKey) has_metadata_ = true;
    key_ = std::move(val);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return fail(malformed("the header is no valid JSON at its byte {}", position));
  }

 private:
  enum class Place { kOutside, kHeader, kMetadata, kTensor, kShape, kOffsets };

  bool fail(Status fault) {
    status = std::move(fault);
    return false;
  }

  bool refuse(std::string_view found) {
    switch (place_) {
      case Place::kOutside:
        return fail(malformed("the header: expected a JSON object, found {}", found));
      case Place::kHeader:
        return fail(malformed("header entry \"{}\": expected an object, found {}", printable(key_), found));
      case Place::kMetadata:
        return fail(malformed("metadata \"{}\": expected a string, found {}", printable(key_), found));
      case Place::kTensor:
        return fail(malformed("{}: expected {}, found {}", entries.back().label(),
                              key_ == "dtype" ? "a type's name under dtype" : "an array under " + key_, found));
      case Place::kShape:
        return fail(malformed("{}: expected a shape of at most {} sizes from 0 on, found {}", entries.back().label(),
                              kMaxRank, found));
      case Place::kOffsets:
        return fail(malformed("{}: expected two data_offsets from 0 on, found {}", entries.back().label(), found));
    }
    return fail(malformed("the header is malformed"));
  }

  bool has_field(std::string_view name) const {
    const Entry& entry = entries.back();
    return (name == "dtype" && entry.dtype) || (name == "shape" && entry.shape) ||
           (name == "data_offsets" && entry.offsets);
  }

  Place place_ = Place::kOutside;
  std::string key_;
  std::vector<std::int64_t> numbers_;  // of the shape or the offsets being read
  bool has_metadata_ = false;
};

Result<std::string_view> find_header(std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) {
    return malformed("{} bytes are too few for a safetensors file, which starts with the 8-byte length of its header",
                     bytes.size());
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes) {
    return malformed("the header claims {} bytes, only {} follow: the file is cut short or no safetensors file", length,
                     bytes.size() - kLengthBytes);
  }
  if (length > kMaxHeaderBytes) return too_large("a header of {} bytes, the limit is {}", length, kMaxHeaderBytes);
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes,
                                static_cast<std::size_t>(length));
  if (header.empty() || header.front() != '{') return malformed("the header is no JSON object");
  // The parser takes a NUL byte for the end of the text and would ignore what follows.
  if (header.find('\0') != std::string_view::npos) return malformed("the header has a NUL byte");
  return header;
}

/// Bytes that shape and type ask for; nothing when the product passes 2^63.
std::optional<std::int64_t> expected_bytes(const Shape& shape, DType dtype) {
  const std::optional<std::int64_t> elements = shape.checked_num_elements();
  std::int64_t bytes = 0;
  if (!elements || __builtin_mul_overflow(*elements, static_cast<std::int64_t>(dtype_size(dtype)), &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

/// Sorts the entries by place and requires that they fill the data without overlap or hole, as the format does.
Status check_layout(std::vector<Entry>& entries, std::size_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return *a.offsets < *b.offsets; });
  std::int64_t filled = 0;
  for (const Entry& entry : entries) {
    const std::int64_t begin = (*entry.offsets)[0];
    const std::int64_t end = (*entry.offsets)[1];
    if (begin > end) return malformed("{}: begins at {} and ends before, at {}", entry.label(), begin, end);
    if (static_cast<std::uint64_t>(end) > data_bytes) {
      return malformed("{}: ends at byte {} of the data, the file has {}: it is cut short or corrupt", entry.label(),
                       end, data_bytes);
    }
    const std::optional<std::int64_t> expected = expected_bytes(*entry.shape, *entry.dtype);
    if (expected != end - begin) {
      return malformed("{}: expected {} bytes for {} of {}, found {}", entry.label(),
                       expected ? std::to_string(*expected) : "more than 2^63", entry.shape->to_string(),
                       dtype_name(*entry.dtype), end - begin);
    }
    if (begin != filled) {
      return malformed("{}: begins at byte {} of the data, {} the tensor before it ends at {}", entry.label(), begin,
                       begin < filled ? "overlapping:" : "leaving a hole:", filled);
    }
    filled = end;
  }
  if (static_cast<std::uint64_t>(filled) == data_bytes) return {};
  return malformed("the tensors end at byte {} of the data, the file has {}", filled, data_bytes);
}

}  // namespace

Result<SafetensorsIndex> parse_safetensors(std::span<const std::byte> bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::string_view header, find_header(bytes));
  HeaderReader reader;
  nlohmann::json::sax_parse(header, &reader);
  EDGEMOE_RETURN_IF_ERROR(reader.status);
  const std::span<const std::byte> data = bytes.subspan(kLengthBytes + header.size());
  EDGEMOE_RETURN_IF_ERROR(check_layout(reader.entries, data.size()));
  SafetensorsIndex index;
  index.metadata = std::move(reader.metadata);
  for (Entry& entry : reader.entries) {
    const auto begin = static_cast<std::size_t>((*entry.offsets)[0]);
    const auto end = static_cast<std::size_t>((*entry.offsets)[1]);
    const auto [place, is_new] = index.tensors.try_emplace(
        std::move(entry.name), TensorView{*entry.dtype, std::move(*entry.shape), data.subspan(begin, end - begin)});
    if (!is_new) return malformed("the header has \"{}\" twice", printable(place->first));
  }
  return index;
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  Result<SafetensorsIndex> index = parse_safetensors(file.bytes());
  if (!index.ok()) return index.status().with_context(path.string());
  return SafetensorsFile(std::move(file), std::move(index).value());
}

Result<SafetensorsFile> SafetensorsFile::from_bytes(std::span<const std::byte> bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(SafetensorsIndex index, parse_safetensors(bytes));
  return SafetensorsFile(MappedFile(), std::move(index));
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
  const auto found = index_.tensors.find(name);
  return found == index_.tensors.end() ? nullptr : &found->second;
}

}  // namespace edgemoe

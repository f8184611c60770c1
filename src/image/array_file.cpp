#include "image/array_file.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/text.h"

namespace edgemoe {
namespace {

static_assert(std::endian::native == std::endian::little, "float files are written as they lie in memory");

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::size_t kMaxNpyHeader = 1 << 16;  // a plain array's header has about a hundred bytes
constexpr std::size_t kMaxNpyRank = 32;         // NumPy's own bound

/// Reader of the one Python literal that a .npy header is: a dict of string, bool and tuple of whole numbers.
class NpyHeaderParser {
 public:
  explicit NpyHeaderParser(std::string_view text) : text_(text) {}

  struct Header {
    std::optional<std::string> descr;
    std::optional<bool> fortran_order;
    std::optional<std::vector<std::int64_t>> shape;
  };

  /// Nothing when the text is anything else, lacks a key, or names one twice or an unknown one.
  std::optional<Header> parse() {
    Header header;
    if (!take('{')) return std::nullopt;
    while (!take('}')) {
      const std::optional<std::string> key = string();
      if (!key || !take(':') || !entry(*key, header)) return std::nullopt;
      if (!take(',') && peek() != '}') return std::nullopt;
    }
    skip_space();
    if (!text_.empty() || !header.descr || !header.fortran_order || !header.shape) return std::nullopt;
    return header;
  }

 private:
  bool entry(const std::string& key, Header& header) {
    if (key == "descr" && !header.descr) {
      header.descr = string();
      return header.descr.has_value();
    }
    if (key == "fortran_order" && !header.fortran_order) {
      header.fortran_order = boolean();
      return header.fortran_order.has_value();
    }
    if (key == "shape" && !header.shape) {
      header.shape = tuple();
      return header.shape.has_value();
    }
    return false;
  }

  void skip_space() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
  }
  char peek() {
    skip_space();
    return text_.empty() ? '\0' : text_.front();
  }
  bool take(char wanted) {
    if (peek() != wanted || text_.empty()) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    skip_space();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const std::size_t end = text_.find(quote, 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return value;
  }

  std::optional<bool> boolean() {
    if (take_word("True")) return true;
    if (take_word("False")) return false;
    return std::nullopt;
  }

  std::optional<std::vector<std::int64_t>> tuple() {
    std::vector<std::int64_t> values;
    if (!take('(')) return std::nullopt;
    while (!take(')')) {
      skip_space();
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (error != std::errc() || value < 0 || values.size() == kMaxNpyRank) return std::nullopt;
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      values.push_back(value);
      if (!take(',') && peek() != ')') return std::nullopt;
    }
    return values;
  }

  std::string_view text_;
};

void append(std::vector<std::byte>& out, const void* data, std::size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  out.insert(out.end(), begin, begin + size);
}

/// Where the header's text lies, by the version's rule.
Result<std::string_view> npy_header_text(std::span<const std::byte> bytes, std::size_t& data_offset) {
  if (bytes.size() < 12 || std::memcmp(bytes.data(), kNpyMagic.data(), kNpyMagic.size()) != 0) {
    return malformed("not a .npy file: its first bytes are not \\x93NUMPY");
  }
  const auto byte_at = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes[i]); };
  const std::size_t version = byte_at(6);
  if (version < 1 || version > 3) return unsupported(".npy version {}; expected 1, 2 or 3", version);
  const std::size_t start = version == 1 ? 10 : 12;
  std::size_t length = byte_at(8) | byte_at(9) << 8;
  if (version > 1) length |= byte_at(10) << 16 | byte_at(11) << 24;
  if (length > kMaxNpyHeader || length > bytes.size() - start) {
    return malformed(".npy header of {} bytes: the file has {}, and at most {} are accepted", length, bytes.size(),
                     kMaxNpyHeader);
  }
  data_offset = start + length;
  return std::string_view(reinterpret_cast<const char*>(bytes.data()) + start, length);
}

/// A C-order array whose element type is still NumPy's word for it.
struct NpyContent {
  std::string descr;
  Shape shape;
  std::span<const std::byte> data;
};

Result<NpyContent> npy_content(std::span<const std::byte> bytes) {
  std::size_t data_offset = 0;
  EDGEMOE_ASSIGN_OR_RETURN(const std::string_view text, npy_header_text(bytes, data_offset));
  const auto header = NpyHeaderParser(text).parse();
  if (!header) return malformed(".npy header is not a dict of descr, fortran_order and shape");
  if (*header->fortran_order)
    return unsupported(".npy in Fortran order; expected C order: save np.ascontiguousarray(…)");
  return NpyContent{*header->descr, Shape(*header->shape), bytes.subspan(data_offset)};
}

std::optional<DType> npy_dtype(std::string_view descr) {
  constexpr std::array<std::pair<std::string_view, DType>, 9> kTypes = {{{"<f4", DType::kF32},
                                                                         {"<f2", DType::kF16},
                                                                         {"<f8", DType::kF64},
                                                                         {"<i8", DType::kI64},
                                                                         {"<i4", DType::kI32},
                                                                         {"<i2", DType::kI16},
                                                                         {"|i1", DType::kI8},
                                                                         {"|u1", DType::kU8},
                                                                         {"|b1", DType::kBool}}};
  for (const auto& [name, dtype] : kTypes) {
    if (name == descr) return dtype;
  }
  return std::nullopt;
}

Result<TensorView> view_as(DType dtype, const NpyContent& content) {
  const std::optional<std::int64_t> count = content.shape.checked_num_elements();
  const std::size_t size = dtype_size(dtype);
  if (!count || content.data.size() % size != 0 || static_cast<std::uint64_t>(*count) != content.data.size() / size) {
    return malformed(".npy of shape {}: its data has {} bytes", content.shape.to_string(), content.data.size());
  }
  return TensorView{dtype, content.shape, content.data};
}

}  // namespace

Result<std::vector<std::byte>> encode_pfm(std::span<const float> values, std::size_t height, std::size_t width,
                                          std::size_t channels) {
  if ((channels != 1 && channels != 3) || values.size() != height * width * channels) {
    return invalid_argument("PFM of {}x{} pixels with {} channels: expected 1 or 3 channels, found {} values", width,
                            height, channels, values.size());
  }
  const std::string header = fmt::format("{}\n{} {}\n-1.0\n", channels == 3 ? "PF" : "Pf", width, height);
  std::vector<std::byte> bytes;
  bytes.reserve(header.size() + values.size_bytes());
  append(bytes, header.data(), header.size());
  const std::size_t stride = width * channels;
  for (std::size_t y = height; y-- > 0;) append(bytes, values.data() + y * stride, stride * sizeof(float));
  return bytes;
}

Status write_pfm(const std::filesystem::path& path, std::span<const float> values, std::size_t height,
                 std::size_t width, std::size_t channels) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, encode_pfm(values, height, width, channels));
  return write_file(path, bytes);
}

Result<std::vector<std::byte>> encode_npy(std::span<const float> values, const Shape& shape) {
  const std::optional<std::int64_t> expected = shape.checked_num_elements();
  if (!expected || static_cast<std::size_t>(*expected) != values.size() || shape.rank() > kMaxNpyRank) {
    return invalid_argument(".npy of shape {}: found {} values", shape.to_string(), values.size());
  }
  std::string dims;
  for (const std::int64_t dim : shape.dims()) dims += fmt::format("{},", dim);
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", dims);
  constexpr std::size_t kPreamble = 10;
  header.append(63 - (kPreamble + header.size()) % 64, ' ');  // data starts at a multiple of 64 bytes
  header += '\n';
  std::vector<std::byte> bytes;
  bytes.reserve(kPreamble + header.size() + values.size_bytes());
  append(bytes, kNpyMagic.data(), kNpyMagic.size());
  const std::uint8_t preamble[4] = {1, 0, static_cast<std::uint8_t>(header.size() & 255),
                                    static_cast<std::uint8_t>(header.size() >> 8)};
  append(bytes, preamble, sizeof(preamble));
  append(bytes, header.data(), header.size());
  append(bytes, values.data(), values.size_bytes());
  return bytes;
}

Status write_npy(const std::filesystem::path& path, std::span<const float> values, const Shape& shape) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, encode_npy(values, shape));
  return write_file(path, bytes);
}

Result<TensorView> view_npy(std::span<const std::byte> bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(const NpyContent content, npy_content(bytes));
  const std::optional<DType> dtype = npy_dtype(content.descr);
  if (!dtype) {
    return unsupported(".npy of type '{}'; expected little-endian float, int or uint8", printable(content.descr));
  }
  return view_as(*dtype, content);
}

Result<Tensor> parse_npy(std::span<const std::byte> bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(const NpyContent content, npy_content(bytes));
  if (npy_dtype(content.descr) != DType::kF32) {
    return unsupported(".npy of type '{}'; expected '<f4' (float32)", printable(content.descr));
  }
  EDGEMOE_ASSIGN_OR_RETURN(const TensorView view, view_as(DType::kF32, content));
  Tensor tensor(view.shape);
  if (!view.bytes.empty()) std::memcpy(tensor.data(), view.bytes.data(), view.bytes.size());
  return tensor;
}

Result<Tensor> read_npy(const std::filesystem::path& path, std::uint64_t max_bytes) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, read_file(path, max_bytes));
  Result<Tensor> tensor = parse_npy(bytes);
  if (!tensor.ok()) return tensor.status().with_context(path.string());
  return tensor;
}

}  // namespace edgemoe

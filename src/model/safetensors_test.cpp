#include "model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/testing.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> file_of(std::uint64_t length, std::string_view header, std::size_t data_bytes) {
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  for (std::size_t i = 0; i < data_bytes; ++i) bytes[8 + header.size() + i] = static_cast<std::byte>(i);
  return bytes;
}

std::vector<std::byte> file_of(std::string_view header, std::size_t data_bytes) {
  return file_of(header.size(), header, data_bytes);
}

Status fault_of(std::string_view header, std::size_t data_bytes) {
  return parse_safetensors(file_of(header, data_bytes)).status();
}

/// The values 1, 2, … as float32 bytes.
std::vector<float> counting(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i + 1);
  return values;
}

TEST(ParseSafetensors, wellFormed_givesViewsOfTheBytesAndMetadata) {
  const auto bytes = file_of(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2,1],"data_offsets":[8,12]},)"
      R"("a":{"shape":[2],"data_offsets":[0,8],"dtype":"F32"},"none":{"dtype":"I64","shape":[0,7],"data_offsets":[12,12]},)"
      R"("scalar":{"dtype":"U8","shape":[],"data_offsets":[12,13]}}   )",
      13);
  const auto index = parse_safetensors(bytes);
  ASSERT_TRUE(index.ok()) << index.status().message();
  ASSERT_EQ(index->tensors.size(), 4u);
  EXPECT_EQ(index->metadata.at("format"), "pt");
  const TensorView& b = index->tensors.at("b");
  EXPECT_EQ(b.dtype, DType::kF16);
  EXPECT_EQ(b.shape, (Shape{2, 1}));
  EXPECT_EQ(b.bytes.data(), bytes.data() + bytes.size() - 5);
  EXPECT_EQ(b.bytes.size(), 4u);
  EXPECT_EQ(index->tensors.at("scalar").shape.rank(), 0u);
  EXPECT_TRUE(index->tensors.at("none").bytes.empty());
}

TEST(ParseSafetensors, noTensors_isAccepted) { EXPECT_TRUE(parse_safetensors(file_of("{}", 0)).ok()); }

TEST(ParseSafetensors, headerLengthThatCannotBe_isMalformed) {
  const std::string_view header = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  for (const std::uint64_t length :
       {std::uint64_t{1} << 63, ~std::uint64_t{0}, std::uint64_t{200000000}, std::uint64_t{100000001},
        std::uint64_t{header.size() + 5}, std::uint64_t{0}, std::uint64_t{header.size() - 1}}) {
    EXPECT_EQ(parse_safetensors(file_of(length, header, 4)).status().code(), StatusCode::kMalformed) << length;
  }
  EXPECT_TRUE(parse_safetensors(file_of(header.size(), header, 4)).ok());
}

TEST(ParseSafetensors, everyPrefixOfAFile_isMalformed) {
  const auto bytes = file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4);
  ASSERT_TRUE(parse_safetensors(bytes).ok());
  std::size_t tried = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size, ++tried) {
    EXPECT_EQ(parse_safetensors(std::span(bytes).first(size)).status().code(), StatusCode::kMalformed) << size;
  }
  EXPECT_EQ(tried, 65u);
}

struct BadHeader {
  std::string_view header;
  std::string_view message;
};

constexpr BadHeader kBadHeaders[] = {
    {"[]", "no JSON object"},
    {"3", "no JSON object"},
    {"", "no JSON object"},
    {" {}", "no JSON object"},
    {"{", "no valid JSON"},
    {"{}x", "no valid JSON"},
    {"{} {}", "no valid JSON"},
    {R"({"a":3})", "header entry \"a\": expected an object, found a number"},
    {R"({"a":[]})", "header entry \"a\": expected an object, found an array"},
    {R"({"a":null})", "header entry \"a\": expected an object, found null"},
    {R"({"a":{}})", "tensor \"a\": dtype, shape or data_offsets is missing"},
    {R"({"a":{"dtype":"U8","shape":[4]}})", "dtype, shape or data_offsets is missing"},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":1}})", "tensor \"a\": unknown field \"x\""},
    {R"({"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "\"dtype\" twice"},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"shape":[4]}})", "\"shape\" twice"},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}})",
     "\"a\" twice"},
    {R"({"a":{"dtype":["U8"],"shape":[4],"data_offsets":[0,4]}})",
     "expected a type's name under dtype, found an array"},
    {R"({"a":{"dtype":1,"shape":[4],"data_offsets":[0,4]}})", "expected a type's name under dtype, found a number"},
    {R"({"a":{"dtype":"U8","shape":4,"data_offsets":[0,4]}})", "expected an array under shape, found a number"},
    {R"({"a":{"dtype":"U8","shape":"4","data_offsets":[0,4]}})", "expected an array under shape, found a string"},
    {R"({"a":{"dtype":"U8","shape":{},"data_offsets":[0,4]}})", "expected an array under shape, found an object"},
    {R"({"a":{"dtype":"U8","shape":[[4]],"data_offsets":[0,4]}})", "sizes from 0 on, found an array"},
    {R"({"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}})", "sizes from 0 on, found a negative number"},
    {R"({"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}})", "sizes from 0 on, found the number 4.0"},
    {R"({"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,4]}})",
     "found the number 1844674407370955"},
    {R"({"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,4]}})", "found a number past 2^63"},
    {R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,4],"data_offsets":[0,4]}})",
     "at most 16 sizes from 0 on, found more numbers"},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0]}})", "expected two data_offsets from 0 on, found one"},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[]}})", "expected two data_offsets from 0 on, found none"},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,4]}})", "expected two data_offsets from 0 on, found more"},
    {R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}})", "tensor \"a\": begins at 4 and ends before, at 0"},
    {R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]}})",
     "tensor \"a\": ends at byte 5 of the data, the file has 4"},
    {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}})", "the file has 4"},
    {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "expected 8 bytes for [2] of F32, found 4"},
    {R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", "expected more than 2^63 bytes"},
    {R"({"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,4]}})", "expected more than 2^63 bytes"},
    {R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
     "tensor \"b\": begins at byte 2 of the data, overlapping: the tensor before it ends at 3"},
    {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
     "tensor \"b\": begins at byte 2 of the data, leaving a hole: the tensor before it ends at 1"},
    {R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}})", "leaving a hole"},
    {R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
     "the tensors end at byte 3 of the data, the file has 4"},
    {R"({"__metadata__":{"k":1}})", "metadata \"k\": expected a string, found a number"},
    {R"({"__metadata__":{"k":null}})", "metadata \"k\": expected a string, found null"},
    {R"({"__metadata__":{"k":"a","k":"a"}})", "\"k\" twice"},
    {R"({"__metadata__":{"k":{}}})", "metadata \"k\": expected a string, found an object"},
    {R"({"__metadata__":{},"__metadata__":{}})", "\"__metadata__\" twice"},
    {R"({"__metadata__":"k"})", "expected an object, found a string"},
};

TEST(ParseSafetensors, headerAgainstTheFormat_isMalformedAndSaysWhy) {
  for (const BadHeader& bad : kBadHeaders) {
    const Status status = fault_of(bad.header, 4);
    EXPECT_EQ(status.code(), StatusCode::kMalformed) << bad.header;
    EXPECT_THAT(status.message(), HasSubstr(bad.message)) << bad.header;
  }
}

TEST(ParseSafetensors, nulByteBehindTheObject_isMalformed) {
  const std::string header = std::string("{}") + '\0' + "garbage";
  EXPECT_THAT(fault_of(header, 0).message(), HasSubstr("NUL"));
}

TEST(ParseSafetensors, elementTypeThatIsNotRead_isUnsupportedAndNamed) {
  const Status status = fault_of(R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", 4);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("tensor \"a\": element type \"F8_E4M3\""));
}

TEST(ParseSafetensors, headerOverTheLimit_isTooLarge) {
  const std::string header = "{}" + std::string((8 << 20) - 2, ' ');
  EXPECT_TRUE(parse_safetensors(file_of(header, 0)).ok());
  EXPECT_EQ(fault_of(header + " ", 0).code(), StatusCode::kTooLarge);
}

TEST(ParseSafetensors, controlCharactersInAName_doNotReachTheMessage) {
  const Status status = fault_of("{\"\\u001b[2J\":3}", 0);
  EXPECT_THAT(status.message(), HasSubstr("header entry \"?[2J\""));
}

TEST(ParseSafetensors, deepHeader_isMalformed) {
  EXPECT_EQ(fault_of("{\"a\":" + std::string(1000000, '['), 0).code(), StatusCode::kMalformed);
  EXPECT_EQ(fault_of(R"({"a":{"dtype":"U8","shape":)" + std::string(1000000, '['), 0).code(), StatusCode::kMalformed);
}

class SafetensorsFileTest : public ::testing::Test {
 protected:
  std::size_t entries() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++count;
    return count;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(SafetensorsFileTest, written_readsBackTheSameInTheOrderGiven) {
  const auto path = folder_ / "a.safetensors";
  const std::vector<float> values = counting(6);
  const std::array<std::uint8_t, 3> small = {7, 8, 9};
  const std::vector<NamedTensor> tensors = {{"z", {DType::kF32, {2, 3}, std::as_bytes(std::span(values))}},
                                            {"empty", {DType::kF32, {0}, {}}},
                                            {"a \"quoted\" ü", {DType::kU8, {3}, std::as_bytes(std::span(small))}}};
  ASSERT_TRUE(write_safetensors(path, tensors, {{"key", "a\nvalue"}}).ok());
  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->index().metadata.at("key"), "a\nvalue");
  ASSERT_EQ(file->index().tensors.size(), tensors.size());
  std::size_t compared = 0;
  for (const NamedTensor& tensor : tensors) {
    const TensorView* view = file->find(tensor.name);
    ASSERT_NE(view, nullptr) << tensor.name;
    EXPECT_EQ(view->dtype, tensor.view.dtype);
    EXPECT_EQ(view->shape, tensor.view.shape);
    ASSERT_EQ(view->bytes.size(), tensor.view.bytes.size());
    for (std::size_t i = 0; i < view->bytes.size(); ++i, ++compared) EXPECT_EQ(view->bytes[i], tensor.view.bytes[i]);
  }
  EXPECT_EQ(compared, 27u);
  EXPECT_LT(file->find("z")->bytes.data(), file->find("a \"quoted\" ü")->bytes.data());
  // Mappings begin at a page, so the address says where in the file the data starts.
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file->find("z")->bytes.data()) % 64, 0u);
  EXPECT_EQ(file->find("missing"), nullptr);
}

TEST_F(SafetensorsFileTest, open_errorsCarryThePath) {
  const auto path = folder_ / "broken.safetensors";
  ASSERT_TRUE(write_file(path, std::string_view("not a model")).ok());
  EXPECT_THAT(SafetensorsFile::open(path).status().message(), HasSubstr("broken.safetensors: "));
  EXPECT_EQ(SafetensorsFile::open(folder_ / "none").status().code(), StatusCode::kNotFound);
}

TEST_F(SafetensorsFileTest, write_ofWhatTheFormatCannotHold_isRefusedAndLeavesNoFile) {
  const std::array<std::uint8_t, 1> value = {1};
  const TensorView view = {DType::kU8, {1}, std::as_bytes(std::span(value))};
  const auto path = folder_ / "a.safetensors";
  const auto code = [&](std::vector<NamedTensor> tensors, std::map<std::string, std::string, std::less<>> metadata) {
    return write_safetensors(path, tensors, metadata).code();
  };
  EXPECT_EQ(code({{"a", view}, {"a", view}}, {}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"__metadata__", view}}, {}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"\xFF", view}}, {}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"a", view}}, {{"k", "\xFF"}}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"a", {DType::kF32, {std::int64_t{1} << 62}, {}}}}, {}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{"a", {DType::kU8, {2}, view.bytes}}}, {}), StatusCode::kInvalidArgument);
  EXPECT_EQ(entries(), 0u);
}

TEST_F(SafetensorsFileTest, writer_takesEachTensorWholeAndAllOfThem) {
  const std::array<SafetensorsEntry, 2> entries = {{{"a", DType::kU8, {3}}, {"b", DType::kU8, {2}}}};
  const std::array<std::byte, 3> bytes = {};
  const std::span<const std::byte> all(bytes);
  auto writer = SafetensorsWriter::create(folder_ / "a.safetensors", entries, {});
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer->write_next(all.first(2)).code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(writer->write_next(all).ok());
  EXPECT_EQ(writer->commit().code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(writer->write_next(all.first(2)).ok());
  EXPECT_EQ(writer->write_next({}).code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.safetensors"));
  EXPECT_TRUE(writer->commit().ok());
  EXPECT_TRUE(SafetensorsFile::open(folder_ / "a.safetensors").ok());
}

}  // namespace
}  // namespace edgemoe

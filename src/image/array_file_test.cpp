#include "image/array_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace edgemoe {
namespace {

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<Tensor> parse(const std::string& text) { return parse_npy(std::as_bytes(std::span(text))); }

std::string npy(const std::string& header, const std::string& data, char major = 1) {
  std::string text = std::string("\x93NUMPY") + major + '\0';
  const std::size_t size = header.size();
  text += static_cast<char>(size & 255);
  text += static_cast<char>(size >> 8);
  if (major > 1) text += std::string(2, '\0');
  return text + header + data;
}

TEST(Npy, writtenAndReadBack_isTheSame) {
  const std::vector<float> values = {1, -0.0F, 3e38F, 1e-40F, 5, 6};
  const auto bytes = encode_npy(values, Shape{2, 3});
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(text_of(*bytes).substr(0, 6), "\x93NUMPY");
  EXPECT_EQ((bytes->size() - values.size() * 4) % 64, 0u) << "numpy aligns data to 64 bytes";
  const auto tensor = parse_npy(*bytes);
  ASSERT_TRUE(tensor.ok()) << tensor.status().message();
  EXPECT_EQ(tensor->shape, Shape({2, 3}));
  EXPECT_EQ(std::memcmp(tensor->data(), values.data(), values.size() * 4), 0);
}

TEST(Npy, shapeThatDoesNotFitTheValues_isRefused) {
  const std::vector<float> values(5);
  EXPECT_EQ(encode_npy(values, Shape{2, 3}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Npy, versionsAndRanks_areRead) {
  const std::string four(4, '\0');
  for (const char version : {'\1', '\2', '\3'}) {
    EXPECT_TRUE(parse(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", four, version)).ok());
  }
  EXPECT_EQ(parse(npy("{'shape': (), 'descr': '<f4', 'fortran_order': False}\n", four))->shape, Shape());
}

TEST(Npy, otherTypesOrDamage_isAnError) {
  const std::string four(4, '\0');
  for (const char* header :
       {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }\n",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n", "{'descr': '<f4'}\n", "", "hello"}) {
    EXPECT_FALSE(parse(npy(header, four)).ok()) << header;
  }
  EXPECT_FALSE(parse("").ok());
  EXPECT_FALSE(parse("\x93NUMPY").ok());
  const std::string whole = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", four);
  for (std::size_t length = 0; length < whole.size(); ++length) EXPECT_FALSE(parse(whole.substr(0, length)).ok());
  EXPECT_FALSE(parse(whole + "x").ok()) << "bytes that belong to nothing";
}

TEST(NpyView, everyElementType_isSeenWithoutCopying) {
  const std::pair<const char*, DType> types[] = {{"<f4", DType::kF32}, {"<f2", DType::kF16}, {"<f8", DType::kF64},
                                                 {"<i8", DType::kI64}, {"<i4", DType::kI32}, {"<i2", DType::kI16},
                                                 {"|i1", DType::kI8},  {"|u1", DType::kU8},  {"|b1", DType::kBool}};
  for (const auto& [descr, dtype] : types) {
    const std::string file = npy(std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (2, 1), }\n",
                                 std::string(2 * dtype_size(dtype), 'x'));
    const auto view = view_npy(std::as_bytes(std::span(file)));
    ASSERT_TRUE(view.ok()) << descr << ": " << view.status().message();
    EXPECT_EQ(view->dtype, dtype);
    EXPECT_EQ(view->shape, Shape({2, 1}));
    EXPECT_EQ(static_cast<const void*>(view->bytes.data() + view->bytes.size()), file.data() + file.size());
  }
}

TEST(NpyView, otherTypesOrDamage_isAnError) {
  for (const char* descr : {">f2", "|O", "<c8", "<U3", ""}) {
    const std::string file =
        npy(std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (1,), }\n", "xx");
    EXPECT_EQ(view_npy(std::as_bytes(std::span(file))).status().code(), StatusCode::kUnsupported) << descr;
  }
  const std::string whole = npy("{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }\n", "xx");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(view_npy(std::as_bytes(std::span(whole)).first(length)).ok());
  }
}

TEST(Pfm, isLittleEndianAndBottomUp) {
  const std::vector<float> values = {1, 2, 3, 4};
  const auto bytes = encode_pfm(values, 2, 2, 1);
  ASSERT_TRUE(bytes.ok());
  const std::string text = text_of(*bytes);
  ASSERT_EQ(text.substr(0, 12), "Pf\n2 2\n-1.0\n");
  float first = 0;
  std::memcpy(&first, text.data() + 12, sizeof(first));
  EXPECT_EQ(first, 3) << "the last row comes first";
  EXPECT_EQ(encode_pfm(values, 2, 2, 2).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(encode_pfm(values, 2, 3, 1).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace edgemoe

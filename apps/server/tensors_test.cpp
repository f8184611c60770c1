#include "server/tensors.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace edgemoe::server {
namespace {

using Json = nlohmann::json;

ModelInfo model() {
  ModelInfo info;
  info.tasks = {{.name = "semseg", .outputs = 3}, {.name = "depth", .outputs = 1}, {.name = "normals", .outputs = 3}};
  return info;
}

constexpr InferenceLimits kLimits = {.max_json_bytes = 4096, .max_pixels = 100};

Result<InferenceRequest> parse(const Json& json, const std::string& binary = "") {
  static std::string body;  // what comes out points into it
  const std::string head = json.dump();
  body = head + binary;
  return parse_inference(body, binary.empty() ? "" : std::to_string(head.size()), model(), kLimits);
}

Json image(const std::vector<int>& shape, const char* datatype = "UINT8") {
  return {{"name", "image"}, {"shape", shape}, {"datatype", datatype}};
}

Json binary_image(const std::vector<int>& shape, std::size_t bytes, const char* datatype = "UINT8") {
  Json input = image(shape, datatype);
  input["parameters"] = {{"binary_data_size", bytes}};
  return {{"inputs", {input}}};
}

std::string fault(const Result<InferenceRequest>& result) { return result.ok() ? "none" : result.status().message(); }

TEST(TensorsTest, image_inJson_flatOrNested) {
  Json flat = image({1, 2, 3});
  flat["data"] = {1, 2, 3, 4, 5, 255};
  Json nested = image({1, 2, 3});
  nested["data"] = {{{1, 2, 3}, {4, 5, 255}}};
  for (const Json& input : {flat, nested}) {
    const auto request = parse({{"id", "a"}, {"inputs", {input}}});
    ASSERT_TRUE(request.ok()) << fault(request);
    ASSERT_EQ(request->pictures.size(), 1u);
    EXPECT_EQ(request->pictures[0].width, 2u);
    EXPECT_EQ(request->pictures[0].height, 1u);
    const auto* samples = static_cast<const std::uint8_t*>(request->pictures[0].pixels);
    EXPECT_EQ(std::vector<int>(samples, samples + 6), (std::vector<int>{1, 2, 3, 4, 5, 255}));
    EXPECT_EQ(request->tasks, (std::vector<std::string>{"semseg", "depth", "normals"}));
    EXPECT_EQ(request->id, "a");
  }
}

TEST(TensorsTest, image_inBinary_alsoAsABatchAndIn16Bits) {
  const auto batch = parse(binary_image({2, 1, 2, 3}, 12), "abcdefghijkl");
  ASSERT_TRUE(batch.ok()) << fault(batch);
  EXPECT_TRUE(batch->batched);
  ASSERT_EQ(batch->pictures.size(), 2u);
  EXPECT_EQ(*static_cast<const char*>(batch->pictures[1].pixels), 'g');
  const auto wide = parse(binary_image({1, 1, 3}, 6, "UINT16"), std::string("\1\0\2\0\3\1", 6));
  ASSERT_TRUE(wide.ok()) << fault(wide);
  EXPECT_EQ(wide->pictures[0].format, PixelFormat::kRgb16);
  EXPECT_EQ(static_cast<const std::uint16_t*>(wide->pictures[0].pixels)[2], 259);
}

TEST(TensorsTest, sizesThatDisagree_areRefused) {
  EXPECT_FALSE(parse(binary_image({1, 2, 3}, 5), "abcde").ok());
  EXPECT_FALSE(parse(binary_image({1, 2, 3}, 7), "abcdef").ok());
  EXPECT_FALSE(parse(binary_image({1, 2, 3}, 6), "abcdefg").ok());
  EXPECT_FALSE(parse(binary_image({1, 2, 4}, 8), "abcdefgh").ok());
  EXPECT_FALSE(parse(binary_image({2, 3}, 6), "abcdef").ok());
  Json input = image({1, 2, 3});
  for (const Json& data : {Json{1, 2, 3, 4, 5}, Json{1, 2, 3, 4, 5, 6, 7}, Json{1, 2, 3, 4, 5, 256},
                           Json{1, 2, 3, 4, 5, -1}, Json{1, 2, 3, 4, 5, 0.5}, Json{1, 2, 3, 4, 5, "6"}, Json{}}) {
    input["data"] = data;
    EXPECT_FALSE(parse({{"inputs", {input}}}).ok()) << data;
  }
}

TEST(TensorsTest, hugeShapes_areRefusedBeforeMemoryIsTaken) {
  EXPECT_EQ(parse(binary_image({100'000'000, 100'000'000, 3}, 6), "abcdef").status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(parse(binary_image({100'000'000, 1, 1, 3}, 6), "abcdef").status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(parse(binary_image({11, 10, 3}, 330), std::string(330, 'x')).status().code(), StatusCode::kTooLarge);
  Json input = image({1, 1, 3});
  input["shape"] = {std::numeric_limits<std::uint64_t>::max(), 2, 3};
  input["parameters"] = {{"binary_data_size", 6}};
  EXPECT_FALSE(parse({{"inputs", {input}}}, "abcdef").ok());
  const std::string body(5000, ' ');
  EXPECT_EQ(parse_inference(body, "", model(), kLimits).status().code(), StatusCode::kTooLarge);
}

TEST(TensorsTest, brokenRequests_areRefusedWithWhatWasExpected) {
  for (const char* body :
       {"", "{", "[]", "null", "{\"inputs\":{}}", "{\"inputs\":[]}", "{\"inputs\":[1]}",
        "{\"inputs\":[{\"name\":\"image\"}]}", "{\"inputs\":[{\"shape\":[1,1,3],\"data\":[1,2,3]}]}"}) {
    EXPECT_FALSE(parse_inference(body, "", model(), kLimits).ok()) << body;
  }
  for (const char* bracket : {"[", "{\"a\":", "{\"inputs\":["}) {
    std::string deep;
    while (deep.size() < 4000) deep += bracket;
    EXPECT_FALSE(parse_inference(deep, "", model(), kLimits).ok()) << bracket;
  }
  std::string closed = "{\"inputs\":" + std::string(1000, '[') + std::string(1000, ']') + "}";
  EXPECT_FALSE(parse_inference(closed, "", model(), kLimits).ok());
  EXPECT_FALSE(parse_inference("{}", "3", model(), kLimits).ok());
  EXPECT_FALSE(parse_inference("{}", "-1", model(), kLimits).ok());
  EXPECT_FALSE(parse_inference("{}", "1x", model(), kLimits).ok());
  Json request = binary_image({1, 1, 3}, 3);
  request["outputs"] = {{{"name", "edge"}}};
  EXPECT_NE(fault(parse(request, "abc")).find("semseg, depth, normals"), std::string::npos);
  request["outputs"] = {{{"name", "depth"}}, {{"name", "depth"}}};
  EXPECT_FALSE(parse(request, "abc").ok());
  request["outputs"] = {{{"name", "depth"}, {"parameters", {{"classification", 3}}}}};
  EXPECT_EQ(parse(request, "abc").status().code(), StatusCode::kUnsupported);
}

TEST(TensorsTest, encodedImage_inBinaryAndBase64_isDecoded) {
  const std::uint8_t pixels[] = {10, 20, 30, 40, 50, 60};
  const auto file = encode_picture({.pixels = pixels, .width = 2, .height = 1}, FileFormat::kPng);
  ASSERT_TRUE(file.ok());
  const std::string bytes(reinterpret_cast<const char*>(file->data()), file->size());
  const Json input = {{"name", "encoded_image"},
                      {"shape", {1}},
                      {"datatype", "BYTES"},
                      {"parameters", {{"binary_data_size", bytes.size() + 4}}}};
  const std::string length = {static_cast<char>(bytes.size() & 0xFF), static_cast<char>(bytes.size() >> 8), 0, 0};
  const auto request = parse({{"inputs", {input}}}, length + bytes);
  ASSERT_TRUE(request.ok()) << fault(request);
  EXPECT_EQ(request->pictures[0].width, 2u);
  EXPECT_EQ(static_cast<const std::uint8_t*>(request->pictures[0].pixels)[5], 60);
  EXPECT_FALSE(parse({{"inputs", {input}}}, std::string(4, '\xff') + bytes).ok());
  EXPECT_FALSE(parse({{"inputs", {input}}}, std::string(4 + bytes.size(), '\0')).ok());
}

TEST(TensorsTest, base64_knownVectors) {
  for (const auto& [text, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"//79", "\xff\xfe\xfd"}}) {
    const auto decoded = decode_base64(text);
    ASSERT_TRUE(decoded.ok()) << text;
    EXPECT_EQ(*decoded, bytes);
  }
  for (const char* text : {"Z", "Zg=", "Z===", "Zg=a", "Zm9v\n", "Zm 9"})
    EXPECT_FALSE(decode_base64(text).ok()) << text;
}

TEST(TensorsTest, answer_binaryAndJson_holdTheSameValues) {
  InferenceRequest request;
  request.id = "7";
  request.tasks = {"semseg", "depth"};
  request.binary = {true, false};
  RunReport report;
  report.maps = {{.task = "semseg", .width = 2, .height = 1, .channels = 1, .num_classes = 3, .labels = {2, 1}},
                 {.task = "depth", .width = 2, .height = 1, .channels = 1, .values = {1.5F, INFINITY}}};
  const InferenceAnswer answer = write_inference(request, "street", {report});
  const Json json = Json::parse(answer.body.substr(0, answer.header_bytes));
  EXPECT_EQ(answer.body.substr(answer.header_bytes), "\2\1");
  EXPECT_EQ(json["model_name"], "street");
  EXPECT_EQ(json["id"], "7");
  EXPECT_EQ(json["outputs"][0]["parameters"]["binary_data_size"], 2);
  EXPECT_EQ(json["outputs"][0]["shape"], (Json{1, 2}));
  EXPECT_EQ(json["outputs"][1]["data"], (Json{1.5, nullptr}));
}

}  // namespace
}  // namespace edgemoe::server

#include "server/tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>

namespace edgemoe::server {
namespace {

using Json = nlohmann::json;
constexpr std::size_t kMaxOutputs = 16;
constexpr std::size_t kMaxBatch = 256;
constexpr int kMaxDepth = 12;  // of the JSON: what a request needs is 7

template <typename... Args>
Status fault(StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Status(code, fmt::format(format, std::forward<Args>(args)...));
}

/// `text` for a message: printable and short.
std::string in_quotes(std::string_view text) {
  std::string clean(text.substr(0, 100));
  for (char& letter : clean) letter = letter >= 0x20 && letter < 0x7F ? letter : '?';
  return "\"" + clean + "\"";
}

/// A member of an object, or null.
const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

bool flag(const Json& object, const char* parameter) {
  const Json* parameters = member(object, "parameters");
  if (parameters == nullptr || !parameters->is_object()) return false;
  const Json* value = member(*parameters, parameter);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::string text_of(const Json& object, const char* name) {
  const Json* value = member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

/// One input as the JSON describes it; `binary` holds its bytes where they follow the JSON.
struct Input {
  std::string name;
  std::string datatype;
  std::vector<std::size_t> shape;
  const Json* data = nullptr;
  std::string_view binary;
};

Result<Input> parse_input(const Json& json, std::string_view& rest) {
  Input input;
  if (!json.is_object()) return fault(StatusCode::kInvalidArgument, "an input: expected an object");
  input.name = text_of(json, "name");
  input.datatype = text_of(json, "datatype");
  const Json* shape = member(json, "shape");
  if (shape == nullptr || !shape->is_array() || shape->empty() || shape->size() > 4) {
    return fault(StatusCode::kInvalidArgument, "input {}: expected a \"shape\" of 1 to 4 numbers",
                 in_quotes(input.name));
  }
  for (const Json& extent : *shape) {
    if (!extent.is_number_unsigned() || extent.get<std::uint64_t>() == 0 || extent.get<std::uint64_t>() > 100'000'000) {
      return fault(StatusCode::kInvalidArgument, "input {}: expected extents of 1 to 100000000 in \"shape\"",
                   in_quotes(input.name));
    }
    input.shape.push_back(extent.get<std::size_t>());
  }
  const Json* parameters = member(json, "parameters");
  if (parameters != nullptr && parameters->is_object()) {
    if (member(*parameters, "shared_memory_region") != nullptr) {
      return fault(StatusCode::kUnsupported, "input {}: no shared memory here; send the tensor itself",
                   in_quotes(input.name));
    }
    if (const Json* size = member(*parameters, "binary_data_size")) {
      if (!size->is_number_unsigned() || size->get<std::uint64_t>() > rest.size()) {
        return fault(StatusCode::kInvalidArgument,
                     "input {}: \"binary_data_size\" is {}, but {} bytes are left after the JSON",
                     in_quotes(input.name), size->dump().substr(0, 40), rest.size());
      }
      input.binary = rest.substr(0, size->get<std::size_t>());
      rest.remove_prefix(input.binary.size());
      return input;
    }
  }
  input.data = member(json, "data");
  if (input.data == nullptr || !input.data->is_array()) {
    return fault(StatusCode::kInvalidArgument,
                 "input {}: expected an array \"data\", or \"binary_data_size\" among its parameters",
                 in_quotes(input.name));
  }
  return input;
}

/// Appends the numbers of an array, of arrays in it, and so on.
Status flatten(const Json& data, unsigned largest, std::size_t expected, int depth, std::vector<std::uint8_t>& out,
               std::size_t sample_bytes) {
  for (const Json& item : data) {
    if (item.is_array() && depth < 4) {
      if (Status status = flatten(item, largest, expected, depth + 1, out, sample_bytes); !status.ok()) return status;
      continue;
    }
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > largest || out.size() / sample_bytes >= expected) {
      return fault(StatusCode::kInvalidArgument, "\"data\": expected {} integers of 0 to {}, found {} after {} of them",
                   expected, largest, item.dump().substr(0, 40), out.size() / sample_bytes);
    }
    const auto value = static_cast<std::uint16_t>(item.get<unsigned>());
    std::uint8_t bytes[2];
    if (sample_bytes == 1) {
      bytes[0] = static_cast<std::uint8_t>(value);
    } else {
      std::memcpy(bytes, &value, 2);
    }
    out.insert(out.end(), bytes, bytes + sample_bytes);
  }
  return {};
}

Status hold(const InferenceLimits& limits, std::size_t bytes) {
  if (limits.memory == nullptr || limits.memory->take(bytes)) return {};
  return fault(StatusCode::kTooLarge, "no room for {} bytes now; try again later", bytes);
}

Status take_image(const Input& input, const InferenceLimits& limits, InferenceRequest& request) {
  const bool wide = input.datatype == "UINT16";
  if (!wide && input.datatype != "UINT8") {
    return fault(StatusCode::kInvalidArgument, "input \"image\": expected datatype UINT8 or UINT16, found {}",
                 in_quotes(input.datatype));
  }
  request.batched = input.shape.size() == 4;
  if (input.shape.size() < 3 || input.shape.back() != 3) {
    return fault(StatusCode::kInvalidArgument,
                 "input \"image\": expected shape [height, width, 3] or [n, height, width, 3], RGB; found {}",
                 Json(input.shape).dump());
  }
  const std::size_t count = request.batched ? input.shape[0] : 1;
  const std::size_t height = input.shape[input.shape.size() - 3];
  const std::size_t width = input.shape[input.shape.size() - 2];
  // Each extent is at most 1e8: two of them do not overflow.
  if (count > kMaxBatch || height * width > limits.max_pixels || count * (height * width) > limits.max_pixels) {
    return fault(StatusCode::kTooLarge, "input \"image\": {} of {}x{} pixels; at most {} and {} pixels in all", count,
                 width, height, kMaxBatch, limits.max_pixels);
  }
  const std::size_t sample_bytes = wide ? 2 : 1;
  const std::size_t samples = count * height * width * 3;
  const std::uint8_t* first = nullptr;
  if (input.data != nullptr) {
    if (Status status = hold(limits, samples * sample_bytes); !status.ok()) return status;
    request.samples.reserve(samples * sample_bytes);
    if (Status status = flatten(*input.data, wide ? 65535 : 255, samples, 0, request.samples, sample_bytes);
        !status.ok()) {
      return status.with_context("input \"image\"");
    }
    if (request.samples.size() != samples * sample_bytes) {
      return fault(StatusCode::kInvalidArgument, "input \"image\": its shape has {} values, \"data\" has {}", samples,
                   request.samples.size() / sample_bytes);
    }
  } else if (input.binary.size() != samples * sample_bytes) {
    return fault(StatusCode::kInvalidArgument, "input \"image\": its shape and datatype take {} bytes, found {}",
                 samples * sample_bytes, input.binary.size());
  } else if (wide) {
    if (Status status = hold(limits, input.binary.size()); !status.ok()) return status;
    request.samples.assign(input.binary.begin(), input.binary.end());  // 16-bit samples must be aligned
  } else {
    first = reinterpret_cast<const std::uint8_t*>(input.binary.data());
  }
  if (first == nullptr) first = request.samples.data();
  for (std::size_t i = 0; i < count; ++i) {
    request.pictures.push_back({.pixels = first + i * (height * width * 3 * sample_bytes),
                                .width = width,
                                .height = height,
                                .format = wide ? PixelFormat::kRgb16 : PixelFormat::kRgb8});
  }
  return {};
}

Status take_file(const Input& input, const InferenceLimits& limits, InferenceRequest& request) {
  if (input.datatype != "BYTES" || std::any_of(input.shape.begin(), input.shape.end(), [](auto n) { return n != 1; })) {
    return fault(StatusCode::kInvalidArgument, "input \"encoded_image\": expected datatype BYTES and shape [1]");
  }
  request.batched = input.shape.size() == 2;  // [1, 1]: a batch of one
  std::string decoded;
  std::string_view file;
  if (input.data != nullptr) {
    const Json* item = input.data->size() == 1 ? &input.data->front() : nullptr;
    if (item != nullptr && item->is_array() && item->size() == 1) item = &item->front();
    if (item == nullptr || !item->is_string()) {
      return fault(StatusCode::kInvalidArgument, "input \"encoded_image\": expected one string in \"data\"");
    }
    const std::string& text = item->get_ref<const std::string&>();
    if (Status status = hold(limits, text.size() / 4 * 3); !status.ok()) return status;
    Result<std::string> bytes = decode_base64(text);
    if (!bytes.ok()) return bytes.status().with_context("input \"encoded_image\"");
    decoded = std::move(bytes).value();
    file = decoded;
  } else {
    // An element of BYTES is its length, 4 bytes little-endian, and its bytes.
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4 && i < input.binary.size(); ++i) {
      length |= static_cast<std::uint32_t>(static_cast<unsigned char>(input.binary[i])) << (8 * i);
    }
    if (input.binary.size() < 4 || length != input.binary.size() - 4) {
      return fault(StatusCode::kInvalidArgument,
                   "input \"encoded_image\": expected a length of 4 bytes and as many bytes, found {} bytes in all",
                   input.binary.size());
    }
    file = input.binary.substr(4);
  }
  Result<Picture> picture = decode_within(std::as_bytes(std::span(file)), limits.max_pixels, limits.memory);
  if (!picture.ok()) return picture.status().with_context("input \"encoded_image\"");
  request.decoded.push_back(std::move(picture).value());
  request.pictures.push_back(request.decoded.back().view());
  return {};
}

Status take_outputs(const Json& json, const ModelInfo& model, InferenceRequest& request) {
  request.binary_by_default = flag(json, "binary_data_output");
  const Json* outputs = member(json, "outputs");
  if (outputs == nullptr || (outputs->is_array() && outputs->empty())) {
    for (const TaskInfo& task : model.tasks) request.tasks.push_back(task.name);
    request.binary.assign(request.tasks.size(), request.binary_by_default);
    return {};
  }
  if (!outputs->is_array() || outputs->size() > kMaxOutputs) {
    return fault(StatusCode::kInvalidArgument, "\"outputs\": expected an array of at most {}", kMaxOutputs);
  }
  for (const Json& output : *outputs) {
    if (!output.is_object()) return fault(StatusCode::kInvalidArgument, "an output: expected an object");
    const std::string name = text_of(output, "name");
    const bool known =
        std::any_of(model.tasks.begin(), model.tasks.end(), [&](const TaskInfo& task) { return task.name == name; });
    if (!known || std::find(request.tasks.begin(), request.tasks.end(), name) != request.tasks.end()) {
      std::string names;
      for (const TaskInfo& task : model.tasks) names += (names.empty() ? "" : ", ") + task.name;
      return fault(StatusCode::kInvalidArgument, "output {}: expected each at most once of {}", in_quotes(name), names);
    }
    const Json* parameters = member(output, "parameters");
    if (parameters != nullptr && parameters->is_object()) {
      for (const char* other : {"classification", "shared_memory_region"}) {
        if (member(*parameters, other) != nullptr) {
          return fault(StatusCode::kUnsupported, "output {}: the parameter \"{}\" is not served here", in_quotes(name),
                       other);
        }
      }
    }
    request.tasks.push_back(name);
    request.binary.push_back(flag(output, "binary_data") || (request.binary_by_default && parameters == nullptr));
  }
  return {};
}

/// The samples of one picture's map as they go out.
std::string_view bytes_of(const Map& map) {
  if (!map.labels.empty()) return {reinterpret_cast<const char*>(map.labels.data()), map.labels.size()};
  return {reinterpret_cast<const char*>(map.values.data()), map.values.size() * sizeof(float)};
}

void append_numbers(const Map& map, std::string& out) {
  auto to = std::back_inserter(out);
  for (const std::uint8_t label : map.labels) fmt::format_to(to, "{},", label);
  for (const float value : map.values) {
    if (std::isfinite(value)) {
      fmt::format_to(to, "{},", value);
    } else {
      out += "null,";
    }
  }
}

}  // namespace

TensorType output_type(std::string_view task) {
  if (task == "semseg" || task == "human_parts") return {"UINT8", {-1, -1}};
  if (task == "normals") return {"FP32", {-1, -1, 3}};
  return {"FP32", {-1, -1}};
}

Result<std::string> decode_base64(std::string_view text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static constexpr auto kValues = [] {
    std::array<std::int8_t, 256> values = {};
    values.fill(-1);
    for (std::size_t i = 0; i < kDigits.size(); ++i) {
      values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
    }
    return values;
  }();
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  if (text.size() % 4 != 0) {
    return fault(StatusCode::kMalformed, "base64 of {} characters; expected a multiple of 4", text.size());
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pad = i >= text.size() - padding;
    const int value = pad ? 0 : kValues[static_cast<unsigned char>(text[i])];
    if (value < 0) return fault(StatusCode::kMalformed, "character {} of the base64 is none of its digits", i);
    word = word << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift & 0xFF);
    word = 0;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

Result<InferenceRequest> parse_inference(std::string_view body, std::string_view header_bytes, const ModelInfo& model,
                                         const InferenceLimits& limits) {
  std::size_t length = body.size();
  if (!header_bytes.empty()) {
    const char* end = header_bytes.data() + header_bytes.size();
    const auto [stop, error] = std::from_chars(header_bytes.data(), end, length);
    if (error != std::errc() || stop != end || length > body.size()) {
      return fault(StatusCode::kInvalidArgument,
                   "Inference-Header-Content-Length: expected at most the body's {} bytes, found {}", body.size(),
                   in_quotes(header_bytes));
    }
  }
  if (length > limits.max_json_bytes) {
    return fault(StatusCode::kTooLarge, "{} bytes of JSON; at most {}: send the tensor in binary", length,
                 limits.max_json_bytes);
  }
  // What lies deeper is not kept: a body of brackets alone would take many times its bytes.
  const auto shallow = [](int depth, Json::parse_event_t /*event*/, const Json& /*parsed*/) {
    return depth <= kMaxDepth;
  };
  const Json json = Json::parse(body.substr(0, length), shallow, false);
  if (!json.is_object()) return fault(StatusCode::kMalformed, "the request is no JSON object");
  std::string_view rest = body.substr(length);
  InferenceRequest request;
  request.id = text_of(json, "id");
  if (request.id.size() > 200) return fault(StatusCode::kInvalidArgument, "\"id\": at most 200 characters");
  const Json* inputs = member(json, "inputs");
  if (inputs == nullptr || !inputs->is_array() || inputs->size() != 1) {
    return fault(StatusCode::kInvalidArgument, "\"inputs\": expected one, either \"image\" or \"encoded_image\"");
  }
  Result<Input> input = parse_input(inputs->front(), rest);
  if (!input.ok()) return input.status();
  if (!rest.empty()) {
    return fault(StatusCode::kInvalidArgument, "{} bytes follow that belong to no input", rest.size());
  }
  Status status = take_outputs(json, model, request);
  if (!status.ok()) return status;
  if (input->name == "image") {
    status = take_image(*input, limits, request);
  } else if (input->name == "encoded_image") {
    status = take_file(*input, limits, request);
  } else {
    status = fault(StatusCode::kInvalidArgument, "input {}: expected \"image\" or \"encoded_image\"",
                   in_quotes(input->name));
  }
  if (!status.ok()) return status;
  return request;
}

InferenceAnswer write_inference(const InferenceRequest& request, std::string_view model,
                                const std::vector<RunReport>& reports) {
  Json head = {{"model_name", model}, {"model_version", "1"}};
  if (!request.id.empty()) head["id"] = request.id;
  std::string json = head.dump(-1, ' ', true, Json::error_handler_t::replace);
  json.back() = ',';
  json += "\"outputs\":[";
  std::string binary;
  for (std::size_t task = 0; task < request.tasks.size(); ++task) {
    const Map& first = reports.front().maps[task];
    Json output = {{"name", first.task}, {"datatype", output_type(first.task).datatype}, {"shape", Json::array()}};
    if (request.batched) output["shape"].push_back(reports.size());
    output["shape"].push_back(first.height);
    output["shape"].push_back(first.width);
    if (first.channels == 3) output["shape"].push_back(3);
    if (request.binary[task]) {
      output["parameters"] = {{"binary_data_size", bytes_of(first).size() * reports.size()}};
      json += output.dump();
      for (const RunReport& report : reports) binary += bytes_of(report.maps[task]);
    } else {
      std::string text = output.dump();
      text.back() = ',';
      json += text + "\"data\":[";
      for (const RunReport& report : reports) append_numbers(report.maps[task], json);
      json.back() = ']';
      json += '}';
    }
    json += ',';
  }
  json.back() = ']';
  json += '}';
  InferenceAnswer answer;
  const bool any_binary = std::find(request.binary.begin(), request.binary.end(), true) != request.binary.end();
  answer.header_bytes = any_binary ? json.size() : 0;
  answer.body = std::move(json);
  answer.body += binary;
  return answer;
}

}  // namespace edgemoe::server

// The Open Inference Protocol's request and answer (https://github.com/kserve/open-inference-protocol), JSON and the
// binary tensor extension, for pictures and maps.
//
// A request has one input, either
//   "image"          UINT8 or UINT16 [height, width, 3] or [n, height, width, 3], RGB; or
//   "encoded_image"  BYTES [1]: a JPEG or PNG file (in JSON: in base64).
// Outputs go by the tasks' names: UINT8 [height, width] for classes, else FP32, normals [height, width, 3]; with a
// leading n where the input has one. Without "outputs" all tasks are answered.
#ifndef EDGEMOE_SERVER_TENSORS_H_
#define EDGEMOE_SERVER_TENSORS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edgemoe/edgemoe.h"
#include "server/memory_budget.h"

namespace edgemoe::server {

struct InferenceRequest {
  std::string id;
  bool batched = false;               // shapes have a leading n
  std::vector<PictureView> pictures;  // into `samples` or `body`
  std::vector<Picture> decoded;       // what pictures points to, where files came
  std::vector<std::uint8_t> samples;  // … where numbers came in JSON
  std::vector<std::string> tasks;     // of the outputs, in their order; empty: all
  std::vector<bool> binary;           // for each of them
  bool binary_by_default = false;     // for all, where no output is named
};

struct InferenceLimits {
  std::size_t max_json_bytes = 16 * 1024 * 1024;
  std::size_t max_pixels = 0;    // of all pictures of the request
  MemoryHold* memory = nullptr;  // what is taken beside the body is held of it; null: not bounded
};

/// `body` must outlive what comes out. `header_bytes` is the value of Inference-Header-Content-Length, empty where
/// there is none. Sizes are checked before memory is taken for them. kInvalidArgument and kMalformed with what was
/// expected and found, kTooLarge (with `memory` refused: there is no room now), kUnsupported.
Result<InferenceRequest> parse_inference(std::string_view body, std::string_view header_bytes, const ModelInfo& model,
                                         const InferenceLimits& limits);

struct InferenceAnswer {
  std::string body;
  std::size_t header_bytes = 0;  // of the JSON; 0 where all is JSON
};

/// One report a picture, all of the same sizes. Numbers that are not finite are null in JSON.
InferenceAnswer write_inference(const InferenceRequest& request, std::string_view model,
                                const std::vector<RunReport>& reports);

/// The datatype and the shape of a task's output, −1 for what the picture decides: "FP32", {-1, -1, 3}.
struct TensorType {
  const char* datatype = "FP32";
  std::vector<std::int64_t> shape;
};
TensorType output_type(std::string_view task);

/// Strict base64 without line breaks. kMalformed.
Result<std::string> decode_base64(std::string_view text);

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_TENSORS_H_

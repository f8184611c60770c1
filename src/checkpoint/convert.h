// Other people's checkpoints to a model file: the one entry to this folder.
#ifndef EDGEMOE_CHECKPOINT_CONVERT_H_
#define EDGEMOE_CHECKPOINT_CONVERT_H_

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/sink.h"
#include "base/status.h"
#include "checkpoint/fit.h"
#include "checkpoint/report.h"
#include "model/config.h"

namespace edgemoe {

/// How much a conversion puts up with.
enum class Strictness {
  kLenient,  ///< unknown tensors are listed, a position embedding of another grid is resampled
  kStrict,   ///< both are errors
};

/// Whether the model gets decoders.
enum class HeadChoice {
  kAsConfigured,
  kNone,  ///< a backbone alone, whatever the configuration and the checkpoint have
};

struct ConvertOptions {
  /// Files of torch.save or safetensors, directories of rank files, folders of float32 files. Several must not hold the
  /// same tensor.
  std::vector<std::filesystem::path> inputs;
  /// The network. pos_embed_height × pos_embed_width is the grid that the checkpoint's position embedding was trained
  /// on.
  ModelConfig config;
  std::filesystem::path output;
  DTypePolicy dtype = DTypePolicy::kFloat32;
  Strictness strictness = Strictness::kLenient;
  NonFinitePolicy non_finite = NonFinitePolicy::kRefuse;
  HeadChoice heads = HeadChoice::kAsConfigured;
  /// When not empty: the weights' checksum that a report of an earlier conversion states; another one is an error.
  std::string expected_checksum;
  /// Goes into the model file beside the configuration.
  std::map<std::string, std::string, std::less<>> metadata;
  ProgressSink progress;
};

/// Converts. Everything is checked before the output is begun, and nothing is left of it after an error. The same
/// weights give the same bytes however they were wrapped. Errors: kNotFound (a file, a rank), kMalformed (a damaged
/// file, NaN), kUnsupported (a type, a pickle that names other than inert classes), kMismatch (tensors missing or of
/// another shape, grids, checksum), kTooLarge, kIo. Messages name file and tensor.
Result<ConvertReport> convert_checkpoint(const ConvertOptions& options);

/// What convert_checkpoint would find: opens, matches and checks shapes and grids; reads no weights, writes nothing.
/// Missing tensors are listed in the report instead of being an error; all else is an error as there.
Result<ConvertReport> inspect_checkpoint(const ConvertOptions& options);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_CONVERT_H_

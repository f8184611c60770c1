// A model file: safetensors with the configuration under the metadata key "edgemoe.config" and the format's version
// under "edgemoe.format".
#ifndef EDGEMOE_MODEL_MODEL_FILE_H_
#define EDGEMOE_MODEL_MODEL_FILE_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/config.h"
#include "model/safetensors.h"
#include "model/tensor_table.h"

namespace edgemoe {

inline constexpr std::string_view kModelFormatVersion = "1";

/// An opened model: configuration and mapped weights. Every tensor of tensor_table(config) is there, with its shape and
/// a floating-point type that widens exactly (F32, F16, BF16).
class ModelFile {
 public:
  /// Opens and checks. kNotFound; kMalformed; kMismatch (missing tensors, or a tensor with both shapes); kUnsupported
  /// (another kind of file, another format version, an element type).
  static Result<ModelFile> open(const std::filesystem::path& path);

  const ModelConfig& config() const { return config_; }
  const SafetensorsFile& file() const { return file_; }
  /// Metadata other than the configuration, e.g. "edgemoe.trained".
  const std::map<std::string, std::string, std::less<>>& metadata() const { return file_.index().metadata; }
  /// Names in the file that the network does not use.
  const std::vector<std::string>& unused() const { return unused_; }
  /// The view of a tensor that tensor_table names. Programmer's fault if it is none.
  const TensorView& tensor(std::string_view name) const;
  /// The same, widened to float32.
  Tensor load_f32(std::string_view name) const;

 private:
  ModelFile(ModelConfig config, SafetensorsFile file, std::vector<std::string> unused)
      : config_(std::move(config)), file_(std::move(file)), unused_(std::move(unused)) {}
  ModelConfig config_;
  SafetensorsFile file_;
  std::vector<std::string> unused_;
};

/// The metadata of a model file: configuration, format and `extra`.
std::map<std::string, std::string, std::less<>> model_metadata(
    const ModelConfig& config, const std::map<std::string, std::string, std::less<>>& extra);

/// Writes a model atomically: `tensors`, given in any order, must be exactly those of tensor_table(config) and lie in
/// its order in the file; `extra_metadata` is added.
Status write_model_file(const std::filesystem::path& path, const ModelConfig& config,
                        std::span<const NamedTensor> tensors,
                        const std::map<std::string, std::string, std::less<>>& extra_metadata);

/// Writes a model with seeded random weights, the same bytes for the same configuration and seed on every machine.
/// Marked untrained by the metadata "edgemoe.trained" = "no" and "edgemoe.seed".
Status write_seeded_model(const std::filesystem::path& path, const ModelConfig& config, std::uint64_t seed);

}  // namespace edgemoe

#endif  // EDGEMOE_MODEL_MODEL_FILE_H_

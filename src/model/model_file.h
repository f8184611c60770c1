// A model file: safetensors with the configuration under the metadata key "edgemoe.config" and the format's version
// under "edgemoe.format". It holds floats, or the integers that quantisation has made of them.
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
inline constexpr std::string_view kIntegerFormatVersion = "int8-1";
/// Version of the rules and tables in docs/numerics.md, which would make other numbers of the same file, and the
/// metadata that a file of integers has it under.
inline constexpr std::string_view kNumericsVersion = "1";
inline constexpr std::string_view kNumericsKey = "edgemoe.numerics";

/// What the weights of a model file are.
enum class StoredNumbers {
  kFloats,    ///< tensor_table(config), each of a floating-point type that widens exactly (F32, F16, BF16)
  kIntegers,  ///< integer_tensor_table(config), each of the type that stands there; src/quant checks the values
};

/// An opened model: configuration and mapped weights. Every tensor of its table is there, in its shape.
class ModelFile {
 public:
  /// Opens and checks. kNotFound; kMalformed; kMismatch (missing tensors, or a tensor with both shapes); kUnsupported
  /// (another kind of file, another format version, an element type).
  static Result<ModelFile> open(const std::filesystem::path& path);
  /// The same for bytes in memory, which must live as long.
  static Result<ModelFile> from_bytes(std::span<const std::byte> bytes);

  const ModelConfig& config() const { return config_; }
  StoredNumbers numbers() const { return numbers_; }
  const SafetensorsFile& file() const { return file_; }
  /// Metadata other than the configuration, e.g. "edgemoe.trained".
  const std::map<std::string, std::string, std::less<>>& metadata() const { return file_.index().metadata; }
  /// Names of the network's tensors, in their table's order.
  const std::vector<std::string>& tensor_names() const { return tensor_names_; }
  /// Names in the file that the network does not use.
  const std::vector<std::string>& unused() const { return unused_; }
  /// The view of one of tensor_names(). Programmer's fault if it is none.
  const TensorView& tensor(std::string_view name) const;
  /// The same, widened to float32.
  Tensor load_f32(std::string_view name) const;
  /// Gives the memory of what was read so far back to the system; reading it again costs time, nothing else.
  void release_pages() const { file_.release_pages(); }

 private:
  ModelFile(ModelConfig config, StoredNumbers numbers, SafetensorsFile file)
      : config_(std::move(config)), numbers_(numbers), file_(std::move(file)) {}
  static Result<ModelFile> from_file(SafetensorsFile file);
  ModelConfig config_;
  StoredNumbers numbers_;
  SafetensorsFile file_;
  std::vector<std::string> tensor_names_;
  std::vector<std::string> unused_;
};

/// The metadata of a model file: configuration, format and `extra`.
std::map<std::string, std::string, std::less<>> model_metadata(
    const ModelConfig& config, const std::map<std::string, std::string, std::less<>>& extra,
    StoredNumbers numbers = StoredNumbers::kFloats);

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

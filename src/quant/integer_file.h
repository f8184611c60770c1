// The integer model as a file (docs/model-format.md): written once, read by every integer engine.
#ifndef EDGEMOE_QUANT_INTEGER_FILE_H_
#define EDGEMOE_QUANT_INTEGER_FILE_H_

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/sink.h"
#include "base/status.h"
#include "model/model_file.h"
#include "quant/integer_checks.h"
#include "quant/integer_model.h"

namespace edgemoe {

/// Quantises `model` part by part into a file, atomically; its metadata goes along. kInvalidArgument for a model of
/// integers; else the errors of IntegerParts and of writing. `progress` is told of parts.
Status write_integer_model(const std::filesystem::path& path, const ModelFile& model, const ProgressSink& progress);

/// The same for integers in memory; `metadata` is added.
Status write_integer_model(const std::filesystem::path& path, const ModelConfig& config, const IntegerModel& model,
                           const std::map<std::string, std::string, std::less<>>& metadata);

/// The parts of a file of integers. Every value is checked; kMalformed names tensor, place, expected and found.
class IntegerFileReader {
 public:
  /// `model` must outlive it, and with kBorrowed what it returns.
  IntegerFileReader(const ModelFile& model, WeightStorage storage) : model_(model), storage_(storage) {}

  Result<IntegerEmbedding> embedding() const;
  Result<IntegerBlock> block(int index) const;
  Result<IntegerHead> head(TaskKind task) const;

 private:
  template <typename T>
  std::vector<T> values(const std::string& name, std::size_t part, std::size_t parts) const;
  Result<IntegerLinear> linear(const std::string& prefix, LayerOutputs outputs, std::size_t part = 0,
                               std::size_t parts = 1) const;
  Result<IntegerNorm> norm(const std::string& prefix) const;
  Result<IntegerGate> gate(const std::string& prefix, int task) const;
  Result<Tensor> floats(const std::string& name) const;
  Status experts(const std::string& prefix, int index, IntegerBlock& block) const;

  const ModelFile& model_;
  WeightStorage storage_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_QUANT_INTEGER_FILE_H_

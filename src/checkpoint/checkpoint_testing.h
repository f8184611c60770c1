// For tests: a tiny network whose weights follow a formula, and writers of the files that carry it.
#ifndef EDGEMOE_CHECKPOINT_CHECKPOINT_TESTING_H_
#define EDGEMOE_CHECKPOINT_CHECKPOINT_TESTING_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/tensor.h"
#include "base/testing.h"
#include "checkpoint/convert.h"
#include "model/config.h"

namespace edgemoe {

/// 8×12 picture, patch 4, width 8, one dense block and one with 4 experts, two tasks, a one-stage head.
ModelConfig tiny_config();

/// Element `index` of the tensor `name`: ((7·index + 13·s) mod 251 − 125) / 64, s the sum of the name's bytes; without
/// its sign for a running_var. Exact in float32, float16 and bfloat16. tests/golden/make_checkpoints.py has the same.
float formula_value(std::string_view name, std::int64_t index);

/// One tensor to be put into a file: dense bytes, little-endian.
struct TestTensor {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
  std::string bytes;
};

TestTensor formula_tensor(const std::string& name, const Shape& shape, DType dtype = DType::kF32);
/// `values` as float32, or cut to float16 or bfloat16, which must hold them.
TestTensor tensor_of(const std::string& name, const Shape& shape, std::span<const float> values,
                     DType dtype = DType::kF32);
/// Every tensor of the network, by the formula.
std::vector<TestTensor> formula_state(const ModelConfig& config, DType dtype = DType::kF32);
TestTensor& find_tensor(std::vector<TestTensor>& tensors, std::string_view name);
void remove_tensor(std::vector<TestTensor>& tensors, std::string_view name);

/// Writes pickle opcodes, protocol 2.
class PickleWriter {
 public:
  PickleWriter& raw(std::string_view opcodes);
  PickleWriter& text(std::string_view value);
  PickleWriter& integer(std::int64_t value);
  PickleWriter& global(std::string_view module, std::string_view name);
  /// A tuple of integers.
  PickleWriter& integers(std::span<const std::int64_t> values);
  /// A persistent id of a storage.
  PickleWriter& storage(std::string_view type, std::string_view key, std::int64_t num_elements);
  /// A tensor over a storage of its own; dense strides.
  PickleWriter& tensor(const TestTensor& tensor, std::string_view key);
  /// An OrderedDict of tensors with keys "0", "1", …
  PickleWriter& state_dict(const std::vector<TestTensor>& tensors);
  /// The pickle, with its header and STOP.
  std::string finish() const { return "\x80\x02" + opcodes_ + "."; }

 private:
  std::string opcodes_;
};

/// "FloatStorage" and so on.
std::string_view storage_class(DType dtype);

enum class ZipMethod { kStore, kDeflate };

/// A zip as torch.save writes it, the folder called "archive".
void write_torch_zip(const std::filesystem::path& path, const std::string& pickle,
                     const std::vector<TestTensor>& storages, const std::map<std::string, std::string>& more = {},
                     ZipMethod method = ZipMethod::kStore);
/// A bare state dict in such a zip.
void write_torch_zip(const std::filesystem::path& path, const std::vector<TestTensor>& state);
/// A bare state dict in the format of before PyTorch 1.6.
void write_torch_legacy(const std::filesystem::path& path, const std::vector<TestTensor>& state);
void write_safetensors_state(const std::filesystem::path& path, const std::vector<TestTensor>& state);

/// The bytes of a file.
std::string slurp(const std::filesystem::path& path);
void spill(const std::filesystem::path& path, std::string_view bytes);

/// What a comparison of a model's weights with the formula came to.
struct Comparison {
  std::size_t compared = 0;
  std::size_t different = 0;
  std::string first;  // "name[index]: expected …, found …"
};
/// Compares every weight of a written model, bit for bit; `compared` is 0 when the file can't be opened.
Comparison compare_with_formula(const std::filesystem::path& model);

/// A fresh folder for each test, removed afterwards.
class CheckpointTest : public ::testing::Test {
 protected:
  /// Options for one input and the tiny network; the output is "out.safetensors" in the folder.
  ConvertOptions options(const std::filesystem::path& input) const;
  std::filesystem::path output() const { return folder_ / "out.safetensors"; }
  /// Converts, expects an error and nothing left of the output, and returns the error.
  Status expect_refused(const ConvertOptions& options) const;
  /// Converts, expects success and weights by the formula.
  ConvertReport expect_formula(const ConvertOptions& options) const;

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_CHECKPOINT_TESTING_H_

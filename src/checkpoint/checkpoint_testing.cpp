#include "checkpoint/checkpoint_testing.h"

#include <stdlib.h>
#include <zip.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "model/model_file.h"
#include "model/safetensors.h"
#include "model/tensor_table.h"

namespace edgemoe {
namespace {

template <typename T>
std::string little_endian(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// binary32 to binary16 for values that binary16 holds, subnormals among them.
std::uint16_t half_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const int exponent = static_cast<int>(bits >> 23 & 0xFFu) - 127;
  const std::uint32_t mantissa = bits & 0x7FFFFFu;
  if (value == 0) return sign;
  if (exponent == 128) return static_cast<std::uint16_t>(sign | 0x7C00u | mantissa >> 13);
  EDGEMOE_CHECK(exponent >= -24 && exponent <= 15);
  if (exponent >= -14)
    return static_cast<std::uint16_t>(sign | static_cast<unsigned>(exponent + 15) << 10 | mantissa >> 13);
  return static_cast<std::uint16_t>(sign | (mantissa | 0x800000u) >> (13 + (-14 - exponent)));
}

void add_entry(zip_t* archive, const std::string& name, const std::string& bytes, ZipMethod method) {
  zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
  const zip_int64_t index = zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
  EDGEMOE_CHECK(index >= 0);
  const zip_int32_t compression = method == ZipMethod::kStore ? ZIP_CM_STORE : ZIP_CM_DEFLATE;
  EDGEMOE_CHECK(zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), compression, 0) == 0);
}

}  // namespace

ModelConfig tiny_config() {
  ModelConfig config;
  config.name = "tiny";
  config.input = {.height = 8, .width = 12, .mean = {0, 0, 0}, .deviation = {1, 1, 1}};
  config.patch_size = 4;
  config.embed_dim = 8;
  config.depth = 2;
  config.num_heads = 2;
  config.mlp_dim = 12;
  config.layernorm_eps = 1e-6F;
  config.batchnorm_eps = 1e-5F;
  config.pos_embed_height = 2;
  config.pos_embed_width = 3;
  config.moe.blocks = {1};
  config.moe.num_experts = 4;
  config.moe.top_k = 2;
  config.moe.expert_dim = 6;
  config.head = {.present = true, .num_stages = 1, .channels = 4, .first_kernel = 3, .upsample = 1};
  config.tasks = {{.kind = TaskKind::kSemseg, .outputs = 3}, {.kind = TaskKind::kDepth, .outputs = 1}};
  return config;
}

float formula_value(std::string_view name, std::int64_t index) {
  std::int64_t sum = 0;
  for (const char c : name) sum += static_cast<unsigned char>(c);
  const float value = static_cast<float>((7 * index + 13 * sum) % 251 - 125) / 64.0F;
  return name.ends_with(".running_var") ? std::abs(value) : value;
}

TestTensor tensor_of(const std::string& name, const Shape& shape, std::span<const float> values, DType dtype) {
  TestTensor tensor{name, dtype, shape, {}};
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (dtype == DType::kF32) {
      tensor.bytes += little_endian(value);
    } else {
      tensor.bytes += little_endian(dtype == DType::kF16 ? half_bits(value) : static_cast<std::uint16_t>(bits >> 16));
    }
  }
  return tensor;
}

TestTensor formula_tensor(const std::string& name, const Shape& shape, DType dtype) {
  std::vector<float> values(static_cast<std::size_t>(shape.num_elements()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = formula_value(name, static_cast<std::int64_t>(i));
  return tensor_of(name, shape, values, dtype);
}

std::vector<TestTensor> formula_state(const ModelConfig& config, DType dtype) {
  std::vector<TestTensor> tensors;
  for (const TensorSpec& spec : tensor_table(config)) tensors.push_back(formula_tensor(spec.name, spec.shape, dtype));
  return tensors;
}

TestTensor& find_tensor(std::vector<TestTensor>& tensors, std::string_view name) {
  for (TestTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  check_failed(__FILE__, __LINE__, "the test's tensor is there");
}

void remove_tensor(std::vector<TestTensor>& tensors, std::string_view name) {
  const std::size_t removed = std::erase_if(tensors, [&](const TestTensor& tensor) { return tensor.name == name; });
  EDGEMOE_CHECK(removed == 1);
}

PickleWriter& PickleWriter::raw(std::string_view opcodes) {
  opcodes_ += opcodes;
  return *this;
}

PickleWriter& PickleWriter::text(std::string_view value) {
  opcodes_ += 'X' + little_endian(static_cast<std::uint32_t>(value.size()));
  opcodes_ += value;
  return *this;
}

PickleWriter& PickleWriter::integer(std::int64_t value) {
  opcodes_ += "\x8A\x08" + little_endian(value);
  return *this;
}

PickleWriter& PickleWriter::global(std::string_view module, std::string_view name) {
  opcodes_ += 'c';
  opcodes_.append(module).append("\n").append(name).append("\n");
  return *this;
}

PickleWriter& PickleWriter::integers(std::span<const std::int64_t> values) {
  raw("(");
  for (const std::int64_t value : values) integer(value);
  return raw("t");
}

PickleWriter& PickleWriter::storage(std::string_view type, std::string_view key, std::int64_t num_elements) {
  return raw("(").text("storage").global("torch", type).text(key).text("cpu").integer(num_elements).raw("tQ");
}

PickleWriter& PickleWriter::tensor(const TestTensor& tensor, std::string_view key) {
  std::vector<std::int64_t> strides(tensor.shape.rank());
  std::int64_t stride = 1;
  for (std::size_t axis = strides.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= tensor.shape[axis];
  }
  global("torch._utils", "_rebuild_tensor_v2").raw("(");
  storage(storage_class(tensor.dtype), key, tensor.shape.num_elements()).integer(0);
  return integers(tensor.shape.dims()).integers(strides).raw("\x89").global("collections", "OrderedDict").raw(")RtR");
}

PickleWriter& PickleWriter::state_dict(const std::vector<TestTensor>& tensors) {
  global("collections", "OrderedDict").raw(")R(");
  for (std::size_t i = 0; i < tensors.size(); ++i) text(tensors[i].name).tensor(tensors[i], std::to_string(i));
  return raw("u");
}

std::string_view storage_class(DType dtype) { return element_type_of(dtype).storage; }

void write_torch_zip(const std::filesystem::path& path, const std::string& pickle,
                     const std::vector<TestTensor>& storages, const std::map<std::string, std::string>& more,
                     ZipMethod method) {
  int error = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  EDGEMOE_CHECK(archive != nullptr);
  add_entry(archive, "archive/data.pkl", pickle, method);
  for (std::size_t i = 0; i < storages.size(); ++i) {
    add_entry(archive, "archive/data/" + std::to_string(i), storages[i].bytes, method);
  }
  for (const auto& [name, bytes] : more) add_entry(archive, name, bytes, method);
  EDGEMOE_CHECK(zip_close(archive) == 0);
}

void write_torch_zip(const std::filesystem::path& path, const std::vector<TestTensor>& state) {
  write_torch_zip(path, PickleWriter().state_dict(state).finish(), state);
}

void write_torch_legacy(const std::filesystem::path& path, const std::vector<TestTensor>& state) {
  const std::string magic("\x80\x02\x8A\x0Al\xFC\x9C\x46\xF9\x20j\xA8\x50\x19.", 15);
  std::string file = magic + PickleWriter().integer(1001).finish();
  file += PickleWriter().raw("}").text("little_endian").raw("\x88s").finish();
  file += PickleWriter().state_dict(state).finish();
  PickleWriter keys;
  keys.raw("](");
  for (std::size_t i = 0; i < state.size(); ++i) keys.text(std::to_string(i));
  file += keys.raw("e").finish();
  for (const TestTensor& tensor : state) file += little_endian(tensor.shape.num_elements()) + tensor.bytes;
  spill(path, file);
}

void write_safetensors_state(const std::filesystem::path& path, const std::vector<TestTensor>& state) {
  std::vector<NamedTensor> tensors;
  for (const TestTensor& tensor : state) {
    tensors.push_back({tensor.name, {tensor.dtype, tensor.shape, std::as_bytes(std::span(tensor.bytes))}});
  }
  const Status status = write_safetensors(path, tensors, {});
  ASSERT_TRUE(status.ok()) << status.message();
}

std::string slurp(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void spill(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

Comparison compare_with_formula(const std::filesystem::path& model) {
  Comparison result;
  const Result<ModelFile> file = ModelFile::open(model);
  if (!file.ok()) {
    result.first = file.status().message();
    return result;
  }
  for (const TensorSpec& spec : tensor_table(file->config())) {
    const Tensor tensor = file->load_f32(spec.name);
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      ++result.compared;
      const float expected = formula_value(spec.name, static_cast<std::int64_t>(i));
      if (std::bit_cast<std::uint32_t>(expected) == std::bit_cast<std::uint32_t>(tensor.values[i])) continue;
      if (result.different++ == 0) {
        result.first = fmt::format("{}[{}]: expected {}, found {}", spec.name, i, expected, tensor.values[i]);
      }
    }
  }
  return result;
}

ConvertOptions CheckpointTest::options(const std::filesystem::path& input) const {
  ConvertOptions options;
  options.inputs = {input};
  options.config = tiny_config();
  options.output = output();
  return options;
}

Status CheckpointTest::expect_refused(const ConvertOptions& options) const {
  const auto entries = [&] {
    const std::filesystem::directory_iterator folder(options.output.parent_path());
    return std::distance(begin(folder), end(folder));
  };
  const auto before = entries();
  const Result<ConvertReport> report = convert_checkpoint(options);
  EXPECT_FALSE(report.ok()) << (report.ok() ? report->to_text() : "");
  EXPECT_FALSE(std::filesystem::exists(options.output));
  EXPECT_EQ(entries(), before) << "something is left behind";
  return report.status();
}

ConvertReport CheckpointTest::expect_formula(const ConvertOptions& options) const {
  const Result<ConvertReport> report = convert_checkpoint(options);
  EXPECT_TRUE(report.ok()) << report.status().message();
  if (!report.ok()) return {};
  const Comparison comparison = compare_with_formula(options.output);
  EXPECT_GT(comparison.compared, 0u);
  EXPECT_EQ(comparison.compared, report->parameters);
  EXPECT_EQ(comparison.different, 0u) << "of " << comparison.compared << ", first " << comparison.first;
  return *report;
}

}  // namespace edgemoe

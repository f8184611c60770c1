#include <span>
#include <vector>

#include "model/integer_table.h"
#include "model/safetensors.h"
#include "quant/integer_file.h"

namespace edgemoe {
namespace {

/// Writes parts in the order of integer_tensor_table().
class PartWriter {
 public:
  explicit PartWriter(SafetensorsWriter& file) : file_(file) {}

  Status embedding(const IntegerEmbedding& embedding) {
    EDGEMOE_RETURN_IF_ERROR(linear(embedding.patch_embed));
    EDGEMOE_RETURN_IF_ERROR(put<float>(embedding.class_token.values.span()));
    return put<float>(embedding.position_embed.values.span());
  }

  Status block(const IntegerBlock& block) {
    EDGEMOE_RETURN_IF_ERROR(norm(block.norm1));
    for (const IntegerLinear* layer : {&block.query, &block.key, &block.value, &block.proj}) {
      EDGEMOE_RETURN_IF_ERROR(linear(*layer));
    }
    EDGEMOE_RETURN_IF_ERROR(norm(block.norm2));
    std::vector<const IntegerLinear*> ups;
    std::vector<const IntegerLinear*> downs;
    for (const IntegerMlp& mlp : block.mlps) {
      ups.push_back(&mlp.up);
      downs.push_back(&mlp.down);
    }
    EDGEMOE_RETURN_IF_ERROR(linears(ups));
    EDGEMOE_RETURN_IF_ERROR(linears(downs));
    for (const IntegerGate& gate : block.gates) {
      const std::int32_t format[] = {gate.kappa, gate.sigma};
      EDGEMOE_RETURN_IF_ERROR(put<std::int16_t>(gate.weight));
      EDGEMOE_RETURN_IF_ERROR(put<std::int64_t>(gate.constant));
      EDGEMOE_RETURN_IF_ERROR(put<std::int32_t>(format));
    }
    return {};
  }

  Status head(const IntegerHead& head) {
    EDGEMOE_RETURN_IF_ERROR(norm(head.norm));
    for (const IntegerLinear& stage : head.stages) EDGEMOE_RETURN_IF_ERROR(linear(stage));
    return linear(head.outputs);
  }

 private:
  template <typename T>
  Status put(std::span<const T> values) {
    return file_.write_next(std::as_bytes(values));
  }

  Status norm(const IntegerNorm& norm) {
    const std::int32_t format[] = {norm.gain_exponent, norm.fraction, static_cast<std::int32_t>(norm.eps)};
    EDGEMOE_RETURN_IF_ERROR(put<std::int16_t>(norm.gain));
    EDGEMOE_RETURN_IF_ERROR(put<std::int16_t>(norm.bias));
    return put<std::int32_t>(format);
  }

  Status linear(const IntegerLinear& layer) {
    const IntegerLinear* const only[] = {&layer};
    return linears(only);
  }

  /// One tensor of each kind, with the layers' values one after another.
  Status linears(std::span<const IntegerLinear* const> layers) {
    std::vector<std::int8_t> weight;
    std::vector<std::uint8_t> pre_shift;
    std::vector<std::int16_t> mantissa;
    std::vector<std::int32_t> bias;
    std::vector<std::int32_t> format;
    const auto append = [](auto& all, const auto& values) {
      all.insert(all.end(), values.data(), values.data() + values.size());
    };
    for (const IntegerLinear* layer : layers) {
      append(weight, layer->weight);
      append(pre_shift, layer->pre_shift);
      append(mantissa, layer->mantissa);
      append(bias, layer->bias);
      format.insert(format.end(), {layer->exponent, layer->fraction});
    }
    EDGEMOE_RETURN_IF_ERROR(put<std::int8_t>(weight));
    EDGEMOE_RETURN_IF_ERROR(put<std::uint8_t>(pre_shift));
    EDGEMOE_RETURN_IF_ERROR(put<std::int16_t>(mantissa));
    EDGEMOE_RETURN_IF_ERROR(put<std::int32_t>(bias));
    return put<std::int32_t>(format);
  }

  SafetensorsWriter& file_;
};

Result<SafetensorsWriter> create_file(const std::filesystem::path& path, const ModelConfig& config,
                                      const std::map<std::string, std::string, std::less<>>& metadata) {
  std::vector<SafetensorsEntry> entries;
  for (const IntegerTensorSpec& spec : integer_tensor_table(config)) {
    entries.push_back({spec.name, spec.dtype, spec.shape});
  }
  return SafetensorsWriter::create(path, entries, model_metadata(config, metadata, StoredNumbers::kIntegers));
}

}  // namespace

Status write_integer_model(const std::filesystem::path& path, const ModelConfig& config, const IntegerModel& model,
                           const std::map<std::string, std::string, std::less<>>& metadata) {
  EDGEMOE_ASSIGN_OR_RETURN(SafetensorsWriter file, create_file(path, config, metadata));
  PartWriter writer(file);
  EDGEMOE_RETURN_IF_ERROR(writer.embedding(model));
  for (const IntegerBlock& block : model.blocks) EDGEMOE_RETURN_IF_ERROR(writer.block(block));
  for (const IntegerHead& head : model.heads) EDGEMOE_RETURN_IF_ERROR(writer.head(head));
  return file.commit();
}

Status write_integer_model(const std::filesystem::path& path, const ModelFile& model, const ProgressSink& progress) {
  if (model.numbers() == StoredNumbers::kIntegers) {
    return invalid_argument("expected a model of floats, found one that is quantised already");
  }
  const ModelConfig& config = model.config();
  EDGEMOE_ASSIGN_OR_RETURN(SafetensorsWriter file, create_file(path, config, model.metadata()));
  PartWriter writer(file);
  const IntegerParts parts(model, WeightStorage::kOwned);
  const std::size_t heads = config.head.present ? config.tasks.size() : 0;
  const std::size_t total = 1 + static_cast<std::size_t>(config.depth) + heads;
  std::size_t done = 0;
  const auto written = [&] {
    model.release_pages();
    if (progress) progress(++done, total);
  };
  EDGEMOE_ASSIGN_OR_RETURN(const IntegerEmbedding embedding, parts.embedding());
  EDGEMOE_RETURN_IF_ERROR(writer.embedding(embedding));
  written();
  for (int i = 0; i < config.depth; ++i) {
    EDGEMOE_ASSIGN_OR_RETURN(const IntegerBlock block, parts.block(i));
    EDGEMOE_RETURN_IF_ERROR(writer.block(block));
    written();
  }
  for (std::size_t task = 0; task < heads; ++task) {
    EDGEMOE_ASSIGN_OR_RETURN(const IntegerHead head, parts.head(config.tasks[task].kind));
    EDGEMOE_RETURN_IF_ERROR(writer.head(head));
    written();
  }
  return file.commit();
}

}  // namespace edgemoe

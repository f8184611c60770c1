#include <cmath>

#include "base/random.h"
#include "model/model_file.h"

namespace edgemoe {
namespace {

/// FNV-1a: a tensor's generator depends on its name, so that neither order nor other tensors change its values.
std::uint64_t hash_name(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

/// Products that make one output of a weight.
double fan_in(const TensorSpec& spec) {
  double product = 1;
  const std::size_t first = spec.role == TensorRole::kExpertWeight ? 2 : 1;
  for (std::size_t axis = first; axis < spec.shape.rank(); ++axis) product *= static_cast<double>(spec.shape[axis]);
  return product;
}

/// Scales that keep values of order one through the network, with every bias, norm and statistic off its neutral value
/// so that forgetting one shows.
void fill(const TensorSpec& spec, Random& random, std::span<float> values) {
  const auto scaled = [&](double scale) {
    const auto factor = static_cast<float>(scale);
    for (float& value : values) value = factor * random.normal();
  };
  switch (spec.role) {
    case TensorRole::kPatchWeight:
    case TensorRole::kLinearWeight:
    case TensorRole::kExpertWeight:
      return scaled(1 / std::sqrt(fan_in(spec)));
    case TensorRole::kConvWeight:
      return scaled(std::sqrt(2 / fan_in(spec)));  // He: a ReLU follows
    case TensorRole::kGate: {
      // The original's: uniform within ±1/√inputs, and wider, so that experts differ clearly.
      const auto bound = static_cast<float>(2 / std::sqrt(static_cast<double>(spec.shape[0])));
      for (float& value : values) value = random.uniform(-bound, bound);
      return;
    }
    case TensorRole::kNormWeight:
      for (float& value : values) value = 1 + 0.1F * random.normal();
      return;
    case TensorRole::kRunningVariance:
      for (float& value : values) value = random.uniform(0.5F, 1.5F);
      return;
    case TensorRole::kNormBias:
    case TensorRole::kBias:
    case TensorRole::kExpertBias:
    case TensorRole::kRunningMean:
      return scaled(0.05);
    case TensorRole::kClassToken:
    case TensorRole::kPositionEmbed:
      return scaled(0.2);
  }
}

}  // namespace

Status write_seeded_model(const std::filesystem::path& path, const ModelConfig& config, std::uint64_t seed) {
  EDGEMOE_RETURN_IF_ERROR(validate_complete_config(config));
  const std::vector<TensorSpec> table = tensor_table(config);
  std::vector<SafetensorsEntry> entries;
  for (const TensorSpec& spec : table) entries.push_back({spec.name, DType::kF32, spec.shape});
  EDGEMOE_ASSIGN_OR_RETURN(
      SafetensorsWriter writer,
      SafetensorsWriter::create(
          path, entries, model_metadata(config, {{"edgemoe.trained", "no"}, {"edgemoe.seed", std::to_string(seed)}})));
  for (const TensorSpec& spec : table) {
    Tensor tensor(spec.shape);
    Random random(Random(seed ^ hash_name(spec.name)).next_u64());
    fill(spec, random, tensor.values.span());
    EDGEMOE_RETURN_IF_ERROR(writer.write_next(tensor.view().bytes));
  }
  return writer.commit();
}

}  // namespace edgemoe

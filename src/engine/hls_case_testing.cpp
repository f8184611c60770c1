#include "engine/hls_case_testing.h"

#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/random.h"
#include "engine/int8_weights.h"
#include "model/named_config.h"

namespace edgemoe {
namespace {

template <typename T>
T value_of(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(std::string(result.status().message()));
  return std::move(result).value();
}

}  // namespace

ModelConfig config_of(const std::string& name) {
  const std::filesystem::path folders[] = {std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/models"};
  return value_of(load_named_config(name, folders));
}

HlsCase::HlsCase(const ModelFile& file, std::uint64_t seed)
    : config_(file.config()),
      model_(value_of(quantize_model(file))),
      positions_(integer_positions(config_, config_, model_)),
      picture_(static_cast<std::size_t>(config_.input.height * config_.input.width * 3)) {
  Random random(seed);
  for (std::uint8_t& pixel : picture_) pixel = static_cast<std::uint8_t>(random.below(256));
}

HlsCase HlsCase::seeded(const ModelConfig& config, std::uint64_t seed) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("edgemoe-hls-" + std::to_string(::getpid()) + "-" + std::to_string(seed) + ".safetensors");
  const Status written = write_seeded_model(path, config, seed);
  if (!written.ok()) throw std::runtime_error(std::string(written.message()));
  const ModelFile file = value_of(ModelFile::open(path));
  std::filesystem::remove(path);
  return HlsCase(file, seed);
}

std::vector<std::int32_t> HlsCase::expected(int task) const {
  ThreadPool pool(1);
  Saturation saturation(config_);
  ReferenceBackbone reference(config_, model_, positions_, pool, saturation);
  std::vector<std::int32_t> tokens(reference.num_values());
  reference.embed(picture_.data(), tokens.data());
  for (int block = 0; block < config_.depth; ++block) reference.block(block, task, tokens.data(), {}, {});
  return tokens;
}

hls::NetworkLayers HlsCase::layers() const {
  hls::NetworkLayers network{positions_.data(), config_.num_tokens(), layer_of(model_.patch_embed), {}};
  for (const IntegerBlock& block : model_.blocks) {
    hls::BlockLayers layers{norm_of(block.norm1),
                            layer_of(block.query),
                            layer_of(block.key),
                            layer_of(block.value),
                            layer_of(block.proj),
                            norm_of(block.norm2),
                            {},
                            {}};
    for (const IntegerMlp& mlp : block.mlps) layers.mlps.push_back({layer_of(mlp.up), layer_of(mlp.down)});
    for (const IntegerGate& gate : block.gates) {
      layers.gates.push_back({router_of(gate, config_), static_cast<int>(gate.first_expert)});
    }
    network.blocks.push_back(std::move(layers));
  }
  return network;
}

}  // namespace edgemoe

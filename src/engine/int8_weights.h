// The integer model packed for the int8 engine.
#ifndef EDGEMOE_ENGINE_INT8_WEIGHTS_H_
#define EDGEMOE_ENGINE_INT8_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/page_buffer.h"
#include "base/status.h"
#include "base/thread_pool.h"
#include "kernels/int8/int8_kernels.h"
#include "kernels/int8/pack.h"
#include "model/model_file.h"
#include "quant/integer_model.h"

namespace edgemoe {

struct Int8Norm {
  AlignedBuffer<std::int16_t> gain;
  AlignedBuffer<std::int16_t> bias;
  int gain_exponent = 0;
  int fraction = 0;
  std::uint32_t eps = 0;
  std::int32_t largest_bias = 0;  // a magnitude
};

struct Int8Mlp {
  int8::PackedLayer up;
  int8::PackedLayer down;
};

struct Int8Block {
  Int8Norm norm1;
  int8::PackedLayer query;
  int8::PackedLayer key;
  int8::PackedLayer value;
  int8::PackedLayer proj;
  Int8Norm norm2;
  std::vector<Int8Mlp> mlps;
  std::vector<IntegerGate> gates;
  std::vector<AlignedBuffer<std::int16_t>> gate_weights;  // packed
};

struct Int8HeadWeights {
  Int8Norm norm;
  std::vector<int8::PackedLayer> stages;
  int8::PackedLayer outputs;
};

struct Int8Weights {
  PageBuffer memory;  // of all layers' weights
  int8::PackedLayer patch_embed;
  std::vector<std::int32_t> positions;  // [num_tokens, embed_dim], the class token in row 0 added
  std::int64_t largest_position = 0;    // a magnitude
  std::vector<Int8Block> blocks;
  std::vector<Int8HeadWeights> heads;

  std::size_t bytes() const;
};

hls::LinearLayer layer_of(const IntegerLinear& linear);

/// Router weights up to it become 0; −1 without pruning.
std::int32_t integer_prune_threshold(const MoeConfig& moe);

/// The integers of `model` for an engine of `config`, part by part: neither the file nor the unpacked integers are in
/// memory whole beside the packed ones. Errors of IntegerParts.
Result<Int8Weights> pack_int8_weights(const ModelFile& model, const ModelConfig& config, const int8::Kernels& kernels,
                                      ThreadPool& pool);

/// Position embedding on the engine's grid, 16 fraction bits, with the class token in row 0 added.
std::vector<std::int32_t> integer_positions(const ModelConfig& stored, const ModelConfig& config,
                                            const IntegerEmbedding& embedding);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_INT8_WEIGHTS_H_

// The integer backbone, one picture and one task at a time, by the operations of hw/hls.
#ifndef EDGEMOE_ENGINE_REFERENCE_BACKBONE_H_
#define EDGEMOE_ENGINE_REFERENCE_BACKBONE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "engine/saturation.h"
#include "hls/attention.h"
#include "hls/design.h"
#include "hls/layer_norm.h"
#include "hls/linear.h"
#include "hls/router.h"
#include "model/config.h"
#include "model/taps.h"
#include "quant/integer_model.h"

namespace edgemoe {

/// Where the taps of one picture and task go; no sink, no taps.
struct ReferenceTaps {
  TapSink* sink = nullptr;
  int image = 0;
  std::string_view scope;
  bool told = false;  // before, for another task: what saturates in it has been counted

  void floats(std::string_view tap, const std::vector<float>& values, std::size_t cols) const;
  /// Integers with `fraction` bits behind the point, as float32: exact below 2²⁴.
  template <typename T>
  void fixed(std::string_view tap, std::span<const T> values, std::size_t cols, int fraction) const {
    if (sink == nullptr) return;
    std::vector<float> out;
    out.reserve(values.size());
    const float unit = 1.0F / static_cast<float>(1 << fraction);
    for (const T value : values) out.push_back(static_cast<float>(value) * unit);
    floats(tap, out, cols);
  }
};

hls::NormLayer norm_of(const IntegerNorm& norm);
hls::RouterLayer router_of(const IntegerGate& gate, const ModelConfig& config);

class ReferenceBackbone {
 public:
  /// `config`, `model`, `pool` and `saturation` must outlive it. `positions` are integer_positions().
  ReferenceBackbone(const ModelConfig& config, const IntegerModel& model, std::vector<std::int32_t> positions,
                    ThreadPool& pool, Saturation& saturation);

  std::size_t num_values() const { return positions_.size(); }
  /// `pixels` is [height, width, 3]; tokens [num_tokens, embed_dim], 16 fraction bits.
  void embed(const std::uint8_t* pixels, std::int32_t* tokens) const;
  /// One block in place. `shared` gets what all tasks share of it, `own` the rest; the same where they share all.
  void block(int index, int task, std::int32_t* tokens, const ReferenceTaps& shared, const ReferenceTaps& own);
  std::size_t bytes() const;

 private:
  using Design = hls::ReferenceDesign;

  /// A row of a matrix of tokens in int8.
  struct QuantizedRow {
    std::vector<std::int8_t> values;
    RowScale scale;
  };

  template <typename Body>
  void for_tokens(const Body& body) const;
  /// Where what is counted of the block goes; what has been told goes nowhere.
  void count(BlockTensor tensor, std::uint64_t found, const ReferenceTaps& taps) const {
    if (!taps.told) saturation_.add(Saturation::of_block(block_index_, tensor), found);
  }
  void count_query(const std::int16_t* query, int fraction, const std::int16_t* out, const ReferenceTaps& taps) const;
  void mlp(const IntegerMlp& mlp, const QuantizedRow& row, std::int32_t* out, const ReferenceTaps& taps) const;
  std::vector<std::int16_t> norm(const IntegerNorm& norm, const std::int32_t* tokens) const;
  std::vector<std::int16_t> narrow(const IntegerLinear& layer, const std::vector<QuantizedRow>& rows) const;
  std::vector<QuantizedRow> quantized(const std::vector<std::int16_t>& values, int fraction) const;
  std::vector<std::int16_t> attend(const IntegerBlock& block, const std::vector<QuantizedRow>& rows,
                                   const ReferenceTaps& taps, int index);
  std::vector<std::int32_t> dense(const IntegerBlock& block, const std::vector<QuantizedRow>& rows,
                                  std::int32_t* tokens, const ReferenceTaps& taps) const;
  void mixture(const IntegerBlock& block, int index, int task, const std::vector<std::int16_t>& normed,
               const std::vector<std::int32_t>& block_input, const std::vector<QuantizedRow>& rows,
               std::int32_t* tokens, const ReferenceTaps& taps) const;

  const ModelConfig& config_;
  const IntegerModel& model_;
  const std::vector<std::int32_t> positions_;
  ThreadPool& pool_;
  Saturation& saturation_;
  int block_index_ = 0;  // of the block that is being computed
  const std::size_t num_tokens_;
  const std::size_t dim_;
  std::unique_ptr<hls::HeadMemory<Design>> head_;
};

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_REFERENCE_BACKBONE_H_

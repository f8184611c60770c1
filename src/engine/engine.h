// An engine runs one network on pictures that are already tensors. Engines differ in their arithmetic, never in what
// they publish: the same taps, the same outputs, the same rules.
#ifndef EDGEMOE_ENGINE_ENGINE_H_
#define EDGEMOE_ENGINE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/tensor.h"
#include "engine/backbone_device.h"
#include "kernels/isa.h"
#include "model/config.h"
#include "model/model_file.h"
#include "model/taps.h"

namespace edgemoe {

/// What an engine computes with.
enum class NumberType {
  kFloat,      ///< "float": 32 bits
  kInt8,       ///< "int8": the integers of docs/numerics.md, at full speed
  kReference,  ///< "reference": the same, plainly
};

std::string_view number_type_name(NumberType type);
std::optional<NumberType> number_type_from_name(std::string_view name);

struct EngineOptions {
  std::optional<NumberType> type;  // nothing: what the model's file holds
  int num_threads = 1;             // ≥ 1
  Isa isa = best_isa();            // one of supported_isas()
  int max_batch = 1;               // pictures in one run; memory grows with it
  int input_height = 0;  // another input size than the model's (multiples of the patch): the position embedding is
  int input_width = 0;   // resampled to its grid; 0: the model's own
  std::shared_ptr<BackboneDevice> backbone;  // int8 only: computes backbones instead of the processor
};

/// Receives a head's output. Values are valid only during the call.
class LogitsSink {
 public:
  virtual ~LogitsSink() = default;
  /// `logits` is [height · width, outputs] at the network's input size, before any activation; `task` indexes
  /// config().tasks.
  virtual void on_logits(int image, int task, const MatrixView<const float>& logits) = 0;
};

struct EngineRequest {
  std::span<const float* const> images;  // each [height, width, 3], mean and deviation applied; at most max_batch
  std::span<const int> tasks;            // indices into config().tasks, none twice; at least one
  LogitsSink* logits = nullptr;          // null: heads are not run
  TapSink* taps = nullptr;               // null: none
};

struct EngineTimes {
  std::int64_t backbone_ns = 0;  // patch embedding to last block, all tasks
  std::int64_t head_ns = 0;      // heads of all tasks, time inside the sink left out
};

/// A tensor with numbers that saturated (docs/numerics.md, section 6), and how many.
struct SaturatedTensor {
  std::string name;  // "block3.attn.qkv", "depth/head.conv_0"
  std::uint64_t count = 0;

  bool operator==(const SaturatedTensor&) const = default;
};

/// One network, loaded and packed, with all the memory it will need. `run` is not re-entrant. The outputs of a picture
/// and task are the same bytes whatever else is in the request and however many threads run.
class Engine {
 public:
  virtual ~Engine() = default;
  /// The model's configuration, with the input size that this engine was made for.
  virtual const ModelConfig& config() const = 0;
  virtual std::string_view number_type() const = 0;
  virtual Isa isa() const = 0;
  virtual int num_threads() const = 0;
  virtual int max_batch() const = 0;
  /// Bytes of packed weights and of working memory.
  virtual std::size_t weight_bytes() const = 0;
  virtual std::size_t workspace_bytes() const = 0;
  /// kInvalidArgument for a request outside its bounds, kUnsupported for logits of a model without heads. Allocates
  /// nothing unless taps are asked for.
  virtual Result<EngineTimes> run(const EngineRequest& request) = 0;
  /// One block alone, as `task` sees it, from given tokens (kUnsupported with a backbone device): how two engines, or
  /// an engine and a golden file, are compared block by block without one's errors reaching the next. Both spans hold
  /// num_tokens · embed_dim values. kInvalidArgument for a block, task or size that is none.
  virtual Status run_block(int block, int task, std::span<const float> tokens_in, std::span<float> tokens_out,
                           TapSink* taps) = 0;
  /// One head alone, from given tokens of the last block; `logits` is called once, for picture 0. kInvalidArgument as
  /// above, kUnsupported for a model without heads.
  virtual Status run_head(int task, std::span<const float> tokens, LogitsSink& logits, TapSink* taps) = 0;
  /// What has saturated since the last call, in the network's order; the sums over pictures and tasks, where what tasks
  /// share counts once. Nothing in float32.
  virtual std::vector<SaturatedTensor> take_saturation() { return {}; }
};

/// Bounds of EngineOptions.
inline constexpr int kMaxThreads = 256;
inline constexpr int kMaxBatch = 1024;

/// Threads where the user says nothing: all that the process may run on, within the bound.
int default_num_threads();

/// The float32 engine. kInvalidArgument for options outside their bounds, kUnsupported for a model of integers,
/// kTooLarge when sizes overflow or memory for them is absurd, kIo when the system grants no threads.
Result<std::unique_ptr<Engine>> make_float_engine(const ModelFile& model, const EngineOptions& options);

/// The integer network, computed by the operations of hw/hls one token at a time: slow, plain, and what every other
/// integer engine must equal. Same errors; kUnsupported for a model that the contract has no integers for, kMalformed
/// for a file with integers that are none of the contract's.
Result<std::unique_ptr<Engine>> make_reference_engine(const ModelFile& model, const EngineOptions& options);

/// The same integers by SIMD kernels: equal to the reference bit for bit. Same errors.
Result<std::unique_ptr<Engine>> make_int8_engine(const ModelFile& model, const EngineOptions& options);

/// By the number type that a user names: float32 for a model of floats and int8 for one of integers where none is.
Result<std::unique_ptr<Engine>> make_engine(const ModelFile& model, const EngineOptions& options);

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_ENGINE_H_

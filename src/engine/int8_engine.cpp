#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/engine_checks.h"
#include "engine/int8_backbone.h"
#include "engine/int8_head.h"
#include "engine/int8_taps.h"
#include "engine/int8_weights.h"
#include "engine/pixels.h"
#include "engine/saturation.h"
#include "engine/tap_rows.h"

namespace edgemoe {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

class Int8Engine final : public Engine {
 public:
  Int8Engine(const ModelConfig& config, Int8Weights weights, std::unique_ptr<ThreadPool> pool,
             const EngineOptions& options)
      : config_(config),
        options_(options),
        pool_(std::move(pool)),
        kernels_(int8::kernels(options.isa)),
        weights_(std::move(weights)),
        saturation_(config_),
        backbone_(config_, weights_, kernels_, *pool_, saturation_, extent(options.max_batch)) {
    heads_.reserve(weights_.heads.size());
    for (const Int8HeadWeights& head : weights_.heads) {
      heads_.emplace_back(config_, static_cast<int>(heads_.size()), head, kernels_, *pool_, saturation_, head_memory_);
    }
    head_memory_.allocate(options.num_threads, kernels_.offset);
    pixels_.resize(extent(options.max_batch));
    pixel_pointers_.resize(pixels_.size());
    const std::size_t bytes = extent(config_.input.height) * extent(config_.input.width) * 3;
    for (AlignedBuffer<std::uint8_t>& picture : pixels_) picture = AlignedBuffer<std::uint8_t>(bytes);
  }

  const ModelConfig& config() const override { return config_; }
  std::string_view number_type() const override { return number_type_name(NumberType::kInt8); }
  Isa isa() const override { return options_.isa; }
  int num_threads() const override { return options_.num_threads; }
  int max_batch() const override { return options_.max_batch; }
  std::size_t weight_bytes() const override { return weights_.bytes(); }
  std::size_t workspace_bytes() const override { return backbone_.bytes() + head_memory_.bytes(); }

  Result<EngineTimes> run(const EngineRequest& request) override {
    EDGEMOE_RETURN_IF_ERROR(check_request(config_, options_.max_batch, request));
    EngineTimes times;
    const auto start = Clock::now();
    for (std::size_t image = 0; image < request.images.size(); ++image) {
      if (request.taps != nullptr) tap_input(*request.taps, static_cast<int>(image), config_, request.images[image]);
      pixels_of_input(config_.input, request.images[image], pixels_[image].span());
      pixel_pointers_[image] = pixels_[image].data();
    }
    Sequences sequences;
    const std::int32_t* tokens = nullptr;
    std::size_t stride = extent(config_.embed_dim);
    if (options_.backbone != nullptr) {
      EDGEMOE_RETURN_IF_ERROR(run_device(request, sequences));
      tokens = device_tokens_.data();
    } else {
      tokens = backbone_.run({pixel_pointers_.data(), request.images.size()}, request.tasks, request.taps, sequences);
      stride = backbone_.stride();
    }
    times.backbone_ns = nanoseconds_since(start);
    if (request.logits == nullptr) return times;
    const std::size_t values = extent(config_.num_tokens()) * stride;
    for (std::size_t t = 0; t < request.tasks.size(); ++t) {
      for (std::size_t image = 0; image < request.images.size(); ++image) {
        const std::size_t sequence = (sequences.split ? t * sequences.num_images : 0) + image;
        times.head_ns += head(static_cast<int>(image), request.tasks[t], tokens + sequence * values, stride,
                              *request.logits, request.taps);
      }
    }
    return times;
  }

  Status run_block(int block, int task, std::span<const float> tokens_in, std::span<float> tokens_out,
                   TapSink* taps) override {
    EDGEMOE_RETURN_IF_ERROR(check_block(config_, block));
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens_in.size()));
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens_out.size()));
    if (options_.backbone != nullptr) {
      return unsupported("device {} runs whole networks, not single blocks", options_.backbone->name());
    }
    std::vector<std::int32_t> tokens = to_residual(tokens_in);
    backbone_.run_block(block, task, tokens.data(), tokens.data(), taps);
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens_out[i] = static_cast<float>(tokens[i]) * 0x1p-16F;
    return {};
  }

  Status run_head(int task, std::span<const float> tokens, LogitsSink& logits, TapSink* taps) override {
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens.size()));
    EDGEMOE_RETURN_IF_ERROR(check_has_head(config_));
    head(0, task, to_residual(tokens).data(), extent(config_.embed_dim), logits, taps);
    return {};
  }

  std::vector<SaturatedTensor> take_saturation() override { return saturation_.take(); }

 private:
  /// Tokens of all pictures and tasks to device_tokens_. Of its taps a device gives the last.
  Status run_device(const EngineRequest& request, Sequences& sequences) {
    sequences = {request.images.size(), request.tasks, !config_.tasks_share_backbone()};
    const std::size_t values = extent(config_.num_tokens()) * extent(config_.embed_dim);
    device_tokens_.resize(sequences.count() * values);
    for (std::size_t s = 0; s < sequences.count(); ++s) {
      const std::size_t image = s % sequences.num_images;
      const int task = sequences.split ? request.tasks[s / sequences.num_images] : request.tasks.front();
      EDGEMOE_RETURN_IF_ERROR(
          options_.backbone->run(pixels_[image].span(), task, std::span(device_tokens_).subspan(s * values, values)));
    }
    Int8Taps(request.taps, config_, extent(config_.num_tokens()))
        .emit_residual(sequences, block_tap(config_.depth - 1, kTapBlockOut), device_tokens_.data(),
                       extent(config_.embed_dim));
    return {};
  }

  std::int64_t head(int image, int task, const std::int32_t* tokens, std::size_t stride, LogitsSink& sink,
                    TapSink* taps) {
    const auto start = Clock::now();
    const MatrixView<const float> logits =
        heads_[extent(task)].run(tokens, stride, {taps, image, task_name(config_.tasks[extent(task)].kind)});
    const std::int64_t spent = nanoseconds_since(start);
    sink.on_logits(image, task, logits);
    return spent;
  }

  const ModelConfig config_;
  const EngineOptions options_;
  const std::unique_ptr<ThreadPool> pool_;
  const int8::Kernels& kernels_;
  const Int8Weights weights_;
  Saturation saturation_;
  Int8Backbone backbone_;
  Int8HeadMemory head_memory_;
  std::vector<Int8Head> heads_;
  std::vector<AlignedBuffer<std::uint8_t>> pixels_;
  std::vector<const std::uint8_t*> pixel_pointers_;
  std::vector<std::int32_t> device_tokens_;  // as Sequences has them
};

}  // namespace

Result<std::unique_ptr<Engine>> make_int8_engine(const ModelFile& model, const EngineOptions& options) {
  EDGEMOE_RETURN_IF_ERROR(check_engine_options(options));
  EDGEMOE_ASSIGN_OR_RETURN(const ModelConfig config, engine_config(model, options));
  EDGEMOE_RETURN_IF_ERROR(check_integer_sizes(config));
  try {
    auto pool = std::make_unique<ThreadPool>(options.num_threads);
    EDGEMOE_ASSIGN_OR_RETURN(Int8Weights weights, pack_int8_weights(model, config, int8::kernels(options.isa), *pool));
    if (options.backbone != nullptr) {
      EDGEMOE_ASSIGN_OR_RETURN(const IntegerModel integers, quantize_model(model));
      EDGEMOE_RETURN_IF_ERROR(options.backbone->load(config, integers, weights.positions));
    }
    return std::unique_ptr<Engine>(std::make_unique<Int8Engine>(config, std::move(weights), std::move(pool), options));
  } catch (const std::system_error& error) {
    return io_error("cannot start {} threads: {}; ask for fewer", options.num_threads, error.what());
  }
}

}  // namespace edgemoe

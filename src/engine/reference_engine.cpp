#include <algorithm>
#include <chrono>
#include <cmath>
#include <system_error>
#include <vector>

#include "engine/engine.h"
#include "engine/engine_checks.h"
#include "engine/int8_weights.h"
#include "engine/pixels.h"
#include "engine/reference_backbone.h"
#include "engine/reference_head.h"
#include "engine/tap_rows.h"
#include "quant/integer_model.h"

namespace edgemoe {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

class ReferenceEngine final : public Engine {
 public:
  ReferenceEngine(const ModelFile& file, const ModelConfig& config, IntegerModel model, const EngineOptions& options)
      : config_(config),
        options_(options),
        pool_(options.num_threads),
        model_(std::move(model)),
        saturation_(config_),
        backbone_(config_, model_, integer_positions(file.config(), config_, model_), pool_, saturation_) {}

  const ModelConfig& config() const override { return config_; }
  std::string_view number_type() const override { return number_type_name(NumberType::kReference); }
  Isa isa() const override { return Isa::kPortable; }
  int num_threads() const override { return options_.num_threads; }
  int max_batch() const override { return options_.max_batch; }
  std::size_t weight_bytes() const override { return weight_bytes_of(model_); }
  std::size_t workspace_bytes() const override { return backbone_.bytes(); }

  Result<EngineTimes> run(const EngineRequest& request) override {
    EDGEMOE_RETURN_IF_ERROR(check_request(config_, options_.max_batch, request));
    EngineTimes times;
    for (std::size_t image = 0; image < request.images.size(); ++image) run_image(request, image, times);
    return times;
  }

  Status run_block(int block, int task, std::span<const float> tokens_in, std::span<float> tokens_out,
                   TapSink* taps) override {
    EDGEMOE_RETURN_IF_ERROR(check_block(config_, block));
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens_in.size()));
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens_out.size()));
    std::vector<std::int32_t> tokens = to_residual(tokens_in);
    backbone_.block(block, task, tokens.data(), shared_taps(taps, 0, task, block), own_taps(taps, 0, task, block));
    for (std::size_t i = 0; i < tokens.size(); ++i) tokens_out[i] = static_cast<float>(tokens[i]) * 0x1p-16F;
    return {};
  }

  Status run_head(int task, std::span<const float> tokens, LogitsSink& logits, TapSink* taps) override {
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens.size()));
    EDGEMOE_RETURN_IF_ERROR(check_has_head(config_));
    head(0, task, to_residual(tokens), logits, taps);
    return {};
  }

  std::vector<SaturatedTensor> take_saturation() override { return saturation_.take(); }

 private:
  /// Taps of what all tasks have in common carry the shared scope, as in every engine.
  ReferenceTaps own_taps(TapSink* sink, int image, int task, int block) const {
    const bool shared = config_.tasks_share_backbone() || block < config_.first_moe_block();
    return {sink, image, shared ? kSharedScope : task_name(config_.tasks[extent(task)].kind)};
  }
  ReferenceTaps shared_taps(TapSink* sink, int image, int task, int block) const {
    return block == config_.first_moe_block() ? ReferenceTaps{sink, image, kSharedScope}
                                              : own_taps(sink, image, task, block);
  }

  void run_image(const EngineRequest& request, std::size_t image, EngineTimes& times) {
    const auto number = static_cast<int>(image);
    const auto start = Clock::now();
    if (request.taps != nullptr) tap_input(*request.taps, number, config_, request.images[image]);
    std::vector<std::int32_t> shared(backbone_.num_values());
    std::vector<std::uint8_t> pixels(extent(config_.input.height) * extent(config_.input.width) * 3);
    pixels_of_input(config_.input, request.images[image], pixels);
    backbone_.embed(pixels.data(), shared.data());
    const ReferenceTaps taps{request.taps, number, kSharedScope};
    taps.fixed<std::int32_t>(kTapPatchEmbed, shared, extent(config_.embed_dim), kWideFraction);
    const bool one_pass = config_.tasks_share_backbone();
    const int own_from = one_pass ? config_.depth : config_.first_moe_block();
    for (int block = 0; block < own_from; ++block) backbone_.block(block, 0, shared.data(), taps, taps);
    times.backbone_ns += nanoseconds_since(start);
    for (std::size_t t = 0; t < request.tasks.size(); ++t) {
      const int task = request.tasks[t];
      const auto task_start = Clock::now();
      std::vector<std::int32_t> tokens = shared;
      for (int block = own_from; block < config_.depth; ++block) {
        // What the tasks share of the first router's block is told once.
        const bool told = block == config_.first_moe_block() && t > 0;
        backbone_.block(block, task, tokens.data(),
                        told ? ReferenceTaps{.told = true} : shared_taps(request.taps, number, task, block),
                        own_taps(request.taps, number, task, block));
      }
      times.backbone_ns += nanoseconds_since(task_start);
      if (request.logits != nullptr) times.head_ns += head(number, task, tokens, *request.logits, request.taps);
    }
  }

  std::int64_t head(int image, int task, const std::vector<std::int32_t>& tokens, LogitsSink& sink, TapSink* taps) {
    const auto start = Clock::now();
    const std::string_view scope = task_name(config_.tasks[extent(task)].kind);
    const std::vector<float> logits =
        run_reference_head(config_, task, model_.heads[extent(task)], tokens.data(), {taps, image, scope}, saturation_);
    const auto outputs = extent(config_.tasks[extent(task)].outputs);
    const MatrixView<const float> view = {logits.data(), logits.size() / outputs, outputs, outputs};
    if (taps != nullptr) tap_logits(*taps, image, scope, config_, view);
    const std::int64_t spent = nanoseconds_since(start);
    sink.on_logits(image, task, view);
    return spent;
  }

  static std::size_t weight_bytes_of(const IntegerModel& model) {
    const auto of = [](const IntegerLinear& layer) { return layer.weight.size() + layer.outputs * 7; };
    std::size_t bytes = of(model.patch_embed);
    for (const IntegerBlock& block : model.blocks) {
      bytes += of(block.query) + of(block.key) + of(block.value) + of(block.proj);
      for (const IntegerMlp& mlp : block.mlps) bytes += of(mlp.up) + of(mlp.down);
      for (const IntegerGate& gate : block.gates) bytes += 2 * gate.weight.size() + 8 * gate.constant.size();
    }
    for (const IntegerHead& head : model.heads) {
      for (const IntegerLinear& stage : head.stages) bytes += of(stage);
      bytes += of(head.outputs);
    }
    return bytes;
  }

  const ModelConfig config_;
  const EngineOptions options_;
  ThreadPool pool_;
  const IntegerModel model_;
  Saturation saturation_;
  ReferenceBackbone backbone_;
};

/// Whether the reference's memories hold the network.
Status check_fits(const ModelConfig& config) {
  using Design = hls::ReferenceDesign;
  const int patch_inputs = config.patch_size * config.patch_size * 3;
  const int inputs = std::max({config.embed_dim, config.mlp_dim, config.moe.expert_dim, patch_inputs});
  if (config.num_tokens() <= Design::kMaxTokens && inputs <= Design::kMaxInputs &&
      config.head_dim() <= Design::kMaxHeadDim && config.moe.num_experts <= Design::kMaxExperts) {
    return {};
  }
  return too_large(
      "the reference holds {} tokens, layers of {} inputs, heads of {} and {} experts; model {} has {}, {}, {} and {}",
      Design::kMaxTokens, Design::kMaxInputs, Design::kMaxHeadDim, Design::kMaxExperts, config.name,
      config.num_tokens(), inputs, config.head_dim(), config.moe.num_experts);
}

}  // namespace

Result<std::unique_ptr<Engine>> make_reference_engine(const ModelFile& model, const EngineOptions& options) {
  EDGEMOE_RETURN_IF_ERROR(check_engine_options(options));
  EDGEMOE_ASSIGN_OR_RETURN(const ModelConfig config, engine_config(model, options));
  EDGEMOE_RETURN_IF_ERROR(check_integer_sizes(config));
  EDGEMOE_RETURN_IF_ERROR(check_fits(config));
  EDGEMOE_ASSIGN_OR_RETURN(IntegerModel integers, quantize_model(model));
  try {
    return std::unique_ptr<Engine>(std::make_unique<ReferenceEngine>(model, config, std::move(integers), options));
  } catch (const std::system_error& error) {
    return io_error("cannot start {} threads: {}; ask for fewer", options.num_threads, error.what());
  }
}

}  // namespace edgemoe

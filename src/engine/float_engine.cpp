#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <system_error>
#include <vector>

#include "engine/engine.h"
#include "engine/engine_checks.h"
#include "engine/float_backbone.h"
#include "engine/float_head.h"
#include "engine/float_weights.h"
#include "engine/scratch.h"

namespace edgemoe {
namespace {

constexpr double kMaxWorkspaceBytes = 64e9;

std::int64_t nanoseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
}

/// Working memory within a factor of a few and without overflow: to refuse absurd sizes before planning them.
double estimated_workspace_bytes(const ModelConfig& config, int max_batch) {
  const double tokens = static_cast<double>(config.num_tokens());
  const double rows = tokens * static_cast<double>(max_batch) * static_cast<double>(config.tasks.size());
  const double per_row = 8.0 * config.embed_dim + std::max(config.mlp_dim, config.moe.expert_dim);
  double head = 0;
  if (config.head.present) {
    double outputs = 0;
    for (const TaskConfig& task : config.tasks) outputs = std::max(outputs, static_cast<double>(task.outputs));
    const double scale = std::pow(config.head.upsample, 2 * config.head.num_stages);
    head = 2 * std::max(tokens * scale * std::max(static_cast<double>(config.head.channels), outputs),
                        static_cast<double>(config.input.height) * config.input.width * outputs);
  }
  return 4.0 * (rows * per_row + head);
}

class FloatEngine final : public Engine {
 public:
  FloatEngine(const ModelFile& model, const ModelConfig& config, const EngineOptions& options)
      : config_(config),
        options_(options),
        pool_(options.num_threads),
        weights_(load_float_weights(model, config_, options.isa)) {
    backbone_.emplace(config_, weights_, options.isa, pool_, static_cast<std::size_t>(options.max_batch), plan_);
    heads_.reserve(weights_.heads.size());
    for (const HeadWeights& head : weights_.heads) heads_.emplace_back(config_, head, options.isa, pool_, plan_);
    workspace_ = AlignedBuffer<float>(plan_.size());
    backbone_->bind(workspace_.data());
    for (FloatHead& head : heads_) head.bind(workspace_.data());
  }

  const ModelConfig& config() const override { return config_; }
  std::string_view number_type() const override { return "float32"; }
  Isa isa() const override { return options_.isa; }
  int num_threads() const override { return options_.num_threads; }
  int max_batch() const override { return options_.max_batch; }
  std::size_t weight_bytes() const override { return weights_.bytes(); }
  std::size_t workspace_bytes() const override { return workspace_.size() * sizeof(float); }

  Result<EngineTimes> run(const EngineRequest& request) override {
    EDGEMOE_RETURN_IF_ERROR(check_request(config_, options_.max_batch, request));
    EngineTimes times;
    Sequences sequences;
    const auto start = std::chrono::steady_clock::now();
    const MatrixView<const float> tokens = backbone_->run(request.images, request.tasks, request.taps, sequences);
    times.backbone_ns = nanoseconds_since(start);
    if (request.logits == nullptr) return times;
    for (std::size_t t = 0; t < request.tasks.size(); ++t) {
      for (std::size_t image = 0; image < request.images.size(); ++image) {
        times.head_ns += run_head(request, sequences, tokens, t, image);
      }
    }
    return times;
  }

  Status run_block(int block, int task, std::span<const float> tokens_in, std::span<float> tokens_out,
                   TapSink* taps) override {
    EDGEMOE_RETURN_IF_ERROR(check_block(config_, block));
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens_in.size()));
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens_out.size()));
    backbone_->run_block(block, task, tokens_in.data(), tokens_out.data(), taps);
    return {};
  }

  Status run_head(int task, std::span<const float> tokens, LogitsSink& logits, TapSink* taps) override {
    EDGEMOE_RETURN_IF_ERROR(check_tokens(config_, task, tokens.size()));
    EDGEMOE_RETURN_IF_ERROR(check_has_head(config_));
    const auto index = static_cast<std::size_t>(task);
    const auto dim = static_cast<std::size_t>(config_.embed_dim);
    logits.on_logits(0, task,
                     heads_[index].run({tokens.data(), tokens.size() / dim, dim, dim},
                                       {taps, 0, task_name(config_.tasks[index].kind)}));
    return {};
  }

 private:
  std::int64_t run_head(const EngineRequest& request, const Sequences& sequences, const MatrixView<const float>& tokens,
                        std::size_t task, std::size_t image) {
    const auto start = std::chrono::steady_clock::now();
    const auto num_tokens = static_cast<std::size_t>(config_.num_tokens());
    const std::size_t sequence = (sequences.split ? task * sequences.num_images : 0) + image;
    const auto model_task = static_cast<std::size_t>(request.tasks[task]);
    const MatrixView<const float> logits = heads_[model_task].run(
        {tokens.data + sequence * num_tokens * tokens.stride, num_tokens, tokens.cols, tokens.stride},
        {request.taps, static_cast<int>(image), task_name(config_.tasks[model_task].kind)});
    const std::int64_t spent = nanoseconds_since(start);
    request.logits->on_logits(static_cast<int>(image), request.tasks[task], logits);
    return spent;
  }

  const ModelConfig config_;
  const EngineOptions options_;
  ThreadPool pool_;
  const FloatWeights weights_;
  ScratchPlan plan_;
  std::optional<FloatBackbone> backbone_;
  std::vector<FloatHead> heads_;
  AlignedBuffer<float> workspace_;
};

}  // namespace

Result<std::unique_ptr<Engine>> make_float_engine(const ModelFile& model, const EngineOptions& options) {
  EDGEMOE_RETURN_IF_ERROR(check_engine_options(options));
  if (model.numbers() == StoredNumbers::kIntegers) {
    return unsupported(
        "a model of integers, which the float engine cannot run: the floats are not in it; take --type int8 or the "
        "model "
        "that it was quantised from");
  }
  EDGEMOE_ASSIGN_OR_RETURN(const ModelConfig config, engine_config(model, options));
  const double bytes = estimated_workspace_bytes(config, options.max_batch);
  if (bytes > kMaxWorkspaceBytes) {
    return too_large("a batch of {} at {}x{} would need about {:.0f} GB of working memory; the limit is {:.0f} GB",
                     options.max_batch, config.input.height, config.input.width, bytes / 1e9, kMaxWorkspaceBytes / 1e9);
  }
  try {
    return std::unique_ptr<Engine>(std::make_unique<FloatEngine>(model, config, options));
  } catch (const std::system_error& error) {
    return io_error("cannot start {} threads: {}; ask for fewer", options.num_threads, error.what());
  }
}

}  // namespace edgemoe

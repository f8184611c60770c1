#include "engine/engine_checks.h"

#include <algorithm>
#include <string>

#include "base/thread_pool.h"

namespace edgemoe {

int default_num_threads() { return std::min(available_cpus(), kMaxThreads); }

Status check_engine_options(const EngineOptions& options) {
  if (options.num_threads < 1 || options.num_threads > kMaxThreads) {
    return invalid_argument("threads: expected 1 to {}, found {}", kMaxThreads, options.num_threads);
  }
  if (options.max_batch < 1 || options.max_batch > kMaxBatch) {
    return invalid_argument("batch: expected 1 to {}, found {}", kMaxBatch, options.max_batch);
  }
  std::string supported;
  for (const Isa isa : supported_isas()) {
    if (isa == options.isa) return {};
    supported += supported.empty() ? "" : ", ";
    supported += isa_name(isa);
  }
  return invalid_argument("instruction set {} does not run on this machine; it has {}", isa_name(options.isa),
                          supported);
}

Result<ModelConfig> engine_config(const ModelFile& model, const EngineOptions& options) {
  ModelConfig config = model.config();
  if ((options.input_height == 0) != (options.input_width == 0)) {
    return invalid_argument("input size: height and width must both be given, found {}x{}", options.input_height,
                            options.input_width);
  }
  if (options.input_height != 0) {
    config.input.height = options.input_height;
    config.input.width = options.input_width;
    if (const Status status = validate_complete_config(config); !status.ok()) {
      return invalid_argument("an input of {}x{} does not suit this model: {}", options.input_height,
                              options.input_width, status.message());
    }
  }
  return config;
}

Status check_integer_sizes(const ModelConfig& config) {
  constexpr int kMaxTokens = 1 << 16;
  if (config.num_tokens() <= kMaxTokens) return {};
  return too_large(
      "the integer network has at most {} tokens, an input of {}x{} makes {}: take a smaller one, or float", kMaxTokens,
      config.input.height, config.input.width, config.num_tokens());
}

Status check_request(const ModelConfig& config, int max_batch, const EngineRequest& request) {
  if (request.images.empty() || request.images.size() > static_cast<std::size_t>(max_batch)) {
    return invalid_argument("expected 1 to {} pictures in a run, found {}", max_batch, request.images.size());
  }
  if (request.tasks.empty()) return invalid_argument("no task asked for; this model has {}", config.task_list());
  for (std::size_t i = 0; i < request.tasks.size(); ++i) {
    const int task = request.tasks[i];
    if (task < 0 || static_cast<std::size_t>(task) >= config.tasks.size()) {
      return invalid_argument("task {} is not one of the model's {}", task, config.tasks.size());
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (request.tasks[j] == task) {
        return invalid_argument("task {} is asked for twice",
                                task_name(config.tasks[static_cast<std::size_t>(task)].kind));
      }
    }
  }
  return request.logits != nullptr ? check_has_head(config) : Status();
}

Status check_has_head(const ModelConfig& config) {
  if (config.head.present) return {};
  return unsupported("model {} has no heads, only a backbone: taps are all that it can give", config.name);
}

Status check_tokens(const ModelConfig& config, int task, std::size_t count) {
  if (task < 0 || static_cast<std::size_t>(task) >= config.tasks.size()) {
    return invalid_argument("task {} is not one of the model's {}", task, config.tasks.size());
  }
  const auto expected = static_cast<std::size_t>(config.num_tokens()) * static_cast<std::size_t>(config.embed_dim);
  if (count == expected) return {};
  return invalid_argument("expected {} values of tokens, found {}", expected, count);
}

Status check_block(const ModelConfig& config, int block) {
  if (block >= 0 && block < config.depth) return {};
  return invalid_argument("block {}: the model has {}", block, config.depth);
}

}  // namespace edgemoe

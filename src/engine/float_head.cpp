#include "engine/float_head.h"

#include <algorithm>

#include "engine/tap_rows.h"
#include "kernels/conv/conv.h"
#include "kernels/layernorm/layernorm.h"

namespace edgemoe {
namespace {

std::size_t extent(int value) { return static_cast<std::size_t>(value); }

}  // namespace

FloatHead::FloatHead(const ModelConfig& config, const HeadWeights& weights, Isa isa, ThreadPool& pool,
                     ScratchPlan& plan)
    : config_(config),
      weights_(weights),
      isa_(isa),
      pool_(pool),
      shuffles_(config.head.upsampling == Upsampling::kPixelShuffle) {
  plan_sizes(config);
  const std::size_t mark = plan.mark();
  halves_offset_ = plan.take(half_floats_);
  plan.take(half_floats_);
  resize_offset_ = plan.take(resize_floats_ * static_cast<std::size_t>(pool.num_threads()));
  plan.return_to(mark);
}

/// Follows the maps through the head once, without values: how large they get and which resizes they need.
void FloatHead::plan_sizes(const ModelConfig& config) {
  std::size_t height = extent(config.grid_height());
  std::size_t width = extent(config.grid_width());
  std::size_t channels = extent(config.embed_dim);
  const auto see = [this](std::size_t floats) { half_floats_ = std::max(half_floats_, floats); };
  const auto resized = [&](std::size_t to_height, std::size_t to_width) {
    ResizePlan plan(
        {.in_height = height, .in_width = width, .out_height = to_height, .out_width = to_width, .channels = channels});
    resize_floats_ = std::max(resize_floats_, plan.workspace_size());
    height = to_height;
    width = to_width;
    see(height * width * channels);
    return plan;
  };
  see(height * width * channels);
  for (std::size_t s = 0; s < weights_.stages.size(); ++s) {
    channels = weights_.stages[s].weight.outputs;
    see(height * width * channels);
    if (shuffles_) {
      const std::size_t factor = extent(config.head.upsample);
      height *= factor;
      width *= factor;
      channels /= factor * factor;
    }
    if (s + 1 == weights_.stages.size()) {
      channels = weights_.outputs.weight.outputs;
      see(height * width * channels);
    }
    if (!shuffles_ && config.head.upsample == 2) upsamplers_.push_back(resized(2 * height, 2 * width));
  }
  if (height != extent(config.input.height) || width != extent(config.input.width)) {
    to_input_size_.emplace(resized(extent(config.input.height), extent(config.input.width)));
  }
  // Pieces are aligned; so is the second half.
  constexpr std::size_t kStep = kAlignment / sizeof(float);
  half_floats_ = (half_floats_ + kStep - 1) / kStep * kStep;
}

MatrixView<float> FloatHead::rows(const Map& map) const {
  return {memory_ + halves_offset_ + extent(map.half) * half_floats_, map.height * map.width, map.channels,
          map.channels};
}

MatrixView<const float> FloatHead::run(const MatrixView<const float>& tokens, const TapTarget& taps) const {
  Map map{extent(config_.grid_height()), extent(config_.grid_width()), tokens.cols, 0};
  layernorm(isa_, {tokens.row(1), tokens.rows - 1, tokens.cols, tokens.stride}, weights_.norm.weight.data(),
            weights_.norm.bias.data(), config_.layernorm_eps, rows(map), pool_);
  if (taps.sink != nullptr) {
    const MatrixView<float> normed = rows(map);
    taps.sink->on_tap(taps.image, taps.scope, head_tap(kTapHeadNorm),
                      {DType::kF32,
                       Shape{static_cast<std::int64_t>(normed.rows), static_cast<std::int64_t>(normed.cols)},
                       {reinterpret_cast<const std::byte*>(normed.data), map.floats() * sizeof(float)}});
  }
  for (std::size_t s = 0; s < weights_.stages.size(); ++s) {
    map = convolve(map, weights_.stages[s], true);
    if (shuffles_) map = shuffle(map);
    if (s + 1 == weights_.stages.size()) map = convolve(map, weights_.outputs, false);
    if (!upsamplers_.empty()) map = upsample(map, upsamplers_[s]);
  }
  if (to_input_size_) map = upsample(map, *to_input_size_);
  const MatrixView<const float> logits = as_const(rows(map));
  if (taps.sink != nullptr) tap_logits(*taps.sink, taps.image, taps.scope, config_, logits);
  return logits;
}

FloatHead::Map FloatHead::convolve(const Map& in, const ConvStage& stage, bool relu) const {
  const Map out{in.height, in.width, stage.weight.outputs, 1 - in.half};
  conv2d(isa_,
         {.in = as_const(rows(in)),
          .height = in.height,
          .width = in.width,
          .weights = &stage.weight,
          .bias = stage.bias.data(),
          .relu = relu,
          .out = rows(out)},
         pool_);
  return out;
}

/// The weights are packed so that a pixel's channels are [row][column][channel] of what it becomes: one run a row.
FloatHead::Map FloatHead::shuffle(const Map& in) const {
  const std::size_t factor = extent(config_.head.upsample);
  const Map out{in.height * factor, in.width * factor, in.channels / (factor * factor), 1 - in.half};
  const float* source = rows(in).data;
  float* destination = rows(out).data;
  const std::size_t run = factor * out.channels;
  pool_.parallel_for(out.height, [&](std::size_t y, int) {
    const float* from = source + y / factor * in.width * in.channels + y % factor * run;
    float* to = destination + y * in.width * run;
    for (std::size_t x = 0; x < in.width; ++x) std::copy_n(from + x * in.channels, run, to + x * run);
  });
  return out;
}

FloatHead::Map FloatHead::upsample(const Map& in, const ResizePlan& plan) const {
  const Map out{plan.shape().out_height, plan.shape().out_width, in.channels, 1 - in.half};
  const float* source = rows(in).data;
  float* destination = rows(out).data;
  const std::size_t row_floats = out.width * out.channels;
  pool_.parallel_for(out.height, [&](std::size_t y, int thread) {
    float* scratch = memory_ + resize_offset_ + extent(thread) * resize_floats_;
    plan.run_row(source, y, destination + y * row_floats, {scratch, resize_floats_});
  });
  return out;
}

}  // namespace edgemoe

// How many GFLOP/s does each float kernel reach, on each instruction set? One thread unless --threads=N comes first;
// otherwise Google Benchmark's own arguments (--benchmark_filter=gemm, --benchmark_format=json, …). A multiply-add
// counts as two operations. GEMMs walk through several sets of weights, as a network does, so that B does not come from
// the first-level cache of the run before.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/thread_pool.h"
#include "kernels/attention/attention.h"
#include "kernels/conv/conv.h"
#include "kernels/gemm/gemm.h"
#include "kernels/layernorm/layernorm.h"

namespace edgemoe {
namespace {

AlignedBuffer<float> random_buffer(std::size_t size) {
  Random random(1);
  AlignedBuffer<float> buffer(size);
  for (float& value : buffer) value = random.normal();
  return buffer;
}

MatrixView<const float> const_view(const AlignedBuffer<float>& buffer, std::size_t rows, std::size_t cols) {
  return {buffer.data(), rows, cols, cols};
}

MatrixView<float> view(AlignedBuffer<float>& buffer, std::size_t rows, std::size_t cols) {
  return {buffer.data(), rows, cols, cols};
}

void report_operations(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

struct GemmShape {
  std::string_view what;
  std::size_t m, n, k;
  GemmActivation activation;
};

// The products of the Edge-MoE network (129 tokens; experts with few, the average and many tokens) and a router.
constexpr GemmShape kGemmShapes[] = {
    {"qkv", 129, 576, 192, GemmActivation::kNone},         {"proj", 129, 192, 192, GemmActivation::kNone},
    {"fc1", 129, 768, 192, GemmActivation::kGelu},         {"fc2", 129, 192, 768, GemmActivation::kNone},
    {"patch_embed", 128, 192, 768, GemmActivation::kNone}, {"router", 129, 16, 192, GemmActivation::kNone},
    {"htoh4", 3, 384, 192, GemmActivation::kGelu},         {"htoh4", 16, 384, 192, GemmActivation::kGelu},
    {"htoh4", 40, 384, 192, GemmActivation::kGelu},        {"h4toh", 3, 192, 384, GemmActivation::kNone},
    {"h4toh", 16, 192, 384, GemmActivation::kNone},        {"h4toh", 40, 192, 384, GemmActivation::kNone}};

void run_gemm(benchmark::State& state, Isa isa, const GemmShape& shape, int threads) {
  constexpr std::size_t kWeightSets = 16;
  ThreadPool pool(threads);
  const AlignedBuffer<float> a = random_buffer(shape.m * shape.k);
  const AlignedBuffer<float> b = random_buffer(shape.n * shape.k);
  const AlignedBuffer<float> bias = random_buffer(shape.n);
  AlignedBuffer<float> c(shape.m * shape.n);
  std::vector<GemmWeights> weights;
  for (std::size_t i = 0; i < kWeightSets; ++i) {
    weights.push_back(pack_gemm_weights(isa, const_view(b, shape.n, shape.k)));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    gemm(isa,
         {.a = const_view(a, shape.m, shape.k),
          .b = &weights[next++ % kWeightSets],
          .bias = bias.data(),
          .activation = shape.activation,
          .c = view(c, shape.m, shape.n),
          .m = shape.m},
         pool);
  }
  report_operations(state, 2.0 * static_cast<double>(shape.m * shape.n * shape.k));
}

struct ConvShape {
  std::size_t height, width, inputs, outputs, kernel;
};

// The decoder's convolutions at its first and last stage, and the last one to a task's outputs.
constexpr ConvShape kConvShapes[] = {
    {8, 16, 192, 256, 3}, {16, 32, 256, 256, 3}, {64, 128, 256, 256, 3}, {64, 128, 256, 7, 1}};

void run_conv(benchmark::State& state, Isa isa, const ConvShape& shape, int threads) {
  ThreadPool pool(threads);
  const std::size_t pixels = shape.height * shape.width;
  const std::size_t terms = shape.inputs * shape.kernel * shape.kernel;
  const AlignedBuffer<float> in = random_buffer(pixels * shape.inputs);
  const AlignedBuffer<float> filters = random_buffer(shape.outputs * terms);
  const AlignedBuffer<float> bias = random_buffer(shape.outputs);
  AlignedBuffer<float> out(pixels * shape.outputs);
  const ConvWeights weights = pack_conv_weights(isa, filters.data(), shape.outputs, shape.inputs, shape.kernel);
  for (auto _ : state) {
    conv2d(isa,
           {.in = const_view(in, pixels, shape.inputs),
            .height = shape.height,
            .width = shape.width,
            .weights = &weights,
            .bias = bias.data(),
            .relu = true,
            .out = view(out, pixels, shape.outputs)},
           pool);
  }
  report_operations(state, 2.0 * static_cast<double>(pixels * shape.outputs * terms));
}

void run_attention(benchmark::State& state, Isa isa, std::size_t num_tokens, int threads) {
  constexpr std::size_t kHeads = 3;
  constexpr std::size_t kHeadDim = 64;
  ThreadPool pool(threads);
  const AlignedBuffer<float> qkv = random_buffer(num_tokens * 3 * kHeads * kHeadDim);
  AlignedBuffer<float> out(num_tokens * kHeads * kHeadDim);
  AlignedBuffer<float> workspace(attention_workspace_size(1, num_tokens, kHeads, kHeadDim, threads));
  for (auto _ : state) {
    attention(isa,
              {.qkv = const_view(qkv, num_tokens, 3 * kHeads * kHeadDim),
               .out = view(out, num_tokens, kHeads * kHeadDim),
               .num_tokens = num_tokens,
               .num_heads = kHeads,
               .head_dim = kHeadDim,
               .scale = 0.125F,
               .workspace = workspace.data()},
              pool);
  }
  report_operations(state, 4.0 * static_cast<double>(num_tokens * num_tokens * kHeads * kHeadDim));
}

void run_layernorm(benchmark::State& state, Isa isa, std::size_t rows, std::size_t cols, int threads) {
  ThreadPool pool(threads);
  const AlignedBuffer<float> in = random_buffer(rows * cols);
  const AlignedBuffer<float> weight = random_buffer(cols);
  AlignedBuffer<float> out(rows * cols);
  for (auto _ : state) {
    layernorm(isa, const_view(in, rows, cols), weight.data(), weight.data(), 1e-6F, view(out, rows, cols), pool);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(2 * rows * cols * sizeof(float)));
}

void register_all(Isa isa, int threads) {
  const std::string suffix = "/" + std::string(isa_name(isa)) + "/threads:" + std::to_string(threads);
  const auto add = [&](const std::string& name, auto function) {
    auto* const made = benchmark::RegisterBenchmark((name + suffix).c_str(), function);
    made->Unit(benchmark::kMicrosecond);
    if (threads > 1) made->UseRealTime();  // one thread is timed by its own clock: other programs disturb it less
  };
  for (const GemmShape& shape : kGemmShapes) {
    const std::string sizes = std::to_string(shape.m) + "x" + std::to_string(shape.n) + "x" + std::to_string(shape.k);
    add("gemm/" + std::string(shape.what) + "/" + sizes,
        [=](benchmark::State& state) { run_gemm(state, isa, shape, threads); });
  }
  for (const ConvShape& shape : kConvShapes) {
    const std::string sizes = std::to_string(shape.height) + "x" + std::to_string(shape.width) + "/" +
                              std::to_string(shape.inputs) + "to" + std::to_string(shape.outputs) + "/" +
                              std::to_string(shape.kernel);
    add("conv/" + sizes, [=](benchmark::State& state) { run_conv(state, isa, shape, threads); });
  }
  for (const std::size_t num_tokens : {129UL, 1201UL}) {
    add("attention/" + std::to_string(num_tokens),
        [=](benchmark::State& state) { run_attention(state, isa, num_tokens, threads); });
  }
  add("layernorm/129x192", [=](benchmark::State& state) { run_layernorm(state, isa, 129, 192, threads); });
}

}  // namespace
}  // namespace edgemoe

int main(int argc, char** argv) {
  constexpr std::string_view kThreads = "--threads=";
  int threads = 1;
  std::vector<char*> arguments(argv, argv + argc);
  if (argc > 1 && std::string_view(argv[1]).starts_with(kThreads)) {
    threads = std::atoi(argv[1] + kThreads.size());
    arguments.erase(arguments.begin() + 1);
  }
  if (threads < 1) threads = edgemoe::available_cpus();
  for (const edgemoe::Isa isa : edgemoe::supported_isas()) edgemoe::register_all(isa, threads);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

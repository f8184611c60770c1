// edgemoe verify: a model's engine against a golden file from another implementation.
#include <fmt/core.h>

#include <cmath>
#include <memory>

#include "cli/command.h"
#include "cli/engine_flags.h"
#include "model/safetensors.h"
#include "pipeline/pipeline.h"
#include "pipeline/verify.h"

namespace edgemoe::cli {
namespace {

struct VerifyCommandOptions {
  std::filesystem::path model;
  std::filesystem::path golden;
  EngineFlags engine;
  VerifyOptions verify;
};

void print_walk(std::string_view what, const TapComparison& walk) {
  if (walk.values == 0) return;
  fmt::print("  {:<15} {} values in {} taps", what, walk.values, walk.taps);
  if (walk.worst) fmt::print(", worst {}", describe(*walk.worst));
  fmt::print("\n");
}

ExitCode verify(const VerifyCommandOptions& options) {
  if (std::isnan(options.verify.block_tolerance) || std::isnan(options.verify.end_to_end_tolerance)) {
    return fail(Status(StatusCode::kInvalidArgument, "a tolerance must be a number, found nan"));
  }
  const Result<EngineOptions> engine_options = options.engine.engine_options(1);
  if (!engine_options.ok()) return fail(engine_options.status());
  Result<std::unique_ptr<Pipeline>> pipeline = Pipeline::load(options.model, *engine_options);
  if (!pipeline.ok()) return fail(pipeline.status());
  const Result<SafetensorsFile> golden = SafetensorsFile::open(options.golden);
  if (!golden.ok()) return fail(golden.status());
  const Result<VerifyReport> report = verify_engine((*pipeline)->engine(), golden->index(), options.verify);
  if (!report.ok()) return fail(report.status().with_context(options.golden.string()));
  for (const VerifyTask& task : report->tasks) {
    fmt::print("{}\n", task.task);
    print_walk("block by block", task.block_by_block);
    print_walk("end to end", task.end_to_end);
    if (task.near_ties > 0) fmt::print("  {} tokens at a near tie between experts, left out\n", task.near_ties);
    if (!task.end_to_end_note.empty()) fmt::print("  end to end {}\n", task.end_to_end_note);
  }
  if (const TapDifference* first = report->first_difference()) {
    fmt::print("FAILED, first difference: {}\n", describe(*first));
    return kFailed;
  }
  fmt::print("verified: {} values agree\n", report->values());
  return kDone;
}

}  // namespace

Command add_verify_command(CLI::App& tool) {
  auto options = std::make_shared<VerifyCommandOptions>();
  CLI::App* app = tool.add_subcommand("verify", "Check a model against golden values dumped from your PyTorch");
  app->add_option("MODEL", options->model, "Model file")->required();
  app->add_option("--golden", options->golden, "File made with scripts/dump_golden.py (docs/verify.md)")->required();
  app->add_option("--block-tolerance", options->verify.block_tolerance,
                  "One block from golden tokens: difference allowed, of each tap's largest magnitude")
      ->check(number_in(0.0, 1e30))
      ->capture_default_str();
  app->add_option("--tolerance", options->verify.end_to_end_tolerance, "The same for the whole network")
      ->check(number_in(0.0, 1e30))
      ->capture_default_str();
  options->engine.add_to(*app);
  app->footer("Example:\n  edgemoe verify model.safetensors --golden golden.safetensors");
  return {app, [options] { return verify(*options); }};
}

}  // namespace edgemoe::cli

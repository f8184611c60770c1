// edgemoe compare: two tap dumps, value by value.
#include <fmt/core.h>

#include <cmath>
#include <memory>

#include "cli/command.h"
#include "model/safetensors.h"
#include "model/tap_dump.h"

namespace edgemoe::cli {
namespace {

struct CompareOptions {
  std::filesystem::path expected;
  std::filesystem::path found;
  TapTolerance tolerance;
};

void print_missing(const std::vector<std::string>& names, const std::filesystem::path& path) {
  if (names.empty()) return;
  fmt::print("{}\n",
             for_terminal(fmt::format("{} taps only in {}, first {}", names.size(), path.string(), names.front())));
}

ExitCode compare(const CompareOptions& options) {
  if (std::isnan(options.tolerance.absolute) || std::isnan(options.tolerance.relative)) {
    return fail(Status(StatusCode::kInvalidArgument, "a tolerance must be a number, found nan"));
  }
  const Result<SafetensorsFile> expected = SafetensorsFile::open(options.expected);
  if (!expected.ok()) return fail(expected.status());
  const Result<SafetensorsFile> found = SafetensorsFile::open(options.found);
  if (!found.ok()) return fail(found.status());
  for (const auto& [file, path] : {std::pair(&*expected, &options.expected), std::pair(&*found, &options.found)}) {
    if (file->index().metadata.contains("edgemoe.config")) {
      return fail(
          Status(StatusCode::kInvalidArgument,
                 fmt::format("{}: is a model, expected a dump of taps (edgemoe run --dump-taps)", path->string())));
    }
  }
  const Result<TapComparison> result = compare_taps(expected->index(), found->index(), options.tolerance);
  if (!result.ok()) return fail(result.status());
  fmt::print("compared {} values in {} taps\n", result->values, result->taps);
  if (result->worst) fmt::print("worst  {}\n", for_terminal(describe(*result->worst)));
  print_missing(result->only_expected, options.expected);
  print_missing(result->only_found, options.found);
  if (result->first) {
    fmt::print("first difference  {}\n", for_terminal(describe(*result->first)));
    return kFailed;
  }
  if (!result->only_expected.empty()) {
    fmt::print("equal where both have taps, but taps are missing\n");
    return kFailed;
  }
  fmt::print("equal\n");
  return kDone;
}

}  // namespace

Command add_compare_command(CLI::App& tool) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* app = tool.add_subcommand(
      "compare", "Walk two tap dumps in the network's order and stop at the first difference, with its coordinates");
  app->add_option("EXPECTED", options->expected, "Dump of edgemoe run --dump-taps, or a golden file")->required();
  app->add_option("FOUND", options->found, "The dump to check")->required();
  app->add_option("--abs", options->tolerance.absolute, "Absolute difference allowed")
      ->check(number_in(0.0, 1e30))
      ->capture_default_str();
  app->add_option("--rel", options->tolerance.relative, "Difference allowed, of each tap's largest magnitude")
      ->check(number_in(0.0, 1e30))
      ->capture_default_str();
  app->footer(
      "Without --abs and --rel values must be equal bit for bit. Exit code 1 on a difference or a missing tap.\n"
      "Example:\n"
      "  edgemoe run a.jpg --model m.safetensors --threads 1 --dump-taps one.safetensors\n"
      "  edgemoe run a.jpg --model m.safetensors --threads 7 --dump-taps seven.safetensors\n"
      "  edgemoe compare one.safetensors seven.safetensors");
  return {app, [options] { return compare(*options); }};
}

}  // namespace edgemoe::cli

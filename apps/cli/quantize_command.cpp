// edgemoe quantize: a model's integers, ahead of time.
#include <fmt/core.h>

#include <memory>

#include "cli/command.h"
#include "model/model_file.h"
#include "quant/integer_file.h"

namespace edgemoe::cli {
namespace {

struct QuantizeOptions {
  std::filesystem::path model;
  std::filesystem::path output;
};

double megabytes(const std::filesystem::path& path) {
  std::error_code ignored;
  return static_cast<double>(std::filesystem::file_size(path, ignored)) / 1e6;
}

ExitCode quantize(QuantizeOptions options) {
  if (const Status status = find_model(options.model); !status.ok()) return fail(status);
  if (const Status status = check_output(options.output, {options.model}); !status.ok()) return fail(status);
  const Result<ModelFile> model = ModelFile::open(options.model);
  if (!model.ok()) return fail(model.status());
  ProgressLine progress("parts");
  const Status status = write_integer_model(options.output, *model,
                                            [&](std::size_t done, std::size_t total) { progress.update(done, total); });
  progress.clear();
  if (!status.ok()) return fail(status.with_context(options.model.string()));
  fmt::print("{}\n", for_terminal(fmt::format("wrote {}: the integers of {}{}, {:.1f} MB of {:.1f}",
                                              options.output.string(), model->config().name, model_origin(*model),
                                              megabytes(options.output), megabytes(options.model))));
  return kDone;
}

}  // namespace

Command add_quantize_command(CLI::App& tool) {
  auto options = std::make_shared<QuantizeOptions>();
  CLI::App* app = tool.add_subcommand("quantize", "Turn a model into the integers that --type int8 computes with");
  app->add_option("MODEL", options->model, "Model file, or the name of a model that came with edgemoe")->required();
  app->add_option("-o,--output", options->output, "Model file to write")->required();
  app->footer(
      "The file takes a quarter of the memory of float32 weights and loads faster; maps are the same bytes as those "
      "of\n"
      "--type int8 on MODEL. No pictures are needed. docs/numerics.md has the rules, docs/model-format.md the format.\n"
      "Example:\n"
      "  edgemoe quantize model.safetensors -o model.int8.safetensors\n"
      "  edgemoe run street.jpg --model model.int8.safetensors -o maps");
  return {app, [options] { return quantize(*options); }};
}

}  // namespace edgemoe::cli

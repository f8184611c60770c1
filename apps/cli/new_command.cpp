// edgemoe new: a model with seeded random weights.
#include <fmt/core.h>

#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "model/config.h"
#include "model/model_file.h"
#include "model/named_config.h"

namespace edgemoe::cli {

Command add_new_command(CLI::App& tool) {
  struct Options {
    std::string config;
    std::string seed = "0";
    std::filesystem::path output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* app =
      tool.add_subcommand("new", "Make a model with seeded random weights (untrained), for tests and timing");
  app->add_option("CONFIG", options->config, "Named configuration (edgemoe doctor lists them) or a .json file")
      ->required();
  app->add_option("--seed", options->seed, "Seed, 0 to 2^64 - 1; the same seed gives the same bytes on every machine")
      ->capture_default_str();
  app->add_option("-o,--output", options->output, "Model file to write")->required();
  app->footer("Example:\n  edgemoe new edgemoe-cityscapes --seed 1 -o model.safetensors");
  return {app, [options]() -> ExitCode {
            const Result<std::uint64_t> seed = parse_seed(options->seed, "--seed");
            if (!seed.ok()) return fail(seed.status());
            const Status output = check_output(options->output, config_files(options->config));
            if (!output.ok()) return fail(output);
            const Result<ModelConfig> config = load_named_config(options->config, config_folders());
            if (!config.ok()) return fail(config.status());
            const Status written = write_seeded_model(options->output, *config, *seed);
            if (!written.ok()) return fail(written);
            fmt::print("wrote {}: {} with random weights of seed {}, untrained\n", options->output.string(),
                       config->name, *seed);
            return kDone;
          }};
}

}  // namespace edgemoe::cli

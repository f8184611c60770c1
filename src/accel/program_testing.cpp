#include "accel/program_testing.h"

#include <filesystem>

namespace edgemoe {

DesignPoint design_of(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/accelerators";
  return load_design_point(folder / (name + ".json")).value();
}

ModelConfig tiny_of_grid(int height, int width) {
  ModelConfig config = config_of("tiny");
  config.input.height = height * config.patch_size;
  config.input.width = width * config.patch_size;
  config.pos_embed_height = height;
  config.pos_embed_width = width;
  return config;
}

Result<Program> program_of(const HlsCase& network, const DesignPoint& design) {
  return compile_program({network.config(), network.model(), network.positions()}, design);
}

std::vector<std::uint8_t> input_of(const HlsCase& network, const Program& program, const DesignPoint& design) {
  std::vector<std::uint8_t> input(program.input_bytes);
  const Status status = lay_out_picture(program, design, network.picture(), input);
  EXPECT_TRUE(status.ok()) << status.message();
  return input;
}

Result<std::vector<std::int32_t>> interpreted(const HlsCase& network, const Program& program, const DesignPoint& design,
                                              int task, const InterpreterOptions& options, InterpreterCounts* counts) {
  const std::vector<std::uint8_t> input = input_of(network, program, design);
  // Not a value that an unwritten one would have by chance.
  std::vector<std::int32_t> tokens(network.positions().size(), 0x5A5A5A5A);
  EDGEMOE_ASSIGN_OR_RETURN(const InterpreterCounts found, interpret(program, design, input, task, options, tokens));
  if (counts != nullptr) *counts = found;
  return tokens;
}

void expect_program_equals_reference(const HlsCase& network, const DesignPoint& design) {
  const Result<Program> program = program_of(network, design);
  ASSERT_TRUE(program.ok()) << program.status().message();
  std::size_t compared = 0;
  const auto dim = static_cast<std::size_t>(network.config().embed_dim);
  for (int task = 0; task < program->num_tasks; ++task) {
    const std::vector<std::int32_t> expected = network.expected(task);
    for (const InterpreterOptions options :
         {InterpreterOptions{LoadOrder::kAhead, 0}, InterpreterOptions{LoadOrder::kLate, 0xA5}}) {
      const Result<std::vector<std::int32_t>> found = interpreted(network, *program, design, task, options);
      ASSERT_TRUE(found.ok()) << found.status().message();
      ASSERT_EQ(found->size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ((*found)[i], expected[i]) << "task " << task << ", token " << i / dim << ", element " << i % dim
                                            << ", " << compared << " values before it were equal";
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, network.config().tasks.size() * 2 * network.positions().size());
}

}  // namespace edgemoe

// The compiler against the reference: what its programs make of a picture, executed by the interpreter.
#include "accel/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "accel/compiler.h"
#include "engine/hls_case_testing.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

DesignPoint design_of(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "configs/accelerators";
  return load_design_point(folder / (name + ".json")).value();
}

Result<Program> program_of(const HlsCase& network, const DesignPoint& design) {
  return compile_program({network.config(), network.model(), network.positions()}, design);
}

/// Tokens of one task. Not a value that an unwritten one would have by chance.
Result<std::vector<std::int32_t>> run(const Program& program, const DesignPoint& design, const HlsCase& network,
                                      int task, const InterpreterOptions& options,
                                      InterpreterCounts* counts = nullptr) {
  std::vector<std::uint8_t> input(program.input_bytes);
  EDGEMOE_RETURN_IF_ERROR(lay_out_picture(program, design, network.picture(), input));
  std::vector<std::int32_t> tokens(network.positions().size(), 0x5A5A5A5A);
  EDGEMOE_ASSIGN_OR_RETURN(const InterpreterCounts found, interpret(program, design, input, task, options, tokens));
  if (counts != nullptr) *counts = found;
  return tokens;
}

void expect_equals_reference(const HlsCase& network, const DesignPoint& design) {
  const Result<Program> program = program_of(network, design);
  ASSERT_TRUE(program.ok()) << program.status().message();
  std::size_t compared = 0;
  const int dim = network.config().embed_dim;
  for (int task = 0; task < program->num_tasks; ++task) {
    const std::vector<std::int32_t> expected = network.expected(task);
    for (const InterpreterOptions options :
         {InterpreterOptions{LoadOrder::kAhead, 0}, InterpreterOptions{LoadOrder::kLate, 0xA5}}) {
      const Result<std::vector<std::int32_t>> found = run(*program, design, network, task, options);
      ASSERT_TRUE(found.ok()) << found.status().message();
      ASSERT_EQ(found->size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ((*found)[i], expected[i])
            << "task " << task << ", token " << static_cast<int>(i) / dim << ", element " << static_cast<int>(i) % dim
            << ", " << compared << " values before it were equal";
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, network.config().tasks.size() * 2 * network.positions().size());
}

TEST(Interpreter, TinyNetworkOnTheSmallMachine_EqualsTheReference) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    expect_equals_reference(HlsCase::seeded(config_of("tiny"), seed), design_of("small"));
  }
}

}  // namespace
}  // namespace edgemoe

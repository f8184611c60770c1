// The engines against tests/golden/data: what an independent PyTorch implementation computed in float64.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/pipeline.h"
#include "pipeline/verify.h"

namespace edgemoe {
namespace {

const std::filesystem::path kData = std::filesystem::path(EDGEMOE_SOURCE_DIR) / "tests/golden/data";
constexpr std::string_view kModelSuffix = ".model.safetensors";
// As many as there are; a case that goes missing must not pass unseen.
constexpr std::size_t kNumCases = 26;

std::vector<std::string> golden_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kData)) {
    const std::string file = entry.path().filename().string();
    if (file.ends_with(kModelSuffix)) names.push_back(file.substr(0, file.size() - kModelSuffix.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

class GoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, everyIsa_agreesWithPyTorch) {
  const auto golden = SafetensorsFile::open(kData / (GetParam() + ".golden.safetensors"));
  ASSERT_TRUE(golden.ok()) << golden.status().message();
  for (const Isa isa : supported_isas()) {
    const auto pipeline =
        Pipeline::load(kData / (GetParam() + std::string(kModelSuffix)), {.num_threads = 2, .isa = isa});
    ASSERT_TRUE(pipeline.ok()) << pipeline.status().message();
    const auto report = verify_engine((*pipeline)->engine(), golden->index(), {});
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(report->first_difference(), nullptr) << isa_name(isa) << ": " << describe(*report->first_difference());
    EXPECT_EQ(report->tasks.size(), (*pipeline)->config().tasks.size());
    EXPECT_GT(report->values(), 0u);
    for (const VerifyTask& task : report->tasks) {
      EXPECT_EQ(task.near_ties, 0u) << "the cases have no near ties: ties are exact or clear";
      EXPECT_TRUE(task.end_to_end_note.empty()) << task.end_to_end_note;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenTest, ::testing::ValuesIn(golden_cases()),
                         [](const auto& test) { return test.param; });

TEST(GoldenData, everyCase_isThere) { EXPECT_EQ(golden_cases().size(), kNumCases); }

}  // namespace
}  // namespace edgemoe

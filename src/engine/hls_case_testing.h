// A network as hw/hls takes it, a picture, and what the reference makes of both.
#ifndef EDGEMOE_ENGINE_HLS_CASE_TESTING_H_
#define EDGEMOE_ENGINE_HLS_CASE_TESTING_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/reference_backbone.h"
#include "hls/backbone.h"
#include "hls/network_image.h"
#include "model/model_file.h"

namespace edgemoe {

/// One of configs/models.
ModelConfig config_of(const std::string& name);

class HlsCase {
 public:
  /// The picture is of seeded noise. Throws std::runtime_error where the contract has no integers for the model.
  HlsCase(const ModelFile& file, std::uint64_t seed);
  /// With seeded weights.
  static HlsCase seeded(const ModelConfig& config, std::uint64_t seed);

  const ModelConfig& config() const { return config_; }
  const std::vector<std::uint8_t>& picture() const { return picture_; }
  IntegerModel& model() { return model_; }
  const IntegerModel& model() const { return model_; }
  /// Positions [num_tokens, embed_dim] s32.16, the class token among them.
  const std::vector<std::int32_t>& positions() const { return positions_; }

  /// Tokens behind the last block as the reference computes them.
  std::vector<std::int32_t> expected(int task) const;
  /// Valid as long as the case is.
  hls::NetworkLayers layers() const;

  /// Tokens as the machine of `Design` computes them.
  template <typename Design>
  std::vector<std::int32_t> run(int gate) const {
    const hls::NetworkImage<Design> image(layers());
    // Not a value that an unwritten token would have by chance.
    std::vector<std::int32_t> tokens(positions_.size(), 0x5A5A5A5A);
    hls::backbone_top<Design>(picture_.data(), image.beats().data(), gate, tokens.data());
    return tokens;
  }

 private:
  ModelConfig config_;
  IntegerModel model_;
  std::vector<std::int32_t> positions_;
  std::vector<std::uint8_t> picture_;
};

/// Whether the machine of `Design` computes every token of every task as the reference does.
template <typename Design>
void expect_equals_reference(const HlsCase& network) {
  std::size_t compared = 0;
  std::vector<std::int32_t> previous;
  for (int task = 0; task < static_cast<int>(network.config().tasks.size()); ++task) {
    const std::vector<std::int32_t> expected = network.expected(task);
    const std::vector<std::int32_t> found = network.run<Design>(Design::kGates == 1 ? 0 : task);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i], expected[i]) << "task " << task << ", token " << i / Design::kEmbedDim << ", element "
                                       << i % Design::kEmbedDim << ", " << compared << " values before it were equal";
      ++compared;
    }
    if (Design::kGates > 1) {
      EXPECT_NE(found, previous) << "each task has its own router";
    }
    previous = found;
  }
  EXPECT_EQ(compared, network.config().tasks.size() * Design::kTokens * Design::kEmbedDim);
}

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_HLS_CASE_TESTING_H_

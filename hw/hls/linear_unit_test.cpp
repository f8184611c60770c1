// The linear unit against the plain layer, job by job: every source and destination, ragged sizes, queues of any
// length.
#include "hls/linear_unit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "hls/design_points.h"
#include "hls/network_image.h"

namespace edgemoe::hls {
namespace {

struct UnitSizes : TinySizes {
  static constexpr int kTokenLanes = 3;
  static constexpr int kOutputLanes = 10;
  static constexpr int kInputLanes = 9;
  static constexpr int kNetworkDepth = 1 << 12;  // a job's numbers lie ready
};
using Design = Machine<UnitSizes>;

/// A layer of extremes and random numbers.
struct LayerData {
  std::vector<std::int8_t> weight;
  std::vector<std::uint8_t> pre_shift;
  std::vector<std::int16_t> mantissa;
  std::vector<std::int32_t> bias;
  LinearLayer layer;

  LayerData(int outputs, int inputs, bool wide, Random& random) {
    for (int o = 0; o < outputs; ++o) {
      for (int i = 0; i < inputs; ++i) {
        weight.push_back(static_cast<std::int8_t>(o == 0   ? 127
                                                  : o == 1 ? -127
                                                           : static_cast<int>(random.below(255)) - 127));
      }
      pre_shift.push_back(static_cast<std::uint8_t>(random.below(10)));
      mantissa.push_back(static_cast<std::int16_t>(o == 2 ? 0 : random.below(32768)));
      const auto bits = wide ? 32 : 16;
      bias.push_back(static_cast<std::int32_t>(static_cast<std::int64_t>(random.next_u64()) >> (64 - bits)));
    }
    layer = {weight.data(), pre_shift.data(), mantissa.data(), bias.data(), outputs, inputs, -3, wide ? 16 : 9};
  }
};

template <int kRows, int kColumns>
void fill(RowMemory<kRows, kColumns>& rows, Random& random) {
  for (int r = 0; r < kRows; ++r) {
    for (std::int8_t& value : rows.value[r]) {
      value = static_cast<std::int8_t>(r == 0 ? -128 : static_cast<int>(random.below(255)) - 127);
    }
    rows.scale[r].mantissa = static_cast<std::int16_t>(r == 1 ? 0 : 16384 + random.below(16384));
    rows.scale[r].exponent = static_cast<std::int16_t>(8 + random.below(12));
  }
}

class LinearUnitTest : public ::testing::Test {
 protected:
  LinearUnitTest() : memory_(std::make_unique<LinearMemories<Design>>()), random_(17) {
    fill(memory_->tokens, random_);
    fill(memory_->hidden, random_);
    for (auto& row : memory_->values) std::fill(std::begin(row), std::end(row), std::int16_t{-7});
    for (auto& row : memory_->residual) {
      for (std::int32_t& value : row) value = static_cast<std::int32_t>(random_.next_u64());
    }
  }

  /// Runs the job and compares all of both memories with what the plain layer makes. Returns how many values it wrote.
  int check(const LinearJob& job, const TokenQueue<Design>& queue) {
    const LayerData data(job.outputs, job.inputs, job.wide(), random_);
    auto expected = std::make_unique<LinearMemories<Design>>(*memory_);
    int written = 0;
    for (int place = 0; place < queue.count; ++place) {
      const int token = queue.token[place];
      const bool from_tokens = job.source == Source::kTokens;
      const std::int8_t* row = from_tokens ? memory_->tokens.value[token] : memory_->hidden.value[place];
      const RowScale scale = from_tokens ? memory_->tokens.scale[token] : memory_->hidden.scale[place];
      std::vector<std::int16_t> narrow(static_cast<std::size_t>(job.outputs));
      std::vector<std::int32_t> wide(static_cast<std::size_t>(job.outputs));
      linear_narrow(row, scale, data.layer, narrow.data());
      linear_wide(row, scale, data.layer, wide.data());
      if (job.destination == Destination::kWeightedResidual) weigh(wide.data(), queue.weight[place], job.outputs);
      if (job.wide()) add_to_residual(expected->residual[token], wide.data(), job.outputs);
      for (int o = 0; o < job.outputs && !job.wide(); ++o) {
        const std::int16_t value = narrow[static_cast<std::size_t>(o)];
        expected->values[place][job.first_column + o] =
            job.destination == Destination::kActivatedValues ? gelu(value, data.layer.fraction) : value;
      }
      written += job.outputs;
    }
    NetworkStream<Design> network("network");
    std::vector<NetworkBeat<Design>> beats;
    append_linear<Design>(data.layer, beats);
    for (const NetworkBeat<Design>& beat : beats) network.write(beat);
    const LinearHeader header = linear_unit<Design>(job, queue, network, *memory_);
    EXPECT_EQ(header.exponent, data.layer.exponent);
    EXPECT_EQ(header.fraction, data.layer.fraction);
    for (int t = 0; t < Design::kTokens; ++t) {
      for (int c = 0; c < Design::kValueColumns; ++c) {
        EXPECT_EQ(memory_->values[t][c], expected->values[t][c]) << "row " << t << ", column " << c;
      }
      for (int c = 0; c < Design::kEmbedDim; ++c) {
        EXPECT_EQ(memory_->residual[t][c], expected->residual[t][c]) << "token " << t << ", element " << c;
      }
    }
    return written;
  }

  /// Every `step`-th token, `count` of them.
  TokenQueue<Design> queue_of(int count, int step) {
    TokenQueue<Design> queue = {};
    queue.count = count;
    for (int i = 0; i < count; ++i) {
      queue.token[i] = static_cast<std::uint16_t>(i * step);
      queue.weight[i] = static_cast<std::uint16_t>(i == 0 ? 65535 : random_.below(65536));
    }
    return queue;
  }

  std::unique_ptr<LinearMemories<Design>> memory_;
  Random random_;
};

TEST_F(LinearUnitTest, everyDestination_equalsThePlainLayer) {
  for (const Destination destination :
       {Destination::kValues, Destination::kActivatedValues, Destination::kResidual, Destination::kWeightedResidual}) {
    for (const Source source : {Source::kTokens, Source::kHidden}) {
      SCOPED_TRACE(static_cast<int>(destination));
      EXPECT_EQ(check({source, 32, 32, destination, 0}, queue_of(Design::kTokens, 1)), Design::kTokens * 32);
    }
  }
}

TEST_F(LinearUnitTest, raggedSizes_equalThePlainLayer) {
  for (const int inputs : {1, 8, 9, 10, 31}) {
    for (const int outputs : {1, 9, 10, 11, 32}) {
      SCOPED_TRACE(std::to_string(inputs) + " to " + std::to_string(outputs));
      EXPECT_EQ(check({Source::kTokens, inputs, outputs, Destination::kValues, 5}, queue_of(7, 3)), 7 * outputs);
    }
  }
}

TEST_F(LinearUnitTest, queueOfAnyLength_touchesItsTokensOnly_andTakesAllOfTheLayersNumbers) {
  for (const int count : {0, 1, 2, 3, 4, 12}) {
    SCOPED_TRACE(count);
    EXPECT_EQ(check({Source::kHidden, 24, 32, Destination::kWeightedResidual, 0}, queue_of(count, 2)), count * 32);
  }
}

}  // namespace
}  // namespace edgemoe::hls

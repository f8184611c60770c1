#include "accel/cost/machine.h"

#include <algorithm>
#include <charconv>

namespace edgemoe {
namespace {

constexpr int kMinBits = 4;
constexpr int kMaxBits = 32;

std::optional<int> parse_bits(std::string_view text) {
  int bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc() || end != text.data() + text.size() || bits < kMinBits || bits > kMaxBits) {
    return std::nullopt;
  }
  return bits;
}

}  // namespace

std::string NumberFormat::name() const { return fmt::format("w{}a{}", weight_bits, activation_bits); }

double NumberFormat::dsp_per_product() const {
  if (weight_bits <= 8 && activation_bits <= 8) return 0.5;
  // Signed slices: the lower ones of an operand give up a bit to the sign.
  const auto slices = [](int bits, int width) {
    return bits <= width ? 1 : 1 + (bits - width + width - 2) / (width - 1);
  };
  return std::min(slices(activation_bits, 27) * slices(weight_bits, 18),
                  slices(activation_bits, 18) * slices(weight_bits, 27));
}

Result<NumberFormat> parse_number_format(std::string_view name) {
  const std::size_t activation = name.find('a');
  if (name.starts_with('w') && activation != std::string_view::npos) {
    const std::optional<int> weight_bits = parse_bits(name.substr(1, activation - 1));
    const std::optional<int> activation_bits = parse_bits(name.substr(activation + 1));
    if (weight_bits && activation_bits) return NumberFormat{*weight_bits, *activation_bits};
  }
  return invalid_argument(
      "number format: expected wNaM, widths of weights and activations from {} to {} bits, such as "
      "w8a8 or w16a32; found \"{}\"",
      kMinBits, kMaxBits, name);
}

std::vector<IdeaName> unpriced_ideas(const Machine::Naive& naive) {
  std::vector<IdeaName> out;
  for (const IdeaName& idea : kIdeas) {
    if ((idea.member == &Ideas::single_pass_softmax && naive.softmax_cycles == 0) ||
        (idea.member == &Ideas::table_gelu && naive.gelu_cycles == 0) ||
        (idea.member == &Ideas::unified_unit && naive.linear_units == 1)) {
      out.push_back(idea);
    }
  }
  return out;
}

Machine::Memory memory_of(const Board::Memory& memory, double clock_mhz, double ring_bytes) {
  return {.bytes_per_cycle = memory.gigabytes_per_second * 1e3 / clock_mhz * memory.efficiency,
          .latency_cycles = memory.latency_ns * clock_mhz / 1e3,
          .ring_bytes = ring_bytes};
}

double ring_bytes(const DesignPoint& design) {
  return static_cast<double>(kDotChainLength) * design.array.outputs * design.array.chains * design.memory.weight_words;
}

Machine machine_of(const DesignPoint& design, const NumberFormat& format, const Board& board,
                   const Machine::Naive& naive) {
  Machine machine = {.name = design.name,
                     .clock_mhz = static_cast<double>(design.clock_mhz),
                     .format = format,
                     .array = {.tokens = design.array.tokens,
                               .outputs = design.array.outputs,
                               .depth = design.array.chains * kDotChainLength,
                               .cycles_per_step = 1,
                               .drain_lanes = design.array.outputs},
                     .query_lanes = design.array.tokens,
                     .ideas = {},
                     .naive = naive,
                     .design = design,
                     .fill = {},
                     .memory = memory_of(board.memory, design.clock_mhz, ring_bytes(design))};
  machine.memory.bus_bytes = design.bus_bytes() * format.weight_bytes();
  machine.memory.prefetch = design.bus.prefetch;
  machine.naive.softmax_lanes = design.lanes.softmax;
  machine.naive.gelu_lanes = design.array.outputs;
  return machine;
}

}  // namespace edgemoe

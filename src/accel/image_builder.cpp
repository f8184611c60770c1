#include "accel/image_builder.h"

#include <algorithm>

namespace edgemoe {

std::uint32_t ImageBuilder::beats() const {
  return static_cast<std::uint32_t>(bytes_.size() / static_cast<std::size_t>(design_.bus_bytes()));
}

void ImageBuilder::append(std::uint64_t value, int num_bytes) {
  for (int b = 0; b < num_bytes; ++b) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * b)));
}

ImagePart ImageBuilder::weights(std::span<const std::int8_t> weight, int inputs, int column_tiles, int steps,
                                Spread input_spread, Spread output_spread) {
  const std::uint32_t first = beats();
  const std::size_t base = bytes_.size();
  const int outputs = design_.array.outputs;
  const int chains = design_.array.chains;
  const int row_bytes = kDotChainLength * design_.bus_bytes();
  bytes_.resize(base + static_cast<std::size_t>(column_tiles * steps) * static_cast<std::size_t>(row_bytes));
  const int num_outputs = static_cast<int>(weight.size()) / inputs;
  for (int o = 0; o < num_outputs; ++o) {
    const int column = output_spread.place(o);
    for (int i = 0; i < inputs; ++i) {
      const int k = input_spread.place(i);
      const int row = column / outputs * steps + k / design_.step();
      const int bank = k % kDotChainLength;
      const int chain = k / kDotChainLength % chains;
      const std::size_t at = base + static_cast<std::size_t>(row) * static_cast<std::size_t>(row_bytes) +
                             static_cast<std::size_t>((bank * chains + chain) * outputs + column % outputs);
      bytes_[at] = static_cast<std::uint8_t>(
          weight[static_cast<std::size_t>(o) * static_cast<std::size_t>(inputs) + static_cast<std::size_t>(i)]);
    }
  }
  return since(first);
}

Result<ImagePart> ImageBuilder::channels(const IntegerLinear& layer, int column_tiles, Spread output_spread) {
  const std::uint32_t first = beats();
  std::vector<std::uint64_t> words(static_cast<std::size_t>(column_tiles * design_.array.outputs));
  for (std::size_t o = 0; o < layer.outputs; ++o) {
    const ChannelConstants constants = {layer.bias[o], layer.mantissa[o], layer.pre_shift[o]};
    EDGEMOE_ASSIGN_OR_RETURN(words[static_cast<std::size_t>(output_spread.place(static_cast<int>(o)))],
                             encode(constants));
  }
  for (const std::uint64_t word : words) append(word, 8);
  return since(first);
}

Result<ImagePart> ImageBuilder::router_channels(const IntegerGate& gate, const RouterScalars& scalars) {
  const std::uint32_t first = beats();
  const auto outputs = static_cast<std::size_t>(design_.array.outputs);
  std::vector<std::uint64_t> words(2 * outputs);
  for (std::size_t e = 0; e < gate.experts; ++e) words[e] = static_cast<std::uint64_t>(gate.constant[e]);
  EDGEMOE_ASSIGN_OR_RETURN(words[outputs], encode(scalars));
  for (const std::uint64_t word : words) append(word, 8);
  return since(first);
}

ImagePart ImageBuilder::router_weights(const IntegerGate& gate, int column_tiles, int steps) {
  const std::size_t inputs = gate.weight.size() / gate.experts;
  std::vector<std::int8_t> bytes(2 * gate.weight.size());
  for (std::size_t e = 0; e < gate.experts; ++e) {
    for (std::size_t i = 0; i < inputs; ++i) {
      const int weight = gate.weight[e * inputs + i] - 128;
      const auto low = static_cast<std::int8_t>(weight & 0xff);
      bytes[2 * e * inputs + i] = low;
      bytes[(2 * e + 1) * inputs + i] = static_cast<std::int8_t>((weight - low) >> 8);
    }
  }
  return weights(bytes, static_cast<int>(inputs), column_tiles, steps, {1, 1}, {1, 1});
}

ImagePart ImageBuilder::norm(const IntegerNorm& norm) {
  const std::uint32_t first = beats();
  for (std::size_t i = 0; i < norm.gain.size(); ++i) {
    append(static_cast<std::uint16_t>(norm.gain[i]), 2);
    append(static_cast<std::uint16_t>(norm.bias[i]), 2);
  }
  return since(first);
}

ImagePart ImageBuilder::tokens(std::span<const std::int32_t> values) {
  const std::uint32_t first = beats();
  for (const std::int32_t value : values) append(static_cast<std::uint32_t>(value), 4);
  return since(first);
}

ImagePart ImageBuilder::commands(std::span<const CommandBytes> commands) {
  bytes_.resize((bytes_.size() + kCommandBytes - 1) / kCommandBytes * kCommandBytes);
  const std::uint32_t first = beats();
  for (const CommandBytes& command : commands) bytes_.insert(bytes_.end(), command.begin(), command.end());
  return since(first);
}

}  // namespace edgemoe

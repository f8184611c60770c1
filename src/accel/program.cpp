#include "accel/program.h"

#include <fmt/core.h>

#include <algorithm>
#include <type_traits>

namespace edgemoe {
namespace {

constexpr std::uint64_t ones(int bits) { return bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1; }

/// The bits of a command, 64 at a time; a channel word takes the first of them.
using CommandWords = std::array<std::uint64_t, kCommandBytes / 8>;

struct FieldPlace {
  int first = 0;  // bit

  /// Where the next field of |bits| stands.
  constexpr int take(int bits) {
    const int at = first;
    first += bits < 0 ? -bits : bits;
    return at;
  }
};

template <typename T>
std::int64_t number_of(const T& member) {
  return static_cast<std::int64_t>(member);
}

/// Puts fields into words, one after the other; one may cross from a word to the next.
class Writer {
 public:
  explicit Writer(std::string_view what) : what_(what) {}

  template <typename T>
  void operator()(std::string_view name, int bits, const T& member) {
    const std::int64_t value = number_of(member);
    const int width = bits < 0 ? -bits : bits;
    const std::int64_t least = bits < 0 ? -(std::int64_t{1} << (width - 1)) : 0;
    const std::int64_t most = bits < 0 ? -least - 1 : static_cast<std::int64_t>(ones(width));
    const int at = place_.take(bits);
    if (value < least || value > most) {
      if (status_.ok()) {
        status_ = invalid_argument("{}: field {} holds {} to {}, found {}", what_, name, least, most, value);
      }
      return;
    }
    const auto field = static_cast<std::uint64_t>(value) & ones(width);
    const auto word = static_cast<std::size_t>(at / 64);
    words_[word] |= field << (at % 64);
    if (at % 64 + width > 64) words_[word + 1] |= field >> (64 - at % 64);
  }

  const Status& status() const { return status_; }
  const CommandWords& words() const { return words_; }

 private:
  std::string_view what_;
  FieldPlace place_;
  Status status_;
  CommandWords words_ = {};
};

/// How many names an enumeration has: what a field of it must be below.
constexpr int count_of(LoadKind) { return kNumLoadKinds; }
constexpr int count_of(PhaseKind) { return kNumPhaseKinds; }
constexpr int count_of(Destination) { return kNumDestinations; }
constexpr int count_of(Region) { return kNumRegions; }

class Reader {
 public:
  Reader(std::string_view what, const CommandWords& words) : what_(what), words_(words) {}

  template <typename T>
  void operator()(std::string_view name, int bits, T& member) {
    const int width = bits < 0 ? -bits : bits;
    const int at = place_.take(bits);
    const auto word = static_cast<std::size_t>(at / 64);
    std::uint64_t field = words_[word] >> (at % 64);
    if (at % 64 + width > 64) field |= words_[word + 1] << (64 - at % 64);
    field &= ones(width);
    if (bits < 0 && (field >> (width - 1)) != 0) field |= ~ones(width);
    if constexpr (std::is_enum_v<T>) {
      if (field >= static_cast<std::uint64_t>(count_of(member))) {
        if (status_.ok()) {
          status_ = malformed("{}: field {} is 0 to {}, found {}", what_, name, count_of(member) - 1, field);
        }
        return;
      }
    }
    member = static_cast<T>(field);
  }

  const Status& status() const { return status_; }

 private:
  std::string_view what_;
  const CommandWords& words_;
  FieldPlace place_;
  Status status_;
};

CommandBytes to_bytes(const CommandWords& words) {
  CommandBytes bytes;
  for (std::size_t b = 0; b < bytes.size(); ++b) {
    bytes[b] = static_cast<std::uint8_t>(words[b / 8] >> (8 * (b % 8)));
  }
  return bytes;
}

CommandWords to_words(const CommandBytes& bytes) {
  CommandWords words = {};
  for (std::size_t b = 0; b < bytes.size(); ++b) words[b / 8] |= std::uint64_t{bytes[b]} << (8 * (b % 8));
  return words;
}

}  // namespace

Result<CommandBytes> encode(const LoadCommand& command) {
  Writer writer("load command");
  visit_load_fields(command, writer);
  EDGEMOE_RETURN_IF_ERROR(writer.status());
  return to_bytes(writer.words());
}

Result<CommandBytes> encode(const ComputeCommand& command) {
  Writer writer("compute command");
  visit_compute_fields(command, writer);
  EDGEMOE_RETURN_IF_ERROR(writer.status());
  return to_bytes(writer.words());
}

Result<std::uint64_t> encode(const ChannelConstants& channel) {
  Writer writer("channel");
  visit_channel_fields(channel, writer);
  EDGEMOE_RETURN_IF_ERROR(writer.status());
  return writer.words()[0];
}

Result<std::uint64_t> encode(const RouterScalars& scalars) {
  Writer writer("router");
  visit_router_fields(scalars, writer);
  EDGEMOE_RETURN_IF_ERROR(writer.status());
  return writer.words()[0];
}

Result<LoadCommand> decode_load(const CommandBytes& bytes) {
  const CommandWords words = to_words(bytes);
  Reader reader("load command", words);
  LoadCommand command;
  visit_load_fields(command, reader);
  EDGEMOE_RETURN_IF_ERROR(reader.status());
  return command;
}

Result<ComputeCommand> decode_compute(const CommandBytes& bytes) {
  const CommandWords words = to_words(bytes);
  Reader reader("compute command", words);
  ComputeCommand command;
  visit_compute_fields(command, reader);
  EDGEMOE_RETURN_IF_ERROR(reader.status());
  return command;
}

ChannelConstants decode_channel(std::uint64_t bits) {
  const CommandWords words = {bits};
  ChannelConstants channel;
  visit_channel_fields(channel, Reader("channel", words));
  return channel;
}

Result<ComputeCommand> phase_at(const Program& program, const DesignPoint& design, int index) {
  const std::size_t at = std::size_t{program.compute_list} * static_cast<std::size_t>(design.bus_bytes()) +
                         static_cast<std::size_t>(index) * kCommandBytes;
  if (at + kCommandBytes > program.image.size()) return malformed("phase {} lies outside of the image", index);
  CommandBytes bytes;
  std::copy_n(program.image.begin() + static_cast<std::ptrdiff_t>(at), kCommandBytes, bytes.begin());
  return decode_compute(bytes);
}

RouterScalars decode_router(std::uint64_t bits) {
  const CommandWords words = {bits};
  RouterScalars scalars;
  visit_router_fields(scalars, Reader("router", words));
  return scalars;
}

}  // namespace edgemoe

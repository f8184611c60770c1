#include "accel/interpreter_loader.h"

#include <algorithm>
#include <string>
#include <utility>

namespace edgemoe::interpreter {
namespace {

template <typename T>
T number_at(std::span<const std::uint8_t> bytes, std::size_t first) {
  std::uint64_t bits = 0;
  for (std::size_t b = 0; b < sizeof(T); ++b) bits |= std::uint64_t{bytes[first + b]} << (8 * b);
  return static_cast<T>(bits);
}

/// Little-endian numbers, whole ones.
template <typename T>
void copy_numbers(std::span<const std::uint8_t> bytes, T* out) {
  for (std::size_t i = 0; i < bytes.size() / sizeof(T); ++i) out[i] = number_at<T>(bytes, i * sizeof(T));
}

}  // namespace

int Loader::word_bytes(LoadKind kind) const {
  switch (kind) {
    case LoadKind::kWeight:
      return memory_.weights.word_bytes();
    case LoadKind::kChannel:
      return 8 * design_.array.outputs;
    case LoadKind::kImage:
      return design_.image_word_bytes();
    default:
      return 4 * design_.array.outputs;
  }
}

Result<LoadCommand> Loader::next() const {
  const std::size_t at = std::size_t{program_.load_list} * extent(design_.bus_bytes()) + extent(next_) * kCommandBytes;
  if (at + kCommandBytes > program_.image.size()) return malformed("load {} lies outside of the image", next_);
  CommandBytes bytes;
  std::copy_n(program_.image.begin() + static_cast<std::ptrdiff_t>(at), kCommandBytes, bytes.begin());
  Result<LoadCommand> command = decode_load(bytes);
  if (!command.ok()) return command.status().with_context("load " + std::to_string(next_));
  return command;
}

Result<std::span<const std::uint8_t>> Loader::source(const LoadCommand& command) const {
  const std::span<const std::uint8_t> all =
      command.kind == LoadKind::kImage ? input_ : std::span<const std::uint8_t>(program_.image);
  const auto beat = static_cast<std::uint64_t>(design_.bus_bytes());
  const std::uint64_t first =
      (std::uint64_t{command.offset} + std::uint64_t{command.task_stride} * static_cast<std::uint64_t>(task_)) * beat;
  const std::uint64_t size = command.beats * beat;
  if (first > all.size() || size > all.size() - first) {
    return malformed("load {} reads bytes {} to {} of {}", next_, first, first + size - 1, all.size());
  }
  if (size % extent(word_bytes(command.kind)) != 0) {
    return malformed("load {} has {} bytes, no multiple of a word's {}", next_, size, word_bytes(command.kind));
  }
  return all.subspan(first, size);
}

Result<Loader::Step> Loader::step() {
  if (next_ == program_.num_loads) return Step::kEnd;
  EDGEMOE_ASSIGN_OR_RETURN(const LoadCommand command, next());
  if (command.kind == LoadKind::kNone) return malformed("load {} is of kind 0, which is none", next_);
  if (command.wait_phases > static_cast<std::uint32_t>(memory_.phases_done)) return Step::kNotYet;
  if (command.routing > 0) {
    const bool known = memory_.routings_done >= command.routing;
    if (!known && !design_.bus.prefetch) return Step::kNotYet;
    if (memory_.routings_done > command.routing) {
      return malformed("load {} asks for the queues of routing {}, and routing {} has replaced them", next_,
                       command.routing, memory_.routings_done);
    }
    if (command.expert >= static_cast<int>(memory_.queues.size())) {
      return malformed("load {} is of expert {}, there are {}", next_, command.expert, memory_.queues.size());
    }
    if (known && memory_.queues[extent(command.expert)].empty()) {
      ++skipped_loads_;
      ++next_;
      if (command.kind == LoadKind::kWeight) tags_.push_back(std::exchange(open_, {}));
      return Step::kDone;
    }
  }
  return load(command);
}

Result<Loader::Step> Loader::load(const LoadCommand& command) {
  EDGEMOE_ASSIGN_OR_RETURN(const std::span<const std::uint8_t> bytes, source(command));
  const int words = static_cast<int>(bytes.size() / extent(word_bytes(command.kind)));
  if (command.kind == LoadKind::kWeight) {
    if (rows_used_ + words > memory_.weights.words()) return Step::kNoRoom;
    open_.first_row = next_row_;
    open_.rows = words;
    for (int row = 0; row < words; ++row) {
      const auto first = bytes.begin() + row * memory_.weights.word_bytes();
      std::transform(first, first + memory_.weights.word_bytes(), memory_.weights.word(next_row_),
                     [](std::uint8_t byte) { return static_cast<std::int8_t>(byte); });
      next_row_ = (next_row_ + 1) % memory_.weights.words();
    }
    rows_used_ += words;
    tags_.push_back(std::exchange(open_, {}));
  } else if (command.kind == LoadKind::kChannel) {
    const int outputs = design_.array.outputs;
    if (words_used_ + words > design_.memory.channel_words) return Step::kNoRoom;
    if (open_.words == 0) open_.first_word = next_word_;
    open_.words += words;
    for (int word = 0; word < words; ++word) {
      copy_numbers(bytes.subspan(extent(word * 8 * outputs), extent(8 * outputs)),
                   memory_.channels.data() + extent(next_word_ * outputs));
      next_word_ = (next_word_ + 1) % design_.memory.channel_words;
    }
    words_used_ += words;
  } else {
    EDGEMOE_RETURN_IF_ERROR(to_memory(command, bytes));
  }
  loaded_beats_ += command.beats;
  ++next_;
  return Step::kDone;
}

Status Loader::to_memory(const LoadCommand& command, std::span<const std::uint8_t> bytes) {
  const auto words = static_cast<std::int64_t>(bytes.size() / extent(word_bytes(command.kind)));
  const std::size_t first = std::size_t{command.destination} * extent(design_.array.outputs);
  Status inside;
  switch (command.kind) {
    case LoadKind::kNorm:
      inside = check_words("the norms", command.destination, words, design_.memory.norm_words);
      if (inside.ok()) copy_numbers(bytes, memory_.norms.data() + first);
      break;
    case LoadKind::kPosition:
      inside = check_words("the residual stream", command.destination, words, design_.memory.token_words);
      if (inside.ok()) copy_numbers(bytes, memory_.tokens.data() + first);
      break;
    default:
      inside = check_words("activations", command.destination, words, memory_.activations.words());
      if (!inside.ok()) break;
      for (std::int64_t word = 0; word < words; ++word) {
        const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(word * word_bytes(command.kind));
        std::transform(from, from + memory_.activations.word_bytes(),
                       memory_.activations.word(static_cast<int>(command.destination + word)),
                       [](std::uint8_t byte) { return static_cast<std::int8_t>(byte); });
      }
      std::fill_n(memory_.owner.begin() + command.destination, words, Region::kNone);
  }
  if (!inside.ok()) return inside.with_context("load " + std::to_string(next_));
  return {};
}

Status Loader::run_ahead() {
  if (order_ == LoadOrder::kLate) return {};
  for (;;) {
    EDGEMOE_ASSIGN_OR_RETURN(const Step step, this->step());
    if (step != Step::kDone) return {};
  }
}

Result<WeightTag> Loader::take() {
  while (tags_.empty()) {
    EDGEMOE_ASSIGN_OR_RETURN(const Step step, this->step());
    if (step == Step::kDone) continue;
    const char* const why = step == Step::kNoRoom   ? "has no room in its ring, which nothing will empty"
                            : step == Step::kNotYet ? "waits for phases that come after it"
                                                    : "is the list's end: no weights are left";
    return malformed("dead-lock: load {} {}", next_, why);
  }
  const WeightTag tag = tags_.front();
  tags_.pop_front();
  return tag;
}

void Loader::release(const WeightTag& tag) {
  rows_used_ -= tag.rows;
  words_used_ -= tag.words;
}

Status Loader::finish() {
  // Behind the last phase nothing may be left.
  for (;;) {
    EDGEMOE_ASSIGN_OR_RETURN(const Step step, this->step());
    if (step == Step::kEnd) break;
    if (step != Step::kDone) return malformed("load {} was never carried out", next_);
  }
  if (!tags_.empty() || open_.words > 0) return malformed("{} loads were taken by no phase", tags_.size());
  if (rows_used_ != 0 || words_used_ != 0) return malformed("{} rows of weights were not released", rows_used_);
  return {};
}

}  // namespace edgemoe::interpreter

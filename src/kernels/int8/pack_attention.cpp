// Keys and values change with every picture, so they are turned 16 bytes at a time, which every machine has.
#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/int8/pack.h"

namespace edgemoe::int8 {
namespace {

using Bytes = std::uint8_t __attribute__((vector_size(16)));
using Words = std::uint16_t __attribute__((vector_size(16)));
using Dwords = std::int32_t __attribute__((vector_size(16)));

Bytes load(const std::uint8_t* from) {
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return bytes;
}

void store(std::int8_t* to, Bytes bytes) { std::memcpy(to, &bytes, sizeof(bytes)); }

/// The first `count` (at most 16) bytes as signed numbers, 0 beyond.
Bytes signed_bytes(const std::uint8_t* from, std::size_t count, std::uint8_t offset) {
  if (count == sizeof(Bytes)) return load(from) ^ offset;
  std::uint8_t buffer[sizeof(Bytes)];
  std::memset(buffer, offset, sizeof(buffer));
  if (count > 0) std::memcpy(buffer, from, count);
  return load(buffer) ^ offset;
}

Dwords sums_of_bytes(Bytes bytes) {
  const auto dwords = reinterpret_cast<Dwords>(bytes);
  return (dwords >> 24) + (dwords << 8 >> 24) + (dwords << 16 >> 24) + (dwords << 24 >> 24);
}

/// Groups of four bytes of four rows, to four rows of a group each.
std::array<Bytes, 4> transpose_groups(const std::array<Bytes, 4>& rows) {
  Dwords row[4];
  for (std::size_t r = 0; r < 4; ++r) row[r] = reinterpret_cast<Dwords>(rows[r]);
  const Dwords low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
  const Dwords high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  const Dwords low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
  const Dwords high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  return {reinterpret_cast<Bytes>(__builtin_shufflevector(low01, low23, 0, 1, 4, 5)),
          reinterpret_cast<Bytes>(__builtin_shufflevector(low01, low23, 2, 3, 6, 7)),
          reinterpret_cast<Bytes>(__builtin_shufflevector(high01, high23, 0, 1, 4, 5)),
          reinterpret_cast<Bytes>(__builtin_shufflevector(high01, high23, 2, 3, 6, 7))};
}

/// Bytes of four rows in turn: elements 0 to 3 of all rows, 4 to 7, 8 to 11, 12 to 15.
std::array<Bytes, 4> interleave(const std::array<Bytes, 4>& rows) {
  const auto low = [](Bytes a, Bytes b) {
    return reinterpret_cast<Words>(
        __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  };
  const auto high = [](Bytes a, Bytes b) {
    return reinterpret_cast<Words>(
        __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
  };
  const auto low_words = [](Words a, Words b) {
    return reinterpret_cast<Bytes>(__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
  };
  const auto high_words = [](Words a, Words b) {
    return reinterpret_cast<Bytes>(__builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
  };
  const Words low01 = low(rows[0], rows[1]);
  const Words low23 = low(rows[2], rows[3]);
  const Words high01 = high(rows[0], rows[1]);
  const Words high23 = high(rows[2], rows[3]);
  return {low_words(low01, low23), high_words(low01, low23), low_words(high01, high23), high_words(high01, high23)};
}

constexpr std::size_t kRun = 4;  // outputs that stand together in every order

}  // namespace

void pack_keys(const Kernels& kernels, const PackArgs& args, std::int32_t* sums) {
  for (std::size_t panel = 0; panel < args.count; panel += kPanelOutputs) {
    const std::size_t places = std::min(kPanelOutputs, round_up(args.count - panel, kOutputStep));
    for (std::size_t place = 0; place < places; place += kRun) {
      const std::size_t key = panel + kernels.order[place];
      std::int8_t* to = args.out + panel * args.width + place * kGroup;
      Dwords sum = {};
      for (std::size_t i = 0; i < args.width; i += sizeof(Bytes)) {
        const std::size_t width = std::min(args.width - i, sizeof(Bytes));
        std::array<Bytes, 4> rows;
        for (std::size_t r = 0; r < kRun; ++r) {
          const bool inside = key + r < args.count;
          rows[r] = signed_bytes(inside ? args.rows + (key + r) * args.stride + i : nullptr, inside ? width : 0,
                                 kernels.offset);
        }
        rows = transpose_groups(rows);
        for (std::size_t group = 0; group < width / kGroup; ++group) {
          store(to + (i + group * kGroup) * kPanelOutputs, rows[group]);
          sum += sums_of_bytes(rows[group]);
        }
      }
      std::memcpy(sums + panel + place, &sum, sizeof(sum));
    }
  }
}

void pack_values(const Kernels& kernels, const PackArgs& args) {
  std::size_t place_of[kPanelOutputs];
  for (std::size_t place = 0; place < kPanelOutputs; ++place) place_of[kernels.order[place]] = place;
  const std::size_t padded = round_up(args.count, kGroup);
  for (std::size_t panel = 0; panel < args.width; panel += kPanelOutputs) {
    for (std::size_t token = 0; token < padded; token += kGroup) {
      std::int8_t* to = args.out + panel * padded + token * kPanelOutputs;
      for (std::size_t dim = 0; dim < kPanelOutputs; dim += sizeof(Bytes)) {
        const std::size_t width = std::min(args.width - std::min(args.width, panel + dim), sizeof(Bytes));
        std::array<Bytes, 4> rows;
        for (std::size_t r = 0; r < kGroup; ++r) {
          const bool inside = token + r < args.count && width > 0;
          rows[r] = signed_bytes(inside ? args.rows + (token + r) * args.stride + panel + dim : nullptr,
                                 inside ? width : 0, kernels.offset);
        }
        rows = interleave(rows);
        for (std::size_t run = 0; run < 4; ++run) store(to + place_of[dim + run * kRun] * kGroup, rows[run]);
      }
    }
  }
}

}  // namespace edgemoe::int8

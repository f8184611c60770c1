// Float maps as files that other programs read: PFM and NumPy's .npy.
#ifndef EDGEMOE_IMAGE_ARRAY_FILE_H_
#define EDGEMOE_IMAGE_ARRAY_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "base/status.h"
#include "base/tensor.h"

namespace edgemoe {

/// A portable float map: "Pf" (one channel) or "PF" (three), little-endian, bottom row first.
/// values [height, width, channels]; kInvalidArgument for other channels or a wrong number of values.
Result<std::vector<std::byte>> encode_pfm(std::span<const float> values, std::size_t height, std::size_t width,
                                          std::size_t channels);
Status write_pfm(const std::filesystem::path& path, std::span<const float> values, std::size_t height,
                 std::size_t width, std::size_t channels);

/// A .npy file, version 1.0, little-endian float32, C order, any rank. kInvalidArgument when shape and values disagree.
Result<std::vector<std::byte>> encode_npy(std::span<const float> values, const Shape& shape);
Status write_npy(const std::filesystem::path& path, std::span<const float> values, const Shape& shape);

/// Looks into a .npy of versions 1 to 3 without copying: the view lies inside `bytes`, unaligned. Little-endian
/// float16, float32, float64, int8 to int64, uint8 and bool in C order; anything else is kUnsupported. The header is
/// checked against the length of `bytes`: kMalformed.
Result<TensorView> view_npy(std::span<const std::byte> bytes);

/// Reads a .npy of versions 1 to 3 that holds little-endian float32 in C order; anything else is kUnsupported. The
/// header is checked against the file's length before memory is taken: kMalformed.
Result<Tensor> parse_npy(std::span<const std::byte> bytes);
Result<Tensor> read_npy(const std::filesystem::path& path, std::uint64_t max_bytes = 1ULL << 32);

}  // namespace edgemoe

#endif  // EDGEMOE_IMAGE_ARRAY_FILE_H_

#include "server/memory_budget.h"

#include <fmt/core.h>

#include <algorithm>

namespace edgemoe::server {

bool MemoryHold::take(std::size_t bytes) {
  std::size_t held = budget_.held_;
  do {
    if (bytes > budget_.max_bytes_ || held > budget_.max_bytes_ - bytes) {
      refused_ = true;
      return false;
    }
  } while (!budget_.held_.compare_exchange_weak(held, held + bytes));
  held_ += bytes;
  return true;
}

void MemoryHold::give_back(std::size_t bytes) {
  bytes = std::min(bytes, held_);
  held_ -= bytes;
  budget_.held_ -= bytes;
}

Result<Picture> decode_within(std::span<const std::byte> file, std::size_t max_pixels, MemoryHold* memory) {
  if (memory == nullptr) return decode_picture(file, max_pixels);
  const Result<PictureHeader> header = read_picture_header(file, max_pixels);
  if (!header.ok()) return header.status();
  if (!memory->take(header->decoding_bytes)) {
    return Status(StatusCode::kTooLarge,
                  fmt::format("no room for a picture of {}x{} now; try again later", header->width, header->height));
  }
  Result<Picture> picture = decode_picture(file, max_pixels);
  const std::size_t kept = picture.ok() ? picture->bytes.size() : 0;
  memory->give_back(header->decoding_bytes - std::min(kept, header->decoding_bytes));
  return picture;
}

}  // namespace edgemoe::server

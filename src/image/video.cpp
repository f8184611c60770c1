#include "image/video.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <string_view>
#include <system_error>

namespace edgemoe {
namespace {

constexpr std::array<std::string_view, 28> kVideoExtensions = {
    ".264",  ".265", ".3gp",   ".asf",  ".avi", ".flv",  ".gif", ".h264", ".hevc", ".ivf",
    ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov",  ".mp4", ".mpeg", ".mpg",  ".mts",
    ".mxf",  ".nut", ".ogv",   ".ts",   ".vob", ".webm", ".wmv", ".y4m"};

/// First bytes of containers that files without an extension are recognised by.
bool starts_as_container(const std::filesystem::path& path) {
  std::array<char, 16> bytes{};
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), bytes.size());
  const std::string_view head(bytes.data(), static_cast<std::size_t>(file.gcount()));
  const auto at = [&](std::size_t offset, std::string_view magic) {
    return head.size() >= offset + magic.size() && head.substr(offset, magic.size()) == magic;
  };
  return at(4, "ftyp") || at(0, "\x1A\x45\xDF\xA3") || (at(0, "RIFF") && at(8, "AVI ")) || at(0, "FLV\x01") ||
         at(0, "OggS") || at(0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11") || at(0, "YUV4MPEG2") || at(0, "GIF8") ||
         at(0, std::string_view("\0\0\1\xBA", 4));
}

}  // namespace

bool is_video_source(const std::filesystem::path& path) {
  std::error_code error;
  if (path.string().starts_with("/dev/video")) return true;  // also one that is not plugged in
  if (std::filesystem::is_character_file(path, error) || std::filesystem::is_fifo(path, error)) return true;
  if (std::filesystem::is_directory(path, error)) return false;
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::find(kVideoExtensions.begin(), kVideoExtensions.end(), extension) != kVideoExtensions.end()) return true;
  return std::filesystem::is_regular_file(path, error) && starts_as_container(path);
}

}  // namespace edgemoe

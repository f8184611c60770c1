#include "cli/clips.h"

#include <filesystem>
#include <system_error>

#include "base/named_file.h"
#include "cli/command.h"

namespace edgemoe::cli {
namespace {

constexpr const char* kExtension = ".mp4";

std::vector<std::filesystem::path> clip_folders() { return shipped_folders("EDGEMOE_VIDEO_DIR", "examples/videos"); }

}  // namespace

std::vector<std::string> list_clips() { return list_named({"clip", kExtension, clip_folders()}); }

void find_clip(std::string& source) {
  std::error_code ignored;
  if (std::filesystem::exists(source, ignored)) return;
  const std::vector<std::filesystem::path> folders = clip_folders();
  const auto found = find_named({"clip", kExtension, folders}, source);
  if (found.ok()) source = found->string();
}

}  // namespace edgemoe::cli

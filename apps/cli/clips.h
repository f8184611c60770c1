// Videos that come with edgemoe, by name.
#ifndef EDGEMOE_CLI_CLIPS_H_
#define EDGEMOE_CLI_CLIPS_H_

#include <string>
#include <vector>

namespace edgemoe::cli {

/// Names of the clips at hand: files of $EDGEMOE_VIDEO_DIR, of the installation and of the source tree.
std::vector<std::string> list_clips();

/// Puts the file's path in the place of a clip's name ("drive"). What is there under that name wins, and what is no
/// clip's name stays as it is: it is whoever opens it who says what is wrong with it.
void find_clip(std::string& source);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_CLIPS_H_

// What a run reads and what its files are called.
#ifndef EDGEMOE_CLI_RUN_INPUTS_H_
#define EDGEMOE_CLI_RUN_INPUTS_H_

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/run_command.h"

namespace edgemoe::cli {

/// Files named one by one, and the pictures of folders, each with a stem of its own for its maps. kInvalidArgument when
/// maps would go into a folder that pictures are read from: the next run would take them for pictures.
Result<std::vector<RunInput>> expand_inputs(const RunOptions& options);

/// "street.jpg" → "street", made unique among `used` by the extension, then by a number.
std::string unique_stem(const std::filesystem::path& path, std::map<std::string, int>& used);

/// kInvalidArgument when a file that the run writes (`maps`: a task's or "overview"; summary, taps) is one that it
/// reads, or two that it writes are one.
Status check_written_files(const RunOptions& options, const std::vector<RunInput>& inputs,
                           const std::vector<std::string>& maps);

}  // namespace edgemoe::cli

#endif  // EDGEMOE_CLI_RUN_INPUTS_H_

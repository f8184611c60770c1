// What fastmoe saves when experts are spread over ranks: a directory with 0.pth (the whole model with the first
// experts), 1.pth, … (the experts of the other ranks).
#ifndef EDGEMOE_CHECKPOINT_RANK_DIRECTORY_H_
#define EDGEMOE_CHECKPOINT_RANK_DIRECTORY_H_

#include <filesystem>

#include "checkpoint/checkpoint_source.h"

namespace edgemoe {

/// Whether a directory holds a file called <number>.pth.
bool is_rank_directory(const std::filesystem::path& directory);

/// Reads all ranks and joins the experts: expert r·n + e of the model is expert e of rank r, n experts a rank.
/// Everything else comes from rank 0. kNotFound: a rank between others is missing; kMismatch: a rank stands twice
/// (0.pth, 00.pth), lacks an expert tensor, or has another number of experts. That the ranks are all there shows when
/// the experts are counted against the configuration.
Result<CheckpointSource> open_rank_directory(const std::filesystem::path& directory);

}  // namespace edgemoe

#endif  // EDGEMOE_CHECKPOINT_RANK_DIRECTORY_H_

// Checks an engine against a golden file that somebody dumped from another implementation of the same network.
#ifndef EDGEMOE_PIPELINE_VERIFY_H_
#define EDGEMOE_PIPELINE_VERIFY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "model/safetensors.h"
#include "model/tap_dump.h"

namespace edgemoe {

struct VerifyOptions {
  // Of each tap's largest magnitude. A float32 sum of K products differs from the exact one by at most K · 2⁻²⁴ of the
  // sum of magnitudes, in practice by about its square root: 1e-4 leaves a margin of ten for K = 3,072 and none for a
  // wrong weight.
  double block_tolerance = 1e-4;       // one block or head, from the golden file's own input of it
  double end_to_end_tolerance = 1e-3;  // the whole network from the golden picture
};

/// What was found for one task.
struct VerifyTask {
  std::string task;
  TapComparison block_by_block;  // each block and head from golden tokens
  TapComparison end_to_end;      // the same taps in one run from the golden picture
  std::size_t near_ties = 0;  // tokens that may go to either of two experts: their logits are closer than the tolerance
  std::string end_to_end_note;  // why the end-to-end walk stopped early, if it did
};

struct VerifyReport {
  std::vector<VerifyTask> tasks;
  /// First difference of all, or null: what failed.
  const TapDifference* first_difference() const;
  std::size_t values() const;
};

/// `golden` holds "shared/input" [3, height, width] and taps "<task>/<tap>" or "shared/<tap>" (docs/verify.md). Every
/// tap of the golden file that the engine publishes is compared; one that it does not is kMismatch, and so is a file
/// without any.
Result<VerifyReport> verify_engine(Engine& engine, const SafetensorsIndex& golden, const VerifyOptions& options);

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_VERIFY_H_

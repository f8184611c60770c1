// What an evaluation found, for people and for programs.
#ifndef EDGEMOE_EVAL_REPORT_H_
#define EDGEMOE_EVAL_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "eval/evaluate.h"
#include "model/config.h"

namespace edgemoe {

/// The circumstances of an evaluation.
struct EvalContext {
  std::string version;
  std::filesystem::path model_file;
  std::string model_origin;  // ", UNTRAINED (…)", or empty
  bool trained = true;
  const ModelConfig& config;
  const DatasetInfo& data;
  std::size_t num_data_pictures = 0;  // in the whole set
  std::filesystem::path prior_folder;
  std::size_t num_prior_pictures = 0;                        // 0: no prior
  std::vector<std::pair<TaskKind, std::string>> not_scored;  // of the model's tasks, with the reason
  std::string number_type;
  std::string isa;
  int threads = 1;
  int batch = 1;
  /// Tensors and how many of their numbers saturated (numerics.md, 6); none on a device, which does not count.
  std::optional<std::vector<std::pair<std::string, std::uint64_t>>> saturation = {};
  double seconds = 0;  // reading, running and scoring, without loading the model and building the prior
};

/// The table on standard output; no line of numbers is wider than 100 columns.
std::string eval_table(const EvalContext& context, const EvalOptions& options, const EvalResult& result);

/// JSON text. Everything but the member "run" is the same for any number of threads.
std::string eval_json(const EvalContext& context, const EvalOptions& options, const EvalResult& result);

/// One line a picture: header, and the row of a picture, each with its newline. A value that does not exist is empty.
std::string csv_header(std::span<const TaskKind> tasks);
std::string csv_row(const PictureScore& picture);

/// "tables use 1 % of picks": the share under which an expert counts as hardly used.
inline constexpr double kHardlyUsedShare = 0.01;

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_REPORT_H_

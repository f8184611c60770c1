#include "checkpoint/convert.h"

#include <new>

#include "base/text.h"
#include "checkpoint/checkpoint_source.h"
#include "checkpoint/match.h"
#include "model/model_file.h"
#include "model/tensor_table.h"

namespace edgemoe {
namespace {

constexpr std::size_t kNamesShown = 8;

/// A conversion on its way: what was read, and where each tensor of the network comes from.
struct Conversion {
  ModelConfig config;  // of the model to be written, once matched
  std::array<int, 2> stored_grid{};
  std::vector<CheckpointSource> sources;
  TensorMap tensors;
  ConvertReport report;
};

Result<Conversion> open_and_match(const ConvertOptions& options) {
  if (options.inputs.empty()) return invalid_argument("no checkpoint is given");
  Conversion conversion;
  conversion.config = options.config;
  if (options.heads == HeadChoice::kNone) conversion.config.head.present = false;
  EDGEMOE_RETURN_IF_ERROR(validate_config(conversion.config));
  conversion.stored_grid = {conversion.config.pos_embed_height, conversion.config.pos_embed_width};
  conversion.report.model = conversion.config.name;
  for (const std::filesystem::path& input : options.inputs) {
    EDGEMOE_ASSIGN_OR_RETURN(CheckpointSource source, open_checkpoint(input, conversion.config));
    if (source.pos_embed_grid) conversion.stored_grid = *source.pos_embed_grid;
    conversion.sources.push_back(std::move(source));
  }
  EDGEMOE_ASSIGN_OR_RETURN(conversion.tensors, match_tensors(conversion.sources, conversion.config, conversion.report));
  conversion.config.pos_embed_height = conversion.config.grid_height();
  conversion.config.pos_embed_width = conversion.config.grid_width();
  return conversion;
}

/// The position embedding's specification as the checkpoint has to have it.
TensorSpec stored_position(TensorSpec spec, std::array<int, 2> grid) {
  spec.shape = Shape{1, 1 + std::int64_t{grid[0]} * grid[1], spec.shape[2]};
  return spec;
}

Status check_position(const SourceTensor& source, const TensorSpec& stored, std::array<int, 2> grid,
                      const ModelConfig& config) {
  if (source.shape == stored.shape) return {};
  return mismatch(
      "{}: tensor {}: pos_embed_grid says that it was trained on {}x{}, which is {}, but found {} (the model's "
      "own grid is {}x{}). Set pos_embed_grid to the training run's height / patch and width / patch",
      source.origin, stored.name, grid[0], grid[1], stored.shape.to_string(), source.shape.to_string(),
      config.grid_height(), config.grid_width());
}

/// Everything that can be said without reading weights: layouts, grids, strictness. `tensors` become what is to be
/// read.
Status plan(Conversion& conversion, const ConvertOptions& options, const std::vector<TensorSpec>& table) {
  const ModelConfig& config = conversion.config;
  const std::array<int, 2> own_grid = {config.grid_height(), config.grid_width()};
  for (const TensorSpec& spec : table) {
    SourceTensor& source = conversion.tensors.find(spec.name)->second;
    TensorSpec due = spec;
    if (spec.role == TensorRole::kPositionEmbed) {
      due = stored_position(spec, conversion.stored_grid);
      EDGEMOE_RETURN_IF_ERROR(check_position(source, due, conversion.stored_grid, config));
      if (conversion.stored_grid != own_grid) {
        conversion.report.resampled.push_back(
            {spec.name, conversion.stored_grid[0], conversion.stored_grid[1], own_grid[0], own_grid[1]});
      }
    }
    EDGEMOE_ASSIGN_OR_RETURN(source, fit_layout(due, source, conversion.report));
    source.name = spec.name;
  }
  if (options.strictness == Strictness::kLenient) return {};
  if (!conversion.report.resampled.empty()) {
    return mismatch(
        "the position embedding was trained on {}x{}, the model's grid is {}x{}; strict mode does not resample",
        conversion.stored_grid[0], conversion.stored_grid[1], own_grid[0], own_grid[1]);
  }
  if (!conversion.report.left_over.empty()) {
    return mismatch("{} tensors of the checkpoint are unknown: {}; strict mode refuses that",
                    conversion.report.left_over.size(), sample(conversion.report.left_over, kNamesShown));
  }
  return {};
}

/// Reads every weight; views in the result borrow from `fitted` and from the conversion's sources.
Result<std::vector<NamedTensor>> read_weights(Conversion& conversion, const ConvertOptions& options,
                                              const std::vector<TensorSpec>& table, std::vector<FittedTensor>& fitted) {
  std::uint64_t checksum = kChecksumSeed;
  std::vector<NamedTensor> tensors;
  fitted.reserve(table.size());
  for (const TensorSpec& spec : table) {
    const SourceTensor& source = conversion.tensors.find(spec.name)->second;
    EDGEMOE_ASSIGN_OR_RETURN(FittedTensor read,
                             read_fitted(source, spec.role, options.dtype, options.non_finite, checksum));
    if (spec.role == TensorRole::kPositionEmbed && !conversion.report.resampled.empty()) {
      EDGEMOE_RETURN_IF_ERROR(resample_position(read, conversion.stored_grid,
                                                {conversion.config.grid_height(), conversion.config.grid_width()}));
    }
    if (spec.role == TensorRole::kRunningVariance && options.non_finite == NonFinitePolicy::kRefuse) {
      const Status status = check_variance(read, spec.name);
      if (!status.ok()) return status.with_context(source.origin);
    }
    conversion.report.parameters += static_cast<std::uint64_t>(read.view.shape.num_elements());
    fitted.push_back(std::move(read));
    tensors.push_back({spec.name, fitted.back().view});
    if (options.progress) options.progress(tensors.size(), table.size());
  }
  conversion.report.checksum = fmt::format("{:016x}", checksum);
  return tensors;
}

Result<ConvertReport> convert(const ConvertOptions& options) {
  EDGEMOE_ASSIGN_OR_RETURN(Conversion conversion, open_and_match(options));
  EDGEMOE_RETURN_IF_ERROR(check_missing(conversion.sources, conversion.config, conversion.report));
  EDGEMOE_RETURN_IF_ERROR(validate_complete_config(conversion.config));
  const std::vector<TensorSpec> table = tensor_table(conversion.config);
  EDGEMOE_RETURN_IF_ERROR(plan(conversion, options, table));
  std::vector<FittedTensor> fitted;
  EDGEMOE_ASSIGN_OR_RETURN(const std::vector<NamedTensor> tensors, read_weights(conversion, options, table, fitted));
  const std::string& checksum = conversion.report.checksum;
  if (!options.expected_checksum.empty() && options.expected_checksum != checksum) {
    return mismatch("the weights' checksum is {}, expected is {}: these are other weights", checksum,
                    options.expected_checksum);
  }
  EDGEMOE_RETURN_IF_ERROR(write_model_file(options.output, conversion.config, tensors, options.metadata));
  conversion.report.output = options.output.string();
  return std::move(conversion.report);
}

}  // namespace

Result<ConvertReport> convert_checkpoint(const ConvertOptions& options) {
  try {
    return convert(options);
  } catch (const std::bad_alloc&) {
    return too_large("not enough memory for the checkpoint's tensors");
  }
}

Result<ConvertReport> inspect_checkpoint(const ConvertOptions& options) {
  try {
    EDGEMOE_ASSIGN_OR_RETURN(Conversion conversion, open_and_match(options));
    if (conversion.report.missing.empty()) {
      EDGEMOE_RETURN_IF_ERROR(validate_complete_config(conversion.config));
      const std::vector<TensorSpec> table = tensor_table(conversion.config);
      EDGEMOE_RETURN_IF_ERROR(plan(conversion, options, table));
      for (const TensorSpec& spec : table) {
        conversion.report.parameters += static_cast<std::uint64_t>(spec.shape.num_elements());
      }
    }
    return std::move(conversion.report);
  } catch (const std::bad_alloc&) {
    return too_large("not enough memory for the checkpoint's tables");
  }
}

}  // namespace edgemoe

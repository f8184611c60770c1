// From the data's classes to the model's.
#ifndef EDGEMOE_EVAL_CLASS_MAP_H_
#define EDGEMOE_EVAL_CLASS_MAP_H_

#include <filesystem>
#include <string>

#include "base/status.h"
#include "eval/dataset.h"
#include "eval/truth_files.h"
#include "model/config.h"

namespace edgemoe {

struct ClassMap {
  LabelTable to_model = {};  // a label of the data to the model's class, or kIgnoreLabel
  std::string how;           // one phrase: "by number", "by name", "by street.json"
};

/// Where both have names, each class of the data must be one of the model's and the other way round, in any order; else
/// the numbers of classes must agree. kMismatch lists both.
Result<ClassMap> match_classes(const TaskConfig& model, const DatasetInfo& data);

/// Classes by a JSON file: an object that names every class of the data with the model's class that it counts as, or
/// null to ignore its pixels. Classes without a name are called by their number. kMalformed, kMismatch.
Result<ClassMap> read_class_map(const std::filesystem::path& file, const TaskConfig& model, const DatasetInfo& data);

/// Name of a class, its number where it has none.
std::string class_name(const std::vector<std::string>& names, std::size_t index);

}  // namespace edgemoe

#endif  // EDGEMOE_EVAL_CLASS_MAP_H_

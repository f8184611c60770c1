// One picture that shows a whole run: the picture, its maps, and which expert each patch went to, task by task.
#ifndef EDGEMOE_PIPELINE_OVERVIEW_H_
#define EDGEMOE_PIPELINE_OVERVIEW_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "image/image.h"
#include "image/palette.h"
#include "model/config.h"
#include "model/taps.h"
#include "pipeline/task_map.h"

namespace edgemoe {

/// Keeps each patch's first choice among the experts of the last MoE block; everything else that is published passes
/// by.
class ExpertChoices final : public TapSink {
 public:
  explicit ExpertChoices(const ModelConfig& config);
  void on_tap(int image, std::string_view scope, std::string_view tap, const TensorView& values) override;

  /// −1 for a network without mixture of experts.
  int block() const { return block_; }
  /// [grid_height · grid_width] experts of the patches, as `task` or, for a shared router, any task has them; empty
  /// where no router was heard of.
  std::span<const std::int32_t> of(int image, std::string_view task) const;
  void clear() { choices_.clear(); }

 private:
  const int block_;
  const std::string tap_;
  std::map<std::pair<int, std::string>, std::vector<std::int32_t>> choices_;  // by picture and scope
};

/// Collects what one picture's overview shows, each piece scaled to its panel at once: neither the picture nor a map is
/// kept.
class Overview {
 public:
  Overview(const ModelConfig& config, const Image& picture);

  /// A map of `picture`: classes lie over the picture; depth in a known unit is coloured by its logarithm. Errors as
  /// colorize_map().
  Status add_map(const Image& picture, const TaskMap& map);
  /// The sheet. Maps stand in the order they were added; below each the experts that picture `image` chose for its
  /// task.
  Image draw(const ExpertChoices& choices, int image) const;

 private:
  struct Panel {
    std::string caption;
    std::string task;
    Image image;
  };
  Image scaled(const Image& image) const;
  void draw_experts(Image& sheet, std::size_t x, std::size_t y, std::span<const std::int32_t> experts) const;
  void draw_key(Image& sheet, std::size_t x, std::size_t y, const ExpertChoices& choices, int image) const;

  const ModelConfig& config_;
  std::size_t width_ = 0;  // of a panel
  std::size_t height_ = 0;
  Image picture_;
  std::vector<Panel> panels_;
  std::vector<Rgb> palette_;              // of the first label map
  std::vector<std::string> class_names_;  // its classes
};

}  // namespace edgemoe

#endif  // EDGEMOE_PIPELINE_OVERVIEW_H_

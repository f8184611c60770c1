// The tiles of a phase in the order in which the array takes them, and what each of them must find: by
// src/accel/program.h and hw/rtl/tile_pkg.sv.
#ifndef EDGEMOE_SIM_PHASE_TILES_H_
#define EDGEMOE_SIM_PHASE_TILES_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "accel/design_point.h"
#include "accel/program.h"

namespace edgemoe::sim {

struct PhaseTile {
  std::vector<std::pair<const char*, std::int64_t>> fields;  // of tile_pkg::tile_t; others are 0
  int steps = 0;
  int row_base = 0;
  int column_base = 0;
  bool row_select = false;
  bool column_select = false;

  int needs_group = -1;              // of the region that the phase waits for
  bool needs_probabilities = false;  // of a unit
  int needs_rows = 0;                // of weights, since the phase's first
  int needs_words = 0;               // of constants, the same
  // It takes a place for a row of results, a group's sums for the router, a unit's scores.
  bool takes_row = false;
  bool takes_sums = false;
  bool takes_scores = false;

  bool ends_scores = false;  // of a unit: its probabilities come
  bool ends_values = false;  // of a unit: its probabilities are read
  bool ends_group = false;   // of what the phase makes
  bool last = false;         // of the phase
};

/// What a phase finds besides its command.
struct PhasePlace {
  int rows = 0;         // its own, or those of its expert's queue
  int queue_group = 0;  // groups of all queues before its expert's
  int tag_rows = 0;     // came with its weights
  int tag_words = 0;
  int weight_base = 0;  // counters of the rings at its first row and word
  int channel_base = 0;
};

/// `lanes`: tokens of the array, which the module may have other than `design`.
class PhaseTiles {
 public:
  PhaseTiles(const DesignPoint& design, int lanes) : design_(design), lanes_(lanes) {}

  std::vector<PhaseTile> of(const ComputeCommand& command, const PhasePlace& place) const {
    if (place.rows == 0) return {};
    switch (command.kind) {
      case PhaseKind::kLinear:
      case PhaseKind::kRouter:
        return linear(command, place);
      case PhaseKind::kAttention:
        return attention(command);
      default:
        return {};
    }
  }

  static bool to_rows(const ComputeCommand& command) {
    return command.kind == PhaseKind::kLinear &&
           (command.destination == Destination::kRows || command.destination == Destination::kKeys);
  }

 private:
  static constexpr int kLinearMode = 0, kScoresMode = 1, kValuesMode = 2, kRawMode = 3;
  static constexpr int kToSoftmax = 5, kToRouter = 6;
  static constexpr int kPlaces = 4;
  static constexpr int kAhead = 3;

  int groups_of(int rows) const { return (rows + lanes_ - 1) / lanes_; }
  int tokens_of(int rows, int group) const { return std::min(lanes_, rows - group * lanes_); }

  std::vector<PhaseTile> linear(const ComputeCommand& command, const PhasePlace& place) const {
    std::vector<PhaseTile> tiles;
    const int groups = groups_of(place.rows);
    const int digits = command.kind == PhaseKind::kRouter ? kRouterDigits : 1;
    for (int outer = 0; outer < (command.columns_outer ? command.column_tiles : groups); ++outer) {
      for (int inner = 0; inner < (command.columns_outer ? groups : command.column_tiles); ++inner) {
        for (int digit = 0; digit < digits; ++digit) {
          tiles.push_back(command.columns_outer ? linear_tile(command, place, inner, outer, digit)
                                                : linear_tile(command, place, outer, inner, digit));
        }
      }
    }
    return tiles;
  }

  PhaseTile linear_tile(const ComputeCommand& command, const PhasePlace& place, int group, int column,
                        int digit) const {
    const bool router = command.kind == PhaseKind::kRouter;
    const bool gathered = command.waits == Region::kGathered;
    const bool values = !router && command.destination == Destination::kValues;
    const bool rows = to_rows(command);
    const int row_tiles = command.row_tiles == 0 ? command.column_tiles : command.row_tiles;
    const int row = column / row_tiles;
    const int row_column = column % row_tiles;
    const bool last_column = column + 1 == command.column_tiles && (!router || digit + 1 == kRouterDigits);
    const int queued_group = group + place.queue_group;
    const int read_group = gathered ? queued_group : group;
    const int row_words = row_tiles * design_.ways();
    PhaseTile tile;
    tile.last = last_column && group + 1 == groups_of(place.rows);
    tile.ends_group = last_column;
    tile.fields = {
        {"mode", router ? kRawMode : kLinearMode},
        {"destination", router ? kToRouter : static_cast<int>(command.destination)},
        {"makes", static_cast<int>(command.makes)},
        {"narrow", command.narrow},
        {"gelu", command.gelu},
        {"unit_rows", command.unit_rows},
        {"fraction", command.fraction},
        {"exponent_base", command.exponent_base},
        {"row_addr", command.input_scales + read_group},
        {"channel_addr", place.channel_base + column},
        {"head", values ? command.head : row},
        {"digit", digit},
        {"group", group},
        {"queue_group", queued_group},
        {"column", rows ? row_column : column},
        {"last_column", rows ? row_column + 1 == row_tiles : last_column},
        {"last_row", last_column},
        {"tokens", tokens_of(place.rows, group)},
        {"keep", design_.array.outputs},
        {"base", values ? command.value_base : command.output_base + group * command.output_pitch + row * row_words},
        {"scales", command.output_scales + group * (command.norm ? 1 : command.heads) + row},
        {"first_token", command.first_token},
        {"norm", command.norm},
        {"last", tile.last},
        {"release_rows", place.tag_rows},
        {"release_words", place.tag_words},
    };
    tile.steps = command.steps;
    tile.row_base = command.input_base + read_group * command.input_pitch + digit * command.steps;
    tile.column_base = place.weight_base + column * command.steps;
    tile.row_select = router;
    tile.needs_group = command.waits == Region::kNone ? -1 : read_group;
    tile.needs_rows = (column + 1) * command.steps;
    tile.needs_words = router ? 0 : column + 1;
    tile.takes_row = rows && row_column == 0;
    tile.takes_sums = router && column == 0 && digit == 0;
    return tile;
  }

  /// Scores of a unit, a group and a head, three units before its products with V.
  std::vector<PhaseTile> attention(const ComputeCommand& command) const {
    std::vector<PhaseTile> tiles;
    const int units = groups_of(command.rows) * command.heads;
    for (int unit = 0; unit < units + kAhead; ++unit) {
      for (int tile = 0; unit < units && tile < command.key_tiles; ++tile) {
        tiles.push_back(scores_tile(command, unit, tile));
      }
      for (int tile = 0; unit >= kAhead && tile < command.row_tiles; ++tile) {
        tiles.push_back(values_tile(command, unit - kAhead, tile));
      }
    }
    tiles.back().last = true;
    tiles.back().fields.emplace_back("last", 1);
    return tiles;
  }

  /// Words of a unit's probabilities.
  int place_base(const ComputeCommand& command, int unit) const {
    return unit % kPlaces * command.key_tiles * design_.ways();
  }

  PhaseTile scores_tile(const ComputeCommand& command, int unit, int tile_index) const {
    const int group = unit / command.heads;
    const int head = unit % command.heads;
    const bool last = tile_index + 1 == command.key_tiles;
    PhaseTile tile;
    tile.fields = {{"mode", kScoresMode},
                   {"destination", kToSoftmax},
                   {"makes", static_cast<int>(command.makes)},
                   {"narrow", 1},
                   {"fraction", command.fraction},
                   {"exponent_base", -command.score_shift},
                   {"pre_shift", command.score_pre_shift},
                   {"row_addr", command.input_scales + unit},
                   {"channel_addr", head * (design_.limits.max_tokens / design_.array.outputs) + tile_index},
                   {"head", head},
                   {"group", group},
                   {"column", tile_index},
                   {"last_column", last},
                   {"last_row", 1},
                   {"tokens", tokens_of(command.rows, group)},
                   {"keep", last ? command.last_keys : design_.array.outputs},
                   {"base", place_base(command, unit)},
                   {"scales", unit % kPlaces}};
    tile.steps = command.steps;
    tile.row_base = command.input_base + group * command.input_pitch + head * command.steps;
    tile.column_base = command.key_base + (head * command.key_tiles + tile_index) * command.steps;
    tile.column_select = true;
    tile.needs_group = command.waits == Region::kNone ? -1 : group;
    tile.takes_scores = tile_index == 0;
    tile.ends_scores = last;
    return tile;
  }

  PhaseTile values_tile(const ComputeCommand& command, int unit, int tile_index) const {
    const int group = unit / command.heads;
    const int head = unit % command.heads;
    const int column = head * command.row_tiles + tile_index;
    const bool last = tile_index + 1 == command.row_tiles;
    const bool ends_row = last && head + 1 == command.heads;
    PhaseTile tile;
    tile.fields = {{"mode", kValuesMode},
                   {"destination", static_cast<int>(Destination::kRows)},
                   {"makes", static_cast<int>(command.makes)},
                   {"narrow", 1},
                   {"fraction", command.fraction},
                   {"exponent_base", 2 + command.fraction},
                   {"pre_shift", command.score_pre_shift},
                   {"row_addr", unit % kPlaces},
                   {"channel_addr", column},
                   {"head", head},
                   {"group", group},
                   {"column", column},
                   {"last_column", ends_row},
                   {"last_row", 1},
                   {"tokens", tokens_of(command.rows, group)},
                   {"base", command.output_base + group * command.output_pitch},
                   {"scales", command.output_scales + group}};
    tile.steps = command.value_steps;
    tile.row_base = place_base(command, unit);
    tile.column_base = command.value_base + column * command.value_steps;
    tile.row_select = true;
    tile.column_select = true;
    tile.needs_probabilities = true;
    tile.takes_row = tile_index == 0 && head == 0;
    tile.ends_values = last;
    tile.ends_group = ends_row;
    return tile;
  }

  const DesignPoint& design_;
  int lanes_;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_PHASE_TILES_H_

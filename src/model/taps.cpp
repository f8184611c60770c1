#include "model/taps.h"

#include <fmt/core.h>

namespace edgemoe {

std::string block_tap(int block, std::string_view what) { return fmt::format("block{}.{}", block, what); }

std::string head_tap(std::string_view what) { return fmt::format("head.{}", what); }

}  // namespace edgemoe

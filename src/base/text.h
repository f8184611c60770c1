// Text from files, made fit for a message; text of users, read strictly.
#ifndef EDGEMOE_BASE_TEXT_H_
#define EDGEMOE_BASE_TEXT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace edgemoe {

/// `text` with everything but printable ASCII replaced by '?', cut to 200 characters: a file's names must not steer a
/// terminal nor fill a screen.
std::string printable(std::string_view text);

/// "a, b, c and 5 more": the first `limit` of `names`, each printable.
std::string sample(std::span<const std::string> names, std::size_t limit);

/// "128x256" to two positive numbers. kInvalidArgument that names `option`.
Result<std::pair<int, int>> parse_size(std::string_view text, std::string_view option);

/// A seed as an option gives it: digits alone, 0 to 2^64 − 1. kInvalidArgument that names `option`.
Result<std::uint64_t> parse_seed(std::string_view text, std::string_view option);

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_TEXT_H_

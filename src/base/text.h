// Text from files, made fit for a message.
#ifndef EDGEMOE_BASE_TEXT_H_
#define EDGEMOE_BASE_TEXT_H_

#include <span>
#include <string>
#include <string_view>

namespace edgemoe {

/// `text` with everything but printable ASCII replaced by '?', cut to 200 characters: a file's names must not steer a
/// terminal nor fill a screen.
std::string printable(std::string_view text);

/// "a, b, c and 5 more": the first `limit` of `names`, each printable.
std::string sample(std::span<const std::string> names, std::size_t limit);

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_TEXT_H_

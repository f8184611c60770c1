#include "base/text.h"

namespace edgemoe {

std::string printable(std::string_view text) {
  constexpr std::size_t kLimit = 200;
  std::string result(text.substr(0, kLimit));
  for (char& c : result) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (text.size() > kLimit) result += "...";
  return result;
}

std::string sample(std::span<const std::string> names, std::size_t limit) {
  std::string result;
  for (std::size_t i = 0; i < names.size() && i < limit; ++i) {
    if (i != 0) result += ", ";
    result += printable(names[i]);
  }
  if (names.size() > limit) result += " and " + std::to_string(names.size() - limit) + " more";
  return result;
}

}  // namespace edgemoe

#include "base/text.h"

#include <charconv>

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

Result<std::pair<int, int>> parse_size(std::string_view text, std::string_view option) {
  std::pair<int, int> size;
  const char* end = text.data() + text.size();
  const auto [times, first_error] = std::from_chars(text.data(), end, size.first);
  if (first_error == std::errc() && times != end && *times == 'x') {
    const auto [rest, second_error] = std::from_chars(times + 1, end, size.second);
    if (second_error == std::errc() && rest == end && size.first > 0 && size.second > 0) return size;
  }
  return invalid_argument("{}: expected two positive numbers like 128x256, found \"{}\"", option, printable(text));
}

Result<std::uint64_t> parse_seed(std::string_view text, std::string_view option) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seed);
  if (error == std::errc() && rest == end) return seed;
  return invalid_argument("{}: expected a whole number from 0 to 18446744073709551615, found \"{}\"", option,
                          printable(text));
}

}  // namespace edgemoe

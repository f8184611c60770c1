// C simulation: runs edge_moe_top on a case file and compares its tokens. Needs nothing but a compiler:
//
//   g++ -std=c++17 -O2 -Isrc -Ihw hw/hls/vitis/testbench.cpp hw/hls/vitis/edge_moe_top.cpp -o testbench
//   ./testbench hw/hls/vitis/tiny.case
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "hls/vitis/case_file.h"
#include "hls/vitis/edge_moe_top.h"

namespace edgemoe {
namespace hls {
namespace {

#define EDGEMOE_TEXT_(name) #name
#define EDGEMOE_TEXT(name) EDGEMOE_TEXT_(name)
constexpr const char* kDesignName = EDGEMOE_TEXT(EDGEMOE_DESIGN);

void expect_size(const std::string& what, std::size_t found, std::size_t wanted) {
  if (found == wanted) return;
  throw std::runtime_error("the case's " + what + " has " + std::to_string(found) + " bytes, " + kDesignName + " has " +
                           std::to_string(wanted) + "; make the case again with hls_case");
}

CaseFile read_case_of_design(const std::string& path) {
  CaseFile content = CaseReader(path).read();
  if (content.design != kDesignName) {
    throw std::runtime_error("the case is for " + content.design + ", this is " + kDesignName +
                             "; compile with -DEDGEMOE_DESIGN=" + content.design);
  }
  expect_size("picture", content.picture.size(), kPictureBytes);
  expect_size("network", content.network.size(), std::size_t{kNetworkBeats} * TopDesign::kBeatBytes);
  expect_size("tokens", 4 * content.expected.size(), std::size_t{4} * kTokenValues);
  if (content.gate < 0 || content.gate >= TopDesign::kGates) {
    throw std::runtime_error("the case asks for router " + std::to_string(content.gate) + " of " +
                             std::to_string(TopDesign::kGates) + "; make the case again with hls_case");
  }
  return content;
}

/// How many tokens' values differ; tells the first.
int compare(const std::vector<std::int32_t>& found, const std::vector<std::int32_t>& expected) {
  int different = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (found[i] == expected[i]) continue;
    if (different++ == 0) {
      std::printf("first difference: token %zu, element %zu: %ld, expected %ld\n", i / TopDesign::kEmbedDim,
                  i % TopDesign::kEmbedDim, static_cast<long>(found[i]), static_cast<long>(expected[i]));
    }
  }
  std::printf("%s: %d tokens of %d: %zu values compared, %d differ\n", kDesignName, TopDesign::kTokens,
              TopDesign::kEmbedDim, expected.size(), different);
  return different;
}

int run(const std::string& path) {
  const CaseFile content = read_case_of_design(path);
  std::vector<NetworkBeat<TopDesign>> network(kNetworkBeats);
  std::memcpy(network.data(), content.network.data(), content.network.size());
  std::vector<std::int32_t> tokens(content.expected.size());
  edge_moe_top(content.picture.data(), network.data(), content.gate, tokens.data());
  return compare(tokens, content.expected) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace hls
}  // namespace edgemoe

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FILE.case\n", argv[0]);
    return 2;
  }
  try {
    return edgemoe::hls::run(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}

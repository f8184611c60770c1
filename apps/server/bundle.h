// What the page gets of one picture: a JSON header that says where in the body each piece lies, then the pieces.
//
//   4 bytes   length of the header, little-endian
//   header    JSON: tasks, routing, times; every piece with its offset from the end of the header and its bytes
//   pieces    the picture as a file; maps and routing as plain samples:
//             labels       8 bits, the class
//             depth        16 bits little-endian: low + (sample − 1) · (high − low) / 65534; 0 where it is not finite
//             normals      8 bits three times: (n + 1) / 2 · 255
//             unit         8 bits: value · 255 (saliency, edges)
//             experts      8 bits each, [grid_height, grid_width, top_k] (16 where there are more than 256)
//             weights      8 bits each: weight · 255, the same shape
#ifndef EDGEMOE_SERVER_BUNDLE_H_
#define EDGEMOE_SERVER_BUNDLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edgemoe/edgemoe.h"

namespace edgemoe::server {

struct Bundle {
  const RunReport* report = nullptr;
  std::vector<std::string> tasks;  // those of the report that go in; others are left out
  int num_experts = 0;
  std::string_view picture;  // a whole file; empty: none goes in
  std::string_view
      header;  // the members of a JSON object that go into the header as they are, "\"id\":3"; may be empty
};

std::string pack(const Bundle& bundle);

}  // namespace edgemoe::server

#endif  // EDGEMOE_SERVER_BUNDLE_H_

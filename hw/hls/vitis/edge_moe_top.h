// The function that is synthesised, for the design that EDGEMOE_DESIGN names.
#ifndef EDGEMOE_HLS_VITIS_EDGE_MOE_TOP_H_
#define EDGEMOE_HLS_VITIS_EDGE_MOE_TOP_H_

#include <cstdint>

#include "hls/backbone.h"
#include "hls/design_points.h"

#ifndef EDGEMOE_DESIGN
#define EDGEMOE_DESIGN TinyDesign
#endif

namespace edgemoe {
namespace hls {

using TopDesign = EDGEMOE_DESIGN;
constexpr int kPictureBytes = (TopDesign::kTokens - 1) * TopDesign::kPatchInputs;
constexpr int kNetworkBeats = Layout<TopDesign>::total();
constexpr int kTokenValues = TopDesign::kTokens * TopDesign::kEmbedDim;

}  // namespace hls
}  // namespace edgemoe

/// As edgemoe::hls::backbone_top().
extern "C" void edge_moe_top(
    const std::uint8_t picture[edgemoe::hls::kPictureBytes],
    const edgemoe::hls::NetworkBeat<edgemoe::hls::TopDesign> network[edgemoe::hls::kNetworkBeats], int gate,
    std::int32_t tokens[edgemoe::hls::kTokenValues]);

#endif  // EDGEMOE_HLS_VITIS_EDGE_MOE_TOP_H_

#include "hls/vitis/edge_moe_top.h"

using edgemoe::hls::backbone_top;
using edgemoe::hls::kNetworkBeats;
using edgemoe::hls::kPictureBytes;
using edgemoe::hls::kTokenValues;
using edgemoe::hls::NetworkBeat;
using edgemoe::hls::TopDesign;

extern "C" void edge_moe_top(const std::uint8_t picture[kPictureBytes],
                             const NetworkBeat<TopDesign> network[kNetworkBeats], int gate,
                             std::int32_t tokens[kTokenValues]) {
  EDGEMOE_HLS(interface m_axi port = picture bundle = activations offset = slave depth = kPictureBytes)
  EDGEMOE_HLS(interface m_axi port = tokens bundle = activations offset = slave depth = kTokenValues)
  EDGEMOE_HLS(interface m_axi port = network bundle = weights offset = slave depth =
                  kNetworkBeats max_read_burst_length = 64 num_read_outstanding = 16)
  EDGEMOE_HLS(aggregate variable = network compact = byte)
  EDGEMOE_HLS(interface s_axilite port = gate)
  EDGEMOE_HLS(interface s_axilite port = return )
  backbone_top<TopDesign>(picture, network, gate, tokens);
}

// What happens to the tokens between the layers: LayerNorm, quantisation, and the router, which queues tokens by
// expert.
//
//   read_residual ── rows ──> normalize_rows ── normed ──> quantize_tokens
//        │                          └──────── seen ───┐
//        └──────────── raw ─────────────────────────> route_tokens
#ifndef EDGEMOE_HLS_TOKEN_UNIT_H_
#define EDGEMOE_HLS_TOKEN_UNIT_H_

#include <cstdint>

#include "hls/dataflow.h"
#include "hls/layer_norm.h"
#include "hls/linear_unit.h"
#include "hls/network_stream.h"
#include "hls/router.h"

namespace edgemoe {
namespace hls {

/// What the router reads while the tokens pass.
enum class RouterInput {
  kNone,    // it has nothing to do
  kNormed,  // the normed tokens
  kRaw,     // the residual stream as it is
};

/// The tokens of each expert, in ascending order.
template <typename Design>
struct ExpertQueues {
  TokenQueue<Design> queue[Design::kExperts];
};

template <typename Design>
using WideStream = stream<Vector<std::int32_t, Design::kVectorLanes>, 2>;
template <typename Design>
using NarrowStream = stream<Vector<std::int16_t, Design::kVectorLanes>, 2>;

template <typename Design>
void read_residual(const std::int32_t (&residual)[Design::kTokens][Design::kEmbedDim], RouterInput router,
                   WideStream<Design>& rows, WideStream<Design>& raw) {
  for (int token = 0; token < Design::kTokens; ++token) {
    write_row(residual[token], Design::kEmbedDim, rows);
    if (router == RouterInput::kRaw) write_row(residual[token], Design::kEmbedDim, raw);
  }
}

template <typename Design>
void normalize_rows(const NormMemory<Design>& norm, RouterInput router, WideStream<Design>& rows,
                    NarrowStream<Design>& normed, NarrowStream<Design>& seen) {
  for (int token = 0; token < Design::kTokens; ++token) {
    std::int32_t row[Design::kEmbedDim];
    std::int16_t out[Design::kEmbedDim];
    read_row(rows, row, Design::kEmbedDim);
    layer_norm<Design>(row, Design::kEmbedDim, norm.layer(), out);
    write_row(out, Design::kEmbedDim, normed);
    if (router == RouterInput::kNormed) write_row(out, Design::kEmbedDim, seen);
  }
}

template <typename Design>
void quantize_tokens(int fraction, NarrowStream<Design>& normed,
                     RowMemory<Design::kTokens, Design::kEmbedDim>& tokens) {
  for (int token = 0; token < Design::kTokens; ++token) {
    std::int16_t row[Design::kEmbedDim];
    read_row(normed, row, Design::kEmbedDim);
    tokens.scale[token] = quantize_row(row, Design::kEmbedDim, fraction, tokens.value[token]);
  }
}

template <typename Design>
void route_tokens(const GateMemory<Design>& gate, RouterInput router, NarrowStream<Design>& seen,
                  WideStream<Design>& raw, ExpertQueues<Design>& queues) {
  if (router == RouterInput::kNone) return;
  for (int e = 0; e < Design::kExperts; ++e) queues.queue[e].count = 0;
  for (int token = 0; token < Design::kTokens; ++token) {
    std::int16_t row[Design::kEmbedDim];
    int shift = 0;
    if (router == RouterInput::kRaw) {
      std::int32_t wide[Design::kEmbedDim];
      read_row(raw, wide, Design::kEmbedDim);
      shift = normalize_router_input(wide, Design::kEmbedDim, row);
    } else {
      read_row(seen, row, Design::kEmbedDim);
    }
    std::uint32_t chosen[Design::kTopK];
    std::uint16_t weight[Design::kTopK];
    route<Design>(row, shift, gate.layer(), chosen, weight);
    for (int k = 0; k < Design::kTopK; ++k) {
      TokenQueue<Design>& queue = queues.queue[gate.first_expert + static_cast<int>(chosen[k])];
      queue.token[queue.count] = static_cast<std::uint16_t>(token);
      queue.weight[queue.count] = weight[k];
      ++queue.count;
    }
  }
}

/// LayerNorm of every token to int8, and the router beside it.
template <typename Design>
void normalize_tokens(const NormMemory<Design>& norm, const GateMemory<Design>& gate, RouterInput router,
                      const std::int32_t (&residual)[Design::kTokens][Design::kEmbedDim],
                      RowMemory<Design::kTokens, Design::kEmbedDim>& tokens, ExpertQueues<Design>& queues) {
  EDGEMOE_HLS(dataflow)
  EDGEMOE_DATAFLOW(region);
  const int fraction = norm.fraction;
  WideStream<Design> rows("rows");
  WideStream<Design> raw("raw");
  NarrowStream<Design> normed("normed");
  NarrowStream<Design> seen("seen");
  EDGEMOE_PROCESS(region, read_residual<Design>(residual, router, rows, raw));
  EDGEMOE_PROCESS(region, normalize_rows<Design>(norm, router, rows, normed, seen));
  EDGEMOE_PROCESS(region, quantize_tokens<Design>(fraction, normed, tokens));
  EDGEMOE_PROCESS(region, route_tokens<Design>(gate, router, seen, raw, queues));
  EDGEMOE_RUN(region);
}

/// Rows of s16 to int8: heads' outputs for the projection, hidden values for the layer behind them.
template <int kRows, int kColumns, int kOutColumns>
void quantize_rows(const std::int16_t (&values)[kRows][kColumns], int rows, int columns, int fraction,
                   RowMemory<kRows, kOutColumns>& out) {
  for (int row = 0; row < rows; ++row) {
    out.scale[row] = quantize_row(values[row], columns, fraction, out.value[row]);
  }
}

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_TOKEN_UNIT_H_

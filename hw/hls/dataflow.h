// Dataflow regions and streams, for synthesis and for C++ alike:
//
//   EDGEMOE_HLS(dataflow)
//   EDGEMOE_DATAFLOW(region);
//   stream<Row, 2> rows("rows");
//   EDGEMOE_PROCESS(region, read_rows(memory, rows));
//   EDGEMOE_PROCESS(region, write_rows(rows, out));
//   EDGEMOE_RUN(region);
//
// Synthesis sees two calls in a row, and makes processes of them; compiled as C++ they take turns (hls/simulation.h).
// Processes stand in the order in which data flows, so that they may also run one after the other.
#ifndef EDGEMOE_HLS_DATAFLOW_H_
#define EDGEMOE_HLS_DATAFLOW_H_

#include "hls/pragma.h"

#ifdef __SYNTHESIS__

#include <hls_stream.h>

namespace edgemoe {
namespace hls {
template <typename T, int kDepth>
using stream = ::hls::stream<T, kDepth>;
}  // namespace hls
}  // namespace edgemoe

#define EDGEMOE_DATAFLOW(region)
#define EDGEMOE_PROCESS(region, ...) __VA_ARGS__
#define EDGEMOE_RUN(region)

#else

#include "hls/simulation.h"

#define EDGEMOE_DATAFLOW(region) ::edgemoe::hls::Region region
#define EDGEMOE_PROCESS(region, ...) region.add(#__VA_ARGS__, [&] { __VA_ARGS__; })
#define EDGEMOE_RUN(region) region.run()

#endif

namespace edgemoe {
namespace hls {

/// What goes through a stream in one cycle.
template <typename T, int kLanes>
struct Vector {
  T lane[kLanes];
};

/// A row of `count` numbers through a stream; the last vector is filled up with zeros.
template <typename T, int kLanes, int kDepth>
void write_row(const T* row, int count, stream<Vector<T, kLanes>, kDepth>& out) {
  for (int first = 0; first < count; first += kLanes) {
    EDGEMOE_HLS(pipeline II = 1)
    Vector<T, kLanes> vector;
    for (int l = 0; l < kLanes; ++l) {
      EDGEMOE_HLS(unroll)
      vector.lane[l] = first + l < count ? row[first + l] : T{0};
    }
    out.write(vector);
  }
}

template <typename T, int kLanes, int kDepth>
void read_row(stream<Vector<T, kLanes>, kDepth>& in, T* row, int count) {
  for (int first = 0; first < count; first += kLanes) {
    EDGEMOE_HLS(pipeline II = 1)
    const Vector<T, kLanes> vector = in.read();
    for (int l = 0; l < kLanes; ++l) {
      EDGEMOE_HLS(unroll)
      if (first + l < count) row[first + l] = vector.lane[l];
    }
  }
}

}  // namespace hls
}  // namespace edgemoe

#endif  // EDGEMOE_HLS_DATAFLOW_H_

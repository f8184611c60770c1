// Feeds a unit of valid/ready beats, without and with gaps, until it has put out all that is expected.
#ifndef EDGEMOE_SIM_STREAM_H_
#define EDGEMOE_SIM_STREAM_H_

#include "base/random.h"
#include "sim/bench.h"

namespace edgemoe::sim {

struct StreamTimes {
  std::int64_t first_taken = -1;  // cycle of the first beat
  std::int64_t last_taken = -1;
  std::int64_t finished = -1;  // cycle in which get() was content; −1: never
};

/// `put(beat)` sets the inputs of a beat; `get()` looks at the outputs after each edge and returns true when all is
/// there. Ends by itself after `limit` cycles.
template <typename Model, typename Put, typename Get>
StreamTimes stream(Bench<Model>& bench, int beats, bool gaps, Random& random, std::int64_t limit, Put put, Get get) {
  StreamTimes times;
  int next = 0;
  for (const std::int64_t start = bench.cycles(); bench.cycles() - start < limit;) {
    const bool offer = next < beats && !(gaps && random.below(3) == 0);
    bench->valid_i = offer;
    // What stands at the inputs of an idle cycle must not matter.
    put(offer || next == 0 ? (next < beats ? next : beats - 1)
                           : static_cast<int>(random.below(static_cast<unsigned>(next))));
    bench.settle();
    const bool taken = offer && bench->ready_o;
    if (taken && next == 0) times.first_taken = bench.cycles();
    if (taken) times.last_taken = bench.cycles();
    bench.tick();
    next += taken;
    if (get()) {
      times.finished = bench.cycles();
      break;
    }
  }
  bench->valid_i = 0;
  return times;
}

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_STREAM_H_

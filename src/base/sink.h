// Where a library that never prints sends what it has to say.
#ifndef EDGEMOE_BASE_SINK_H_
#define EDGEMOE_BASE_SINK_H_

#include <cstddef>
#include <functional>
#include <string_view>

namespace edgemoe {

/// Receives remarks for the user: one sentence without a newline ("position embedding resampled from 30x40 to 8x16").
/// An empty function drops them.
using NoteSink = std::function<void(std::string_view note)>;

/// Told of progress through a long piece of work: `done` of `total` items. An empty function drops it.
using ProgressSink = std::function<void(std::size_t done, std::size_t total)>;

}  // namespace edgemoe

#endif  // EDGEMOE_BASE_SINK_H_

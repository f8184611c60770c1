// Counts what a test program allocates through operator new: linking this replaces it.
#ifndef EDGEMOE_ENGINE_ALLOCATION_TESTING_H_
#define EDGEMOE_ENGINE_ALLOCATION_TESTING_H_

#include <cstddef>

namespace edgemoe {

/// Calls of operator new so far, by all threads.
std::size_t allocation_count();

}  // namespace edgemoe

#endif  // EDGEMOE_ENGINE_ALLOCATION_TESTING_H_

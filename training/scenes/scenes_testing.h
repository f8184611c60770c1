// What the renderer's tests share.
#ifndef EDGEMOE_SCENES_SCENES_TESTING_H_
#define EDGEMOE_SCENES_SCENES_TESTING_H_

#include <gtest/gtest.h>

#include <string>

#include "scenes/picture.h"

namespace edgemoe::scenes {

inline std::string ranges_path(const std::string& name) {
  return std::string(EDGEMOE_SOURCE_DIR) + "/training/scenes/ranges/" + name + ".json";
}

inline Ranges committed_ranges(const std::string& name) {
  Result<Ranges> ranges = load_ranges(ranges_path(name));
  EXPECT_TRUE(ranges.ok()) << ranges.status().message();
  return ranges.ok() ? *ranges : Ranges{};
}

inline RayTracer make_tracer() {
  Result<RayTracer> tracer = RayTracer::create();
  EXPECT_TRUE(tracer.ok()) << tracer.status().message();
  return std::move(tracer).value();
}

}  // namespace edgemoe::scenes

#endif  // EDGEMOE_SCENES_SCENES_TESTING_H_

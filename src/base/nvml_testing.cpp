// Stands in for libnvidia-ml.so.1 in tests: two GPUs whose counters go on by 1.5 J at every reading.
#include <cstdint>
#include <cstdio>

namespace {
constexpr int kDevices = 2;
unsigned long long millijoules[kDevices] = {1000, 2000};
}  // namespace

extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = kDevices;
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = &millijoules[index];
  return 0;
}
int nvmlDeviceGetName(void* device, char* name, unsigned length) {
  const auto index = static_cast<unsigned long long*>(device) - millijoules;
  std::snprintf(name, length, "stand-in %d", static_cast<int>(index));
  return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* energy) {
  *energy = *static_cast<unsigned long long*>(device) += 1500;
  return 0;
}
}

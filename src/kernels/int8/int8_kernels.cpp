#include "kernels/int8/int8_kernels.h"

#include "kernels/int8/kernel_tables.h"

namespace edgemoe::int8 {

const Kernels& kernels(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512 && __builtin_cpu_supports("avx512vnni")) return vnni_kernels();
#endif
  static_cast<void>(isa);
  return portable_kernels();
}

}  // namespace edgemoe::int8

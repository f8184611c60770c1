#include "kernels/int8/int8_kernels.h"

#include "kernels/cpu_feature.h"
#include "kernels/int8/kernel_tables.h"

namespace edgemoe::int8 {

const Kernels& kernels(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx2:
    case Isa::kAvx512:  // without VNNI it has no better way to multiply bytes
      return avx2_kernels();
    case Isa::kAvxVnni:
      return avxvnni_kernels(has_avxvnni_encoding());
    case Isa::kAvx512Vnni:
      return avx512vnni_kernels();
#elif defined(__aarch64__)
    case Isa::kNeon:
      return neon_kernels();
    case Isa::kDotProd:
      return dotprod_kernels();
#endif
    default:
      return portable_kernels();
  }
}

}  // namespace edgemoe::int8

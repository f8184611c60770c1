// The tables that this build has; kernels() chooses.
#ifndef EDGEMOE_KERNELS_INT8_KERNEL_TABLES_H_
#define EDGEMOE_KERNELS_INT8_KERNEL_TABLES_H_

#include "kernels/int8/int8_kernels.h"

namespace edgemoe::int8 {

const Kernels& portable_kernels();
#if defined(__x86_64__)
const Kernels& avx2_kernels();
/// AVX2 and the dot product instruction as AVX-VNNI encodes it; else as AVX-512 VL and VNNI do.
const Kernels& avxvnni_kernels(bool vex);
/// Needs AVX-512 F, BW, DQ, VL and VNNI.
const Kernels& avx512vnni_kernels();
#elif defined(__aarch64__)
const Kernels& neon_kernels();
const Kernels& dotprod_kernels();
#endif

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_KERNEL_TABLES_H_

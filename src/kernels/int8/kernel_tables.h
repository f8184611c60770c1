// The tables that this build has; kernels() chooses.
#ifndef EDGEMOE_KERNELS_INT8_KERNEL_TABLES_H_
#define EDGEMOE_KERNELS_INT8_KERNEL_TABLES_H_

#include "kernels/int8/int8_kernels.h"

namespace edgemoe::int8 {

const Kernels& portable_kernels();
#if defined(__x86_64__)
/// Needs AVX-512 F, BW, DQ, VL and VNNI.
const Kernels& vnni_kernels();
#endif

}  // namespace edgemoe::int8

#endif  // EDGEMOE_KERNELS_INT8_KERNEL_TABLES_H_

// What the compiler's run-time checks of the processor have no name for: Clang 14 does not know AVX-VNNI.
#ifndef EDGEMOE_KERNELS_CPU_FEATURE_H_
#define EDGEMOE_KERNELS_CPU_FEATURE_H_

#if defined(__x86_64__)
#include <cpuid.h>

namespace edgemoe {

/// Whether dot products of 256 bits have AVX-VNNI's encoding here. Isa::kAvxVnni does with that of AVX-512 VL too.
inline bool has_avxvnni_encoding() {
  // Asked once: in a virtual machine the instruction takes a way through its host.
  static const bool has = [] {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & 1U << 4) != 0;
  }();
  return has;
}

}  // namespace edgemoe
#endif

#endif  // EDGEMOE_KERNELS_CPU_FEATURE_H_

#include "kernels/isa.h"

#include "kernels/cpu_feature.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace edgemoe {
namespace {

constexpr Isa kAll[] = {Isa::kPortable, Isa::kNeon,   Isa::kDotProd,   Isa::kAvx2,
                        Isa::kAvxVnni,  Isa::kAvx512, Isa::kAvx512Vnni};

bool can_run(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return true;
#if defined(__aarch64__)
    case Isa::kNeon:
      return true;
    case Isa::kDotProd:
      return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
    case Isa::kNeon:
    case Isa::kDotProd:
      return false;
#endif
#if defined(__x86_64__)
    // The compiler's run-time checks cover the operating system's part (XCR0) too.
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Isa::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
    case Isa::kAvx512Vnni:
      return can_run(Isa::kAvx512) && __builtin_cpu_supports("avx512vnni");
    case Isa::kAvxVnni:
      // Two encodings of one instruction.
      return can_run(Isa::kAvx2) && (has_avxvnni_encoding() || can_run(Isa::kAvx512Vnni));
#else
    case Isa::kAvx2:
    case Isa::kAvxVnni:
    case Isa::kAvx512:
    case Isa::kAvx512Vnni:
      return false;
#endif
  }
  return false;
}

}  // namespace

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return "portable";
    case Isa::kNeon:
      return "neon";
    case Isa::kDotProd:
      return "dotprod";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvxVnni:
      return "avxvnni";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx512Vnni:
      return "avx512vnni";
  }
  return "unknown";
}

std::optional<Isa> isa_from_name(std::string_view name) {
  for (const Isa isa : kAll) {
    if (isa_name(isa) == name) return isa;
  }
  return std::nullopt;
}

std::vector<Isa> supported_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : kAll) {
    if (can_run(isa)) isas.push_back(isa);
  }
  return isas;
}

Isa best_isa() { return supported_isas().back(); }

}  // namespace edgemoe

// Which instruction set the kernels use: found at run time, or forced.
#ifndef EDGEMOE_KERNELS_ISA_H_
#define EDGEMOE_KERNELS_ISA_H_

#include <optional>
#include <string_view>
#include <vector>

namespace edgemoe {

/// Instruction sets with kernels of their own, weakest first within an architecture. Dot
/// products matter to int8 only; float does the same with and without.
enum class Isa {
  kPortable,    ///< "portable": plain C++ at the compiler's baseline
  kNeon,        ///< "neon": aarch64 Advanced SIMD
  kDotProd,     ///< "dotprod": the same with dot products of int8
  kAvx2,        ///< "avx2": AVX2 and FMA
  kAvxVnni,     ///< "avxvnni": the same with dot products of int8
  kAvx512,      ///< "avx512": AVX-512 F, BW, CD, DQ, VL
  kAvx512Vnni,  ///< "avx512vnni": the same with dot products of int8
};

std::string_view isa_name(Isa isa);
std::optional<Isa> isa_from_name(std::string_view name);
/// Those that this build has code for and this machine can run; kPortable always, the best last.
std::vector<Isa> supported_isas();
Isa best_isa();

}  // namespace edgemoe

#endif  // EDGEMOE_KERNELS_ISA_H_

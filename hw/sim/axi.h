// The signals of an AXI4 master with one ID, and of an AXI4-Lite one, in one cycle: what models, checkers and benches
// hand to each other.
#ifndef EDGEMOE_SIM_AXI_H_
#define EDGEMOE_SIM_AXI_H_

#include <array>
#include <cstdint>

namespace edgemoe::sim {

inline constexpr int kMostBusBytes = 64;
inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr int kBurstIncrement = 1;
enum AxiResponse : int { kOkay = 0, kExclusiveOkay = 1, kSlaveError = 2, kDecodeError = 3 };

/// ARVALID … or AWVALID …
struct AxiAddress {
  bool valid = false;
  bool ready = false;
  std::uint64_t address = 0;
  int length = 0;  // beats less 1
  int size = 0;    // log2 of a beat's bytes
  int burst = 0;

  bool taken() const { return valid && ready; }
};

/// R, or W with `strobe` and without `response`.
struct AxiBeat {
  bool valid = false;
  bool ready = false;
  std::array<std::uint8_t, kMostBusBytes> data = {};
  std::uint64_t strobe = 0;
  int response = 0;
  bool last = false;

  bool taken() const { return valid && ready; }
};

struct AxiConfirmation {
  bool valid = false;
  bool ready = false;
  int response = 0;

  bool taken() const { return valid && ready; }
};

struct AxiBus {
  AxiAddress ar;
  AxiBeat r;
  AxiAddress aw;
  AxiBeat w;
  AxiConfirmation b;
};

struct AxiLiteBus {
  struct Address {
    bool valid = false;
    bool ready = false;
    std::uint32_t address = 0;
    bool taken() const { return valid && ready; }
  };
  struct Data {
    bool valid = false;
    bool ready = false;
    std::uint32_t data = 0;
    int strobe = 0;    // of a write
    int response = 0;  // of a read
    bool taken() const { return valid && ready; }
  };
  Address aw;
  Data w;
  AxiConfirmation b;
  Address ar;
  Data r;
};

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_AXI_H_

// Reads an operand memory as the array does: an address a cycle, bank k k cycles after bank 0.
#ifndef EDGEMOE_SIM_OPERAND_READ_H_
#define EDGEMOE_SIM_OPERAND_READ_H_

#include <cstddef>
#include <vector>

#include "accel/design_point.h"
#include "sim/bench.h"

namespace edgemoe::sim {

/// `before(i)` sets other inputs in the cycle of address i, `check(address, bank)` looks at the bank's data. Returns
/// how often it was called.
template <typename Model, typename Before, typename Check>
int read_operands(Bench<Model>& bench, const std::vector<int>& addresses, Before before, Check check) {
  int checked = 0;
  for (std::size_t i = 0; i < addresses.size() + kDotChainLength - 1; ++i) {
    set_port(bench->read_addr_i, i < addresses.size() ? addresses[i] : 0);
    before(i);
    bench.tick();
    for (std::size_t bank = 0; bank < kDotChainLength && bank <= i; ++bank) {
      if (i - bank >= addresses.size()) continue;
      check(addresses[i - bank], static_cast<int>(bank));
      ++checked;
    }
  }
  return checked;
}

}  // namespace edgemoe::sim

#endif  // EDGEMOE_SIM_OPERAND_READ_H_

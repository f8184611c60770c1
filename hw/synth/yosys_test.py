#!/usr/bin/env python3
"""What report must count, and what it must refuse: small modules whose size, memories and depth are known."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import yosys  # noqa: E402

MEMORIES = """
module memories(input clk_i, input write_i, input [9:0] waddr_i, raddr_i, input [71:0] data_i, output logic [71:0] block_o,
                output [11:0] lut_o);
  logic [71:0] block [0:511];
  logic [11:0] lut [0:15];
  always_ff @(posedge clk_i) begin
    if (write_i) block[waddr_i[8:0]] <= data_i;
    if (write_i) lut[waddr_i[3:0]] <= data_i[11:0];
    block_o <= block[raddr_i[8:0]];
  end
  assign lut_o = lut[raddr_i[3:0]];
endmodule
"""
# Cleared as a whole: no memory of the device can be.
CLEARED = """
module cleared(input clk_i, input clear_i, input write_i, input [5:0] waddr_i, raddr_i, input [15:0] data_i, input [5:0] waddr2_i,
               output logic [15:0] data_o);
  logic [15:0] words [0:63];
  always_ff @(posedge clk_i) begin
    if (write_i) words[waddr_i] <= data_i;
    if (clear_i) words[waddr2_i] <= '0;
    data_o <= words[raddr_i];
  end
endmodule
"""
# A function of constants, which Yosys makes a memory and then logic.
TABLE = """
module inner(input [6:0] place_i, output logic [15:0] value_o);
  always_comb begin
    case (place_i)
ENTRIES
      default: value_o = '0;
    endcase
  end
endmodule
module outer(input clk_i, input [6:0] place_i, output logic [15:0] value_o);
  logic [15:0] value;
  inner u_inner(.place_i, .value_o(value));
  always_ff @(posedge clk_i) value_o <= value;
endmodule
""".replace("ENTRIES", "\n".join(f"      7'd{i}: value_o = 16'd{(i * 40503 + 7) % 65536};" for i in range(120)))
LATCH = """
module latch(input enable_i, input data_i, output logic data_o);
  always_latch if (enable_i) data_o = data_i;
endmodule
"""
SUM = """
module sum(input clk_i, input [15:0] a_i, b_i, output logic [15:0] sum_o);
  logic [15:0] a_q, b_q;
  always_ff @(posedge clk_i) begin
    a_q <= a_i;
    b_q <= b_i;
    sum_o <= a_q + b_q;
  end
endmodule
"""
PRODUCT = """
module product(input clk_i, input signed [15:0] a_i, b_i, output logic signed [31:0] product_o);
  logic signed [15:0] a_q, b_q;
  always_ff @(posedge clk_i) begin
    a_q <= a_i;
    b_q <= b_i;
    product_o <= a_q * b_q;
  end
endmodule
"""


class Yosys(unittest.TestCase):
    def synthesise(self, top, text, **options):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / f"{top}.sv"
            source.write_text(text)
            return yosys.synthesise(top, [source], folder, **options)

    def test_memories_of_both_kinds_are_counted(self):
        result = self.synthesise("memories", MEMORIES)
        self.assertEqual(sorted(result.memories), [("memories.block", "block"), ("memories.lut", "LUT")])
        self.assertEqual(result.bram36, 1)
        self.assertEqual(result.lut_memory, 8)
        self.assertGreaterEqual(result.lut, result.lut_memory)

    def test_a_memory_with_two_writers_is_refused(self):
        with self.assertRaisesRegex(yosys.Refused, r"flip-flops.*cleared\.words \(1024 bits\)"):
            self.synthesise("cleared", CLEARED)

    def test_a_table_of_constants_is_no_memory(self):
        for flat in (False, True):
            result = self.synthesise("outer", TABLE, flat=flat)
            self.assertEqual((result.memories, result.ff), ([], 16))

    def test_a_latch_is_refused(self):
        with self.assertRaisesRegex(yosys.Refused, "1 latches"):
            self.synthesise("latch", LATCH)

    def test_text_that_is_no_module_is_refused(self):
        with self.assertRaisesRegex(yosys.Refused, "Yosys ended with 1: .*syntax error"):
            self.synthesise("broken", "module broken(; endmodule")

    def test_a_sum_is_a_lut_and_its_carries(self):
        path = self.synthesise("sum", SUM, measure_levels=True).path
        self.assertEqual(path.kinds, {"LUT": 1, "carry": 4})
        self.assertAlmostEqual(path.levels, 1.4, places=2)
        self.assertIn(path.first, ("a_q", "b_q"))

    def test_a_product_is_three_levels(self):
        result = self.synthesise("product", PRODUCT, measure_levels=True)
        self.assertEqual((result.dsp, result.path.kinds), (1, {"multiplier": 1}))
        self.assertAlmostEqual(result.path.levels, 3, places=2)


if __name__ == "__main__":
    unittest.main()

"""Levels of logic between registers, by Yosys' `sta`.

The device's own models have no arcs for most cells (paths through them are dropped), so they are taken away after synthesis
and boxes that count take their place. A thousandth of a level is the unit: a LUT is a level, also one that is read as a
memory or as a shift register; a hop through a CARRY4 a tenth; a wide multiplexer three tenths; a multiplier without registers
of its own three. Nothing of this is a delay of the device, and nothing of it knows wires.
"""
import re
from dataclasses import dataclass

LUT, CARRY, WIDE, MULTIPLIER = 1000, 100, 300, 3000
# Cells of a path by the beginnings of their names; what is clocked is in none.
KINDS = {"LUT": "LUT", "RAMB": None, "RAM": "LUT", "SRL": "LUT", "CARRY4": "carry", "MUXF": "mux", "DSP48E2": "multiplier"}
# Memories in LUTs: outputs and the addresses that they are read by, (name, bits) each.
LUT_MEMORIES = {
    "RAM32M": [(f"DO{p}", 2, f"ADDR{p}", 5) for p in "ABCD"],
    "RAM64M": [(f"DO{p}", 1, f"ADDR{p}", 6) for p in "ABCD"],
    "RAM32M16": [(f"DO{p}", 2, f"ADDR{p}", 5) for p in "ABCDEFGH"],
    "RAM64M8": [(f"DO{p}", 1, f"ADDR{p}", 6) for p in "ABCDEFGH"],
    "RAM128X1D": [("SPO", 1, "A", 7), ("DPO", 1, "DPRA", 7)],
    "RAM256X1D": [("SPO", 1, "A", 8), ("DPO", 1, "DPRA", 8)],
    "RAM64X8SW": [("O", 8, "A", 6)],
}
SINGLE_BIT_ADDRESSES = {"RAM32X1D": 5, "RAM64X1D": 6}
CARRY4 = """(* blackbox *) module CARRY4(output [3:0] CO, O, input CI, CYINIT, input [3:0] DI, S);
  specify
    (CI *> CO) = {0}; (CI *> O) = {0}; (CYINIT *> CO) = {0}; (CYINIT *> O) = {0};
{1}
  endspecify
endmodule
"""
DSP48E2 = """(* blackbox *) module DSP48E2(output [47:0] P, PCOUT, input [29:0] A, input [17:0] B, input [47:0] C, PCIN, input [26:0] D,
                input CLK);
  parameter PREG = 1;
  generate
    if (PREG == 0) begin
      specify
        (A *> P) = {0}; (B *> P) = {0};
      endspecify
    end else begin
      specify
        (posedge CLK *> (P : 48'bx)) = 0;
        $setup(A, posedge CLK, 1); $setup(B, posedge CLK, 1); $setup(C, posedge CLK, 1); $setup(D, posedge CLK, 1);
      endspecify
    end
  endgenerate
endmodule
"""
BLOCK_RAM = """(* blackbox *) module {0}(output [{1}:0] DOUTADOUT, DOUTBDOUT, output [{2}:0] DOUTPADOUTP, DOUTPBDOUTP,
                input [{1}:0] DINADIN, DINBDIN, input [{2}:0] DINPADINP, DINPBDINP, input [{5}:0] ADDRARDADDR, ADDRBWRADDR,
                input ENARDEN, ENBWREN, input [{2}:0] WEA, input [{6}:0] WEBWE, input CLKARDCLK);
  specify
    (posedge CLKARDCLK *> (DOUTADOUT : {3}'bx)) = 0; (posedge CLKARDCLK *> (DOUTBDOUT : {3}'bx)) = 0;
    (posedge CLKARDCLK *> (DOUTPADOUTP : {4}'bx)) = 0; (posedge CLKARDCLK *> (DOUTPBDOUTP : {4}'bx)) = 0;
    $setup(DINADIN, posedge CLKARDCLK, 1); $setup(DINBDIN, posedge CLKARDCLK, 1);
    $setup(DINPADINP, posedge CLKARDCLK, 1); $setup(DINPBDINP, posedge CLKARDCLK, 1);
    $setup(ADDRARDADDR, posedge CLKARDCLK, 1); $setup(ADDRBWRADDR, posedge CLKARDCLK, 1);
    $setup(ENARDEN, posedge CLKARDCLK, 1); $setup(ENBWREN, posedge CLKARDCLK, 1);
    $setup(WEA, posedge CLKARDCLK, 1); $setup(WEBWE, posedge CLKARDCLK, 1);
  endspecify
endmodule
"""


def box(name, ports, arcs):
    return f"(* blackbox *) module {name}({ports});\n  specify\n    {' '.join(arcs)}\n  endspecify\nendmodule\n"


def setups(pins, clock):
    return [f"$setup({pin}, posedge {clock}, 1);" for pin in pins]


def cells():
    """The boxes, in Verilog."""
    boxes = [box("INV", "output O, input I", ["(I => O) = 0;"])]
    for width in range(1, 7):
        pins = [f"I{i}" for i in range(width)]
        boxes.append(box(f"LUT{width}", f"output O, input {', '.join(pins)}", [f"({pin} => O) = {LUT};" for pin in pins]))
    for name in ("MUXF7", "MUXF8", "MUXF9"):
        boxes.append(box(name, "output O, input I0, I1, S", [f"({pin} => O) = {WIDE};" for pin in ("I0", "I1", "S")]))
    # A bit's carry reaches the bits from it on.
    hops = [f"(S[{i}] => CO[{j}]) = {CARRY}; (DI[{i}] => CO[{j}]) = {CARRY}; (S[{i}] => O[{j}]) = {CARRY};"
            + (f" (DI[{i}] => O[{j}]) = {CARRY};" if j > i else "") for i in range(4) for j in range(i, 4)]
    boxes.append(CARRY4.format(CARRY, "\n".join("    " + hop for hop in hops)))
    for name, reset in (("FDRE", "R"), ("FDSE", "S"), ("FDCE", "CLR"), ("FDPE", "PRE")):
        boxes.append(box(name, f"output Q, input C, CE, D, {reset}", ["(posedge C => (Q : D)) = 0;", *setups(("CE", "D", reset), "C")]))
    for name, reads in LUT_MEMORIES.items():
        outputs = ", ".join(f"output [{bits - 1}:0] {pin}" for pin, bits, _, _ in reads)
        addresses = ", ".join(f"input [{bits - 1}:0] {pin}" for _, _, pin, bits in reads)
        data = [pin.replace("DO", "DI") for pin, _, _, _ in reads] if reads[0][0].startswith("DO") else ["D"]
        inputs = ", ".join(f"input [1:0] {pin}" if name.startswith("RAM32M") else f"input {pin}" for pin in data)
        boxes.append(box(name, f"{outputs}, {addresses}, {inputs}, input WE, WCLK",
                         [f"({address} *> {pin}) = {LUT};" for pin, _, address, _ in reads]
                         + setups([*data, "WE", *{address for _, _, address, _ in reads}], "WCLK")))
    for name, bits in SINGLE_BIT_ADDRESSES.items():
        reads = [f"{pin}{i}" for pin in ("A", "DPRA") for i in range(bits)]
        arcs = [f"(A{i} => SPO) = {LUT}; (DPRA{i} => DPO) = {LUT};" for i in range(bits)]
        boxes.append(box(name, f"output SPO, DPO, input {', '.join(reads)}, D, WE, WCLK", arcs + setups(["D", "WE"], "WCLK")))
    for name, pins in (("SRL16E", "A0, A1, A2, A3"), ("SRLC32E", "[4:0] A")):
        addresses = ["A"] if name == "SRLC32E" else pins.split(", ")
        arcs = [f"({pin} *> Q) = {LUT};" for pin in addresses] + [f"(posedge CLK => (Q : D)) = {LUT};"]
        boxes.append(box(name, f"output Q, input {pins}, input CE, D, CLK", arcs + setups(["CE", "D"], "CLK")))
    boxes.append(DSP48E2.format(MULTIPLIER))
    boxes.append(BLOCK_RAM.format("RAMB36E2", 31, 3, 32, 4, 14, 7))
    boxes.append(BLOCK_RAM.format("RAMB18E2", 15, 1, 16, 2, 13, 3))
    return "".join(boxes)


def script(boxes):
    """Yosys' commands that measure a flat netlist; `boxes` is a file that holds cells()."""
    # Boxes have no parameters but the one that tells multipliers apart.
    ram = ["INIT_A", "INIT_B", "SRVAL_A", "SRVAL_B", "WRITE_WIDTH_A", "WRITE_WIDTH_B", "WRITE_MODE_A", "WRITE_MODE_B",
           "READ_WIDTH_A", "READ_WIDTH_B", "DOA_REG", "DOB_REG", *(f"INIT_{i:02X}" for i in range(0x80)),
           *(f"INITP_{i:02X}" for i in range(0x10))]
    dsp = ["ACASCREG", "ADREG", "A_INPUT", "ALUMODEREG", "AREG", "BCASCREG", "B_INPUT", "BREG", "CARRYINREG", "CARRYINSELREG", "CREG",
           "DREG", "INMODEREG", "MREG", "OPMODEREG", "USE_MULT", "USE_SIMD", "AMULTSEL", "BMULTSEL", "PREADDINSEL", "RND"]
    other = ["INIT", *(f"INIT_{p}" for p in "ABCDEFGH"), "IS_C_INVERTED", "IS_D_INVERTED", "IS_R_INVERTED", "IS_S_INVERTED",
             "IS_CLK_INVERTED", "IS_WCLK_INVERTED"]
    unset = [f"setparam {' '.join(f'-unset {name}' for name in names)} {cells_of}"
             for names, cells_of in ((ram, "t:RAMB*"), (dsp, "t:DSP48E2"), (other, "t:* t:RAMB* %d t:DSP48E2 %d"))]
    types = " ".join("=" + name for name in re.findall(r"module (\w+)", cells()))
    return "; ".join([*unset, f"delete {types}", f"read_verilog -lib -specify {boxes}", "sta"])


@dataclass
class Path:
    """The longest path between registers: levels, its cells by kind, where it begins and ends."""
    levels: float
    kinds: dict
    first: str
    last: str

    def __str__(self):
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(self.kinds.items()))
        return f"{self.levels:.1f} ({kinds}) {self.first} to {self.last}"


def longest(log):
    """The Path in what `sta` printed."""
    match = re.search(r"^Latest arrival time in '.*' is (\d+):\n(.*?)\n\n", log, re.MULTILINE | re.DOTALL)
    if not match:
        raise ValueError("`sta` printed no path between registers")
    nets = re.findall(r"^ {11}(\S+)", match[2], re.MULTILINE)
    kinds = {}
    for cell in re.findall(r"^\s+\d+ \S+ \((\w+)\.\S+->\S+\)$", match[2], re.MULTILINE):
        kind = next((name for prefix, name in KINDS.items() if cell.startswith(prefix)), None)
        if kind:
            kinds[kind] = kinds.get(kind, 0) + 1
    return Path(int(match[1]) / LUT, kinds, nets[-1].lstrip("\\"), nets[0].lstrip("\\"))

"""Modules through Yosys for Xilinx UltraScale+: what they take, what their memories became, how deep their logic is."""
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import levels

# LUTs of a cell that stores in LUTs.
LUT_MEMORY = {"RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1D": 8, "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8,
              "RAM64M8": 8, "RAM64X8SW": 8, "RAM32X16DR8": 8, "SRL16E": 1, "SRLC32E": 1}
# Bits of a memory that may become flip-flops: lists of a few words.
FLIP_FLOP_BITS = 512


class Refused(Exception):
    """What was synthesised is not what was meant."""


@dataclass
class Result:
    dsp: int
    bram36: float
    lut: int
    lut_memory: int  # part of lut
    ff: int
    memories: list  # (module.memory, `block`, `LUT` or the bits of its flip-flops)
    path: levels.Path | None


def count(statistics):
    """DSPs, block RAMs, LUTs, of these the ones that store, and flip-flops, from the last table of Yosys' `stat`: the whole design's."""
    cells = {}
    for line in statistics.split("Number of cells:")[-1].splitlines():
        match = re.match(r"\s+(\w+)\s+(\d+)$", line)
        if match:
            cells[match[1]] = int(match[2])
    of = cells.get
    latches = sum(n for name, n in cells.items() if name.startswith("LD"))
    if latches:
        raise Refused(f"{latches} latches were inferred: assign in every branch")
    unknown = [name for name in cells if re.match("RAM|SRL", name) and not name.startswith("RAMB") and name not in LUT_MEMORY]
    if unknown:
        raise Refused(f"cells of unknown size: {', '.join(unknown)}; their LUTs belong in LUT_MEMORY")
    storing = sum(each * of(name, 0) for name, each in LUT_MEMORY.items())
    return (of("DSP48E2", 0), of("RAMB36E2", 0) + of("RAMB18E2", 0) / 2,
            storing + sum(n for name, n in cells.items() if re.fullmatch(r"LUT[1-6]", name)), storing,
            sum(of(name, 0) for name in ("FDRE", "FDSE", "FDCE", "FDPE")))


def memories(log):
    """What Yosys' log says of each memory; tables of constants, which become logic, left out."""
    def short(module):  # $paramod$hash\name, $paramod\name\parameters or \name
        parts = [part for part in module.split("\\") if part]
        return parts[1] if parts[0].startswith("$paramod") else parts[0]
    found = []
    for place, cell in re.findall(r"^mapping memory (.*) via (\S+)$", log, re.MULTILINE):
        module, _, memory = place.rpartition(".")
        found.append((f"{short(module)}.{memory}", "block" if "BLOCKRAM" in cell else "LUT"))
    for memory, module, words, width in re.findall(
            r"^Mapping memory (\S+) in module (\S+):\n\s+created (\d+) \$dff cells and \d+ static cells of width (\d+)", log,
            re.MULTILINE):
        if "$auto$proc_rom" not in memory:
            found.append((f"{short(module)}.{memory.lstrip(chr(92))}", int(words) * int(width)))
    return found


def synthesise(top, sources, folder, flat=False, measure_levels=False):
    """A Result, or Refused: a latch, a memory that became flip-flops, an error of Yosys. folder takes Yosys' files."""
    statistics, log, boxes = (Path(folder) / name for name in (f"{top}.stat", f"{top}.log", "level_cells.v"))
    boxes.write_text(levels.cells())
    script = (f"read_verilog -sv -D EDGEMOE_DSP48E2 {' '.join(map(str, sources))}; synth_xilinx -family xcup -noiopad -noclkbuf "
              f"{'-flatten' if flat else ''} -top {top}; tee -q -o {statistics} stat -top {top}")
    if measure_levels:
        script += f"; flatten; clean; {levels.script(boxes)}"
    run = subprocess.run(["yosys", "-q", "-l", log, "-p", script], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        raise Refused(f"Yosys ended with {run.returncode}: {(run.stderr.strip().splitlines() or ['no message'])[-1]}")
    text = log.read_text()
    found = memories(text)
    fallen = [f"{name} ({bits} bits)" for name, bits in found if isinstance(bits, int) and bits > FLIP_FLOP_BITS]
    if fallen:
        raise Refused(f"memories became flip-flops, expected block RAM or LUTs (one write port, a read port): {', '.join(fallen)}")
    return Result(*count(statistics.read_text()), found, levels.longest(text) if measure_levels else None)

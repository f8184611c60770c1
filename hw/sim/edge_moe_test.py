#!/usr/bin/env python3
"""edge_moe_test.py TOOL SIMULATOR SOURCE DESIGN: the public Edge-MoE network on the simulated machine.

Its trained weights and its picture, with stand-ins for the expert matrices, which are not public. Every last token of both tasks
must be the int8 engine's. The data have no licence and are not part of this project: $EDGEMOE_SHARED/edge-moe, or ../shared/edge-moe
beside the checkout. Exit code 77, skipped, without them or without numpy.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
TOKENS, DIM, TASKS = 129, 192, ("semseg", "depth")
IMAGE = (3, 128, 256)


def shared_folder(source):
    return Path(os.environ.get("EDGEMOE_SHARED", source.parent / "shared")) / "edge-moe"


def read_taps(path):
    """Name -> bytes, of a safetensors file."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: data[8 + size + at[0]:8 + size + at[1]] for name, at in ((n, e["data_offsets"]) for n, e in header.items())}


def make_inputs(data, folder):
    """Stand-in experts; the picture as a tensor, .npy of version 1. False where no Python has numpy."""
    made = any(subprocess.run([python, data / "make_random_experts.py", folder / "experts"], capture_output=True).returncode == 0
               for python in (sys.executable, "/usr/bin/python3") if Path(python).exists())
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {IMAGE}, }}".ljust(117) + "\n"
    image = (data / "weights/image.float32.bin").read_bytes()
    assert len(image) == 4 * IMAGE[0] * IMAGE[1] * IMAGE[2], len(image)
    (folder / "image.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + image)
    return made


def main():
    tool, simulator, source = (Path(argument).resolve() for argument in sys.argv[1:4])
    design = sys.argv[4]
    data = shared_folder(source)
    if not (data / "weights").is_dir():
        print(f"skipped: no public Edge-MoE data in {data}; set EDGEMOE_SHARED to the folder that holds edge-moe")
        sys.exit(SKIPPED)

    def run(*arguments):
        environment = dict(os.environ, EDGEMOE_SIMULATOR_DIR=str(simulator.parent))
        done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not make_inputs(data, folder):
            print("skipped: make_random_experts.py needs a python3 with numpy")
            sys.exit(SKIPPED)
        model = folder / "model.safetensors"
        run("convert", data / "weights", folder / "experts", "--config", "edgemoe-cityscapes", "--no-heads", "-o", model)
        picture = ("run", folder / "image.npy", "--model", model, "--json")
        run(*picture, "--type", "int8", "--dump-taps", folder / "here.safetensors")
        summary = json.loads(run(*picture, "--device", f"sim:{design}", "--dump-taps", folder / "there.safetensors"))
        here, there = read_taps(folder / "here.safetensors"), read_taps(folder / "there.safetensors")
        compared = 0
        for task in TASKS:
            taps = [tap for tap in there if task in tap and tap.endswith("block11.out")]
            assert len(taps) == 1, f"{task}: expected one tap of last tokens, found {sorted(there)}"
            assert here[taps[0]] == there[taps[0]], f"{task}: the machine's tokens are not the int8 engine's"
            compared += len(there[taps[0]]) // 4
        assert compared == len(TASKS) * TOKENS * DIM, compared
        assert here[f"{TASKS[0]}/block11.out"] != here[f"{TASKS[1]}/block11.out"]
        device = summary["device"]
        print(f"{compared} values equal, {device['cycles'] / device['runs']:.0f} cycles a run, "
              f"{device['read_bytes'] / device['runs']:.0f} bytes read, memory: {device['memory']}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes resize.txt: what PyTorch's interpolate(align_corners=False) gives, in float64, for small planes.

Usage: make_resize_golden.py > resize.txt        (needs PyTorch 1.13 or newer)

Each case is one line `kernel in_height in_width out_height out_width` and one line with the out_height * out_width
values, row by row. The input plane is not stored: value i (row by row) is ((37 * i + 11) % 101) / 64 - 0.75.
"""

import torch
from torch.nn.functional import interpolate

SIZES = [
    ((5, 7), (11, 13)),  # odd to odd, up
    ((11, 13), (4, 5)),  # odd to odd, down
    ((6, 8), (12, 16)),  # the decoders' doubling
    ((9, 4), (5, 9)),  # down in one axis, up in the other
    ((5, 7), (5, 12)),  # one axis unchanged
    ((1, 3), (4, 1)),  # from and to a single line
]
KERNELS = [
    ("bilinear", "bilinear", False),
    ("bicubic", "bicubic", False),
    ("bilinear_antialias", "bilinear", True),
    ("bicubic_antialias", "bicubic", True),
]


def main() -> None:
    for name, mode, antialias in KERNELS:
        for (in_height, in_width), (out_height, out_width) in SIZES:
            index = torch.arange(in_height * in_width)
            plane = ((37 * index + 11) % 101).double() / 64 - 0.75
            out = interpolate(
                plane.view(1, 1, in_height, in_width),
                size=(out_height, out_width),
                mode=mode,
                align_corners=False,
                antialias=antialias,
            )
            print(name, in_height, in_width, out_height, out_width)
            print(" ".join(f"{value:.9g}" for value in out.flatten().tolist()))


if __name__ == "__main__":
    main()

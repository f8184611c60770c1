"""Importing this ends the program, exit code 77 (skipped), where there is no torch; and keeps torch to one thread,
whose sums have one order."""
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
try:
    import torch
except ImportError as error:
    print(f"skipped: {error}; Debian has python3-torch and python3-numpy")
    sys.exit(77)

torch.set_num_threads(1)

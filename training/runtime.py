"""What must be settled before torch and numpy are imported: BLAS kernels, threads; and checks of what came of it."""
import ctypes
import os
import sys
from pathlib import Path

from layout import DataError


def cpu_flags():
    """Names of the processor's instruction sets as Linux lists them; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(word for line in lines if line.startswith("flags") for word in line.split(":", 1)[1].split())


def threads_set():
    """OMP_NUM_THREADS of the user's own, its first where it is a list; None where there is no such number."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdigit() and int(first) > 0 else None


def prepare(threads=None, workers=1):
    """Sets the environment that torch's libraries read when they are loaded, and returns the number of threads: those
    given, those of OMP_NUM_THREADS, or the cores, divided by the workers. Settings of the user's own stay.

    - OpenBLAS of Debian 12 (0.3.21) does not know newer processors and falls back to SSE kernels, a quarter of the
      speed; the kernels are therefore named from the instruction sets.
    - PyTorch's own vector code is picked the same way.
    """
    if {"torch", "numpy"} & set(sys.modules):
        raise RuntimeError("runtime.prepare() has to come before numpy and torch are imported: they load the BLAS")
    flags = cpu_flags()
    environment = {}
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= flags:
        environment.update(OPENBLAS_CORETYPE="SkylakeX", ATEN_CPU_CAPABILITY="avx512")
    elif {"avx2", "fma"} <= flags:
        environment.update(OPENBLAS_CORETYPE="Haswell")
    threads = threads or threads_set() or max(1, len(os.sched_getaffinity(0)) // workers)
    environment.update(OMP_NUM_THREADS=str(threads))
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    keep_memory()
    return threads


def keep_memory():
    """Makes glibc keep freed memory instead of giving it back to the system.

    A step allocates and frees the same large tensors again and again; by default each is mapped anew, zeroed page by
    page, and two threads wait for the kernel a third of their time. Elsewhere than on glibc: nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    trim_threshold, top_pad, mmap_max = -1, -2, -4
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2 ** 31 - 1)
    mallopt(top_pad, 256 << 20)


def check_blas():
    """Raises DataError where the matrix product of this machine is wrong (a kernel that the processor cannot run)."""
    import torch
    generator = torch.Generator().manual_seed(1)
    left = torch.randn(131, 257, generator=generator)
    right = torch.randn(257, 67, generator=generator)
    # Each of 257 products and sums rounds once: at most 257 epsilons of the sum of magnitudes.
    bound = 257 * torch.finfo(torch.float32).eps * (left.abs() @ right.abs()).double()
    error = ((left @ right).double() - left.double() @ right.double()).abs()
    if not bool((error <= bound).all()):
        raise DataError("the matrix product of this machine's BLAS is wrong; choose other kernels with the environment "
                        f"variable OPENBLAS_CORETYPE (now {os.environ.get('OPENBLAS_CORETYPE')})")


def choose_precision(wanted, device):
    """'fp32' or 'bf16'. 'auto' takes bf16 where the hardware multiplies it: a GPU, AVX512-BF16 or AMX."""
    if wanted != "auto":
        return wanted
    if device == "cuda":
        import torch
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if {"avx512_bf16", "amx_bf16"} & cpu_flags() else "fp32"


def blas_hint():
    """A sentence where torch was loaded with the OpenBLAS whose threads fight with torch's; None elsewhere."""
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return None
    if "openblas-pthread" in maps:
        return ("this OpenBLAS keeps threads of its own beside torch's, which costs much of the speed: install Debian's "
                "libopenblas0-openmp")
    return None

"""The rivals, each at the best setting that was found for it, and the check that each computes the same network."""
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from contender import Failure, last_line, progress

WORKERS = Path(__file__).resolve().parent / "workers"


class Rival(NamedTuple):
    name: str
    package: str  # the Python package that is the rival
    numbers: str  # float, bfloat16 or int8
    graph: tuple = ()  # of model_to_onnx.build: experts, attention, linear layers; empty: the model file itself
    setting: str = ""  # last argument of the worker


RIVALS = (
    Rival("ONNX Runtime, sparse experts", "onnxruntime", "float", ("sparse", "plain", "float32")),
    Rival("ONNX Runtime, sparse experts, fused attention", "onnxruntime", "float", ("sparse", "mha", "float32")),
    Rival("ONNX Runtime, plain export", "onnxruntime", "float", ("dense", "plain", "float32")),
    Rival("ONNX Runtime, sparse experts, int8", "onnxruntime", "int8", ("sparse", "mha", "dynamic")),
    Rival("ONNX Runtime, sparse experts, static int8", "onnxruntime", "int8", ("sparse", "plain", "static")),
    Rival("ONNX Runtime, plain export, int8", "onnxruntime", "int8", ("dense", "mha", "dynamic")),
    Rival("OpenVINO, sparse experts", "openvino", "float", ("sparse", "plain", "float32"), "f32"),
    Rival("OpenVINO, plain export", "openvino", "float", ("dense", "plain", "float32"), "f32"),
    Rival("OpenVINO, sparse experts, bfloat16", "openvino", "bfloat16", ("sparse", "plain", "float32"), "bf16"),
    Rival("OpenVINO, sparse experts, int8", "openvino", "int8", ("sparse", "plain", "int8_weights"), "int8"),
    Rival("OpenVINO, sparse experts, static int8", "openvino", "int8", ("sparse", "plain", "static"), "f32"),
    Rival("PyTorch, eager", "torch", "float", setting="eager"),
    Rival("PyTorch, compiled", "torch", "float", setting="compiled"),
    Rival("PyTorch, eager, int8", "torch", "int8", setting="int8"),
)
WORKER = {"onnxruntime": "onnxruntime_worker.py", "openvino": "openvino_worker.py", "torch": "pytorch_worker.py"}

# float: share of tokens that lie within 1e-3 of the largest value (a near tie between two experts may fall the other way in a few).
TOKENS_WITHIN = {"float": 0.99}
# Fewer bits: cosine of all tokens. A rival that rounds more coarsely than this solves an easier problem.
COSINE = {"bfloat16": 0.995, "int8": 0.995}


def agreement(expected, found):
    """How close two arrays [tokens, dim] are."""
    if expected.shape != found.shape or not expected.size:
        raise Failure(f"expected tokens of shape {expected.shape}, found {found.shape}")
    if not np.isfinite(found).all():
        raise Failure("puts out values that are not finite")
    apart = np.abs(expected - found).max(1) / np.abs(expected).max()
    flat = expected.astype(np.float64).ravel(), found.astype(np.float64).ravel()
    cosine = flat[0] @ flat[1] / max(np.linalg.norm(flat[0]) * np.linalg.norm(flat[1]), 1e-300)
    return {"cosine": float(cosine), "largest_difference": float(apart.max()), "tokens_within": float((apart < 1e-3).mean())}


def require_agreement(numbers, found):
    if numbers in TOKENS_WITHIN and found["tokens_within"] < TOKENS_WITHIN[numbers]:
        raise Failure(f"not the same network: expected {TOKENS_WITHIN[numbers]:.0%} of the tokens within 1e-3, "
                      f"found {found['tokens_within']:.1%}")
    if numbers in COSINE and found["cosine"] < COSINE[numbers]:
        raise Failure(f"not the same network: expected a cosine of {COSINE[numbers]}, found {found['cosine']:.4f}")


class Field:
    """The rivals that can run here. `pythons`: interpreter of each package; `without`: words in the names of rivals left out."""

    def __init__(self, pythons, reasons_folder=None, without=()):
        self.pythons, self.reasons, self.without, self.versions = pythons, reasons_folder, without, {}

    def version(self, package):
        """Raises Failure with what the installation, or the import, said."""
        if package not in self.versions:
            code = f"import {package}; print({package}.__version__)"
            done = subprocess.run([self.pythons[package], "-c", code], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                log = self.reasons / f"{package}.log" if self.reasons else None
                why = last_line(log.read_text(encoding="utf-8")) if log and log.is_file() else last_line(done.stderr)
                raise Failure(f"not installed: {why}")
            self.versions[package] = done.stdout.split()[-1].partition("-")[0]
        return self.versions[package]

    def start(self, rival, subject, threads):
        """Makes the rival's graph if it is not there yet, and starts it."""
        self.version(rival.package)
        source = subject.model
        if rival.graph:
            source = subject.folder / f"{subject.name}-{'-'.join(rival.graph)}.onnx"
            try:
                import model_to_onnx
                if not source.is_file() or source.stat().st_mtime < subject.model.stat().st_mtime:
                    model_to_onnx.write(subject.model, rival.graph, subject.input, source)
            except ImportError as error:
                raise Failure(f"its graph cannot be built: {error}") from None
        command = [self.pythons[rival.package], WORKERS / WORKER[rival.package], source, subject.input, threads]
        return subject.contender(rival.name, command + ([rival.setting] if rival.setting else []), threads)

    def checked(self, subject, rivals=RIVALS):
        """([(rival, agreement)] of those that compute what edgemoe's float engine does, [{name, reason}] of the others)."""
        expected = subject.tokens(subject.ours(1, "float"))
        good, missing = [], []
        for rival in rivals:
            progress(f"checking {rival.name}")
            try:
                if any(word in rival.name for word in self.without):
                    raise Failure("left out with --without")
                found = agreement(expected, subject.tokens(self.start(rival, subject, 1)))
                require_agreement(rival.numbers, found)
                good.append((rival, found))
                progress(f"{rival.name}: cosine {found['cosine']:.6f}, apart by {found['largest_difference']:.1e}", last=True)
            except Failure as failure:
                missing.append({"name": rival.name, "reason": str(failure)})
                progress(f"{rival.name}: not timed: {failure}", last=True)
        return good, missing

    def start_all(self, rivals, subject, threads):
        """(running contenders, [{name, reason}]) for one round of turns."""
        running, missing = [], []
        for rival in rivals:
            progress(f"starting {rival.name}, {threads} threads")
            try:
                running.append(self.start(rival, subject, threads))
            except Failure as failure:
                missing.append({"name": rival.name, "threads": threads, "reason": str(failure)})
        return running, missing


def default_pythons(pytorch=None):
    return {"onnxruntime": sys.executable, "openvino": sys.executable, "torch": pytorch or sys.executable}

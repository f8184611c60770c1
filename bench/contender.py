"""Processes that take turns: each runs when told to, pinned to the same processors, and is timed by itself."""
import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time

OURS = "edgemoe"  # how our contenders' names begin
SECONDS_TO_ANSWER = 900  # compiling a network on a slow machine takes minutes


class Failure(Exception):
    """A contender does not run, or computes something else: the reason, in one line."""


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no message"


class Contender:
    """One process behind the protocol of workers/protocol.py. `command` as for subprocess; what it prints to standard error goes to
    `log`. Raises Failure where it does not start."""

    def __init__(self, name, command, threads, log):
        self.name, self.threads, self.log = name, threads, log
        # A variable that picks somebody's BLAS kernels by hand would be a handicap.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        environment |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        with open(log, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=errors, text=True, env=environment,
                                            preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        self.passes = []  # medians in ms, one a pass
        self.all_ms = []
        try:
            words = self._answer().split()
            if len(words) != 2 or words[0] != "ready":
                raise Failure(f"expected \"ready <ms>\", found {' '.join(words)!r}")
        except Failure:
            self.kill()
            raise
        self.load_ms = float(words[1])

    def _answer(self):
        late = threading.Event()

        def give_up():
            late.set()
            self.process.kill()

        watch = threading.Timer(SECONDS_TO_ANSWER, give_up)
        watch.start()
        line = self.process.stdout.readline()
        watch.cancel()
        if line:
            return line
        if late.is_set():
            raise Failure(f"no answer within {SECONDS_TO_ANSWER} s")
        code = self.process.wait()
        reason = last_line(self.log.read_text(encoding="utf-8", errors="replace"))
        raise Failure(f"ended with code {code}: {reason} (all of it in {self.log})")

    def ask(self, line):
        with contextlib.suppress(BrokenPipeError):  # the answer, or its absence, says why
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        return self._answer()

    def time(self, runs):
        times = [int(word) / 1e6 for word in self.ask(str(runs)).split()]
        if len(times) != runs:
            raise Failure(f"expected {runs} times, found {len(times)}")
        return times

    def measure(self, runs):
        self.time(1)  # warms the caches after the others
        times = self.time(runs)
        self.passes.append(statistics.median(times))
        self.all_ms += times

    def end(self):
        self.memory_mib = int(self.ask("end")) / 1024
        self.kill()

    def kill(self):
        """Frees everything; nothing happens to one that has ended."""
        self.process.kill()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def spread(values):
    """Median, quartiles and extremes."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"median": middle, "q1": low, "q3": high, "min": min(values), "max": max(values), "count": len(values)}


def ratio(numerator, denominator):
    """Of two lists with one value a pass: taken within a pass, for machines whose speed wanders between passes."""
    return spread([a / b for a, b in zip(numerator, denominator, strict=True)])


def summary(contender, pictures=1):
    return {"name": contender.name, "threads": contender.threads, "ms": spread([t / pictures for t in contender.all_ms]),
            "load_ms": contender.load_ms, "memory_mib": contender.memory_mib}


def progress(text, last=False):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last:
        print(text, file=sys.stderr, flush=True)


def count(number, what):
    return f"{number} {what}{'' if number == 1 else 'es' if what.endswith('s') else 's'}"


def effort(passes, runs):
    return f"{count(passes, 'pass')} of {count(runs, 'run')}"


def take_turns(contenders, passes, runs, label):
    """A few runs each, many times over, another one first in every pass. All end at the end. Returns those that ran through, and
    [(contender, Failure)] of those that did not, which lost their turns; raises the Failure of edgemoe itself."""
    alive, failed = list(contenders), []

    def without_failures(action, order):
        for contender in order:
            try:
                action(contender)
            except Failure as failure:
                if contender.name.startswith(OURS):
                    raise
                alive.remove(contender)
                failed.append((contender, failure))

    def turn(contender):
        contender.measure(runs)
        time.sleep(0.05)  # its threads may still spin

    try:
        for number in range(passes):
            progress(f"{label}: pass {number + 1} of {passes}", last=number + 1 == passes)
            first = number % len(alive)
            without_failures(turn, alive[first:] + alive[:first])
        without_failures(Contender.end, list(alive))
        return alive, failed
    finally:
        for contender in contenders:
            contender.kill()

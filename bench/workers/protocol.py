"""What a rival's process says and hears: the protocol of engine_bench, so that one driver drives them all.

"ready <ms to load>" once; then for every line "N" the times of N runs in ns on one line; "save PATH" writes the output as
float32; "end" answers with the peak resident memory in KiB and leaves.
"""
import sys
import time


def peak_memory_kib():
    with open("/proc/self/status", encoding="ascii") as status:
        return int(status.read().split("VmHWM:")[1].split()[0])


def serve(run, load_seconds):
    """`run` computes one picture and returns its tokens as an array."""
    print(f"ready {1e3 * load_seconds:.3f}", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "end":
            break
        if words[0] == "save":
            run().astype("<f4").tofile(line[len("save "):].rstrip("\n"))
            print("saved", flush=True)
            continue
        times = []
        for _ in range(int(words[0])):
            begin = time.perf_counter_ns()
            run()
            times.append(time.perf_counter_ns() - begin)
        print(*times, flush=True)
    print(peak_memory_kib(), flush=True)

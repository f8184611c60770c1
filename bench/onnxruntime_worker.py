"""onnxruntime_worker.py MODEL.onnx INPUT.f32 THREADS: engine_bench's protocol, for ONNX Runtime. "save PATH" writes the output."""
import sys
import time

import numpy as np
import onnxruntime


def main():
    path, input_path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    start = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    loaded = time.perf_counter() - start
    shape = session.get_inputs()[0].shape
    feed = {"image": np.fromfile(input_path, "<f4").reshape(shape)}
    print(f"ready {1e3 * loaded:.3f}", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "end":
            break
        if words[0] == "save":
            session.run(None, feed)[0].astype("<f4").tofile(words[1])
            print("saved", flush=True)
            continue
        times = []
        for _ in range(int(words[0])):
            begin = time.perf_counter_ns()
            session.run(None, feed)
            times.append(time.perf_counter_ns() - begin)
        print(*times, flush=True)
    status = open("/proc/self/status").read()
    print(status.split("VmHWM:")[1].split()[0], flush=True)


main()

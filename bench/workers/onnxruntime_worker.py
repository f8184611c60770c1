"""onnxruntime_worker.py GRAPH.onnx INPUT.f32 THREADS: ONNX Runtime behind the protocol of protocol.py."""
import sys
import time

import numpy as np
import onnxruntime

import protocol


def main():
    path, input_path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    start = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    loaded = time.perf_counter() - start
    feed = {"image": np.fromfile(input_path, "<f4").reshape(session.get_inputs()[0].shape)}
    protocol.serve(lambda: session.run(None, feed)[0], loaded)


main()

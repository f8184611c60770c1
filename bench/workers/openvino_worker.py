"""openvino_worker.py GRAPH.onnx INPUT.f32 THREADS f32|bf16|int8: OpenVINO behind the protocol of protocol.py.

f32 forbids the narrower float that the plugin would choose by itself; bf16 allows it. int8 quantises the activations of the layers
whose weights the graph holds in int8, one scale a token.
"""
import sys
import time

import numpy as np
import openvino

import protocol

WHOLE_ROW = str(2**64 - 1)  # the plugin's own number for "one scale a token"


def main():
    path, input_path, threads, precision = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    start = time.perf_counter()
    core = openvino.Core()
    model = core.read_model(path)
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False,
                "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
                "DYNAMIC_QUANTIZATION_GROUP_SIZE": WHOLE_ROW if precision == "int8" else "0"}
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    loaded = time.perf_counter() - start
    image = np.fromfile(input_path, "<f4").reshape(tuple(model.input(0).shape))
    request.set_input_tensor(openvino.Tensor(image, shared_memory=True))

    def run():
        request.infer()
        return request.get_output_tensor(0).data

    protocol.serve(run, loaded)


main()

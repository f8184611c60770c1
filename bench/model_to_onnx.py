"""Builds ONNX graphs of a model file's backbone, for its first task: the rival's side of the benchmark.

Experts: "sparse" gathers each expert's tokens (NonZero, Gather) and scatters the results back once, the best graph that ONNX
Runtime was found to have for it; "dense" is what a plain export does, every expert on every token with a masked gate.
Attention: "plain" MatMul/Softmax/MatMul, or ONNX Runtime's own fused "mha".
Linear layers: "float32"; "dynamic", ONNX Runtime's dynamic quantisation (activations u8 with one scale a tensor, weights s8 with one
a column); "int8_weights", weights s8 behind DequantizeLinear, from which OpenVINO makes its own dynamic quantisation; "static",
QuantizeLinear and DequantizeLinear around each, calibrated on the very picture that is measured. Router and attention products stay
float32.
"""
import logging
import os

import numpy as np
import onnx
from onnx import helper, numpy_helper

from model_file import read_model

MICROSOFT = "com.microsoft"


def quantised(matrix):
    """(s8 [K, N], float32 scale of each column)."""
    scale = np.abs(matrix).max(0) / 127
    scale[scale == 0] = 1
    return np.clip(np.rint(matrix / scale), -127, 127).astype(np.int8), scale.astype(np.float32)


class Graph:
    def __init__(self, layers):
        self.nodes, self.constants, self.count, self.layers = [], [], 0, layers

    def constant(self, value):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def op(self, kind, inputs, outputs=1, domain="", **attributes):
        names = [self.constant(i) if isinstance(i, np.ndarray) else i for i in inputs]
        results = []
        for _ in range(outputs):
            self.count += 1
            results.append(f"t{self.count}")
        self.nodes.append(helper.make_node(kind, names, results, domain=domain, name=f"n{self.count}", **attributes))
        return results[0] if outputs == 1 else results

    def linear(self, x, weight, bias):
        matrix = np.ascontiguousarray(weight.T)
        if self.layers != "float32":
            values, scale = quantised(matrix)
            if self.layers == "dynamic":
                return self.op("DynamicQuantizeMatMul", [x, values, scale, "", bias], domain=MICROSOFT)
            matrix = self.op("DequantizeLinear", [values, scale], axis=1)
        return self.op("Add", [self.op("MatMul", [x, matrix]), bias])

    def gelu(self, x):
        erf = self.op("Erf", [self.op("Div", [x, scalar(2 ** 0.5)])])
        one = self.op("Add", [erf, scalar(1)])
        return self.op("Mul", [self.op("Mul", [x, one]), scalar(0.5)])


def scalar(value):
    return np.array(value, np.float32)


def ints(*values):
    return np.array(values, np.int64)


def attention(g, x, config, kind):
    dim, heads = config["embed_dim"], config["num_heads"]
    head_dim = dim // heads
    if kind == "mha":
        q, k, v = g.op("Split", [x, ints(dim, dim, dim)], 3, axis=2)
        return g.op("MultiHeadAttention", [q, k, v], domain=MICROSOFT, num_heads=heads)
    split = g.op("Transpose", [g.op("Reshape", [x, ints(0, 0, 3, heads, head_dim)])], perm=[2, 0, 3, 1, 4])
    q, k, v = (g.op("Gather", [split, np.array(i, np.int64)], axis=0) for i in range(3))
    scores = g.op("MatMul", [q, g.op("Transpose", [k], perm=[0, 1, 3, 2])])
    scores = g.op("Mul", [scores, scalar(head_dim ** -0.5)])
    mixed = g.op("MatMul", [g.op("Softmax", [scores], axis=-1), v])
    return g.op("Reshape", [g.op("Transpose", [mixed], perm=[0, 2, 1, 3]), ints(0, 0, dim)])


def mixture(g, x, tensors, prefix, config, kind):
    moe, dim = config["moe"], config["embed_dim"]
    experts, top_k = moe["num_experts"], moe["top_k"]
    w1, b1 = tensors[prefix + "experts.htoh4.weight"], tensors[prefix + "experts.htoh4.bias"]
    w2, b2 = tensors[prefix + "experts.h4toh.weight"], tensors[prefix + "experts.h4toh.bias"]
    tokens = g.op("Reshape", [x, ints(-1, dim)])
    weights = g.op("Softmax", [g.op("MatMul", [tokens, tensors[prefix + "gate.0.w_gate"]])], axis=-1)
    values, indices = g.op("TopK", [weights, ints(top_k)], 2, axis=-1)

    def expert(e, inputs):
        return g.linear(g.gelu(g.linear(inputs, w1[e], b1[e])), w2[e], b2[e])

    if kind == "dense":
        zero = g.op("Mul", [weights, scalar(0)])
        gate = g.op("ScatterElements", [zero, indices, values], axis=-1)
        parts = g.op("Split", [gate, ints(*[1] * experts)], experts, axis=-1)
        total = None
        for e in range(experts):
            part = g.op("Mul", [expert(e, tokens), parts[e]])
            total = part if total is None else g.op("Add", [total, part])
    else:
        flat = g.op("Reshape", [indices, ints(-1)])
        places, results = [], []
        for e in range(experts):
            place = g.op("Reshape", [g.op("NonZero", [g.op("Equal", [flat, np.array(e, np.int64)])]), ints(-1)])
            token = g.op("Div", [place, np.array(top_k, np.int64)])
            places.append(place)
            results.append(expert(e, g.op("Gather", [tokens, token], axis=0)))
        place = g.op("Unsqueeze", [g.op("Concat", places, axis=0), ints(1)])
        stacked = g.op("Concat", results, axis=0)
        ordered = g.op("ScatterND", [g.op("Mul", [stacked, scalar(0)]), place, stacked])
        weighted = g.op("Mul", [ordered, g.op("Reshape", [values, ints(-1, 1)])])
        total = g.op("ReduceSum", [g.op("Reshape", [weighted, ints(-1, top_k, dim)]), ints(1)], keepdims=0)
    return g.op("Reshape", [total, ints(1, -1, dim)])


def build(path, experts, attention_kind, layers):
    """An ONNX model: image [1, 3, H, W] → tokens [1, N, dim] of the last block."""
    config, tensors = read_model(path)
    g, dim, patch = Graph(layers), config["embed_dim"], config["patch_size"]
    height, width = config["input"]["height"], config["input"]["width"]
    eps = config["layernorm_eps"]

    def norm(x, prefix):
        return g.op("LayerNormalization", [x, tensors[prefix + ".weight"], tensors[prefix + ".bias"]], axis=-1, epsilon=eps)

    def linear(x, prefix):
        return g.linear(x, tensors[prefix + ".weight"], tensors[prefix + ".bias"])

    embed = "backbone.patch_embed.proj"
    x = g.op("Conv", ["image", tensors[embed + ".weight"], tensors[embed + ".bias"]], kernel_shape=[patch] * 2,
             strides=[patch] * 2)
    x = g.op("Transpose", [g.op("Reshape", [x, ints(0, dim, -1)])], perm=[0, 2, 1])
    x = g.op("Add", [g.op("Concat", [tensors["backbone.cls_token"], x], axis=1), tensors["backbone.pos_embed"]])
    for block in range(config["depth"]):
        prefix = f"backbone.blocks.{block}."
        mixed = attention(g, linear(norm(x, prefix + "norm1"), prefix + "attn.qkv"), config, attention_kind)
        x = g.op("Add", [x, linear(mixed, prefix + "attn.proj")])
        normed = norm(x, prefix + "norm2")
        if block in config["moe"]["blocks"]:
            update = mixture(g, normed, tensors, prefix + "mlp.", config, experts)
        else:
            update = linear(g.gelu(linear(normed, prefix + "mlp.fc1")), prefix + "mlp.fc2")
        x = g.op("Add", [x, update])
    g.nodes.append(helper.make_node("Identity", [x], ["tokens"]))
    num_tokens = (height // patch) * (width // patch) + 1
    graph = helper.make_graph(
        g.nodes, config["name"], [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, height, width])],
        [helper.make_tensor_value_info("tokens", onnx.TensorProto.FLOAT, [1, num_tokens, dim])], g.constants)
    return helper.make_model(graph, ir_version=8,
                             opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)])


class OnePicture:
    """What ONNX Runtime's calibration reads."""

    def __init__(self, image):
        self.feeds = iter([{"image": image}])

    def get_next(self):
        return next(self.feeds, None)


def quantise_statically(source, target, image, router_width):
    """The linear layers of a float32 graph with one scale for all activations of a layer, from what `image` makes of them."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    logging.getLogger().setLevel(logging.ERROR)  # it proposes a preprocessing that changes nothing here
    graph = onnx.load(source).graph
    columns = {constant.name: constant.dims[1] for constant in graph.initializer if len(constant.dims) == 2}
    layers = [node.name for node in graph.node if node.op_type == "MatMul" and columns.get(node.input[1], router_width) != router_width]
    quantize_static(source, target, OnePicture(image), quant_format=QuantFormat.QDQ, op_types_to_quantize=["MatMul"],
                    nodes_to_quantize=layers, per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


def write(path, kinds, input_path, target):
    """Builds the graph of `kinds` (experts, attention, linear layers) into the file `target`, whole or not at all."""
    experts, attention_kind, layers = kinds
    new = target.with_name(target.name + ".new")
    onnx.save(build(path, experts, attention_kind, "float32" if layers == "static" else layers), new)
    if layers == "static":
        config, _ = read_model(path)
        shape = (1, 3, config["input"]["height"], config["input"]["width"])
        whole = target.with_name(target.name + ".float32")
        os.replace(new, whole)
        quantise_statically(whole, new, np.fromfile(input_path, "<f4").reshape(shape), config["moe"]["num_experts"])
        whole.unlink()
    os.replace(new, target)

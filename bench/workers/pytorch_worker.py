"""pytorch_worker.py MODEL.safetensors INPUT.f32 THREADS eager|compiled|int8: PyTorch behind the protocol of protocol.py.

eager runs the experts as a user's loop does, each on its own tokens; compiled gives the same to torch.compile with frozen weights;
int8 is eager with dynamic quantisation of every linear layer.
"""
import contextlib
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import protocol

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from model_file import read_model  # noqa: E402


def linear(weight, bias=None):
    layer = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0], bias=bias is not None)
    layer.weight.copy_(torch.from_numpy(weight.copy()))
    if bias is not None:
        layer.bias.copy_(torch.from_numpy(bias.copy()))
    return layer


class Mlp(nn.Module):
    def __init__(self, w1, b1, w2, b2):
        super().__init__()
        self.up, self.down = linear(w1, b1), linear(w2, b2)

    def forward(self, x):
        return self.down(functional.gelu(self.up(x)))


class Mixture(nn.Module):
    def __init__(self, tensors, prefix, moe):
        super().__init__()
        self.top_k = moe["top_k"]
        self.gate = nn.Parameter(torch.from_numpy(tensors[prefix + "gate.0.w_gate"].copy()))
        w1, b1, w2, b2 = (tensors[f"{prefix}experts.{name}"] for name in
                          ("htoh4.weight", "htoh4.bias", "h4toh.weight", "h4toh.bias"))
        self.experts = nn.ModuleList(Mlp(w1[e], b1[e], w2[e], b2[e]) for e in range(moe["num_experts"]))

    def forward(self, x):
        tokens = x.flatten(0, 1)
        weights, indices = torch.topk(torch.softmax(tokens @ self.gate, -1), self.top_k, -1)
        out = torch.zeros_like(tokens)
        for number, expert in enumerate(self.experts):
            rows, ranks = torch.nonzero(indices == number, as_tuple=True)
            if rows.numel() > 0:
                out.index_add_(0, rows, expert(tokens.index_select(0, rows)) * weights[rows, ranks].unsqueeze(1))
        return out.view_as(x)


class Block(nn.Module):
    def __init__(self, config, tensors, number):
        super().__init__()
        prefix, dim = f"backbone.blocks.{number}.", config["embed_dim"]
        self.heads = config["num_heads"]
        self.norm1, self.norm2 = (nn.LayerNorm(dim, eps=config["layernorm_eps"]) for _ in range(2))
        for name, layer in (("norm1", self.norm1), ("norm2", self.norm2)):
            layer.weight.copy_(torch.from_numpy(tensors[f"{prefix}{name}.weight"].copy()))
            layer.bias.copy_(torch.from_numpy(tensors[f"{prefix}{name}.bias"].copy()))
        self.qkv, self.proj = (linear(tensors[f"{prefix}attn.{name}.weight"], tensors[f"{prefix}attn.{name}.bias"])
                               for name in ("qkv", "proj"))
        if number in config["moe"]["blocks"]:
            self.mlp = Mixture(tensors, prefix + "mlp.", config["moe"])
        else:
            self.mlp = Mlp(*(tensors[f"{prefix}mlp.{name}"] for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")))

    def forward(self, x):
        batch, count, dim = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, count, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, count, dim))
        return x + self.mlp(self.norm2(x))


class Backbone(nn.Module):
    def __init__(self, config, tensors):
        super().__init__()
        patch, embed = config["patch_size"], "backbone.patch_embed.proj"
        self.embed = nn.utils.skip_init(nn.Conv2d, 3, config["embed_dim"], patch, patch)
        self.embed.weight.copy_(torch.from_numpy(tensors[embed + ".weight"].copy()))
        self.embed.bias.copy_(torch.from_numpy(tensors[embed + ".bias"].copy()))
        self.cls_token = nn.Parameter(torch.from_numpy(tensors["backbone.cls_token"].copy()))
        self.pos_embed = nn.Parameter(torch.from_numpy(tensors["backbone.pos_embed"].copy()))
        self.blocks = nn.ModuleList(Block(config, tensors, number) for number in range(config["depth"]))

    def forward(self, image):
        x = self.embed(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token, x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return x


def main():
    path, input_path, threads, mode = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.set_grad_enabled(False)
    start = time.perf_counter()
    config, tensors = read_model(path)
    network = Backbone(config, tensors).eval()
    shape = (1, 3, config["input"]["height"], config["input"]["width"])
    image = torch.from_numpy(np.fromfile(input_path, "<f4").reshape(shape))
    if mode == "int8":
        network = torch.ao.quantization.quantize_dynamic(network, {nn.Linear}, dtype=torch.qint8)
    if mode == "compiled":
        from torch._dynamo import config as graphs
        from torch._inductor import config as compiler
        compiler.freezing = True
        graphs.capture_dynamic_output_shape_ops = True
        graphs.recompile_limit = 64  # more than there are blocks: past it, they run eager
        network = torch.compile(network)
        network(image)  # compiles
    loaded = time.perf_counter() - start
    # inference_mode(False) would turn gradients on again, and what was frozen be compiled anew.
    with contextlib.nullcontext() if mode == "compiled" else torch.inference_mode():
        protocol.serve(lambda: network(image).numpy(), loaded)


main()

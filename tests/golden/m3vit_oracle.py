"""M3ViT in plain PyTorch: the reference that edgemoe's engines are compared with.

Slow and simple on purpose, made for float64: no fused kernels, no batching over experts, a dense loop over experts
and slots. Module names equal M3ViT's own, so that a state_dict reads like one of its checkpoints and forward hooks
find what they find in the original. Every value that an engine publishes as a tap (src/model/taps.h) is handed to
`tap(name, tensor)` without the batch dimension.

Configuration: the JSON object of docs/model-format.md, as a dict.
"""
import torch
import torch.nn.functional as F
from torch import nn


def no_tap(_name, _value):
    """The tap receiver of who wants none."""


def group_starts(num_experts, experts_per_task, num_tasks):
    """First expert of each task's group. The original accumulates the offsets."""
    starts, start = [], 0
    for task in range(num_tasks):
        if task > 0:
            start += int(task * (num_experts - experts_per_task) / (num_tasks - 1))
        starts.append(start)
    return starts


class Attention(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, tap=no_tap):
        batch, tokens, dim = x.shape
        head_dim = dim // self.num_heads
        qkv = self.qkv(x)
        tap("attn.qkv", qkv[0])
        query, key, value = (
            part.reshape(batch, tokens, self.num_heads, head_dim).transpose(1, 2) for part in qkv.split(dim, dim=2))
        scores = torch.einsum("bhqd,bhkd->bhqk", query, key) / head_dim ** 0.5
        heads = torch.einsum("bhqk,bhkd->bhqd", torch.softmax(scores, dim=-1), value)
        heads = heads.transpose(1, 2).reshape(batch, tokens, dim)
        tap("attn.heads", heads[0])
        out = self.proj(heads)
        tap("attn.out", out[0])
        return out


class Mlp(nn.Module):
    """fc1 → GELU → fc2, and a LayerNorm where the original's task representation has one."""

    def __init__(self, in_dim, hidden_dim, out_dim, norm_eps=None):
        super().__init__()
        self.fc1 = nn.Linear(in_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, out_dim)
        self.norm = nn.LayerNorm(out_dim, eps=norm_eps) if norm_eps is not None else nn.Identity()

    def forward(self, x):
        return self.norm(self.fc2(F.gelu(self.fc1(x))))


class Gate(nn.Module):
    """Router: logits without bias; returns indices inside the expert group, and weights, by falling logit."""

    def __init__(self, in_dim, moe, starts):
        super().__init__()
        self.top_k = moe["top_k"]
        self.rule = moe["router_rule"]
        self.group_size = moe["experts_per_task"]
        self.starts = starts
        self.w_gate = nn.Parameter(torch.zeros(in_dim, moe["num_experts"]))
        if self.rule == "topk_softmax":
            # Used by the original in training only; its presence in a checkpoint marks this rule.
            self.w_noise = nn.Parameter(torch.zeros(in_dim, moe["num_experts"]))

    def forward(self, inp, task_id=None, tap=no_tap):
        weight = self.w_gate
        if self.group_size > 0:
            start = self.starts[task_id]
            weight = weight[:, start:start + self.group_size]
        # Each different column is multiplied once, so that equal columns give equal logits whatever BLAS does.
        columns, place = torch.unique(weight, dim=1, return_inverse=True)
        logits = (inp @ columns)[:, place]
        tap("router.logits", logits)
        # A stable sort: of equal logits the lower index stays first.
        sorted_logits, order = torch.sort(logits, dim=1, descending=True, stable=True)
        indices = order[:, :self.top_k]
        if self.rule == "topk_softmax":
            return indices, torch.softmax(sorted_logits[:, :self.top_k], dim=1)
        return indices, torch.softmax(logits, dim=1).gather(1, indices)


class ExpertLinear(nn.Module):
    def __init__(self, num_experts, in_dim, out_dim):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_experts, out_dim, in_dim))
        self.bias = nn.Parameter(torch.zeros(num_experts, out_dim))

    def forward(self, x, expert):
        return F.linear(x, self.weight[expert], self.bias[expert])


class Experts(nn.Module):
    def __init__(self, num_experts, dim, expert_dim):
        super().__init__()
        self.htoh4 = ExpertLinear(num_experts, dim, expert_dim)
        self.h4toh = ExpertLinear(num_experts, expert_dim, dim)

    def forward(self, x, expert):
        return self.h4toh(F.gelu(self.htoh4(x, expert)), expert)


class MixtureOfExperts(nn.Module):
    def __init__(self, dim, moe, num_tasks):
        super().__init__()
        self.num_experts = moe["num_experts"]
        self.prune_threshold = moe["prune_threshold"]
        group_size = moe["experts_per_task"]
        self.starts = group_starts(self.num_experts, group_size, num_tasks) if group_size > 0 else [0] * num_tasks
        self.experts = Experts(self.num_experts, dim, moe["expert_dim"])
        if moe["router"] == "per_task":
            self.gate = nn.ModuleList(Gate(dim, moe, self.starts) for _ in range(num_tasks))
        else:
            self.gate = Gate(dim + moe["task_dim"], moe, self.starts)

    def forward(self, inp, gate_inp=None, task_id=None, task_specific_feature=None, tap=no_tap):
        shape = inp.shape
        tokens = inp.reshape(-1, shape[-1])
        gate_tokens = tokens if gate_inp is None else gate_inp.reshape(-1, shape[-1])
        if task_specific_feature is not None:
            feature = task_specific_feature.expand(gate_tokens.shape[0], -1)
            gate_tokens = torch.cat((gate_tokens, feature), dim=1)
        gate = self.gate[task_id] if isinstance(self.gate, nn.ModuleList) else self.gate
        indices, weights = gate(gate_tokens, task_id=task_id, tap=tap)
        indices = indices + (self.starts[task_id] if task_id is not None else 0)
        if self.prune_threshold is not None:
            weights = torch.where(weights > self.prune_threshold, weights, torch.zeros_like(weights))
        tap("router.indices", indices.to(torch.int32))
        tap("router.weights", weights)
        out = torch.zeros_like(tokens)
        for expert in range(self.num_experts):
            for slot in range(indices.shape[1]):
                chosen = indices[:, slot] == expert
                out[chosen] += weights[chosen, slot, None] * self.experts(tokens[chosen], expert)
        return out.reshape(shape)


class Block(nn.Module):
    def __init__(self, index, config):
        super().__init__()
        dim, eps, moe = config["embed_dim"], config["layernorm_eps"], config["moe"]
        self.moe = moe is not None and index in moe["blocks"]
        self.gate_input_ahead = self.moe and moe["gate_input_ahead"]
        self.norm1 = nn.LayerNorm(dim, eps=eps)
        self.attn = Attention(dim, config["num_heads"])
        self.norm2 = nn.LayerNorm(dim, eps=eps)
        self.mlp = MixtureOfExperts(dim, moe, len(config["tasks"])) if self.moe else Mlp(dim, config["mlp_dim"], dim)

    def forward(self, x, task_id=None, task_specific_feature=None, tap=no_tap):
        gate_inp = x if self.gate_input_ahead else None
        normed = self.norm1(x)
        tap("norm1", normed[0])
        x = x + self.attn(normed, tap=tap)
        normed = self.norm2(x)
        tap("norm2", normed[0])
        mixed = self.mlp(normed, gate_inp, task_id, task_specific_feature, tap) if self.moe else self.mlp(normed)
        tap("mlp.out", mixed[0])
        x = x + mixed
        tap("out", x[0])
        return x


class PatchEmbed(nn.Module):
    def __init__(self, patch_size, dim):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=patch_size, stride=patch_size)

    def forward(self, image):
        return self.proj(image)


class Backbone(nn.Module):
    def __init__(self, config):
        super().__init__()
        dim = config["embed_dim"]
        self.stored_grid = tuple(config["pos_embed_grid"])
        self.patch_embed = PatchEmbed(config["patch_size"], dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.stored_grid[0] * self.stored_grid[1], dim))
        self.num_tasks = len(config["tasks"])
        self.gate_task_represent = None
        if config["moe"] is not None and config["moe"]["router"] == "task_conditioned":
            task_dim = config["moe"]["task_dim"]
            self.gate_task_represent = Mlp(self.num_tasks, task_dim, task_dim, norm_eps=1e-6)
        self.blocks = nn.ModuleList(Block(index, config) for index in range(config["depth"]))

    def position_embedding(self, grid):
        """The class token's row as it is; the rest resampled where the picture's grid is another one."""
        if grid == self.stored_grid:
            return self.pos_embed
        cls_row, rest = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        rest = rest.transpose(1, 2).reshape(1, -1, *self.stored_grid)
        rest = F.interpolate(rest, size=grid, mode="bilinear", align_corners=False)
        return torch.cat((cls_row, rest.flatten(2).transpose(1, 2)), dim=1)

    def forward(self, image, task_id=None, tap=no_tap):
        """Tokens after each block, as a tuple, class token first."""
        patches = self.patch_embed(image)
        x = torch.cat((self.cls_token.expand(image.shape[0], -1, -1), patches.flatten(2).transpose(1, 2)), dim=1)
        x = x + self.position_embedding(tuple(patches.shape[-2:]))
        tap("patch_embed", x[0])
        feature = None
        if self.gate_task_represent is not None:
            one_hot = torch.zeros(self.num_tasks, dtype=x.dtype)
            one_hot[task_id] = 1
            feature = self.gate_task_represent(one_hot)
        outs = []
        for index, block in enumerate(self.blocks):
            x = block(x, task_id, feature, lambda name, value: tap(f"block{index}.{name}", value))
            outs.append(x)
        return tuple(outs)


class UpHead(nn.Module):
    def __init__(self, config, outputs):
        super().__init__()
        head, dim = config["head"], config["embed_dim"]
        self.num_stages, self.upsample, made = head["num_stages"], head["upsample"], head["channels"]
        self.shuffle = None
        if isinstance(self.upsample, str):  # "shuffle4"
            self.shuffle, self.upsample = int(self.upsample[len("shuffle"):]), 1
            made *= self.shuffle * self.shuffle
        self.grid = tuple(extent // config["patch_size"] for extent in
                          (config["input"]["height"], config["input"]["width"]))
        self.norm = nn.LayerNorm(dim, eps=config["layernorm_eps"])
        channels = head["channels"]
        for stage in range(self.num_stages):
            kernel = head["first_kernel"] if stage == 0 else 3
            conv = nn.Conv2d(dim if stage == 0 else channels, made, kernel, padding=kernel // 2)
            self.add_module(f"conv_{stage}", conv)
            self.add_module(f"syncbn_fc_{stage}", nn.BatchNorm2d(made, eps=config["batchnorm_eps"]))
        self.add_module(f"conv_{self.num_stages}", nn.Conv2d(channels, outputs, 1))

    def forward(self, features, tap=no_tap):
        tokens = features[-1] if isinstance(features, tuple) else features
        tokens = self.norm(tokens[:, 1:])
        tap("head.norm", tokens[0])
        x = tokens.transpose(1, 2).reshape(tokens.shape[0], -1, *self.grid)
        for stage in range(self.num_stages):
            x = F.relu(getattr(self, f"syncbn_fc_{stage}")(getattr(self, f"conv_{stage}")(x)))
            if self.shuffle is not None:
                x = nn.PixelShuffle(self.shuffle)(x)
            if stage == self.num_stages - 1:
                x = getattr(self, f"conv_{self.num_stages}")(x)
            if self.upsample != 1:
                size = tuple(self.upsample * extent for extent in x.shape[-2:])
                x = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
        return x


class MultiTaskModel(nn.Module):
    """Backbone and a decoder a task; tasks are numbered in the configuration's order."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.tasks = [task["name"] for task in config["tasks"]]
        self.backbone = Backbone(config)
        if config["head"] is not None:
            self.decoders = nn.ModuleDict({task["name"]: UpHead(config, task["outputs"]) for task in config["tasks"]})
        self.eval()

    def run(self, image, task, tap=no_tap):
        """The task's map at the input's size; the last tokens of a backbone without decoders. `image` is [1,3,H,W]."""
        with torch.no_grad():
            tap("input", image[0])
            features = self.backbone(image, self.tasks.index(task), tap)
            if self.config["head"] is None:
                return features[-1]
            logits = self.decoders[task](features, tap)
            logits = F.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=False)
            tap("head.logits", logits[0])
            return logits

    def load_tensors(self, tensors):
        """Sets every weight from a dict of arrays by M3ViT's names; a missing or left-over one is an error."""
        training_only = ("num_batches_tracked", "w_noise")
        missing, unexpected = self.load_state_dict(
            {name: torch.from_numpy(value.copy()) for name, value in tensors.items()}, strict=False)
        missing = [name for name in missing if not name.endswith(training_only)]
        if missing or unexpected:
            raise ValueError(f"tensors missing: {missing}; not of this network: {unexpected}")
        return self


def run_taps(model, image, dtype=torch.float32, tasks=None):
    """{task: {tap: array}} of `image` [3,H,W]: computed in the model's own type, kept as `dtype`, indices as int32."""
    batch = torch.from_numpy(image).to(model.backbone.cls_token.dtype)[None]
    taps = {}
    for task in tasks or model.tasks:
        values = taps[task] = {}

        def keep(name, value, values=values):
            kept = value if value.dtype == torch.int32 else value.to(dtype)
            values[name] = kept.contiguous().numpy().copy()

        model.run(batch, task, keep)
    return taps

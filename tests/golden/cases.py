"""The golden cases: small networks that between them have every router, head, shape and tie that an engine must get
right. A case is a configuration, an optional edit of its random weights, and an optional check that the case shows
what it is named for. `python3 tests/golden/make_golden.py --list` prints them.
"""
import dataclasses
from typing import Callable, Optional

import numpy as np

OUTPUTS = {"semseg": 5, "human_parts": 4, "sal": 1, "normals": 3, "edge": 1, "depth": 1}
ROUTING_TAPS = ("router.logits", "router.indices", "router.weights", "out")


@dataclasses.dataclass(frozen=True)
class Case:
    config: dict
    what: str
    edit: Optional[Callable] = None  # edit(tensors, config): changes the random weights in place
    check: Optional[Callable] = None  # check(taps, config): asserts what the case is about; taps are float64
    gain: float = 1.0  # of the linear weights
    gate_gain: float = 2.0  # of the routers' weights
    storage: str = "F16"  # or "mixed": F16, BF16 and F32 in turn
    block_taps: Optional[tuple] = None  # taps kept of each block; all when None

    @property
    def name(self):
        return self.config["name"]


def make_config(name, *, input=(12, 20), moe=None, head=None, tasks=("semseg", "depth"), **changes):
    """A configuration with every key: small defaults, then `changes`; `moe` and `head` are changes of their parts, or
    False for none."""
    height, width = input
    config = {
        "name": name,
        "input": {"height": height, "width": width, "mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225],
                  "resize": "bicubic"},
        "patch_size": 4, "embed_dim": 24, "depth": 2, "num_heads": 2, "mlp_dim": 48,
        "layernorm_eps": 1e-6, "batchnorm_eps": 1e-5, "activation": "gelu_erf", "pos_embed_grid": None,
        "moe": {"blocks": [1], "num_experts": 4, "top_k": 2, "expert_dim": 24, "router": "per_task",
                "router_rule": "softmax_topk", "task_dim": 0, "gate_input_ahead": False, "experts_per_task": 0,
                "prune_threshold": None, **(moe or {})},
        "head": {"num_stages": 1, "channels": 8, "first_kernel": 3, "upsample": 1, **(head or {})},
        "tasks": [{"name": task, "outputs": OUTPUTS[task], "unit": "m" if task == "depth" else "", "class_names": []}
                  for task in tasks],
        **changes,
    }
    if moe is False:
        config["moe"] = None
    if head is False:
        config["head"] = None
    if config["pos_embed_grid"] is None:
        config["pos_embed_grid"] = [height // config["patch_size"], width // config["patch_size"]]
    return config


def gates(tensors):
    """The routers' weights, as (name, array)."""
    return [(name, value) for name, value in tensors.items() if name.endswith("w_gate")]


def duplicate_gate_columns(tensors, _config):
    """Experts 1, 4 and 6 get expert 2's column, so their logits tie for every token."""
    for _name, gate in gates(tensors):
        gate[:, [1, 4, 6]] = gate[:, [2]]


def check_ties(taps, _config):
    indices = taps["block1.router.indices"]
    assert (indices == 1).any(axis=1).sum() > 0, "no token chose a tied expert"
    for row in indices:
        tied = [expert for expert in row if expert in (1, 2, 4, 6)]
        assert tied == [1, 2, 4, 6][:len(tied)], f"ties out of order: {row}"


def equal_logits_identity_experts(tensors, _config):
    """Zero gates; every expert is the identity: gelu(a) - gelu(-a) = a."""
    for _name, gate in gates(tensors):
        gate[:] = 0
    for name, value in tensors.items():
        if ".experts." in name:
            value[:] = 0
        if name.endswith("htoh4.weight"):
            eye = np.eye(value.shape[2])
            value[:] = np.concatenate((eye, -eye), axis=0)
        if name.endswith("h4toh.weight"):
            eye = np.eye(value.shape[1])
            value[:] = np.concatenate((eye, -eye), axis=1)


def check_quarter(taps, _config):
    assert (taps["block1.router.indices"] == np.arange(4)).all()
    worst = np.abs(taps["block1.mlp.out"] - 0.25 * taps["block1.norm2"]).max()
    assert worst < 1e-14, f"not a quarter of the input: off by {worst}"


def one_expert_takes_all(tensors, _config):
    """Normed tokens get a common offset and expert 3's gate points along it, so every token goes there."""
    tensors["backbone.blocks.1.norm2.weight"][:] *= 0.25
    tensors["backbone.blocks.1.norm2.bias"][:] = 1
    for _name, gate in gates(tensors):
        gate[:] *= 0.25
        gate[:, 3] = 0.5


def check_full_and_empty(taps, config):
    used = set(taps["block1.router.indices"].ravel().tolist())
    assert used == {3}, f"experts used: {used}"
    assert config["moe"]["num_experts"] > 1


def check_some_expert_is_empty(taps, config):
    used = set(taps["block1.router.indices"].ravel().tolist())
    assert 1 < len(used) < config["moe"]["num_experts"], f"experts used: {used}"


def check_pruned(taps, _config):
    weights = taps["block1.router.weights"]
    zeros, tokens = (weights == 0).sum(), weights.shape[0]
    assert 0 < zeros < weights.size and tokens > 0, f"{zeros} of {weights.size} weights pruned"
    assert (weights == 0).all(axis=1).any(), "no token lost all of its experts"


def check_groups(taps, config):
    count = config["moe"]["experts_per_task"]
    assert taps["block1.router.logits"].shape[1] == count


def outlier_channels(tensors, config):
    """A few residual channels far larger than the rest, as trained transformers have."""
    channels = np.arange(3, config["embed_dim"], 11)
    tensors["backbone.pos_embed"][..., channels] += 40
    tensors["backbone.cls_token"][..., channels] += 96


def check_wide_range(taps, _config):
    logits = taps["block1.router.logits"]
    assert logits.max() - logits.min() > 40, f"logits span {logits.min()} to {logits.max()}"
    assert np.abs(taps["patch_embed"]).max() > 90


CASES = [
    Case(make_config("per_task_up", input=(32, 48), patch_size=16, moe={"num_experts": 5, "expert_dim": 17},
                     mlp_dim=50, head={"num_stages": 4, "channels": 8, "upsample": 2}),
         "a router a task, four-stage head whose last upsampling reaches the input size"),
    Case(make_config("shared_router", moe={"router": "shared"}, tasks=("semseg", "normals", "edge")),
         "one plain router for three tasks, two-convolution head"),
    Case(make_config("plain_vit", moe=False, head={"first_kernel": 1}, tasks=("human_parts", "sal")),
         "no experts, head with a 1x1 first convolution"),
    Case(make_config("task_conditioned", moe={"router": "task_conditioned", "task_dim": 6},
                     tasks=("human_parts", "sal", "depth")),
         "the router sees the task's feature after the token, three tasks"),
    Case(make_config("expert_groups", moe={"router": "task_conditioned", "task_dim": 5, "num_experts": 5,
                                           "experts_per_task": 3}),
         "expert groups 0-2 and 2-4 that share an expert", check=check_groups),
    Case(make_config("gate_input_ahead", depth=3, moe={"blocks": [1, 2], "gate_input_ahead": True}),
         "the router sees the block's raw input"),
    Case(make_config("ragged", embed_dim=40, num_heads=5, mlp_dim=37, depth=3,
                     layernorm_eps=1e-5, batchnorm_eps=1e-3, moe={"blocks": [0, 2], "num_experts": 3, "expert_dim": 13},
                     head={"num_stages": 3, "channels": 5, "upsample": 2}),
         "odd widths, 16 tokens, heads of 8, other epsilons, experts from the first block on, a map shrunk at the end"),
    Case(make_config("shuffled", input=(32, 24), patch_size=8, embed_dim=40, num_heads=5,
                     head={"num_stages": 2, "channels": 5, "upsample": "shuffle3"}),
         "pixel shuffles, whose map is larger than the input"),
    Case(make_config("one_row", input=(4, 28), embed_dim=60, num_heads=3, mlp_dim=33,
                     head={"num_stages": 2, "channels": 6, "upsample": 2}),
         "a grid of one row, heads of 20"),
    Case(make_config("one_column", input=(20, 4), embed_dim=20, num_heads=1, tasks=("depth",)),
         "a grid of one column, one head, one task"),
    Case(make_config("one_patch", input=(16, 16), patch_size=16, embed_dim=16, num_heads=4,
                     head={"num_stages": 2, "upsample": 2}),
         "two tokens, a grid of one"),
    Case(make_config("one_expert", moe={"num_experts": 1, "top_k": 1, "expert_dim": 7}), "a single expert, weight 1"),
    Case(make_config("all_experts", moe={"num_experts": 3, "top_k": 3}), "every token goes to every expert"),
    Case(make_config("ties", moe={"num_experts": 8, "top_k": 3}), "four experts tie for every token",
         edit=duplicate_gate_columns, check=check_ties),
    Case(make_config("equal_logits", embed_dim=16, moe={"num_experts": 16, "top_k": 4, "expert_dim": 32}),
         "16 equal logits, k = 4, identity experts: a quarter of the input",
         edit=equal_logits_identity_experts, check=check_quarter),
    Case(make_config("full_expert", moe={"num_experts": 5, "top_k": 1}), "all tokens to one expert, none to the others",
         edit=one_expert_takes_all, check=check_full_and_empty),
    Case(make_config("empty_experts", input=(8, 12), moe={"num_experts": 16, "expert_dim": 8}),
         "seven tokens, sixteen experts: some have none", check=check_some_expert_is_empty),
    Case(make_config("pruned", moe={"num_experts": 16, "top_k": 3, "expert_dim": 8, "prune_threshold": 0.1}),
         "router weights up to 0.1 become 0", gate_gain=0.4, check=check_pruned),
    Case(make_config("topk_softmax", moe={"router_rule": "topk_softmax", "top_k": 3}),
         "softmax over the chosen logits only"),
    Case(make_config("topk_softmax_pruned", moe={"router": "task_conditioned", "router_rule": "topk_softmax",
                                                 "task_dim": 4, "num_experts": 7, "prune_threshold": 0.3}),
         "the other rule with a task-conditioned router and pruning"),
    Case(make_config("pos_embed_resampled", input=(16, 12), pos_embed_grid=[3, 5]),
         "position embedding stored for a 3x5 grid, used at 4x3"),
    Case(make_config("six_tasks", tasks=tuple(OUTPUTS), moe={"router": "shared"}),
         "all tasks at once", block_taps=ROUTING_TAPS),
    Case(make_config("no_head", head=False), "a backbone without decoders"),
    Case(make_config("mixed_types", moe={"num_experts": 3}), "weights stored as F16, BF16 and F32", storage="mixed"),
    Case(make_config("wide_range", moe={"num_experts": 6}),
         "outlier channels, sharp attention, router logits far apart", gain=2.0, gate_gain=30.0,
         edit=outlier_channels, check=check_wide_range),
    Case(make_config("medium", input=(64, 128), patch_size=16, embed_dim=64, num_heads=4, mlp_dim=128, depth=6,
                     moe={"blocks": [1, 3, 5], "num_experts": 8, "expert_dim": 32},
                     head={"num_stages": 4, "channels": 32, "upsample": 2}),
         "the shape of a real network, smaller", block_taps=ROUTING_TAPS),
]

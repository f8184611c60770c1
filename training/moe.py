"""Mixture of experts for training: sorted tokens, one product per expert, and the load-balancing loss."""
import math

import torch
import torch.nn.functional as F
from torch import nn


class Dispatch(torch.autograd.Function):
    """tokens [N, D] → copies [N·k, D], row order[i] of the copies; the gradient goes back without atomic additions."""

    @staticmethod
    def forward(ctx, tokens, order, place, top_k):
        ctx.save_for_backward(place)
        ctx.top_k = top_k
        return tokens[torch.div(order, top_k, rounding_mode="floor")]

    @staticmethod
    def backward(ctx, grad):
        place, = ctx.saved_tensors
        return grad[place].view(-1, ctx.top_k, grad.shape[1]).sum(1), None, None, None


class Permute(torch.autograd.Function):
    """rows[place]; `order` is the inverse permutation."""

    @staticmethod
    def forward(ctx, rows, order, place):
        ctx.save_for_backward(order)
        return rows[place]

    @staticmethod
    def backward(ctx, grad):
        order, = ctx.saved_tensors
        return grad[order], None, None


class ExpertLinear(nn.Module):
    """weight [E, out, in], bias [E, out]: a linear layer an expert."""

    def __init__(self, num_experts, in_dim, out_dim):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_experts, out_dim, in_dim))
        self.bias = nn.Parameter(torch.zeros(num_experts, out_dim))


class Experts(nn.Module):
    def __init__(self, num_experts, dim, expert_dim):
        super().__init__()
        self.htoh4 = ExpertLinear(num_experts, dim, expert_dim)
        self.h4toh = ExpertLinear(num_experts, expert_dim, dim)

    def forward(self, tokens, indices, weights):
        """sum_j weights[n, j] · expert_{indices[n, j]}(tokens[n]); tokens [N, D], indices and weights [N, k]."""
        count, top_k = indices.shape
        flat = indices.reshape(-1)
        order = torch.argsort(flat)
        place = torch.empty_like(order)
        place[order] = torch.arange(order.numel(), device=order.device)
        counts = torch.bincount(flat, minlength=self.htoh4.weight.shape[0]).tolist()
        rows = Dispatch.apply(tokens, order, place, top_k).split(counts)
        # unbind: its backward stacks the experts' gradients once; indexing would add a full-size tensor an expert.
        outputs = [F.linear(F.gelu(F.linear(own, up, up_bias)), down, down_bias) for own, up, up_bias, down, down_bias
                   in zip(rows, self.htoh4.weight.unbind(), self.htoh4.bias.unbind(),
                          self.h4toh.weight.unbind(), self.h4toh.bias.unbind())]
        mixed = Permute.apply(torch.cat(outputs), order, place).view(count, top_k, -1)
        return (mixed * weights.to(mixed.dtype)[:, :, None]).sum(1)


class Gate(nn.Module):
    """Router: logits = tokens · w_gate, always in float32; rule softmax_topk (M³ViT's) or topk_softmax."""

    def __init__(self, in_dim, num_experts, top_k, rule):
        super().__init__()
        self.top_k, self.rule = top_k, rule
        self.w_gate = nn.Parameter(torch.empty(in_dim, num_experts))

    def forward(self, tokens, noise):
        """(indices [N, k], weights [N, k], probabilities [N, E], load [E] or None).

        `noise` is the deviation of what is added to the logits in training mode, 0 for none. `load` is the number of
        tokens that each expert may expect under that noise (V-MoE): smooth, where a count has no gradient.
        """
        noise = noise if self.training else 0.0
        with torch.autocast(tokens.device.type, enabled=False):
            clean = tokens.float() @ self.w_gate.float()
            logits = clean + noise * torch.randn_like(clean) if noise > 0 else clean
            largest, indices = torch.topk(logits, self.top_k, dim=1)
            if self.rule == "topk_softmax":
                weights = torch.softmax(largest, dim=1)
            else:
                weights = torch.softmax(logits, dim=1).gather(1, indices)
            load = expected_load(clean, largest[:, -1:], noise) if noise > 0 else None
            return indices, weights, torch.softmax(clean, dim=1), load


def expected_load(clean_logits, threshold, noise):
    """[E]: sum over the tokens of P(logit + noise·N(0,1) > threshold), threshold [N, 1] the k-th largest noisy logit."""
    return (0.5 * torch.erfc((threshold.detach() - clean_logits) / (noise * math.sqrt(2)))).sum(0)


def squared_variation(values):
    """(deviation / mean)² of a vector, with the population's variance."""
    return values.var(unbiased=False) / (values.mean() ** 2 + 1e-10)


def balance_loss(importance, load):
    """Mean of the squared coefficients of variation of importance (sum of the probabilities of each expert) and load;
    of the importance alone where there is no load (a router without noise)."""
    if load is None:
        return squared_variation(importance)
    return 0.5 * (squared_variation(importance) + squared_variation(load))


class MixtureOfExperts(nn.Module):
    def __init__(self, dim, moe, num_tasks):
        super().__init__()
        self.num_experts = moe["num_experts"]
        self.prune_threshold = moe["prune_threshold"]
        self.experts = Experts(self.num_experts, dim, moe["expert_dim"])
        gates = [Gate(dim, self.num_experts, moe["top_k"], moe["router_rule"])
                 for _ in range(num_tasks if moe["router"] == "per_task" else 1)]
        self.gate = nn.ModuleList(gates) if moe["router"] == "per_task" else gates[0]

    def gate_of(self, task):
        return self.gate[task] if isinstance(self.gate, nn.ModuleList) else self.gate

    def forward(self, tokens, gate_tokens, tasks, noise, statistics=None):
        """Tokens of all tasks at once, so that an expert's product is as large as can be.

        tokens: [N, D]; gate_tokens: [N, D], what the router sees; tasks: [(task index, number of its tokens)] in the
        tokens' order. `statistics`: a list that gets, for each of `tasks`, (importance [E], load [E] or None,
        counts [E]).
        """
        indices, weights = [], []
        for (task, _), seen in zip(tasks, gate_tokens.split([size for _, size in tasks])):
            chosen, weight, probabilities, load = self.gate_of(task)(seen, noise)
            if self.prune_threshold is not None:
                weight = torch.where(weight > self.prune_threshold, weight, torch.zeros_like(weight))
            indices.append(chosen)
            weights.append(weight)
            if statistics is not None:
                counts = torch.bincount(chosen.reshape(-1), minlength=self.num_experts)
                statistics.append((probabilities.sum(0), load, counts))
        return self.experts(tokens, torch.cat(indices), torch.cat(weights))

"""Muon (Jordan et al., 2024): momentum whose direction is made orthogonal, for the matrices inside the blocks."""
import torch

# Of Newton and Schulz's iteration for the nearest orthogonal matrix, tuned for speed: it brings singular values to 0.7…1.2.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def orthogonal(matrices, dtype):
    """Near-orthogonal factors of a batch [n, a, b] of matrices, computed in `dtype`."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    # The norm in float32: the sum of squares of a large matrix needs more digits than bfloat16 has.
    x = (x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)).to(dtype)
    for _ in range(ITERATIONS):
        gram = x @ x.transpose(1, 2)
        x = a * x + torch.baddbmm(gram, gram, gram, beta=b, alpha=c) @ x
    x = x.to(matrices.dtype)
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Parameters are matrices [out, in] or stacks of them [n, out, in]. `num_matrices` of a group: how many matrices of
    their own stand above each other in one parameter (3 for q, k, v). A step is as large as AdamW's usual one (Liu et
    al., 2025), so that both share a learning rate."""

    def __init__(self, groups, weight_decay, precision, momentum=0.95):
        self.dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        super().__init__(groups, {"lr": 0.0, "weight_decay": weight_decay, "momentum": momentum, "num_matrices": 1,
                                  "factor": 1.0})

    @torch.no_grad()
    def step(self, workers):
        """Every process has the same gradients; each makes its share of the directions orthogonal, for all."""
        work = [(parameter, group) for group in self.param_groups for parameter in group["params"]
                if parameter.grad is not None]
        directions = [self.direction(parameter, group, place % workers.count == workers.rank)
                      for place, (parameter, group) in enumerate(work)]
        workers.add(directions)
        for (parameter, group), direction in zip(work, directions):
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.add_(direction, alpha=-group["lr"])

    def direction(self, parameter, group, mine):
        """What to step against at rate 1; zeros where another process finds it."""
        state, momentum = self.state[parameter], group["momentum"]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(parameter.grad, 1 - momentum)
        if not mine:
            return torch.zeros_like(parameter)
        looking_ahead = parameter.grad.lerp(state["momentum"], momentum)
        matrices = looking_ahead.reshape(-1, parameter.shape[-2] // group["num_matrices"], parameter.shape[-1])
        size = 0.2 * max(matrices.shape[1:]) ** 0.5
        return orthogonal(matrices, self.dtype).view_as(parameter) * size

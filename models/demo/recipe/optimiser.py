"""Muon for matrices, AdamW for the rest (Muon: Keller Jordan, 2024)."""

from collections import defaultdict

import torch
from torch import Tensor


@torch.no_grad()
def orthogonal(x: Tensor) -> Tensor:
    """[n, rows, columns]: the nearest semi-orthogonal matrices, by five Newton-Schulz steps."""
    x = x.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(5):
        a = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(a, a, a, beta=-4.775, alpha=2.0315), x, beta=3.4445)
    return (x.transpose(1, 2) if tall else x).float()


class Muon:
    """Matrices of one shape are stepped together: on a CPU many small products cost more than one large one."""

    def __init__(self, parameters: list[Tensor], decay: float = 0.05):
        self.decay, self.groups = decay, defaultdict(list)
        for p in parameters:
            self.groups[tuple(p.flatten(1).shape)].append(p)
        self.momentum = {shape: torch.zeros(len(ps), *shape) for shape, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for shape, parameters in self.groups.items():
            gradient = torch.stack([p.grad.flatten(1) for p in parameters])
            momentum = self.momentum[shape].lerp_(gradient, 0.05)
            update = orthogonal(gradient.lerp(momentum, 0.95)) * (-rate * 0.2 * max(shape) ** 0.5)
            for p, change in zip(parameters, update):
                p.mul_(1 - rate * self.decay).add_(change.view_as(p))

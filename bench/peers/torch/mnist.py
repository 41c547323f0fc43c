"""examples/mnist.ts."""

import torch
import torch.nn.functional as F
from torch import nn

from peer import flat_dense

FUSED = False  # no fused Adadelta


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dense1 = flat_dense(12, 12, 64, 128)
        self.dense2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = F.dropout(F.max_pool2d(x, 2), 0.25, self.training)
        x = F.dropout(F.relu(self.dense1(torch.flatten(x, 1))), 0.5, self.training)
        return self.dense2(x)


loss = F.cross_entropy


def probabilities(logits):
    return F.softmax(logits, 1)


def optimizer(parameters, **options):
    return torch.optim.Adadelta(parameters, lr=1.0, rho=0.95, eps=1e-7, **options)

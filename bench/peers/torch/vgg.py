"""A small VGG: pairs of convolutions with biases, pooling, dense layers."""

import torch
import torch.nn.functional as F
from torch import nn

from peer import flat_dense

FUSED = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        channels = 3
        for i, filters in enumerate((64, 128, 256), 1):
            self.add_module(f'conv{i}a', nn.Conv2d(channels, filters, 3, padding=1))
            self.add_module(f'conv{i}b', nn.Conv2d(filters, filters, 3, padding=1))
            channels = filters
        self.dense1 = flat_dense(4, 4, 256, 256)
        self.dense2 = nn.Linear(256, 10)

    def forward(self, x):
        for i in (1, 2, 3):
            x = F.relu(getattr(self, f'conv{i}a')(x))
            x = F.max_pool2d(F.relu(getattr(self, f'conv{i}b')(x)), 2)
        return self.dense2(F.relu(self.dense1(torch.flatten(x, 1))))


loss = F.cross_entropy


def probabilities(logits):
    return F.softmax(logits, 1)


def optimizer(parameters, **options):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, **options)

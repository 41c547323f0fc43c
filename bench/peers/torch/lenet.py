"""LeNet-5 as bench/nets/lenet.ts has it."""

import torch
import torch.nn.functional as F
from torch import nn

from peer import flat_dense

FUSED = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.dense1 = flat_dense(5, 5, 16, 120)
        self.dense2 = nn.Linear(120, 84)
        self.dense3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = torch.tanh(self.dense1(torch.flatten(x, 1)))
        return self.dense3(torch.tanh(self.dense2(x)))


loss = F.cross_entropy


def probabilities(logits):
    return F.softmax(logits, 1)


def optimizer(parameters, **options):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, **options)

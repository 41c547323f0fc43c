"""A small MobileNet: depthwise and pointwise convolutions, with Keras's momentum and epsilon."""

import torch
import torch.nn.functional as F
from torch import nn

FUSED = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, 2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(32, eps=1e-3, momentum=0.01)
        self.blocks = 0
        channels = 32
        for i, (filters, stride) in enumerate(((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)), 1):
            self.add_module(f'depth{i}', nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels, bias=False))
            self.add_module(f'depth{i}_norm', nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01))
            self.add_module(f'point{i}', nn.Conv2d(channels, filters, 1, bias=False))
            self.add_module(f'point{i}_norm', nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01))
            channels = filters
            self.blocks = i
        self.dense = nn.Linear(channels, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        for i in range(1, self.blocks + 1):
            for part in (f'depth{i}', f'point{i}'):
                x = F.relu(getattr(self, f'{part}_norm')(getattr(self, part)(x)))
        return self.dense(x.mean((2, 3)))


loss = F.cross_entropy


def probabilities(logits):
    return F.softmax(logits, 1)


def optimizer(parameters, **options):
    return torch.optim.Adam(parameters, lr=0.001, eps=1e-7, **options)

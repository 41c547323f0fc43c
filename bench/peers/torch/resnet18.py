"""ResNet-18 (https://arxiv.org/abs/1512.03385, table 1) with projection shortcuts, and Keras's momentum and epsilon."""

import torch
import torch.nn.functional as F
from torch import nn

FUSED = True


def norm(filters):
    return nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.norm = norm(64)
        channels = 64
        for stage, filters in enumerate((64, 128, 256, 512), 1):
            for block in (1, 2):
                name = f'stage{stage}_{block}'
                stride = 2 if stage > 1 and block == 1 else 1
                self.add_module(f'{name}_conv1', nn.Conv2d(channels, filters, 3, stride, 1, bias=False))
                self.add_module(f'{name}_norm1', norm(filters))
                self.add_module(f'{name}_conv2', nn.Conv2d(filters, filters, 3, 1, 1, bias=False))
                self.add_module(f'{name}_norm2', norm(filters))
                if stride == 2:
                    self.add_module(f'{name}_conv3', nn.Conv2d(channels, filters, 1, stride, bias=False))
                    self.add_module(f'{name}_norm3', norm(filters))
                channels = filters
        self.dense = nn.Linear(512, 1000)

    def block(self, name, x):
        layer = lambda kind: getattr(self, f'{name}_{kind}')
        y = F.relu(layer('norm1')(layer('conv1')(x)))
        y = layer('norm2')(layer('conv2')(y))
        if hasattr(self, f'{name}_conv3'):
            x = layer('norm3')(layer('conv3')(x))
        return F.relu(y + x)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 3, stride=2, padding=1)
        for stage in (1, 2, 3, 4):
            for block in (1, 2):
                x = self.block(f'stage{stage}_{block}', x)
        return self.dense(x.mean((2, 3)))


loss = F.cross_entropy


def probabilities(logits):
    return F.softmax(logits, 1)


def optimizer(parameters, **options):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, **options)

"""Four times convolution, batch normalization, ReLU and pooling, with Keras's momentum and epsilon."""

import torch
import torch.nn.functional as F
from torch import nn

FUSED = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        channels = 3
        for i, filters in enumerate((32, 64, 128, 256), 1):
            self.add_module(f'conv{i}', nn.Conv2d(channels, filters, 3, padding=1, bias=False))
            self.add_module(f'norm{i}', nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01))
            channels = filters
        self.dense = nn.Linear(256, 2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        x = F.max_pool2d(F.relu(self.norm3(self.conv3(x))), 2)
        x = F.max_pool2d(F.relu(self.norm4(self.conv4(x))), 2)
        return self.dense(x.mean((2, 3)))


loss = F.cross_entropy


def probabilities(logits):
    return F.softmax(logits, 1)


def optimizer(parameters, **options):
    return torch.optim.Adam(parameters, lr=0.001, eps=1e-7, **options)

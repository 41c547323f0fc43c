"""examples/mnist.ts in PyTorch, eager: the same layers, dropout, loss and optimizer, the settings that are fastest here."""

import time

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.dense = nn.Linear(9216, 128)
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = F.dropout(F.max_pool2d(x, 2), 0.25, self.training)
        x = F.dropout(F.relu(self.dense(torch.flatten(x, 1))), 0.5, self.training)
        return self.out(x)


def load(net, weights):
    """Keras's order: kernels [h, w, in, out], dense [in, out]; a flattened image has its channels innermost."""
    conv1, bias1, conv2, bias2, dense, bias3, out, bias4 = map(torch.from_numpy, weights)
    dense = dense.reshape(12, 12, 64, 128).permute(3, 2, 0, 1).reshape(128, 9216)
    values = [conv1.permute(3, 2, 0, 1), bias1, conv2.permute(3, 2, 0, 1), bias2, dense, bias3, out.T, bias4]
    with torch.no_grad():
        for parameter, value in zip(net.parameters(), values):
            parameter.copy_(value)


class Side:
    def __init__(self, precision, memory_format, foreach, arrays=None):
        assert precision == 'float32', precision
        self.name = f'torch {torch.__version__}'
        self.net = Net()
        if arrays:
            load(self.net, arrays[2:])
            x = torch.from_numpy(arrays[0]).permute(0, 3, 1, 2)
            self.x = x.contiguous(memory_format=memory_format)
            self.y = torch.from_numpy(arrays[1]).long()
        self.net = self.net.to(memory_format=memory_format)
        self.memory_format = memory_format
        self.optimizer = torch.optim.Adadelta(self.net.parameters(), lr=1.0, rho=0.95, eps=1e-7, foreach=foreach)

    def loss(self):
        self.net.eval()
        with torch.no_grad():
            loss = F.cross_entropy(self.net(self.x), self.y).item()
        self.net.train()
        return loss

    def step(self):
        return self.train_on(self.x, self.y)

    def train_on(self, x, y):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.net(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def variants():
    for memory_format in (torch.contiguous_format, torch.channels_last):
        for foreach in (False, True):
            yield memory_format, foreach


def create(batch, precision, threads, arrays):
    """The fastest variant: which memory format and optimizer loop win depends on the machine."""
    torch.set_num_threads(threads)
    sides = [Side(precision, *variant, arrays) for variant in variants()]
    best = {}
    for _ in range(3):
        for side in sides:
            side.step()
            start = time.perf_counter()
            for _ in range(3):
                side.step()
            best[side] = min(best.get(side, 1e9), time.perf_counter() - start)
    chosen = min(sides, key=best.get)
    fresh = Side(precision, chosen.memory_format, chosen.optimizer.defaults['foreach'], arrays)
    layout = 'channels_last' if fresh.memory_format == torch.channels_last else 'contiguous'
    fresh.name += f' ({layout}, foreach={fresh.optimizer.defaults["foreach"]})'
    return fresh


def train(batch, precision, threads, steps):
    """Steps on 60,000 pictures as torchvision hands them out (bytes in memory), scaled batch by batch."""
    torch.set_num_threads(threads)
    side = Side(precision, torch.contiguous_format, False)
    pictures = torch.randint(0, 256, (60000, 1, 28, 28), dtype=torch.uint8)
    labels = torch.randint(0, 10, (60000,))
    for rows in torch.randperm(60000).split(batch)[:steps]:
        side.train_on(pictures[rows].float() / 255, labels[rows])

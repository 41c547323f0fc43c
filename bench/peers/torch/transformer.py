"""An encoder of two blocks (attention, dense layers) over embeddings, and the mean of its steps."""

import torch
import torch.nn.functional as F
from torch import nn

from peer import Attention

FUSED = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20000, 128)
        for i in (1, 2):
            self.add_module(f'attention{i}', Attention(128, 4))
            self.add_module(f'first{i}', nn.LayerNorm(128, eps=1e-3))
            self.add_module(f'wide{i}', nn.Linear(128, 512))
            self.add_module(f'narrow{i}', nn.Linear(512, 128))
            self.add_module(f'second{i}', nn.LayerNorm(128, eps=1e-3))
        self.dense = nn.Linear(128, 2)

    def forward(self, x):
        x = self.embedding(x)
        x = self.first1(x + self.attention1(x))
        x = self.second1(x + self.narrow1(F.relu(self.wide1(x))))
        x = self.first2(x + self.attention2(x))
        x = self.second2(x + self.narrow2(F.relu(self.wide2(x))))
        return self.dense(x.mean(1))


loss = F.cross_entropy


def probabilities(logits):
    return F.softmax(logits, 1)


def optimizer(parameters, **options):
    return torch.optim.Adam(parameters, lr=0.001, eps=1e-7, **options)

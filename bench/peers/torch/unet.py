"""A U-Net of width 32: three levels down, a bottom, three levels up."""

import torch
import torch.nn.functional as F
from torch import nn

FUSED = True


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        channels = 1
        for name, filters in (('down1', 32), ('down2', 64), ('down3', 128), ('bottom', 256)):
            self.block(name, channels, filters)
            channels = filters
        for level, filters in ((3, 128), (2, 64), (1, 32)):
            self.add_module(f'up{level}', nn.ConvTranspose2d(channels, filters, 2, stride=2))
            self.block(f'up{level}_', 2 * filters, filters)
            channels = filters
        self.out = nn.Conv2d(32, 1, 1)

    def block(self, name, channels, filters):
        self.add_module(f'{name}a', nn.Conv2d(channels, filters, 3, padding=1))
        self.add_module(f'{name}b', nn.Conv2d(filters, filters, 3, padding=1))

    def forward(self, x):
        skip1 = F.relu(self.down1b(F.relu(self.down1a(x))))
        skip2 = F.relu(self.down2b(F.relu(self.down2a(F.max_pool2d(skip1, 2)))))
        skip3 = F.relu(self.down3b(F.relu(self.down3a(F.max_pool2d(skip2, 2)))))
        x = F.relu(self.bottomb(F.relu(self.bottoma(F.max_pool2d(skip3, 2)))))
        x = F.relu(self.up3_b(F.relu(self.up3_a(torch.cat((self.up3(x), skip3), 1)))))
        x = F.relu(self.up2_b(F.relu(self.up2_a(torch.cat((self.up2(x), skip2), 1)))))
        x = F.relu(self.up1_b(F.relu(self.up1_a(torch.cat((self.up1(x), skip1), 1)))))
        return self.out(x)


loss = F.binary_cross_entropy_with_logits
probabilities = torch.sigmoid


def optimizer(parameters, **options):
    return torch.optim.Adam(parameters, lr=0.001, eps=1e-7, **options)

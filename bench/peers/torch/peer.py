"""PyTorch, eager or compiled. A net is PEER/NET.py with `Net` (an nn.Module, its layers named as in bench/nets), `loss(output, y)`,
`probabilities(output)` and `optimizer(parameters, **options)`."""

from contextlib import nullcontext

import numpy as np
import torch
from torch import nn


def to_torch(layer, weights):
    """A layer's weights in Keras's order and layouts, by parameter: kernels [h, w, in, out] ([h, w, out, in] transposed), dense [in, out]."""
    first, *rest = [torch.from_numpy(weight) for weight in weights]
    if isinstance(layer, nn.Conv2d) and layer.groups > 1:  # depthwise kernels are [h, w, in, 1]
        return dict(zip(('weight', 'bias'), (first.permute(2, 3, 0, 1), *rest)))
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        return dict(zip(('weight', 'bias'), (first.permute(3, 2, 0, 1), *rest)))
    if isinstance(layer, nn.Conv3d):
        return dict(zip(('weight', 'bias'), (first.permute(4, 3, 0, 1, 2), *rest)))
    if isinstance(layer, Attention):
        # query, key and value have kernels [width, heads, size] and biases [heads, size]; the output's kernel is [heads, size, width].
        kernels, biases = [first, *rest][:6:2], [first, *rest][1:6:2]
        return {
            'weight': torch.cat([kernel.flatten(1) for kernel in kernels], 1).T, 'bias': torch.cat([bias.flatten() for bias in biases]),
            'output_weight': rest[5].flatten(0, 1).T, 'output_bias': rest[6],
        }
    if isinstance(layer, nn.LayerNorm):
        return dict(zip(('weight', 'bias'), (first, *rest)))
    if isinstance(layer, nn.Linear):
        if hasattr(layer, 'flattened'):  # an image, which Keras flattens with its channels innermost
            first = first.reshape(*layer.flattened, -1).permute(2, 0, 1, 3).reshape(first.shape)
        return dict(zip(('weight', 'bias'), (first.T, *rest)))
    if isinstance(layer, nn.BatchNorm2d):
        return dict(zip(('weight', 'bias', 'running_mean', 'running_var'), (first, *rest)))
    if isinstance(layer, nn.LSTM):
        return {'weight_ih_l0': first.T, 'weight_hh_l0': rest[0].T, 'bias_ih_l0': rest[1]}
    if isinstance(layer, nn.GRU):  # PyTorch has the reset gate before the update gate
        def gates(weight):
            update, reset, candidate = weight.chunk(3, -1)
            return torch.cat((reset, update, candidate), -1)

        recurrent, biases = rest
        return {
            'weight_ih_l0': gates(first).T, 'weight_hh_l0': gates(recurrent).T,
            'bias_ih_l0': gates(biases[0]), 'bias_hh_l0': gates(biases[1]),
        }
    assert isinstance(layer, nn.Embedding), layer
    return {'weight': first}


def lstm(inputs, units):
    """Keras's LSTM has one bias; the second one of PyTorch stays zero."""
    layer = nn.LSTM(inputs, units, batch_first=True)
    nn.init.zeros_(layer.bias_hh_l0)
    layer.bias_hh_l0.requires_grad_(False)
    return layer


class Attention(nn.Module):
    """Self-attention: one product for query, key and value of all heads."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.weight = nn.Parameter(torch.empty(3 * width, width))
        self.bias = nn.Parameter(torch.zeros(3 * width))
        self.output_weight = nn.Parameter(torch.empty(width, width))
        self.output_bias = nn.Parameter(torch.zeros(width))
        nn.init.xavier_uniform_(self.weight)
        nn.init.xavier_uniform_(self.output_weight)

    def forward(self, x):
        n, steps, width = x.shape
        parts = nn.functional.linear(x, self.weight, self.bias).view(n, steps, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(query, key, value)
        return nn.functional.linear(y.transpose(1, 2).reshape(n, steps, width), self.output_weight, self.output_bias)


def flat_dense(height, width, channels, units):
    layer = nn.Linear(height * width * channels, units)
    layer.flattened = (height, width, channels)
    return layer


def load(net, weights):
    layers = dict(net.named_modules())
    with torch.no_grad():
        for name, arrays in weights.items():
            for parameter, value in to_torch(layers[name], arrays).items():
                getattr(layers[name], parameter).copy_(value)


# The formats with channels last, by the number of axes.
FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def as_input(array):
    """Images and volumes with their channels first, as PyTorch's layers take them; tokens as they are."""
    tensor = torch.from_numpy(array)
    return tensor.movedim(-1, 1).contiguous() if tensor.ndim in FORMATS else tensor


class Side:
    """A net with one set of the settings that PyTorch's tuning guide names."""

    def __init__(self, module, settings, variant, x, y, weights):
        self.module = module
        self.variant = variant
        layout, update = variant.split(', ')
        compiled = settings.mode == 'compile'
        self.name = f'torch {torch.__version__.split("+")[0]} {settings.mode} ({variant})'
        torch.manual_seed(1)
        self.net = module.Net()
        if weights:
            load(self.net, weights)
        self.x = as_input(x)
        self.y = as_input(y) if y.ndim == 4 else torch.from_numpy(y)
        if y.dtype == np.int32:
            self.y = self.y.long()
        if layout == 'channels_last':
            self.net = self.net.to(memory_format=FORMATS[x.ndim])
            self.x = self.x.contiguous(memory_format=FORMATS[x.ndim])
        self.net, self.x, self.y = self.net.to(settings.device), self.x.to(settings.device), self.y.to(settings.device)
        self.autocast = nullcontext if settings.precision == 'float32' else lambda: torch.autocast(self.x.device.type, torch.bfloat16)
        self.run = torch.compile(self.net) if compiled else self.net
        self.optimizer = module.optimizer([p for p in self.net.parameters() if p.requires_grad],
                                          **{'for-loop': {'foreach': False}, 'foreach': {'foreach': True}, 'fused': {'fused': True}}[update])

    def loss(self):
        """Without dropout, and with the moving statistics."""
        self.net.eval()
        with torch.no_grad(), self.autocast():
            loss = self.module.loss(self.net(self.x).float(), self.y).item()
        self.net.train()
        return loss

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            output = self.run(self.x)
        loss = self.module.loss(output.float(), self.y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def predict(self):
        self.net.eval()
        with torch.inference_mode(), self.autocast():
            return self.module.probabilities(self.run(self.x))

    def output(self):
        return self.predict().float().cpu().numpy()

    def export(self, path):
        """The net with its softmax as ONNX, for batches of this size."""

        class Whole(nn.Module):
            def __init__(self, net, probabilities):
                super().__init__()
                self.net, self.probabilities = net, probabilities

            def forward(self, x):
                return self.probabilities(self.net(x))

        whole = Whole(self.net, self.module.probabilities).eval()
        torch.onnx.export(whole, (self.x,), path, input_names=['x'], output_names=['y'], dynamo=False)


class Settings:
    def __init__(self, mode, batch, precision, threads, device):
        self.mode, self.precision, self.device = mode or 'eager', precision, device
        # float32 is exact on our side.
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.set_num_threads(threads)


def variants(module, x, settings, training):
    """Which memory format and optimizer loop win depends on the machine and the net; a compiled net's convolutions go with their channels
    last in any case."""
    layouts = ['contiguous', 'channels_last'] if x.ndim in FORMATS else ['contiguous']
    updates = ['for-loop', 'foreach'] + (['fused'] if module.FUSED else [])
    if settings.mode == 'compile':
        layouts = layouts[-1:]
    if settings.mode == 'compile' or not training:
        updates = updates[-1:]
    return [f'{layout}, {update}' for layout in layouts for update in updates]

"""Embedding, LSTM, one logit of the last output."""

from keras import Input, Sequential, layers, losses, optimizers


def build():
    return Sequential([
        Input((80,), dtype='int32'),
        layers.Embedding(20000, 128, name='embedding'),
        layers.LSTM(128, name='lstm'),
        layers.Dense(1, name='dense', dtype='float32'),
    ])


def loss():
    return losses.BinaryCrossentropy(from_logits=True)


def optimizer():
    return optimizers.Adam()

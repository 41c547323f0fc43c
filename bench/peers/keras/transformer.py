"""An encoder of two blocks (attention, dense layers) over embeddings, and the mean of its steps."""

from keras import Input, Model, layers, losses, optimizers


def build():
    tokens = Input((128,), dtype='int32')
    x = layers.Embedding(20000, 128, name='embedding')(tokens)
    for i in (1, 2):
        y = layers.MultiHeadAttention(4, 32, name=f'attention{i}')(x, x)
        x = layers.LayerNormalization(name=f'first{i}')(x + y)
        y = layers.Dense(512, activation='relu', name=f'wide{i}')(x)
        y = layers.Dense(128, name=f'narrow{i}')(y)
        x = layers.LayerNormalization(name=f'second{i}')(x + y)
    x = layers.GlobalAveragePooling1D()(x)
    return Model(tokens, layers.Dense(2, name='dense', dtype='float32')(x))


def loss():
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def optimizer():
    return optimizers.Adam()

"""Three times convolution, ReLU and pooling in three dimensions."""

from keras import Input, Sequential, layers, losses, optimizers


def build():
    return Sequential([
        Input((16, 32, 32, 1)),
        *[layer for i, filters in enumerate((16, 32, 64), 1) for layer in (
            layers.Conv3D(filters, 3, padding='same', activation='relu', name=f'conv{i}'),
            layers.MaxPooling3D(2),
        )],
        layers.GlobalAveragePooling3D(),
        layers.Dense(10, name='dense', dtype='float32'),
    ])


def loss():
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def optimizer():
    return optimizers.Adam()

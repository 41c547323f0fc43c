"""Four times convolution, batch normalization, ReLU and pooling."""

from keras import Input, Sequential, layers, losses, optimizers


def build():
    model = Sequential([Input((64, 64, 3))])
    for i, filters in enumerate((32, 64, 128, 256), 1):
        model.add(layers.Conv2D(filters, 3, padding='same', use_bias=False, name=f'conv{i}'))
        model.add(layers.BatchNormalization(name=f'norm{i}'))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(2, name='dense', dtype='float32'))
    return model


def loss():
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def optimizer():
    return optimizers.Adam()

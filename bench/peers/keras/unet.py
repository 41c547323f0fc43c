"""A U-Net of width 32: three levels down, a bottom, three levels up."""

from keras import Input, Model, layers, losses, optimizers


def block(x, name, filters):
    x = layers.Conv2D(filters, 3, padding='same', activation='relu', name=f'{name}a')(x)
    return layers.Conv2D(filters, 3, padding='same', activation='relu', name=f'{name}b')(x)


def build():
    inputs = x = Input((128, 128, 1))
    skips = []
    for level, filters in enumerate((32, 64, 128), 1):
        x = block(x, f'down{level}', filters)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = block(x, 'bottom', 256)
    for level, filters in ((3, 128), (2, 64), (1, 32)):
        x = layers.Conv2DTranspose(filters, 2, strides=2, name=f'up{level}')(x)
        x = block(layers.Concatenate()([x, skips[level - 1]]), f'up{level}_', filters)
    return Model(inputs, layers.Conv2D(1, 1, name='out', dtype='float32')(x))


def loss():
    return losses.BinaryCrossentropy(from_logits=True)


def optimizer():
    return optimizers.Adam()

"""ResNet-18 (https://arxiv.org/abs/1512.03385, table 1) with projection shortcuts."""

from keras import Input, Model, layers, losses, optimizers


def conv(x, name, filters, size, stride):
    """Padded on both sides alike, as the paper's and PyTorch's nets are; Keras's `same` would pad a strided one on one side."""
    if size > 1 and stride > 1:
        x = layers.ZeroPadding2D(size // 2)(x)
    padding = 'valid' if stride > 1 else 'same'
    return layers.Conv2D(filters, size, stride, padding=padding, use_bias=False, name=name)(x)


def block(x, name, filters, stride):
    y = layers.BatchNormalization(name=f'{name}_norm1')(conv(x, f'{name}_conv1', filters, 3, stride))
    y = conv(layers.ReLU()(y), f'{name}_conv2', filters, 3, 1)
    y = layers.BatchNormalization(name=f'{name}_norm2')(y)
    if stride == 2:
        x = layers.BatchNormalization(name=f'{name}_norm3')(conv(x, f'{name}_conv3', filters, 1, stride))
    return layers.ReLU()(layers.Add()([y, x]))


def build():
    inputs = Input((224, 224, 3))
    x = layers.BatchNormalization(name='norm')(conv(inputs, 'conv', 64, 7, 2))
    # The padding's zeros change no maximum of what ReLU gives.
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(layers.ReLU()(x)))
    for stage, filters in enumerate((64, 128, 256, 512), 1):
        x = block(x, f'stage{stage}_1', filters, 2 if stage > 1 else 1)
        x = block(x, f'stage{stage}_2', filters, 1)
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(1000, name='dense', dtype='float32')(x))


def loss():
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def optimizer():
    return optimizers.SGD(learning_rate=0.01, momentum=0.9)

"""LeNet-5 as bench/nets/lenet.ts has it."""

from keras import Input, Sequential, layers, losses, optimizers


def build():
    return Sequential([
        Input((28, 28, 1)),
        layers.Conv2D(6, 5, padding='same', activation='tanh', name='conv1'),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation='tanh', name='conv2'),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation='tanh', name='dense1'),
        layers.Dense(84, activation='tanh', name='dense2'),
        layers.Dense(10, name='dense3', dtype='float32'),
    ])


def loss():
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def optimizer():
    return optimizers.SGD(learning_rate=0.01, momentum=0.9)

"""examples/mnist.ts."""

from keras import Input, Sequential, layers, losses, optimizers


def build():
    return Sequential([
        Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation='relu', name='conv1'),
        layers.Conv2D(64, 3, activation='relu', name='conv2'),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation='relu', name='dense1'),
        layers.Dropout(0.5),
        layers.Dense(10, name='dense2', dtype='float32'),
    ])


def loss():
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def optimizer():
    return optimizers.Adadelta(learning_rate=1.0)

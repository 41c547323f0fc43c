"""Keras 3 on TensorFlow or JAX. A net is keras/NET.py with `build()` -> a model that ends in logits, its layers named as in bench/nets;
`loss()`, `optimizer()` and `probabilities(logits)`."""

import os

if os.environ['KERAS_BACKEND'] == 'jax':
    os.environ['JAX_PLATFORMS'] = 'cpu'

import keras
import numpy as np


class Settings:
    def __init__(self, mode, batch, precision, threads):
        self.precision = precision
        if mode == 'tensorflow':
            import tensorflow as tf

            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        keras.config.set_dtype_policy('float32' if precision == 'float32' else 'mixed_bfloat16')


def version():
    if keras.backend.backend() == 'jax':
        import jax

        return f'keras {keras.__version__}, jax {jax.__version__}'
    import tensorflow as tf

    return f'keras {keras.__version__}, tensorflow {tf.__version__}'


def variants(module, x, settings, training):
    """Keras's own train_on_batch, or the training loop that its guides write by hand; each with XLA or, on TensorFlow, without."""
    if keras.backend.backend() == 'jax':
        return ['train_on_batch', 'own loop'] if training else ['jit']
    return ['train_on_batch', 'train_on_batch, XLA', 'own loop', 'own loop, XLA'] if training else ['tf.function', 'tf.function, XLA']


class Side:
    def __init__(self, module, settings, variant, x, y, weights):
        keras.utils.set_random_seed(1)
        self.name = f'{version()} ({variant})'
        self.module, self.precision = module, settings.precision
        self.model = module.build()
        for name, arrays in weights.items():
            self.model.get_layer(name).set_weights(arrays)
        xla = 'XLA' in variant or keras.backend.backend() == 'jax'
        self.model.compile(module.optimizer(), module.loss(), jit_compile=xla)
        self.x, self.y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
        own = jax_loop if keras.backend.backend() == 'jax' else tensorflow_loop
        if 'own' in variant:
            self.step = own(self.model, module.loss(), self.x, self.y, xla)
        else:
            self.step = lambda: float(self.model.train_on_batch(self.x, self.y))
        self.xla = xla
        self.predictor = None

    def loss(self):
        return float(self.module.loss()(self.y, self.model(self.x, training=False)))

    def predict(self):
        self.predictor = self.predictor or predictor(self.model, self.module.probabilities, self.x, self.xla)
        return self.predictor()

    def output(self):
        return keras.ops.convert_to_numpy(keras.ops.cast(self.predict(), 'float32'))


def tensorflow_loop(model, loss_fn, x, y, xla):
    """https://keras.io/guides/writing_a_custom_training_loop_in_tensorflow/"""
    import tensorflow as tf

    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=xla)
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_weights)
        optimizer.apply(gradients, model.trainable_weights)
        return loss

    return lambda: float(train_step(x, y))


def jax_loop(model, loss_fn, x, y, xla):
    """https://keras.io/guides/writing_a_custom_training_loop_in_jax/"""
    import jax

    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)

    def loss_of(trainable, non_trainable, x, y):
        output, non_trainable = model.stateless_call(trainable, non_trainable, x, training=True)
        return loss_fn(y, output), non_trainable

    with_gradient = jax.value_and_grad(loss_of, has_aux=True)

    def train_step(state, x, y):
        trainable, non_trainable, slots = state
        (loss, non_trainable), gradients = with_gradient(trainable, non_trainable, x, y)
        trainable, slots = optimizer.stateless_apply(slots, gradients, trainable)
        return loss, (trainable, non_trainable, slots)

    # The variables keep their arrays, so the step must not write over the first state.
    compiled = jax.jit(train_step, donate_argnums=0)
    groups = (model.trainable_variables, model.non_trainable_variables, optimizer.variables)
    state = tuple([jax.numpy.array(variable.value) for variable in group] for group in groups)

    def step():
        nonlocal state
        loss, state = compiled(state, x, y)
        return float(loss)

    return step


def predictor(model, probabilities, x, xla):
    if keras.backend.backend() == 'jax':
        import jax

        trainable = [variable.value for variable in model.trainable_variables]
        non_trainable = [variable.value for variable in model.non_trainable_variables]
        compiled = jax.jit(lambda t, n, x: probabilities(model.stateless_call(t, n, x, training=False)[0]))
        return lambda: compiled(trainable, non_trainable, x).block_until_ready()
    import tensorflow as tf

    return (lambda run: lambda: run(x))(tf.function(lambda x: probabilities(model(x, training=False)), jit_compile=xla))

"""Keras 3 on TensorFlow or JAX. A net is keras/NET.py with `build()` -> a model that ends in logits, its layers named as in bench/nets;
`loss()` and `optimizer()`."""

import os

if os.environ['KERAS_BACKEND'] == 'jax':
    os.environ['JAX_PLATFORMS'] = 'cpu'

import keras


class Settings:
    def __init__(self, mode, batch, precision, threads, device):
        assert device == 'cpu', device
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
    """The training loop that Keras's guides write by hand, which train_on_batch nowhere beats; on TensorFlow with XLA and without."""
    return ['XLA'] if keras.backend.backend() == 'jax' else ['no XLA', 'XLA']


class Side:
    def __init__(self, module, settings, variant, x, y, weights):
        keras.utils.set_random_seed(1)
        self.name = f'{version()} ({variant})'
        self.module = module
        self.model = module.build()
        for name, arrays in weights.items():
            self.model.get_layer(name).set_weights(arrays)
        self.x, self.y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
        loop = jax_loop if keras.backend.backend() == 'jax' else tensorflow_loop
        self.step = loop(self.model, module.loss(), module.optimizer(), self.x, self.y, variant == 'XLA')

    def loss(self):
        return float(self.module.loss()(self.y, self.model(self.x, training=False)))


def tensorflow_loop(model, loss_fn, optimizer, x, y, xla):
    """https://keras.io/guides/writing_a_custom_training_loop_in_tensorflow/"""
    import tensorflow as tf

    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=xla)
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_weights)
        optimizer.apply(gradients, model.trainable_weights)
        return loss

    return lambda: float(train_step(x, y))


def jax_loop(model, loss_fn, optimizer, x, y, xla):
    """https://keras.io/guides/writing_a_custom_training_loop_in_jax/"""
    import jax

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

// Models of Keras 3's JSON in the form that TensorFlow.js has: that of Keras 2, with its classes and options alone. What TensorFlow.js does
// not have, or computes otherwise, is refused: it would leave it out in silence.
import { expected, isPlainObject } from '../base/checks.js';
import { snakeCase } from '../base/kerasNames.js';
import { type Fields, type KerasConfig, isKerasConfig, without } from './kerasTypes.js';

const who = 'save';

const BIAS = 'use_bias bias_initializer bias_regularizer bias_constraint activation activity_regularizer';
const KERNEL = 'kernel_initializer kernel_regularizer kernel_constraint';
const WINDOW = 'kernel_size strides padding data_format';
const CONV = `filters dilation_rate ${WINDOW} ${KERNEL} ${BIAS}`;
const DEPTHWISE = 'depthwise_initializer depthwise_regularizer depthwise_constraint';
const POOL = 'pool_size strides padding data_format';
const CELL = `units ${KERNEL} ${BIAS} recurrent_initializer recurrent_regularizer recurrent_constraint dropout recurrent_dropout`;
const LOOP = 'return_sequences return_state go_backwards stateful unroll';
const SCALED =
  'axis epsilon center scale beta_initializer gamma_initializer beta_regularizer gamma_regularizer';

/** The layers of TensorFlow.js with their options, besides `name` and `trainable`. */
const LAYERS: Readonly<Record<string, string>> = {
  Activation: 'activation',
  Add: '',
  AlphaDropout: 'rate',
  Average: '',
  AveragePooling1D: 'pool_size strides padding',
  AveragePooling2D: POOL,
  AveragePooling3D: POOL,
  BatchNormalization: `momentum moving_mean_initializer moving_variance_initializer beta_constraint gamma_constraint ${SCALED}`,
  Bidirectional: 'layer merge_mode',
  Concatenate: 'axis',
  Conv1D: CONV,
  Conv2D: CONV,
  Conv2DTranspose: `filters ${WINDOW} ${KERNEL} ${BIAS}`,
  Conv3D: CONV,
  Conv3DTranspose: `filters ${WINDOW} ${KERNEL} ${BIAS}`,
  ConvLSTM2D: `recurrent_activation unit_forget_bias dilation_rate filters ${WINDOW} ${CELL} ${LOOP}`,
  Cropping2D: 'cropping data_format',
  Dense: `units ${KERNEL} ${BIAS}`,
  DepthwiseConv2D: `depth_multiplier dilation_rate ${WINDOW} ${DEPTHWISE} ${BIAS}`,
  Dot: 'axes normalize',
  Dropout: 'rate noise_shape seed',
  ELU: '',
  Embedding:
    'input_dim output_dim mask_zero embeddings_initializer embeddings_regularizer embeddings_constraint activity_regularizer',
  Flatten: 'data_format',
  GRU: `recurrent_activation reset_after ${CELL} ${LOOP}`,
  GRUCell: `recurrent_activation reset_after ${CELL}`,
  GaussianDropout: 'rate',
  GaussianNoise: 'stddev',
  GlobalAveragePooling1D: '',
  GlobalAveragePooling2D: 'data_format',
  GlobalMaxPooling1D: '',
  GlobalMaxPooling2D: 'data_format',
  InputLayer: 'batch_shape dtype',
  LSTM: `recurrent_activation unit_forget_bias ${CELL} ${LOOP}`,
  LSTMCell: `recurrent_activation unit_forget_bias ${CELL}`,
  LayerNormalization: SCALED,
  LeakyReLU: 'negative_slope',
  Masking: 'mask_value',
  MaxPooling1D: 'pool_size strides padding',
  MaxPooling2D: POOL,
  MaxPooling3D: POOL,
  Maximum: '',
  Minimum: '',
  Multiply: '',
  PReLU: 'alpha_initializer alpha_regularizer alpha_constraint shared_axes',
  Permute: 'dims',
  RNN: `cell ${LOOP}`,
  ReLU: 'max_value',
  RepeatVector: 'n',
  Rescaling: 'scale offset',
  Reshape: 'target_shape',
  SeparableConv2D: `filters dilation_rate pointwise_initializer pointwise_regularizer pointwise_constraint ${WINDOW} ${DEPTHWISE} ${BIAS}`,
  SimpleRNN: `${CELL} ${LOOP}`,
  SimpleRNNCell: CELL,
  Softmax: 'axis',
  SpatialDropout1D: 'rate seed',
  StackedRNNCells: 'cells',
  TimeDistributed: 'layer',
  UpSampling2D: 'size data_format interpolation',
  ZeroPadding2D: 'padding data_format',
};

/** What options say that TensorFlow.js does not have, where it does the same; besides null, false and seeds. */
const SAME: Readonly<Record<string, unknown>> = {
  alpha: 1,
  data_format: 'channels_last',
  depth_multiplier: 1,
  dilation_rate: 1,
  groups: 1,
  negative_slope: 0,
  renorm_momentum: 0.99,
  threshold: 0,
};

/** Values of options that TensorFlow.js has and computes otherwise, or not at all. */
const OTHER: Readonly<Record<string, unknown>> = {
  interpolation: 'bilinear',
  padding: 'causal',
  reset_after: true,
  stateful: true,
};

const ACTIVATIONS =
  'elu gelu keras2>hard_sigmoid linear log_softmax mish relu relu6 selu sigmoid softmax softplus softsign swish tanh'.split(
    ' ',
  );
const INITIALIZERS =
  'Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros'.split(
    ' ',
  );
const CONSTRAINTS = ['MaxNorm', 'MinMaxNorm', 'NonNeg', 'UnitNorm'];

const refuse = (className: string, what: string, received: unknown) =>
  expected(who, `${what} of ${className} that TensorFlow.js has`, received);

/** A model's topology in the form of Keras 2. @throws EngineError `ARGUMENT` for what TensorFlow.js does not have. */
export const toTfjs = (model: KerasConfig): KerasConfig => modelOrLayer(model);

function modelOrLayer(given: KerasConfig): KerasConfig {
  const { class_name: name, config } = given;
  if ('input_layers' in config) return { class_name: 'Model', config: graph(config) };
  if (/Cells?$/.test(name)) throw expected(who, 'cells within RNN alone, for TensorFlow.js', name);
  if (name !== 'Sequential' || given.registered_name?.includes('>')) return layer(given);
  const layers = (config['layers'] as readonly KerasConfig[]).map(modelOrLayer);
  const [first] = layers;
  if (first?.class_name !== 'InputLayer')
    throw expected(who, 'a Sequential that knows its input, for TensorFlow.js', config['name']);
  return { class_name: name, config: { name: config['name'], layers } };
}

function layer({ class_name: name, config, registered_name: registered }: KerasConfig): KerasConfig {
  const options = registered?.includes('>') ? undefined : LAYERS[name]?.split(' ');
  if (!options)
    throw expected(who, `layers that TensorFlow.js has (${Object.keys(LAYERS).join(', ')})`, name);
  const own: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    if (key === 'name' || key === 'trainable') own[key] = value;
    else if (key === 'backward_layer') checkBackward(config);
    else if (options.includes(key)) own[key] = option(name, key, value);
    else if (key !== 'dtype' && !isUnsaid(key, value))
      throw refuse(name, 'options', `${key}: ${JSON.stringify(value)}`);
  }
  checkDtype(name, config['dtype']);
  const { batch_shape: batchShape, negative_slope: slope, ...rest } = own;
  if (name === 'InputLayer') return { class_name: name, config: { ...rest, batch_input_shape: batchShape } };
  if (slope !== undefined) return { class_name: name, config: { ...rest, alpha: slope } };
  return { class_name: name, config: rest };
}

const isUnsaid = (key: string, value: unknown): boolean =>
  value === null || value === false || key === 'seed' || (key in SAME && SAME[key] === value);

function checkDtype(name: string, dtype: unknown): void {
  const policy = isKerasConfig(dtype) ? dtype.config['name'] : dtype;
  if (name !== 'InputLayer' && policy !== undefined && policy !== 'float32')
    throw refuse(name, 'dtypes', policy);
}

/** TensorFlow.js makes the layer that goes backwards of the other one. */
function checkBackward({ name, layer: forward, backward_layer: backward }: Fields): void {
  const plain = (value: unknown) => {
    const { config } = value as KerasConfig;
    return JSON.stringify(without(config, 'name', 'go_backwards'));
  };
  const turns = (value: unknown) => (value as KerasConfig).config['go_backwards'];
  if (plain(forward) !== plain(backward) || turns(forward) === turns(backward))
    throw expected(
      who,
      `a backward layer of ${String(name)} like the forward one, for TensorFlow.js`,
      'another',
    );
}

function option(name: string, key: string, value: unknown): unknown {
  if (key in OTHER && OTHER[key] === value) throw refuse(name, key, value);
  if (key.endsWith('activation')) return activation(name, value);
  if (key.endsWith('_initializer')) return named(name, key, value, INITIALIZERS);
  if (key.endsWith('_constraint')) return named(name, key, value, CONSTRAINTS);
  if (key.endsWith('_regularizer')) return regularizer(name, key, value);
  if (key === 'layer') return forwardLayer(value as KerasConfig);
  if (key === 'cell') return layer(value as KerasConfig);
  if (key === 'cells') return (value as readonly KerasConfig[]).map(layer);
  return value;
}

/** Of a layer that goes forwards the name is that of both, and each adds how it goes; Bidirectional says itself what of masks is to be zero. */
function forwardLayer(given: KerasConfig): KerasConfig {
  const name = String(given.config['name']).replace(/^forward_/, '');
  return modelOrLayer({ ...given, config: { ...without(given.config, 'zero_output_for_mask'), name } });
}

function activation(name: string, value: unknown): string {
  // A registered function is an object.
  const given = isPlainObject(value) && value['class_name'] === 'function' ? value['config'] : value;
  const own = given === 'silu' ? 'swish' : given;
  if (typeof own !== 'string' || !ACTIVATIONS.includes(own)) throw refuse(name, 'activations', own);
  return own.replace('keras2>', '');
}

function named(name: string, key: string, value: unknown, classes: readonly string[]): unknown {
  if (value === null) return null;
  if (!isKerasConfig(value) || !classes.includes(value.class_name) || value.registered_name?.includes('>'))
    throw refuse(name, key, isKerasConfig(value) ? value.class_name : value);
  const { distribution } = value.config;
  const drawn = distribution === 'truncated_normal' && { distribution: 'normal' };
  if (distribution === 'untruncated_normal') throw refuse(name, key, distribution);
  return { class_name: value.class_name.replace('Lecun', 'LeCun'), config: { ...value.config, ...drawn } };
}

function regularizer(name: string, key: string, value: unknown): unknown {
  if (value === null) return null;
  if (!isKerasConfig(value) || !['L1', 'L2', 'L1L2'].includes(value.class_name))
    throw refuse(name, key, isKerasConfig(value) ? value.class_name : value);
  const { l1 = 0, l2 = 0 } = value.config;
  return { class_name: 'L1L2', config: { l1, l2 } };
}

type Reference = readonly [layer: string, call: number, output: number];
type Called = KerasConfig & { readonly name: string; readonly inbound_nodes: readonly unknown[] };

function graph(config: Fields): Fields {
  const layers = config['layers'] as readonly Called[];
  const models = new Set(
    layers
      .filter(({ class_name: kind }) => ['Functional', 'Sequential'].includes(kind))
      .map(({ name }) => name),
  );
  const sequences = new Set(
    layers.filter(({ class_name: kind }) => kind === 'Sequential').map(({ name }) => name),
  );
  // The first call of a model is the one that made it; Keras 3 counts it for outputs of those with a graph alone.
  const referred = ([name, call, output]: Reference): Reference => [
    name,
    models.has(name) ? call + 1 : call,
    output,
  ];
  const leaves = (value: unknown): Reference[] =>
    Array.isArray(value) && typeof value[0] === 'string'
      ? [value as unknown as Reference]
      : Object.values(value as object).flatMap(leaves);
  const inputs = (name: string, value: unknown): Reference[] => {
    if (isKerasConfig(value) && value.class_name === '__keras_tensor__')
      return [referred(value.config['keras_history'] as Reference)];
    if (Array.isArray(value)) return value.flatMap((item) => inputs(name, item));
    throw expected(who, `outputs of layers alone in calls of ${name}, for TensorFlow.js`, value);
  };
  return {
    name: config['name'],
    layers: layers.map((one) => {
      if (!('inbound_nodes' in one) || !('name' in one.config))
        throw expected(who, 'layers alone, for TensorFlow.js', one.class_name);
      const nodes = one.inbound_nodes.map((node) => {
        const { args, kwargs } = node as { args: unknown[]; kwargs: Fields };
        const { initial_state: states = [], ...others } = kwargs;
        const [other] = Object.keys(others);
        if (other !== undefined)
          throw expected(who, `calls of ${one.name} without ${other}, for TensorFlow.js`, others);
        return inputs(one.name, [args, states]).map((reference) => [...reference, {}]);
      });
      return { ...modelOrLayer(one), name: one.name, inbound_nodes: nodes };
    }),
    input_layers: leaves(config['input_layers']),
    output_layers: leaves(config['output_layers']).map(([name, call, output]) => [
      name,
      sequences.has(name) ? call + 1 : call,
      output,
    ]),
  };
}

/** A model's topology as Keras 2 writes it. */
export function fromTfjs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromTfjs);
  if (!isPlainObject(value)) return value;
  const made = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromTfjs(item)]));
  const { class_name: name, config } = made;
  if (typeof name !== 'string' || !isPlainObject(config)) return made;
  if (name.startsWith('LeCun')) return { ...made, class_name: name.replace('LeCun', 'Lecun') };
  // Files from before there was the other way to compute it do not say so.
  if (/^GRU(Cell)?$/.test(name)) return { ...made, config: { reset_after: false, ...config } };
  // The options of its cell are there twice.
  if (name === 'RNN')
    return {
      ...made,
      config: only(config, 'name', 'trainable', 'batch_input_shape', 'cell', ...LOOP.split(' ')),
    };
  return made;
}

const only = (fields: Fields, ...names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));

/** Losses and metrics that have another name in Keras 3. */
const MEASURES: Readonly<Record<string, string>> = {
  cosine: 'cosine_similarity',
  cosine_proximity: 'cosine_similarity',
  kullback_leibler_divergence: 'kl_divergence',
  logcosh: 'log_cosh',
};

/** What `compile` of TensorFlow.js was given, as that of Keras 2. */
export function compiledFromTfjs(training: Fields): Fields {
  const { optimizer_config: optimizer, loss, metrics, weighted_metrics: weighted, ...others } = training;
  const measures = (value: unknown): unknown => {
    if (typeof value === 'string') return MEASURES[value] ?? value;
    if (Array.isArray(value)) return value.map(measures);
    if (!isPlainObject(value) || isKerasConfig(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, measures(item)]));
  };
  return {
    ...others,
    ...(isKerasConfig(optimizer) && { optimizer: optimizerFromTfjs(optimizer) }),
    loss: measures(loss),
    metrics: measures(metrics),
    weighted_metrics: measures(weighted),
  };
}

function optimizerFromTfjs({ class_name: name, config }: KerasConfig): KerasConfig {
  const {
    lr,
    decay,
    use_nesterov: nesterov,
    ...rest
  } = Object.fromEntries(Object.entries(config).map(([key, value]) => [snakeCase(key), value]));
  // RMSProp calls the share of the mean square that a step keeps so.
  const isShare = name === 'RMSProp';
  if (!isShare && decay !== undefined && decay !== 0)
    throw expected('loadModel', `${name} without decay, which is no option in Keras 3`, decay);
  return {
    module: 'keras.optimizers',
    class_name: { Momentum: 'SGD', RMSProp: 'RMSprop' }[name] ?? name,
    config: {
      ...rest,
      ...(lr !== undefined && { learning_rate: lr }),
      ...(isShare && { rho: decay }),
      ...(nesterov !== undefined && { nesterov }),
    },
  };
}

// Functions of TensorFlow that models of Keras 2 call on outputs of layers, as the ops of Keras 3.
import { expected, isPlainObject } from '../base/checks.js';
import { type Fields, type KerasConfig, without } from './kerasTypes.js';
import type { Node } from './kerasCalls.js';

const CLASSES = ['SlicingOpLambda', 'TFOpLambda'];

/** Functions, each with the class of Keras 3 that does the same, by the module that this is in. */
const SAME = {
  numpy:
    'abs:Absolute add:Add ceil:Ceil cos:Cos equal:Equal exp:Exp floor:Floor floordiv:FloorDivide greater:Greater ' +
    'greater_equal:GreaterEqual less:Less less_equal:LessEqual log:Log log1p:Log1p logical_and:LogicalAnd logical_not:LogicalNot ' +
    'logical_or:LogicalOr matmul:Matmul maximum:Maximum minimum:Minimum multiply:Multiply negative:Negative not_equal:NotEqual ' +
    'pow:Power reciprocal:Reciprocal round:Round sign:Sign sin:Sin sqrt:Sqrt square:Square subtract:Subtract tan:Tan tanh:Tanh ' +
    'truediv:TrueDivide divide:TrueDivide ne:NotEqual eq:Equal',
  nn:
    'elu:Elu relu:Relu relu6:Relu6 selu:Selu sigmoid:Sigmoid silu:Silu softplus:Softplus ' +
    'softsign:Softsign',
  math: 'erf:Erf rsqrt:Rsqrt',
  core: 'stop_gradient:StopGradient',
} as const;

/** Functions with options, which may have other names in Keras 3. */
const WITH_OPTIONS: Readonly<Record<string, readonly [module: string, className: string, options: Fields]>> =
  {
    cast: ['core', 'Cast', { dtype: 'dtype' }],
    clip_by_value: ['numpy', 'Clip', { clip_value_min: 'x_min', clip_value_max: 'x_max' }],
    concat: ['numpy', 'Concatenate', { axis: 'axis' }],
    expand_dims: ['numpy', 'ExpandDims', { axis: 'axis' }],
    leaky_relu: ['nn', 'LeakyRelu', { alpha: 'negative_slope' }],
    log_softmax: ['nn', 'LogSoftmax', { axis: 'axis' }],
    reduce_max: ['numpy', 'Max', { axis: 'axis', keepdims: 'keepdims' }],
    reduce_mean: ['numpy', 'Mean', { axis: 'axis', keepdims: 'keepdims' }],
    reduce_min: ['numpy', 'Min', { axis: 'axis', keepdims: 'keepdims' }],
    reduce_prod: ['numpy', 'Prod', { axis: 'axis', keepdims: 'keepdims' }],
    reduce_std: ['numpy', 'Std', { axis: 'axis', keepdims: 'keepdims' }],
    reduce_sum: ['numpy', 'Sum', { axis: 'axis', keepdims: 'keepdims' }],
    reduce_variance: ['numpy', 'Var', { axis: 'axis', keepdims: 'keepdims' }],
    reshape: ['numpy', 'Reshape', { shape: 'newshape' }],
    softmax: ['nn', 'Softmax', { axis: 'axis' }],
    squeeze: ['numpy', 'Squeeze', { axis: 'axis' }],
    stack: ['numpy', 'Stack', { axis: 'axis' }],
    tile: ['numpy', 'Tile', { multiples: 'repeats' }],
    transpose: ['numpy', 'Transpose', { perm: 'axes' }],
  };

/** The second operand of a function. */
const SECOND = ['y', 'b'];

/** What a function is in Keras 3; undefined for one that is not here. */
function opOf(name: string): readonly [module: string, className: string, options: Fields] | undefined {
  if (Object.hasOwn(WITH_OPTIONS, name)) return WITH_OPTIONS[name];
  for (const [module, list] of Object.entries(SAME)) {
    const found = list.split(' ').find((pair) => pair.startsWith(`${name}:`));
    if (found !== undefined) return [module, found.slice(name.length + 1), {}];
  }
  return undefined;
}

/** Whether a layer stands for a function of TensorFlow. */
export const isFunction = ({ class_name: name }: KerasConfig): boolean => CLASSES.includes(name);

/**
 * The op of such a layer.
 *
 * @param node Its call, in the form of Keras 3.
 * @throws EngineError `ARGUMENT` for a function, or an argument of one, that is not here.
 */
export function functionFromKeras2(layer: KerasConfig, { args, kwargs }: Node) {
  const whole = String(layer.config['function']);
  const name = whole.split('.').at(-1)!;
  const made = (module: string, className: string, config: Fields, given: readonly unknown[]) => ({
    ...layer,
    module: `keras.src.ops.${module}`,
    class_name: className,
    config: { name: layer.config['name'], ...config },
    inbound_nodes: [{ args: given, kwargs: {} }],
  });
  if (name === 'getitem') return made('numpy', 'GetItem', {}, [withShape(layer, args[0]), placesOf(kwargs)]);
  const op = opOf(name);
  if (!op)
    throw expected(
      'fromConfig',
      `functions of TensorFlow that ops have, too, in ${String(layer.config['name'])}`,
      whole,
    );
  const [module, className, options] = op;
  const second = SECOND.filter((key) => key in kwargs).map((key) => kwargs[key]);
  const config: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(without(kwargs, 'name', ...SECOND))) {
    const own = options[key];
    if (typeof own === 'string') config[own] = value;
    else if (value !== null && value !== false)
      throw expected('fromConfig', `arguments of tf.${whole} that are here`, key);
  }
  return made(module, className, config, [...args, ...second]);
}

/** The places of x[…], as Keras 3 writes them. */
const placesOf = ({ slice_spec: spec }: Fields): unknown =>
  (Array.isArray(spec) ? (spec as unknown[]) : [spec]).map((item) =>
    isPlainObject(item) && 'start' in item ? { class_name: '__slice__', config: item } : item,
  );

/** An output of a layer with its shape, which only JSON has. */
function withShape(layer: KerasConfig, input: unknown) {
  const { config } = input as KerasConfig;
  const shape = layer.build_config?.['input_shape'];
  const spec = JSON.stringify(layer);
  if (!Array.isArray(shape) && spec.includes('__ellipsis__'))
    throw expected(
      'fromConfig',
      `slices without … in ${String(layer.config['name'])}, whose file has no shapes`,
      '…',
    );
  return { ...(input as KerasConfig), config: { ...config, shape: shape ?? [] } };
}

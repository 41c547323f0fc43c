// What a layers model of TensorFlow.js says of its training: what it was compiled with, and what its optimizer keeps.
import { expected, isPlainObject, mismatch } from '../base/checks.js';
import { itemAt, sizeOf } from '../base/list.js';
import { factoryName } from '../base/names.js';
import type { SavedValue } from '../core/savedValue.js';
import type { NumericArray } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import { lossOf } from '../losses/registry.js';
import { metricOf } from '../metrics/registry.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';
import { type Fields, type KerasConfig, isKerasConfig, without } from '../saving/kerasTypes.js';
import { writtenObject } from '../saving/serialization.js';
import type { TfjsTensor, TfjsWeights } from '../saving/tfjs.js';
import { Mismatches } from './mismatches.js';
import type { StoredModel } from './storedModel.js';

/** What TensorFlow.js calls the numbers that an optimizer keeps of a weight, in the order in which Keras writes them. */
const SLOTS: Readonly<Record<string, readonly string[]>> = {
  Adadelta: ['accum_grad', 'accum_var'],
  Adagrad: ['accumulator'],
  Adam: ['m', 'v'],
  RMSprop: ['rms', 'momentum', 'mg'],
  SGD: ['momentum'],
};
/** Optimizers whose numbers of one weight are next to each other; others have all of a kind. */
const BY_WEIGHT = ['Adadelta', 'Adam'];
const ITERATIONS = 'iter';

/** The slots that an optimizer has here. TensorFlow.js's RMSProp keeps a momentum where it is 0, too. */
function slotsOf(optimizer: BaseOptimizer): readonly string[] {
  const { momentum, centered } = optimizer.getConfig();
  const isThere = (slot: string) =>
    slot === 'mg' ? centered === true : slot !== 'momentum' || Boolean(momentum);
  return (SLOTS[optimizer.className] ?? []).filter(isThere);
}

/** The index of a slot among what Keras writes: by kind, then by weight. */
const slotIndex = (optimizer: BaseOptimizer, kind: number, kinds: number, weight: number, weights: number) =>
  BY_WEIGHT.includes(optimizer.className) ? weight * kinds + kind : kind * weights + weight;

/** Keras's momentum is the step that it makes, that of TensorFlow.js the sum of gradients. */
const scaleOf = ({ className, learningRate }: BaseOptimizer): number =>
  className === 'SGD' ? -learningRate : 1;

/** The optimizer's numbers; none where the file has none. Those that do not fit are left out with a warning. */
export function readTfjsOptimizer(
  who: string,
  path: string,
  weights: TfjsWeights,
  model: StoredModel,
): (readonly [SavedValue, NumericArray])[] {
  const { compiledOptimizer: optimizer, trainableWeights } = model;
  const names = weights.names(true);
  if (!optimizer || !(optimizer.className in SLOTS) || names.length === 0 || trainableWeights.length === 0)
    return [];
  // Before the first step there are no slots.
  if (names.every((name) => name === ITERATIONS) && weights.read(ITERATIONS).data[0] === 0) return [];
  optimizer.build(trainableWeights);
  const { values } = optimizer.savedState(trainableWeights);
  const [iterations, , ...kept] = values;
  // All slots of a kind are in the order of the weights; this finds them by the ends of their names.
  const kinds = slotsOf(optimizer).map((slot) => names.filter((name) => name.endsWith(`/${slot}`)));
  const count = trainableWeights.length;
  const order: string[] = [];
  kinds.forEach((list, kind) => {
    list.forEach((name, i) => (order[slotIndex(optimizer, kind, kinds.length, i, count)] = name));
  });
  const mismatches = new Mismatches();
  const isWhole = kinds.every((list) => list.length === count) && order.length === kept.length;
  if (!isWhole) mismatches.add(`${kinds.flat().length} arrays for the ${kept.length} of '${optimizer.name}'`);
  const fit =
    isWhole &&
    kept.every(({ shape }, i) =>
      mismatches.fits(weights.shape(itemAt(order, i)), `as '${order[i]}'`, shape, optimizer.name),
    );
  mismatches.check(who, path, true);
  if (!fit) return [];
  const scale = scaleOf(optimizer);
  const pairs = kept.map((value, i) => {
    const { data } = weights.read(itemAt(order, i));
    return [value, scale === 1 ? data : Float32Array.from(data, (n) => scale * n)] as const;
  });
  if (!names.includes(ITERATIONS) || iterations?.shape.length !== weights.shape(ITERATIONS)?.length)
    return pairs;
  return iterations ? [[iterations, weights.read(ITERATIONS).data] as const, ...pairs] : pairs;
}

/** What the optimizer of a compiled model keeps, as TensorFlow.js names it: the steps alone before the first. */
export function optimizerTensors(
  model: StoredModel,
  nameOf: (weight: Variable) => string,
): Promise<TfjsTensor>[] {
  const { compiledOptimizer: optimizer, trainableWeights } = model;
  const tensor = async (name: string, shape: readonly number[], read: () => Promise<NumericArray>) => ({
    name,
    array: { data: (await read()) as Float32Array | Int32Array, shape },
    isOfOptimizer: true,
  });
  if (!optimizer?.built || trainableWeights.length === 0)
    return [tensor(ITERATIONS, [], () => Promise.resolve(Int32Array.of(0)))];
  // Weights that were frozen have no slots yet.
  optimizer.build(trainableWeights);
  const [iterations, , ...kept] = optimizer.savedState(trainableWeights).values;
  const own = slotsOf(optimizer);
  const scale = scaleOf(optimizer);
  const written =
    optimizer.className === 'RMSprop' ? [...new Set([...own.slice(0, 1), 'momentum', ...own])] : own;
  const slots = written.flatMap((slot) =>
    trainableWeights.map((weight, i) => {
      const kind = own.indexOf(slot);
      const index = slotIndex(optimizer, kind, own.length, i, trainableWeights.length);
      const value = kind < 0 ? undefined : itemAt(kept, index);
      const read = async () => {
        if (!value) return new Float32Array(sizeOf(weight.shape));
        const data = await value.read();
        return scale === 1 ? data : Float32Array.from(data, (n) => n / scale);
      };
      return tensor(`${nameOf(weight)}/${slot}`, weight.shape, read);
    }),
  );
  const steps = async () => Int32Array.from((await iterations?.read()) ?? [0]);
  return [tensor(ITERATIONS, [], steps), ...slots];
}

/** The options of optimizers by their names in Keras: what TensorFlow.js calls them. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Adadelta: { learning_rate: 'learningRate', rho: 'rho', epsilon: 'epsilon' },
  Adagrad: { learning_rate: 'learningRate', initial_accumulator_value: 'initialAccumulatorValue' },
  Adam: { learning_rate: 'learningRate', beta_1: 'beta1', beta_2: 'beta2', epsilon: 'epsilon' },
  Momentum: { learning_rate: 'learningRate', momentum: 'momentum', nesterov: 'useNesterov' },
  RMSprop: {
    learning_rate: 'learningRate',
    rho: 'decay',
    momentum: 'momentum',
    epsilon: 'epsilon',
    centered: 'centered',
  },
  SGD: { learning_rate: 'learningRate' },
};
/** What other options say where TensorFlow.js does the same; besides null and false. */
const SAME: Readonly<Record<string, unknown>> = {
  ema_momentum: 0.99,
  epsilon: 1e-7,
  momentum: 0,
  weight_decay: 0,
};

const LOSSES: Readonly<Record<string, string>> = {
  BinaryCrossentropy: 'binary_crossentropy',
  CategoricalCrossentropy: 'categorical_crossentropy',
  CategoricalHinge: 'categorical_hinge',
  CosineSimilarity: 'cosine_proximity',
  Hinge: 'hinge',
  KLDivergence: 'kullback_leibler_divergence',
  LogCosh: 'logcosh',
  MeanAbsoluteError: 'mean_absolute_error',
  MeanAbsolutePercentageError: 'mean_absolute_percentage_error',
  MeanSquaredError: 'mean_squared_error',
  MeanSquaredLogarithmicError: 'mean_squared_logarithmic_error',
  Poisson: 'poisson',
  SparseCategoricalCrossentropy: 'sparse_categorical_crossentropy',
  SquaredHinge: 'squared_hinge',
};
const METRICS: Readonly<Record<string, string>> = {
  BinaryAccuracy: 'binary_accuracy',
  CategoricalAccuracy: 'categorical_accuracy',
  CategoricalCrossentropy: 'categorical_crossentropy',
  MeanAbsoluteError: 'mae',
  MeanAbsolutePercentageError: 'mape',
  MeanSquaredError: 'mse',
  SparseCategoricalCrossentropy: 'sparse_categorical_crossentropy',
};
/** Names of metrics that mean one or another by the shape of the output, there too. */
const BY_SHAPE = ['accuracy', 'acc', 'crossentropy', 'ce'];

/** What a model was compiled with, as TensorFlow.js writes it. @throws EngineError `ARGUMENT` for what it does not have. */
export function tfjsTraining(who: string, model: StoredModel): Fields {
  const { compile_config: compiled } = writtenObject(model);
  if (!compiled) throw mismatch(who, 'compile() before includeOptimizer', 'none', 'STATE');
  const { optimizer, loss, metrics, loss_weights: lossWeights, weighted_metrics: weighted } = compiled;
  if (lossWeights !== null || weighted !== null)
    throw expected(who, 'neither lossWeights nor weightedMetrics, for TensorFlow.js', {
      lossWeights,
      weighted,
    });
  return {
    loss: eachName(loss, (one) => measure(who, 'losses', LOSSES, lossOf, one)),
    metrics: eachName(metrics ?? [], (one) =>
      BY_SHAPE.includes(String(one)) ? one : measure(who, 'metrics', METRICS, metricOf, one),
    ),
    optimizer_config: optimizerConfig(who, optimizer as KerasConfig),
  };
}

/** The names of one, or of those in a list, or by the names of outputs. */
function eachName(value: unknown, nameOf: (one: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(nameOf);
  if (!isPlainObject(value) || isKerasConfig(value)) return nameOf(value);
  return Object.fromEntries(Object.entries(value).map(([output, one]) => [output, nameOf(one)]));
}

/** The name of a loss or metric without options. */
function measure(
  who: string,
  what: string,
  names: Readonly<Record<string, string>>,
  madeOf: (name: never) => Parameters<typeof writtenObject>[0],
  given: unknown,
): string {
  const refusal = () =>
    expected(who, `${what} that TensorFlow.js has (${Object.values(names).join(', ')})`, given);
  if (typeof given !== 'string' && !isKerasConfig(given)) throw refusal();
  const { class_name: className, config } =
    typeof given === 'string' ? writtenObject(madeOf(given as never)) : given;
  const name = names[className];
  if (name === undefined) throw refusal();
  const plain = (fields: Fields) => JSON.stringify(without(fields, 'name'));
  const usual = writtenObject(madeOf(factoryName(className) as never)).config;
  if (plain(config) !== plain(usual)) throw refusal();
  return name;
}

function optimizerConfig(who: string, { class_name: name, config }: KerasConfig): Fields {
  const kind = name === 'SGD' && Boolean(config['momentum']) ? 'Momentum' : name;
  const options = OPTIONS[kind];
  if (!options)
    throw expected(
      who,
      `an optimizer whose state TensorFlow.js saves (${Object.keys(SLOTS).join(', ')})`,
      name,
    );
  for (const [key, value] of Object.entries(without(config, 'name'))) {
    const isFit =
      key in options
        ? ['number', 'boolean'].includes(typeof value)
        : value === null || value === false || value === SAME[key];
    if (!isFit)
      throw expected(who, `options of ${name} that TensorFlow.js has`, `${key}: ${JSON.stringify(value)}`);
  }
  const own = Object.entries(options).map(([key, theirs]) => [theirs, config[key]]);
  return { class_name: kind === 'RMSprop' ? 'RMSProp' : kind, config: Object.fromEntries(own) as Fields };
}

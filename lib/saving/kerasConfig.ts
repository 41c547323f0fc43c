// Configurations as Python's Keras writes them in JSON, and this library's own, which have camelCase names: each made of the other. Neither
// side makes objects.
import { expected, isPlainObject, mismatch } from '../base/checks.js';
import { getRegisteredObject } from '../base/customObjects.js';
import {
  type Family,
  HARD_SIGMOID_OF_KERAS_2,
  kerasOption,
  optionOfKeras,
  ownOption,
  snakeCase,
} from '../base/kerasNames.js';
import { firstOf } from '../base/list.js';
import { camelCase } from '../base/names.js';
import { type ObjectConfig, Registry, isConfig } from '../base/registry.js';
import { fromKeras2 } from './keras2.js';
import { isOfCall } from './kerasCalls.js';
import { graphFromKeras, graphToKeras } from './kerasGraph.js';
import {
  type Fields,
  type KerasConfig,
  type KerasPolicy,
  POLICIES,
  type Translation,
  isKerasConfig,
  kerasPolicy,
  without,
} from './kerasTypes.js';

/** Where Keras's classes of each family are, those first that go before others of their name where nothing tells the family. */
const MODULES = {
  layer: 'keras.layers',
  initializer: 'keras.initializers',
  regularizer: 'keras.regularizers',
  constraint: 'keras.constraints',
  schedule: 'keras.optimizers.schedules',
  optimizer: 'keras.optimizers',
  loss: 'keras.losses',
  metric: 'keras.metrics',
} as const satisfies Partial<Record<Family, string>>;
const FAMILIES = Object.keys(MODULES) as (keyof typeof MODULES)[];

/** Options whose values are names of Keras's, written `channels_last` there and `channelsLast` here. */
const NAMES = new Set([
  'activation',
  'boundingBoxFormat',
  'classAggregation',
  'dataFormat',
  'distribution',
  'loss',
  'metrics',
  'mode',
  'outputMode',
  'recurrentActivation',
  'reduction',
  'standardize',
  'weightedMetrics',
]);

/** Options of which null says something; of others it says that nothing was given. */
const NULLS = new Set(['axis', 'mergeMode']);

/** What Keras writes where an option that is not here was not given, besides null and false. */
const NOT_GIVEN: Readonly<Record<string, unknown>> = {
  auto_scale_loss: true,
  autocast: true,
  data_format: 'channels_last',
  dtype: 'float32',
  ema_momentum: 0.99,
  implementation: 2,
  jit_compile: undefined,
  name: undefined,
  reduction: 'sum_over_batch_size',
  renorm_momentum: 0.99,
  steps_per_execution: 1,
  use_cudnn: 'auto',
};

/** Options that classes have here and not in Keras, with what says that they were not given. */
const OURS_ALONE: Readonly<Record<string, Fields>> = {
  Cropping1D: { dataFormat: 'channelsLast' },
  Discretization: { trainable: true },
  SpatialDropout1D: { dataFormat: 'channelsLast', trainable: true },
  SpatialDropout2D: { trainable: true },
  SpatialDropout3D: { trainable: true },
  UpSampling1D: { dataFormat: 'channelsLast' },
};

/** Options of which Keras writes [-f, f] where one number f was given, though it does not take numbers below 0. */
const ONE_NUMBER: Readonly<Record<string, readonly string[]>> = {
  RandomSaturation: ['factor'],
  RandomShear: ['xFactor', 'yFactor'],
};
const isOfOne = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && typeof value[1] === 'number' && value[0] === -value[1];

const lambdaOfPython = () =>
  mismatch(
    'fromConfig',
    'functions that are registered by name',
    "the code of one of Python's, which cannot run here: in Python give the Lambda a function that keras.saving.register_keras_serializable has named and save again, and here register a function of that name with saving.registerKerasSerializable",
  );

/** Keras's dtypes of inputs, and what holds their numbers here. */
const INPUT_DTYPES: Readonly<Record<string, string>> = {
  bool: 'bool',
  float32: 'float32',
  int8: 'int32',
  int16: 'int32',
  int32: 'int32',
  int64: 'int32',
  uint8: 'uint8',
  uint16: 'int32',
  uint32: 'int32',
};

const fromShape = (shape: readonly (number | null)[]) => shape.map((n) => n ?? -1);
const toShape = (shape: readonly number[]) => shape.map((n) => (n < 0 ? null : n));
const mapped = (fields: Fields, by: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, by(value)]));

/**
 * What a value of Keras's JSON is in this library's configurations.
 *
 * @throws EngineError `ARGUMENT` for a class of Keras that is not here, or an option of one.
 */
export function fromKeras(value: unknown, translation: Translation, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => fromKeras(item, translation, key));
  if (typeof value === 'string') {
    if (!NAMES.has(key) || value.includes('>')) return value;
    const isOld = translation.isKeras2 === true && value === 'hard_sigmoid';
    return isOld && !getRegisteredObject(value) ? HARD_SIGMOID_OF_KERAS_2 : camelCase(value);
  }
  if (!isPlainObject(value)) return value;
  if (!isKerasConfig(value)) return mapped(value, (item) => fromKeras(item, translation, key));
  const { class_name: name, config, registered_name: registered } = value;
  if (name === '__tensor__' || name === '__numpy__') return config['value'];
  if (name === 'SeedGenerator') return config['seed'];
  if (name === 'function') {
    const own = config as unknown as string;
    if (registered?.includes('>')) return registered;
    return value.module?.startsWith('keras.') ? camelCase(own) : own;
  }
  return objectFromKeras(value, translation, key);
}

/** {@link fromKeras} of an object, and the option that it is given for. */
export function objectFromKeras(written: KerasConfig, translation: Translation, key = ''): ObjectConfig {
  const given = fromKeras2(written);
  if (given.class_name === '__lambda__' || given.config['function_type'] === 'lambda') throw lambdaOfPython();
  if (given.class_name.startsWith('__'))
    throw expected('fromConfig', 'objects and functions that are registered by name', given.class_name);
  if (!isPlainObject(given.config))
    throw expected('fromConfig', `a config of ${given.class_name}`, given.config);
  const name = given.registered_name?.includes('>') ? given.registered_name : given.class_name;
  const custom = getRegisteredObject(name);
  const { config } = given;
  const build = given.build_config?.['input_shape'];
  const buildConfig = Array.isArray(build) && !Array.isArray(build[0]) && { inputShape: fromShape(build) };
  const made = (className: string, own: Record<string, unknown>): ObjectConfig => ({
    className,
    config: own,
    ...(buildConfig && !('layers' in config) && { buildConfig }),
  });
  if ('input_layers' in config) {
    const isOwn = custom !== undefined;
    return made(
      isOwn ? name : 'Model',
      graphFromKeras(config, (layer) => objectFromKeras(layer, translation)),
    );
  }
  if (name === 'Sequential') {
    ownDtype(config['dtype'], translation);
    const rest = without(config, 'build_input_shape', 'dtype');
    return made(name, { ...rest, layers: fromKeras(config['layers'], translation) });
  }
  if (name === 'InputLayer') return made(name, inputFromKeras(config));
  const known = (custom ?? Registry.of(familyOfKeras(given, key))?.classNamed(name)) as
    { optionNames?: object } | undefined;
  return made(name, optionsFromKeras(name, config, known?.optionNames, translation, custom !== undefined));
}

/** The family of a class: that of its module, else that of the option that it is given for, else the first that has one of its name. */
export function familyOfKeras({ module, class_name: name }: KerasConfig, key = ''): keyof typeof MODULES {
  // Backends have classes of theirs, as in keras.src.backend.torch.optimizers.torch_adam.
  const folders = (module ?? '').split('.');
  const named = FAMILIES.filter((one) => folders.includes(MODULES[one].split('.').at(-1)!));
  return named.length > 0 ? firstOf(named) : familyOf(name, key);
}

/**
 * Keras's options of a class in this library's names.
 *
 * @param optionNames All that the class takes; undefined of one that is not here.
 * @param isOwn Whether it is no class of the library: it tells by itself what it does not know.
 */
export function optionsFromKeras(
  who: string,
  config: Fields,
  optionNames: object | undefined,
  translation: Translation,
  isOwn = false,
): Record<string, unknown> {
  const options = Object.keys(optionNames ?? {});
  const own: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    const name = optionOfKeras(key, options);
    const isLayer = options.includes('autocast');
    if (key === 'dtype' && (isLayer || name === undefined || isKerasConfig(value))) {
      const dtype = ownDtype(value, translation);
      if (isLayer && dtype !== undefined) own[key] = dtype;
      continue;
    }
    if (name === undefined && optionNames !== undefined && !isOwn) {
      if (!isGiven(key, value)) continue;
      throw expected('fromConfig', `options of ${who} that are here (${options.join(', ')})`, key);
    }
    const ours = name ?? ownOption(key);
    if (value === null && !NULLS.has(ours)) continue;
    const given = ONE_NUMBER[who]?.includes(ours) && isOfOne(value) ? value[1] : value;
    own[ours] = fromKeras(given, translation, ours);
  }
  return own;
}

const isGiven = (key: string, value: unknown): boolean =>
  value !== null &&
  value !== false &&
  !(key in NOT_GIVEN && (NOT_GIVEN[key] === undefined || NOT_GIVEN[key] === value));

/** The dtype of a layer where it is not that of its model. */
function ownDtype(dtype: unknown, { policy }: Translation): string | undefined {
  if (dtype === null || dtype === undefined) return undefined;
  const name = isKerasConfig(dtype) ? dtype.config['name'] : dtype;
  if (typeof name !== 'string' || !Object.hasOwn(POLICIES, name))
    throw expected('fromConfig', `one of ${Object.keys(POLICIES).join(', ')} as dtype of layers`, name);
  return name === policy ? undefined : POLICIES[name as KerasPolicy];
}

/** The policy of a model in Keras's JSON: the mixed one where a layer has it. */
export function policyOfModel(value: unknown): KerasPolicy {
  const isMixed = (item: unknown): boolean =>
    Array.isArray(item)
      ? item.some(isMixed)
      : isPlainObject(item) &&
        Object.entries(item).some(
          ([key, within]) =>
            (within === 'mixed_bfloat16' && (key === 'dtype' || item['name'] === within)) || isMixed(within),
        );
  return isMixed(value) ? 'mixed_bfloat16' : 'float32';
}

function inputFromKeras(config: Fields): Record<string, unknown> {
  const { batch_shape: batchShape, shape, dtype, name, sparse, ragged } = config;
  if (sparse === true || ragged === true) throw expected('fromConfig', 'inputs that are dense', config);
  const sizes = (batchShape as (number | null)[] | undefined)?.slice(1) ?? (shape as (number | null)[]);
  const own = dtype === undefined || dtype === null ? 'float32' : INPUT_DTYPES[dtype as string];
  if (own === undefined)
    throw expected('fromConfig', `one of ${Object.keys(INPUT_DTYPES).join(', ')} as dtype of inputs`, dtype);
  const batchSize = (batchShape as (number | null)[] | undefined)?.[0] ?? undefined;
  return { name, shape: fromShape(sizes), ...(batchSize !== undefined && { batchSize }), dtype: own };
}

/**
 * What a value of this library's configurations is in Keras's JSON.
 *
 * @param key The option that it is given for.
 * @throws EngineError `ARGUMENT` for what Keras does not have.
 */
export function toKeras(value: unknown, translation: Translation, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => toKeras(item, translation, key));
  if (typeof value === 'string' && value.includes('>') && getRegisteredObject(value) !== undefined)
    return functionToKeras(value);
  if (typeof value === 'string') return NAMES.has(key) ? snakeCase(value) : value;
  if (isConfig(value)) return objectToKeras(value, translation, familyOf(value.className, key));
  if (!isPlainObject(value)) return value;
  return mapped(value, (item) => toKeras(item, translation, key));
}

const functionToKeras = (name: string) => ({
  module: 'builtins',
  class_name: 'function',
  config: name,
  registered_name: name,
});

/** {@link toKeras} of an object. */
export function objectToKeras(
  given: ObjectConfig,
  translation: Translation,
  family: Family = familyOf(given.className),
): KerasConfig {
  const { className, config, buildConfig } = given;
  const shape = buildConfig?.['inputShape'] as number[] | undefined;
  // Of several inputs each class has other names; calls build them.
  const build = typeof shape?.[0] === 'number' && { build_config: { input_shape: toShape(shape) } };
  const custom = className.includes('>') || getRegisteredObject(className) !== undefined;
  const made = (module: string | null, own: Fields, registered: string | null = null): KerasConfig => ({
    module,
    class_name: className.split('>').at(-1)!,
    config: fieldsOf(own),
    registered_name: custom ? className : registered,
    ...build,
  });
  if ('calls' in config) {
    const graph = graphToKeras(config, (layer) => objectToKeras(layer, translation));
    if (custom) return made(null, graph);
    return { ...made('keras.src.models.functional', graph, 'Functional'), class_name: 'Functional' };
  }
  const policy = policyToKeras(
    config['dtype'] === undefined ? translation.policy : kerasPolicy(config['dtype']),
  );
  if (className === 'Sequential') {
    const rest = without(config, 'dtypePolicy', 'dtype');
    return made('keras', { ...rest, dtype: policy, layers: toKeras(config['layers'], translation) });
  }
  if (className === 'InputLayer') return made(MODULES.layer, inputToKeras(config));
  const own = Object.entries(without(config, 'dtypePolicy', ...(family === 'layer' ? ['dtype'] : [])))
    .filter(([name, value]) => isOfKeras(className, name, value))
    .map(([name, value]) => [kerasOption(name), toKeras(value, translation, name)]);
  return made(custom ? null : MODULES[family as keyof typeof MODULES], {
    ...(Object.fromEntries(own) as Fields),
    ...(family === 'layer' && { dtype: policy }),
  });
}

/** @throws EngineError `ARGUMENT` for an option that Keras's class does not have, where it says something. */
function isOfKeras(className: string, name: string, value: unknown): boolean {
  // A layer that is in no model has no call: what was given stays in its options, which Keras refuses to read.
  if (isOfCall(className, name)) return value === true;
  // Keras takes no whole number here, and JSON.stringify writes no other zero.
  if (className === 'SGD' && name === 'momentum' && value === 0) return false;
  const alone = OURS_ALONE[className];
  if (alone === undefined || !Object.hasOwn(alone, name)) return true;
  if (alone[name] === value) return false;
  throw expected('toJSON', `options of ${className} that Keras has, too`, name);
}

/** Without what is undefined, which JSON does not have. */
const fieldsOf = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** The family that an option names, as `biasInitializer` and `weightedMetrics` do, else the first: losses go before metrics. */
function familyOf(className: string, key = ''): keyof typeof MODULES {
  if (className === 'OptimizerMap') return 'optimizer';
  const having = FAMILIES.filter((family) => Registry.of(family)?.classNamed(className) !== undefined);
  return having.find((family) => new RegExp(`${family}s?$`, 'i').test(key)) ?? having[0] ?? 'layer';
}

const policyToKeras = (name: KerasPolicy) => ({
  module: 'keras',
  class_name: 'DTypePolicy',
  config: { name },
  registered_name: null,
});

const inputToKeras = ({ name, shape, batchSize, dtype }: Fields): Fields => ({
  batch_shape: [batchSize ?? null, ...toShape(shape as number[])],
  dtype,
  sparse: false,
  ragged: false,
  name,
});

// Models in the HDF5 files of Keras 2, which Keras 3 still reads and writes (keras/src/legacy/saving/legacy_h5_format.py): configurations
// are attributes. layerWeights.ts has their weights.
import { isPlainObject } from '../base/checks.js';
import { fileError, reasonOf } from '../base/wholeFile.js';
import { lossOf } from '../losses/registry.js';
import { metricOf } from '../metrics/registry.js';
import type { SavedValue } from '../core/savedValue.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';
import { type Hdf5Group, type Hdf5Reader, hdf5Bytes } from '../saving/hdf5.js';
import { kerasText } from '../saving/kerasText.js';
import { serializeKerasObject, writtenObject } from '../saving/serialization.js';
import { compiledFromKeras2, isKeras2 } from '../saving/keras2.js';
import { isKerasConfig } from '../saving/kerasTypes.js';
import { WRITER, layerWeightGroups, namedArrays, textsOf } from './layerWeights.js';
import { Mismatches } from './mismatches.js';
import type { StoredModel } from './storedModel.js';
import { pairsAt } from './weightFiles.js';

/** The group of the optimizer's state. */
const OPTIMIZER = 'optimizer_weights';

/** The bytes of a file that has a model: its configuration, weights, what it was compiled with and its optimizer's state. */
export async function legacyBytes(who: string, path: string, model: StoredModel): Promise<Uint8Array> {
  const { class_name, config, compile_config: compiled } = writtenObject(model);
  const { optimizer, loss, metrics, weighted_metrics: weighted, ...others } = compiled ?? {};
  const training = {
    ...others,
    loss: eachNamed(loss, lossOf),
    metrics: eachNamed(metrics, metricOf),
    weighted_metrics: eachNamed(weighted, metricOf),
    optimizer_config: optimizer,
  };
  const attributes = {
    ...WRITER,
    model_config: kerasText({ class_name, config }),
    ...(compiled && { training_config: kerasText(training) }),
  };
  const [weights, slots] = await Promise.all([layerWeightGroups(model, true), optimizerGroups(model)]);
  return hdf5Bytes(who, path, [{ path: '', attributes, arrays: {} }, ...weights, ...slots]);
}

/** Names that mean one or another metric by the shape of the output. */
const BY_SHAPE = ['accuracy', 'acc', 'crossentropy', 'ce'];

/** Losses or metrics with objects for names: in these files Keras reads names of functions as classes, of which it then finds none. */
function eachNamed(value: unknown, objectOf: (name: never) => object): unknown {
  if (typeof value === 'string')
    return BY_SHAPE.includes(value) ? value : serializeKerasObject(objectOf(value as never));
  if (Array.isArray(value)) return value.map((item) => eachNamed(item, objectOf));
  if (!isPlainObject(value) || isKerasConfig(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, eachNamed(item, objectOf)]));
}

/** The group of the optimizer's state, where it has made steps. */
async function optimizerGroups({
  compiledOptimizer: optimizer,
  trainableWeights,
}: StoredModel): Promise<Hdf5Group[]> {
  if (!optimizer?.built || trainableWeights.length === 0) return [];
  // Weights that were frozen have no slots yet.
  optimizer.build(trainableWeights);
  const { values } = optimizer.savedState(trainableWeights);
  const named = values.map((value, i) => [`${optimizer.name}/${i}`, value] as const);
  return [{ path: OPTIMIZER, ...(await namedArrays(named)) }];
}

/** Gives the optimizer of a compiled model the state that a file has; as in Keras, one that does not fit is left out with a warning. */
export function readLegacyOptimizer(who: string, path: string, file: Hdf5Reader, model: StoredModel): void {
  const { compiledOptimizer: optimizer, trainableWeights } = model;
  const given = textsOf(who, path, file, OPTIMIZER, 'weight_names');
  if (!optimizer || given.length === 0 || trainableWeights.length === 0) return;
  optimizer.build(trainableWeights);
  const { values } = optimizer.savedState(trainableWeights);
  const { names, taken } = slotsOf(optimizer, given, values, trainableWeights.length);
  const mismatches = new Mismatches();
  if (names.length !== taken.length)
    mismatches.add(`${given.length} arrays for the ${values.length} of '${optimizer.name}'`);
  const places = taken.map((value, i) => [`${OPTIMIZER}/${names[i]}`, value] as const);
  const pairs = names.length === taken.length ? pairsAt(file, optimizer.name, places, mismatches) : [];
  mismatches.check(who, path, true);
  if (pairs.length === 0) return;
  for (const [value, { data }] of pairs) value.write(data);
  optimizer.restored();
}

/** Optimizers of which two slots of each weight are next to each other in files of Keras 3. */
const TWO_TOGETHER = ['Adadelta', 'Adam', 'AdamW', 'Adamax', 'Ftrl', 'Nadam'];

/** Which values of an optimizer take the arrays of these names, in the same order. Keras 2 wrote other ones than Keras 3. */
function slotsOf(
  { className }: BaseOptimizer,
  given: readonly string[],
  values: readonly SavedValue[],
  weights: number,
): { names: readonly string[]; taken: readonly SavedValue[] } {
  const [steps, ...others] = values;
  if (!steps || !given[0]?.endsWith(':0')) return { names: given, taken: values };
  // SGD of Keras 2 kept slots without a momentum, too.
  if (values.every(({ shape }) => shape.length === 0) && weights > 0)
    return { names: given.slice(0, 1), taken: [steps] };
  // What Nadam multiplies up follows from the steps, and the rate is in the configuration.
  const names = given.filter((name) => !name.endsWith('/momentum_cache:0'));
  const taken = names.length === values.length ? values : [steps, ...others.slice(1)];
  if (!given[0].endsWith('/iter:0')) return { names, taken };
  // Before version 2.11 all weights of a slot were next to each other.
  const rest = names.slice(1);
  const together = TWO_TOGETHER.includes(className) ? 2 * weights : 0;
  const woven = rest.slice(0, together).map((_, i) => rest[(i % 2) * weights + Math.floor(i / 2)]!);
  return { names: [...names.slice(0, 1), ...woven, ...rest.slice(together)], taken };
}

/** The configuration of a file's model in the form of Keras 3. @throws EngineError `IO` for a file that has none. */
export function legacyConfig(who: string, path: string, file: Hdf5Reader): unknown {
  const config = parsed(who, path, file, 'model_config');
  if (!isPlainObject(config))
    throw fileError(who, path, 'a model with its configuration', 'weights alone, for loadWeights');
  const training = parsed(who, path, file, 'training_config');
  const version = file.attribute('', 'keras_version');
  const model = { module: 'keras', ...config, keras_version: version };
  if (!isPlainObject(training)) return { ...model, compile_config: null };
  const { optimizer_config: optimizer, loss, metrics, weighted_metrics: weighted, ...others } = training;
  const given = (value: unknown, module: string) => eachWithModule(value, module, isKeras2(version));
  const compiled = {
    optimizer: given(optimizer, 'keras.optimizers'),
    loss: given(loss, 'keras.losses'),
    metrics: given(metrics, 'keras.metrics'),
    weighted_metrics: given(weighted, 'keras.metrics'),
  };
  return { ...model, compile_config: { ...others, ...compiled } };
}

function parsed(who: string, path: string, file: Hdf5Reader, name: string): unknown {
  const text = file.attribute('', name);
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fileError(who, path, `JSON in ${name}`, reasonOf(cause), cause);
  }
}

/** One, or those in lists and records, in the form of Keras 3: these files do not say in which module of Keras a class is. */
function eachWithModule(value: unknown, module: string, isOld: boolean): unknown {
  // Keras 2 wrote null in the list of an output without metrics.
  const filled = (list: unknown) => (Array.isArray(list) ? list.filter((item) => item !== null) : list);
  if (Array.isArray(value)) return value.map((item) => eachWithModule(filled(item), module, isOld));
  if (!isPlainObject(value)) return value;
  if (isKerasConfig(value)) {
    const named = { module, registered_name: null, ...value };
    return isOld ? compiledFromKeras2(named) : named;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, eachWithModule(item, module, isOld)]),
  );
}

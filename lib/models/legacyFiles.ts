// Models in the HDF5 files of Keras 2, which Keras 3 still reads and writes (keras/src/legacy/saving/legacy_h5_format.py): configurations
// are attributes. layerWeights.ts has their weights.
import { isPlainObject } from '../base/checks.js';
import { fileError, reasonOf } from '../base/wholeFile.js';
import type { SavedValue } from '../core/savedValue.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';
import type { Hdf5Reader } from '../saving/hdf5.js';
import { compiledFromKeras2 } from '../saving/keras2.js';
import { isKerasConfig } from '../saving/kerasTypes.js';
import { textsOf } from './layerWeights.js';
import { Mismatches } from './mismatches.js';
import type { StoredModel } from './storedModel.js';
import { pairsAt } from './weightFiles.js';

/** Gives the optimizer of a compiled model the state that a file has; as in Keras, one that does not fit is left out with a warning. */
export function readLegacyOptimizer(who: string, path: string, file: Hdf5Reader, model: StoredModel): void {
  const { compiledOptimizer: optimizer, trainableWeights } = model;
  const given = textsOf(who, path, file, 'optimizer_weights', 'weight_names');
  if (!optimizer || given.length === 0 || trainableWeights.length === 0) return;
  optimizer.build(trainableWeights);
  const { values } = optimizer.savedState(trainableWeights);
  const { names, taken } = slotsOf(optimizer, given, values, trainableWeights.length);
  const mismatches = new Mismatches();
  if (names.length !== taken.length)
    mismatches.add(`${given.length} arrays for the ${values.length} of '${optimizer.name}'`);
  const places = taken.map((value, i) => [`optimizer_weights/${names[i]}`, value] as const);
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
  const compiled = {
    optimizer: eachWithModule(optimizer, 'keras.optimizers'),
    loss: eachWithModule(loss, 'keras.losses'),
    metrics: eachWithModule(metrics, 'keras.metrics'),
    weighted_metrics: eachWithModule(weighted, 'keras.metrics'),
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
function eachWithModule(value: unknown, module: string): unknown {
  // Keras 2 wrote null in the list of an output without metrics.
  const filled = (list: unknown) => (Array.isArray(list) ? list.filter((item) => item !== null) : list);
  if (Array.isArray(value)) return value.map((item) => eachWithModule(filled(item), module));
  if (!isPlainObject(value)) return value;
  if (isKerasConfig(value)) return compiledFromKeras2({ module, registered_name: null, ...value });
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, eachWithModule(item, module)]),
  );
}

// Models in the HDF5 files of Keras 2, which Keras 3 still reads and writes (keras/src/legacy/saving/legacy_h5_format.py): configurations
// are attributes. layerWeights.ts has their weights.
import { isPlainObject } from '../base/checks.js';
import { fileError, reasonOf } from '../base/wholeFile.js';
import type { Hdf5Reader } from '../saving/hdf5.js';
import { textsOf } from './layerWeights.js';
import { Mismatches } from './mismatches.js';
import type { StoredModel } from './storedModel.js';
import { pairsAt } from './weightFiles.js';

/** Gives the optimizer of a compiled model the state that a file has; as in Keras, one that does not fit is left out with a warning. */
export function readLegacyOptimizer(who: string, path: string, file: Hdf5Reader, model: StoredModel): void {
  const { compiledOptimizer: optimizer, trainableWeights } = model;
  const names = textsOf(who, path, file, 'optimizer_weights', 'weight_names');
  if (!optimizer || names.length === 0 || trainableWeights.length === 0) return;
  optimizer.build(trainableWeights);
  const { values } = optimizer.savedState(trainableWeights);
  const mismatches = new Mismatches();
  if (names.length !== values.length)
    mismatches.add(`${names.length} arrays for the ${values.length} of '${optimizer.name}'`);
  const places = values.map((value, i) => [`optimizer_weights/${names[i]}`, value] as const);
  const pairs = names.length === values.length ? pairsAt(file, optimizer.name, places, mismatches) : [];
  mismatches.check(who, path, true);
  if (pairs.length === 0) return;
  for (const [value, { data }] of pairs) value.write(data);
  optimizer.restored();
}

/** The configuration of a file's model in the form of Keras 3. @throws EngineError `IO` for a file that has none. */
export function legacyConfig(who: string, path: string, file: Hdf5Reader): unknown {
  const config = parsed(who, path, file, 'model_config');
  if (!isPlainObject(config))
    throw fileError(who, path, 'a model with its configuration', 'weights alone, for loadWeights');
  const training = parsed(who, path, file, 'training_config');
  const model = modern(config) as Record<string, unknown>;
  if (!isPlainObject(training)) return { ...model, compile_config: null };
  const { optimizer_config: optimizer, loss, metrics, weighted_metrics: weighted, ...others } = training;
  const compiled = {
    optimizer: withModule(optimizer, 'keras.optimizers'),
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

/** These files do not say in which module of Keras a class is. */
const withModule = (value: unknown, module: string): unknown =>
  isPlainObject(value) && typeof value['class_name'] === 'string' && value['module'] === undefined
    ? { module, registered_name: null, ...value }
    : value;

/** The same for one, or those in lists and records. */
function eachWithModule(value: unknown, module: string): unknown {
  if (Array.isArray(value)) return value.map((item) => eachWithModule(item, module));
  if (!isPlainObject(value) || 'class_name' in value) return withModule(value, module);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, eachWithModule(item, module)]),
  );
}

/** A layer, and those within it. */
function modern(value: unknown): unknown {
  if (!isPlainObject(value) || !isPlainObject(value['config'])) return value;
  const { config } = value;
  const layers = Array.isArray(config['layers']) ? { layers: config['layers'].map(modern) } : {};
  const inner = isPlainObject(config['layer']) ? { layer: modern(config['layer']) } : {};
  const isModel = ['Sequential', 'Functional', 'Model'].includes(String(value['class_name']));
  const className = value['class_name'] === 'Model' ? 'Functional' : value['class_name'];
  return withModule(
    { ...value, class_name: className, config: { ...config, ...layers, ...inner } },
    isModel ? 'keras' : 'keras.layers',
  );
}

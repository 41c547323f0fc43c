// Whole models and their weights in files.
import { type OptionNames, expected, isPlainObject, knownOptions, oneOf } from '../base/checks.js';
import { type CustomObjects, withCustomObjects } from '../base/customObjects.js';
import { EngineError } from '../base/errors.js';
import { fileError, readJson, readWhole, reasonOf, writeWhole } from '../base/wholeFile.js';
import { Zip, zipParts } from '../base/zip.js';
import { withWeightLimit } from '../layers/weightLimit.js';
import { hdf5Bytes, readHdf5 } from '../saving/hdf5.js';
import { kerasText } from '../saving/kerasText.js';
import { isKerasConfig } from '../saving/kerasTypes.js';
import { madeObject, writtenObject } from '../saving/serialization.js';
import { access } from 'node:fs/promises';
import type { Model } from './model.js';
import { type LayerWeightsOptions, WRITER, layerWeightGroups, readLayerWeights } from './layerWeights.js';
import { legacyBytes, legacyConfig, readLegacyOptimizer } from './legacyFiles.js';
import { type NameMap, namedParts, readNamedWeights } from './namedWeights.js';
import type { OutputStructure } from './structure.js';
import type { StoredModel } from './storedModel.js';
import { fillFromTfjs, readTfjs, writeTfjs } from './tfjsFiles.js';
import { readTorchWeights, torchFile } from './torchWeights.js';
import { checkVersion, readWeights, weightBytes } from './weightFiles.js';

/** What `model.save` and `model.saveWeights` both take. */
export interface SaveOptions {
  /** Whether a file that is there is replaced. Default true. */
  overwrite?: boolean;
}

/** What `model.save` takes. */
export interface SaveModelOptions extends SaveOptions {
  /**
   * For a model.json of TensorFlow.js: whether what `compile` was given and the optimizer's state are written, too. Other files always have
   * them. Default false, as there.
   */
  includeOptimizer?: boolean;
}

/** How safetensors lay weights out: as here, or as PyTorch's modules do. */
export type WeightLayout = 'keras' | 'pytorch';

/** What `model.saveWeights` takes. */
export interface SaveWeightsOptions extends SaveOptions {
  /** For safetensors: `pytorch` for the names and axes of a state dict, as {@link LoadWeightsOptions.layout} has them. Default `keras`. */
  layout?: WeightLayout;
  /** For the layout `pytorch`: the names of modules by the names of layers, or a function of these. Default: the same. */
  nameMap?: NameMap;
  /** For the layout `pytorch`: see {@link LoadWeightsOptions.flattened}. */
  flattened?: Readonly<Record<string, readonly number[]>>;
}

/** What {@link loadModel} takes. */
export interface LoadModelOptions {
  /** Own classes and functions by the names that the file has for them. Default: those of the scope and registered ones. */
  customObjects?: CustomObjects;
  /** Whether the model is compiled as the saved one was, its optimizer going on. Default true. */
  compile?: boolean;
  /** Whether Lambda layers are refused. Code in a file never runs: without it they call functions of `customObjects`. Default true. */
  safeMode?: boolean;
}

/** What `model.loadWeights` takes. */
export interface LoadWeightsOptions {
  /**
   * For `.h5`, and the layout `pytorch`: whether layers get the weights of the layer with their name, others keep theirs. Default false: by
   * their order, or all of them.
   */
  byName?: boolean;
  /** Whether layers that the file does not fit are left out, with a warning. Default false. */
  skipMismatch?: boolean;
  /** For safetensors: the names that weights have in the file, by their names here, or a function of these. Default: the same. */
  nameMap?: NameMap;
  /**
   * For safetensors: `pytorch` reads the state dict of PyTorch's modules, with their names and axes. Names in `nameMap` are then those of
   * layers (`encoder/conv`) and modules (`encoder.0`); `lstm.*_l1` is the second layer of one that has several. Default `keras`.
   */
  layout?: WeightLayout;
  /**
   * For the layout `pytorch`: the shapes [height, width, channels] of images that are flattened before a layer, by the layer's name, where
   * the model's graph does not show them; one number where features have the same order there. Default: as the graph shows them.
   */
  flattened?: Readonly<Record<string, readonly number[]>>;
}

const saveNames = { overwrite: 'boolean' } satisfies OptionNames<SaveOptions>;
const saveModelNames = { ...saveNames, includeOptimizer: 'boolean' } satisfies OptionNames<SaveModelOptions>;
const layoutNames = { layout: 'optional', nameMap: 'optional', flattened: 'optional' } as const;
const saveWeightNames = { ...saveNames, ...layoutNames } satisfies OptionNames<SaveWeightsOptions>;
const loadNames = {
  customObjects: 'optional',
  compile: 'boolean',
  safeMode: 'boolean',
} satisfies OptionNames<LoadModelOptions>;
const weightNames = {
  byName: 'boolean',
  skipMismatch: 'boolean',
  ...layoutNames,
} satisfies OptionNames<LoadWeightsOptions>;

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';
const SAFETENSORS = '.safetensors';
/** The ending of TensorFlow.js's layers models. */
const TFJS = '.json';
/** Weights may be written in 16 bits, and some begin as zeros that a file packs well. */
const MOST_NUMBERS_PER_BYTE = 2;
const FREE_NUMBERS = 1 << 20;

const isKeras = (path: string) => path.endsWith('.keras');
/** Whether a file has the layout of Keras 2: weights by layers. */
const isByLayers = (path: unknown): boolean =>
  typeof path === 'string' && path.endsWith('.h5') && !path.endsWith('.weights.h5');

function checkPath(who: string, path: unknown, endings: readonly string[], more = ''): string {
  if (typeof path === 'string' && /^[a-z][a-z0-9+.-]+:\/\//i.test(path))
    throw expected(who, 'a path in the file system, no URL: download the files first', path);
  if (typeof path === 'string' && endings.some((ending) => path.endsWith(ending))) return path;
  throw expected(who, `a path that ends with ${endings.join(' or ')}${more}`, path);
}

/** @throws EngineError `IO` for a file that is there and may not be replaced. */
async function checkPlace(who: string, path: string, { overwrite = true }: SaveOptions): Promise<void> {
  const isThere = overwrite
    ? false
    : await access(path).then(
        () => true,
        () => false,
      );
  if (isThere) throw fileError(who, path, 'no file where overwrite is false', 'one');
}

async function write(
  who: string,
  path: string,
  options: SaveOptions,
  parts: () => Promise<readonly Uint8Array[]>,
): Promise<void> {
  await checkPlace(who, path, options);
  await writeWhole(who, path, await parts());
}

/** {@link StoredModel.save} */
export async function saveModel(
  model: StoredModel,
  path: string,
  options: SaveModelOptions = {},
): Promise<void> {
  const who = 'save';
  knownOptions(who, options, saveModelNames);
  const { includeOptimizer } = options;
  if (includeOptimizer !== undefined && !(typeof path === 'string' && path.endsWith(TFJS)))
    throw expected(who, `a path that ends with ${TFJS} where includeOptimizer is given`, path);
  if (isByLayers(path)) {
    await write(who, path, options, async () => [await legacyBytes(who, path, model)]);
    return;
  }
  checkPath(who, path, ['.keras', TFJS], ' or .h5, not .weights.h5');
  if (path.endsWith(TFJS)) {
    await checkPlace(who, path, options);
    await writeTfjs(who, path, model, includeOptimizer ?? false);
    return;
  }
  const text = (value: unknown) => new TextEncoder().encode(kerasText(value));
  await write(who, path, options, async () => {
    const config = text(writtenObject(model));
    const saved = new Date().toISOString().slice(0, 19).replace('T', '@');
    return zipParts(who, path, [
      { name: METADATA, bytes: text({ keras_version: WRITER.keras_version, date_saved: saved }) },
      { name: CONFIG, bytes: config },
      { name: WEIGHTS, bytes: await weightBytes(who, path, model) },
    ]);
  });
}

/** Checks the options that are for safetensors alone, and says whether the layout is PyTorch's. */
function isTorchLayout(
  who: string,
  path: string,
  { layout = 'keras', nameMap, flattened }: Pick<LoadWeightsOptions, keyof typeof layoutNames>,
): boolean {
  oneOf(who, 'layout', layout, ['keras', 'pytorch']);
  if (nameMap !== undefined && typeof nameMap !== 'function' && !isPlainObject(nameMap))
    throw expected(who, 'a record of names or a function as nameMap', nameMap);
  const isTorch = layout === 'pytorch';
  if (!path.endsWith(SAFETENSORS) && (isTorch || nameMap !== undefined))
    throw expected(
      who,
      `a file that ends with ${SAFETENSORS} where ${isTorch ? "layout is 'pytorch'" : 'nameMap is given'}`,
      path,
    );
  if (flattened === undefined) return isTorch;
  if (!isTorch) throw expected(who, "the layout 'pytorch' where flattened is given", layout);
  if (!isPlainObject(flattened))
    throw expected(who, 'a record of shapes by names of layers as flattened', flattened);
  return true;
}

/** {@link StoredModel.saveWeights} */
export async function saveWeights(
  model: StoredModel,
  path: string,
  options: SaveWeightsOptions = {},
): Promise<void> {
  const who = 'saveWeights';
  knownOptions(who, options, saveWeightNames);
  checkPath(who, path, ['.weights.h5', '.h5', SAFETENSORS]);
  const isTorch = isTorchLayout(who, path, options);
  if (options.nameMap !== undefined && !isTorch)
    throw expected(who, "the layout 'pytorch' where nameMap is given", options.layout ?? 'keras');
  await write(who, path, options, async () => {
    if (isTorch) return torchFile(who, model, options);
    if (path.endsWith(SAFETENSORS)) return namedParts(model);
    if (isByLayers(path)) return [await hdf5Bytes(who, path, await layerWeightGroups(model, false))];
    return [await weightBytes(who, path, model)];
  });
}

/** {@link StoredModel.loadWeights} */
export async function loadWeights(
  model: StoredModel,
  path: string,
  options: LoadWeightsOptions = {},
): Promise<void> {
  const who = 'loadWeights';
  knownOptions(who, options, weightNames);
  checkPath(who, path, ['.weights.h5', '.keras', '.h5', SAFETENSORS, TFJS]);
  const { byName = false, skipMismatch: skip = false, nameMap } = options;
  const isTorch = isTorchLayout(who, path, options);
  if (byName && !isTorch && !isByLayers(path))
    throw expected(
      who,
      "a file that ends with .h5, not .weights.h5, or the layout 'pytorch' where byName is true",
      path,
    );
  if (isTorch) {
    await readTorchWeights(who, path, model, { ...options, byName, skip });
    return;
  }
  if (path.endsWith(SAFETENSORS)) {
    await readNamedWeights(who, path, model, { skip, nameMap });
    return;
  }
  if (path.endsWith(TFJS)) {
    const { weights } = await readTfjs(who, path);
    fillFromTfjs(who, path, weights, model, skip);
    return;
  }
  const bytes = await readWhole(who, path);
  if (isByLayers(path)) {
    await loadLayerWeights(who, path, bytes, model, { byName, skip });
    return;
  }
  const weights = isKeras(path) ? new Zip(who, path, bytes).read(WEIGHTS) : bytes;
  await readHdf5(who, path, weights, (file) => {
    readWeights(who, path, file, model, skip);
  });
}

/** Gives a model the weights of a file's bytes, which has them by layers. */
export const loadLayerWeights = (
  who: string,
  path: string,
  bytes: Uint8Array,
  model: StoredModel,
  options: LayerWeightsOptions = { byName: false, skip: false },
): Promise<void> =>
  readHdf5(who, path, bytes, (file) => {
    readLayerWeights(who, path, file, model, options);
  });

/**
 * A model of a file that `model.save` here or in Keras has written: with its weights, compiled as it was, its optimizer where it had
 * come to. Code in the file never runs. https://keras.io/api/models/model_saving_apis/model_saving_and_loading/#load_model-function
 *
 * @param path A file that ends with `.keras`; or with `.h5`, the format of Keras 2 that Keras 3 writes, too; or the
 *   `model.json` of a layers model of TensorFlow.js.
 * @param options `customObjects`, `compile`, `safeMode`: see {@link LoadModelOptions}.
 * @throws EngineError `IO` for a file that cannot be read, was cut or changed, or is of another version; `ARGUMENT` for a class, op or
 *   option of Keras that is not here, and an unknown class; `STATE` where h5wasm is not installed.
 * @example
 *     await model.save(`${folder}/model.keras`);
 *     const again = await loadModel(`${folder}/model.keras`);
 *     await again.fit(x, y); // as model.fit would go on
 */
export async function loadModel(
  path: string,
  options: LoadModelOptions = {},
): Promise<Model<OutputStructure>> {
  const who = 'loadModel';
  knownOptions(who, options, loadNames);
  checkPath(who, path, ['.keras', '.h5', TFJS]);
  if (path.endsWith(TFJS)) return tfjsModel(who, path, options);
  const bytes = await readWhole(who, path);
  return isKeras(path) ? kerasModel(who, path, bytes, options) : legacyModel(who, path, bytes, options);
}

/** The model of a `.keras` file. */
async function kerasModel(
  who: string,
  path: string,
  bytes: Uint8Array,
  options: LoadModelOptions,
): Promise<Model<OutputStructure>> {
  const zip = new Zip(who, path, bytes);
  checkVersion(who, path, readJson(who, path, METADATA, zip.read(METADATA)));
  const config = readJson(who, path, CONFIG, zip.read(CONFIG));
  const weights = zip.read(WEIGHTS);
  const model = limitedModel(who, path, config, weights.length, options);
  return filled(model, () =>
    readHdf5(who, path, weights, (file) => {
      readWeights(who, path, file, model, false);
    }),
  );
}

/** The model of a model.json. */
async function tfjsModel(
  who: string,
  path: string,
  options: LoadModelOptions,
): Promise<Model<OutputStructure>> {
  const { config, weights } = await readTfjs(who, path);
  if (config === undefined)
    throw fileError(who, path, 'a model with its layers', 'weights alone, for loadWeights');
  const model = limitedModel(who, path, config, weights.count, options);
  return filled(model, () => {
    fillFromTfjs(who, path, weights, model, false);
  });
}

/** A model that something fills; it is freed where that fails. */
async function filled(
  model: Model<OutputStructure>,
  fill: () => Promise<void> | void,
): Promise<Model<OutputStructure>> {
  try {
    await fill();
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** A model without the weights, of as many numbers at most as a file of some bytes may have. */
function limitedModel(who: string, path: string, config: unknown, bytes: number, options: LoadModelOptions) {
  const limit = MOST_NUMBERS_PER_BYTE * bytes + FREE_NUMBERS;
  return withWeightLimit(limit, () => modelOf(who, path, config, options));
}

/** The model of an `.h5` file. */
const legacyModel = (
  who: string,
  path: string,
  bytes: Uint8Array,
  options: LoadModelOptions,
): Promise<Model<OutputStructure>> =>
  readHdf5(who, path, bytes, (file) => {
    const model = limitedModel(who, path, legacyConfig(who, path, file), bytes.length, options);
    return filled(model, () => {
      readLayerWeights(who, path, file, model, { byName: false, skip: false });
      readLegacyOptimizer(who, path, file, model);
    });
  });

function modelOf(
  who: string,
  path: string,
  config: unknown,
  { customObjects = {}, compile = true, safeMode = true }: LoadModelOptions,
): Model<OutputStructure> {
  if (!isKerasConfig(config)) throw fileError(who, path, "a model in Keras's JSON", 'something else');
  const given = compile ? config : { ...config, compile_config: null };
  try {
    if (safeMode) checkSafe(who, given);
    return withCustomObjects(who, customObjects, () => {
      const made = madeObject(given) as Model<OutputStructure>;
      if (!('compileFromConfig' in made)) throw fileError(who, path, 'a model', config.class_name);
      return made;
    });
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw fileError(who, path, 'a configuration as Keras writes it', reasonOf(cause), cause);
  }
}

/** @throws EngineError `ARGUMENT` where a configuration has a layer that calls a function. */
function checkSafe(who: string, config: unknown): void {
  const open: unknown[] = [config];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (isKerasConfig(value) && ['Lambda', '__lambda__'].includes(value.class_name))
      throw expected(who, 'no Lambda layers unless safeMode is false', value.class_name);
    if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) open.push(item);
  }
}

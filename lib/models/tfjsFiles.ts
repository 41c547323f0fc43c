// Layers models of TensorFlow.js: a model.json with the layers, and files next to it with the numbers, which have the names that
// TensorFlow.js gives weights.
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isPlainObject } from '../base/checks.js';
import { snakeCase } from '../base/kerasNames.js';
import { itemAt, lastOf } from '../base/list.js';
import { fileError, readJson, readWhole, writeWhole } from '../base/wholeFile.js';
import type { SavedValue } from '../core/savedValue.js';
import type { Variable } from '../core/variable.js';
import type { Layer } from '../layers/layer.js';
import { isKerasConfig } from '../saving/kerasTypes.js';
import { checkLevels, writtenObject } from '../saving/serialization.js';
import {
  type TfjsTensor,
  type TfjsWeights,
  isShardName,
  readTfjsWeights,
  tfjsWeights,
} from '../saving/tfjs.js';
import { compiledFromTfjs, fromTfjs, toTfjs } from '../saving/tfjsConfig.js';
import { Mismatches } from './mismatches.js';
import { savedGroups } from './savedGroups.js';
import type { StoredModel } from './storedModel.js';
import { optimizerTensors, readTfjsOptimizer, tfjsTraining } from './tfjsTraining.js';

const FORMAT = 'layers-model';
/** The version of TensorFlow.js whose format files have. */
const VERSION = 'tfjs-layers 4.22.0';

/** A value of a model, the layers that it is in, and its own name. */
interface LayerPath {
  readonly variable: Variable;
  readonly value: SavedValue;
  readonly layers: readonly Layer[];
  readonly name: string;
}

const pathsOf = (model: StoredModel): LayerPath[] =>
  savedGroups(model).flatMap(({ layers, values }) => {
    const layer = lastOf(layers);
    return values.map((value, i) => {
      const variable = itemAt(layer.ownWeights, i);
      const own = snakeCase(lastOf(variable.name.split('/')));
      const name = layer.className === 'DepthwiseConv2D' && own === 'kernel' ? 'depthwise_kernel' : own;
      return { variable, value, layers: layers.slice(1), name };
    });
  });

/** Layers whose weights have their name alone, not that of the layer within. */
const WHOLE = /^(ConvLSTM2D|GRU|LSTM|RNN|SimpleRNN|TimeDistributed)$/;

/** The name that TensorFlow.js gives a weight: models leave no trace in it, and of cells only those that are stacked. */
function tfjsName({ layers, name }: LayerPath): string {
  const own = layers.filter((layer) => !('compileFromConfig' in layer));
  const whole = own.findIndex(({ className }) => WHOLE.test(className));
  const path = (whole < 0 ? own : own.slice(0, whole + 1)).map((layer) => layer.name);
  const at = own.findIndex(({ className }) => className === 'StackedRNNCells');
  const cells = at < 0 ? undefined : (itemAt(own, at) as Layer & { cells: readonly Layer[] }).cells;
  if (cells) path.push(`RNNCell_${cells.indexOf(itemAt(own, at + 1))}`);
  return [...path, name].join('/');
}

/** The name without that of the innermost layer: TensorFlow's converter writes those of cells, too. */
function shortened(name: string): string {
  const parts = name.split('/');
  return [...parts.slice(0, -2), ...parts.slice(-1)].join('/');
}

/** What a model.json holds. */
export interface TfjsFile {
  /** The model in Keras's JSON; undefined where the file has weights alone. */
  readonly config: unknown;
  readonly weights: TfjsWeights;
}

/** Reads a model.json and the files that it names. @throws EngineError `IO`. */
export async function readTfjs(who: string, path: string): Promise<TfjsFile> {
  const file = readJson(who, path, 'the file', await readWhole(who, path));
  if (!isPlainObject(file)) throw fileError(who, path, 'a layers model of TensorFlow.js', 'something else');
  const { format = FORMAT, modelTopology: topology, weightsManifest: manifest, trainingConfig } = file;
  if (format !== FORMAT) throw fileError(who, path, `the format ${FORMAT}`, String(format));
  const weights = await readTfjsWeights(who, path, manifest);
  if (topology === undefined || topology === null) return { config: undefined, weights };
  const { keras_version: version = VERSION, model_config: inner } = isPlainObject(topology) ? topology : {};
  const config = inner ?? topology;
  checkLevels(who, config);
  if (!isKerasConfig(config)) throw fileError(who, path, "layers in Keras's form", 'something else');
  if (!/^(tfjs-layers [0-4]|[123])\./.test(String(version)))
    throw fileError(who, path, 'layers of TensorFlow.js 4 or Keras 3 at most', `those of ${String(version)}`);
  const compiled = trainingConfig ?? (isPlainObject(topology) ? topology['training_config'] : undefined);
  const keras = String(version).startsWith('tfjs') ? '2.0.0' : version;
  const given = fromTfjs({ module: 'keras', ...config, keras_version: keras }) as object;
  return {
    config: { ...given, compile_config: isPlainObject(compiled) ? compiledFromTfjs(compiled) : null },
    weights,
  };
}

/**
 * Gives a model the weights of a file, and its optimizer the state that the file has. Nothing changes unless all can be read.
 *
 * @param skip Whether weights that are missing or do not fit are left out, with a warning.
 */
export function fillFromTfjs(
  who: string,
  path: string,
  weights: TfjsWeights,
  model: StoredModel,
  skip: boolean,
): void {
  const mismatches = new Mismatches();
  const left = new Set(weights.names());
  const short = new Map([...left].map((name) => [shortened(name), name]));
  const found: [SavedValue, string][] = [];
  for (const place of pathsOf(model)) {
    const own = tfjsName(place);
    const name = left.has(own) ? own : (short.get(own) ?? own);
    const shape = left.delete(name) ? weights.shape(name) : undefined;
    if (mismatches.fits(shape, `as '${name}'`, place.value.shape, lastOf(place.layers).name))
      found.push([place.value, name]);
  }
  for (const name of left) mismatches.add(`'${name}' that no layer has`);
  mismatches.check(who, path, skip);
  const read = found.map(([value, name]) => [value, weights.read(name).data] as const);
  const state = readTfjsOptimizer(who, path, weights, model);
  for (const [value, data] of [...read, ...state]) value.write(data);
  if (state.length > 0) model.compiledOptimizer?.restored();
}

/**
 * Writes a model to model.json and files next to it, that with the layers last: it then names files that are whole.
 *
 * @param withOptimizer Whether what the model was compiled with is written, too, and what its optimizer keeps.
 */
export async function writeTfjs(
  who: string,
  path: string,
  model: StoredModel,
  withOptimizer: boolean,
): Promise<void> {
  const topology = toTfjs(writtenObject(model));
  const training = withOptimizer ? tfjsTraining(who, model) : undefined;
  const paths = pathsOf(model);
  const names = new Map(paths.map((path) => [path.variable, tfjsName(path)]));
  // All numbers are of one moment.
  const tensors = await Promise.all([
    ...paths.map(async (place): Promise<TfjsTensor> => ({
      name: tfjsName(place),
      array: { data: await place.value.read(), shape: place.value.shape },
    })),
    ...(withOptimizer ? optimizerTensors(model, (weight) => names.get(weight) ?? weight.name) : []),
  ]);
  const { manifest, shards } = tfjsWeights(tensors);
  const folder = dirname(path);
  const before = await shardsOf(who, path);
  for (const { name, bytes } of shards) await writeWhole(who, join(folder, name), [bytes]);
  const file = {
    format: FORMAT,
    generatedBy: 'nodegrad',
    convertedBy: null,
    modelTopology: { ...topology, keras_version: VERSION, backend: 'tensor_flow.js' },
    weightsManifest: manifest,
    ...(training && { trainingConfig: training }),
  };
  await writeWhole(who, path, [new TextEncoder().encode(JSON.stringify(file))]);
  const now = shards.map(({ name }) => name);
  for (const name of before.filter((old) => !now.includes(old)))
    await rm(join(folder, name), { force: true });
}

/** The files of numbers that the model there has, as this library names them. */
async function shardsOf(who: string, path: string): Promise<string[]> {
  try {
    const file = readJson(who, path, 'the file', await readWhole(who, path)) as {
      weightsManifest: { paths: string[] }[];
    };
    return file.weightsManifest.flatMap(({ paths }) => paths).filter(isShardName);
  } catch {
    return []; // there is none, or one of another kind
  }
}

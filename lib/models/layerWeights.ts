// The weights of models by their layers, as Keras 2 lays them out in HDF5 and Keras 3 still does for files that end with .h5.
import { expected } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { freeName } from '../base/names.js';
import { fileError } from '../base/wholeFile.js';
import { type SavedValue, savedVariable } from '../core/savedValue.js';
import type { NumericArray } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import type { Layer } from '../layers/layer.js';
import type { Hdf5Group, Hdf5Reader } from '../saving/hdf5.js';
import { Mismatches } from './mismatches.js';
import type { StoredModel } from './storedModel.js';

/** The group of the weights in a file that has the whole model. */
const WHOLE = 'model_weights';
/** The group of the weights that the model has added itself. */
const TOP = 'top_level_model_weights';
/** How many texts of a list an attribute takes: HDF5 keeps 16 bytes of each in a header of at most 64 KiB. */
const MOST_TEXTS = 4000;
/** What the files say about who wrote them: the version of Keras whose format they have, and that kernels are as in TensorFlow. */
export const WRITER = { keras_version: '3.15.1', backend: 'tensorflow' };

/** What takes weights: a layer of the model, or the model for its own. */
interface Taker {
  readonly name: string;
  readonly weights: readonly Variable[];
}

/** What the file has for a taker: paths of arrays. */
interface Holder {
  readonly name: string;
  readonly paths: readonly string[];
}

/** How {@link readLayerWeights} goes about it. */
export interface LayerWeightsOptions {
  /** Whether layers of the same name belong together, else those of the same place among the layers with weights. */
  readonly byName: boolean;
  /** Whether weights that do not fit are left out, with a warning. */
  readonly skip: boolean;
}

/** Gives a model the weights of a file. Nothing changes unless all can be read. */
export function readLayerWeights(
  who: string,
  path: string,
  file: Hdf5Reader,
  model: StoredModel,
  { byName, skip }: LayerWeightsOptions,
): void {
  const root = file.attribute('', 'layer_names') === undefined && file.keys(WHOLE).length > 0 ? WHOLE : '';
  const at = (group: string) => (root === '' ? group : `${root}/${group}`);
  const holder = (name: string): Holder => ({
    name,
    paths: textsOf(who, path, file, at(name), 'weight_names').map((weight) => `${at(name)}/${weight}`),
  });
  const holders = textsOf(who, path, file, root, 'layer_names').map(holder);
  if (holders.length === 0)
    throw fileError(who, path, 'weights by layers as Keras writes them', 'no layer_names');
  const takers = model.layers.map(takerOf);
  const pairs = byName
    ? holders.flatMap((held) =>
        takers.filter(({ name }) => name === held.name).map((taker) => [taker, held] as const),
      )
    : inOrder(path, who, takers, holders);
  const top = holder(TOP);
  if (top.paths.length > 0) pairs.push([{ name: model.name, weights: model.ownWeights }, top]);

  const mismatches = new Mismatches();
  const found = pairs.flatMap(([{ name, weights }, { name: theirs, paths }]) => {
    if (weights.length !== paths.length) {
      mismatches.add(`${paths.length} arrays of '${theirs}' for the ${weights.length} of '${name}'`);
      return [];
    }
    return weights
      .map((weight, i) => [weight, itemAt(paths, i)] as const)
      .filter(([weight, place]) => mismatches.fits(file.shape(place), `at ${place}`, weight.shape, name));
  });
  mismatches.check(who, path, skip);
  const read = found.map(([weight, place]): [Variable, NumericArray] => [weight, file.read(place).data]);
  for (const [weight, data] of read) weight.assign(data);
}

/** The groups of a model's weights in a file, which has the whole model or these alone. All numbers are of one moment. */
export async function layerWeightGroups(model: StoredModel, isWhole: boolean): Promise<Hdf5Group[]> {
  const root = isWhole ? WHOLE : '';
  const takers = [...model.layers.map(takerOf), { name: TOP, weights: model.ownWeights }];
  const groups = takers.map(async ({ name, weights }): Promise<Hdf5Group> => {
    const arrays = await namedArrays(weights.map((weight) => [weight.name, savedVariable(weight)] as const));
    return { path: isWhole ? `${root}/${name}` : name, ...arrays };
  });
  const names = takers.slice(0, -1).map(({ name }) => name);
  const attributes = { ...textAttributes('layer_names', names), ...WRITER };
  return [{ path: root, attributes, arrays: {} }, ...(await Promise.all(groups))];
}

/** Numbers by their names, of which two that are the same are told apart, and the list of the names. @internal */
export async function namedArrays(
  given: readonly (readonly [name: string, value: SavedValue])[],
): Promise<Pick<Hdf5Group, 'attributes' | 'arrays'>> {
  const taken = new Set<string>();
  const stored = given.map(async ([name, value]) => {
    const own = freeName(name, taken);
    taken.add(own);
    return [own, { data: await value.read(), shape: value.shape }] as const;
  });
  const arrays = Object.fromEntries(await Promise.all(stored));
  return { attributes: textAttributes('weight_names', [...taken]), arrays };
}

/** A list of texts as an attribute, or as several that {@link textsOf} reads. */
function textAttributes(name: string, texts: readonly string[]): Record<string, readonly string[]> {
  if (texts.length <= MOST_TEXTS) return { [name]: texts };
  const parts = Array.from({ length: Math.ceil(texts.length / MOST_TEXTS) }, (_, i) =>
    texts.slice(i * MOST_TEXTS, (i + 1) * MOST_TEXTS),
  );
  return Object.fromEntries(parts.map((part, i) => [`${name}${i}`, part]));
}

/** Keras 2's order: what is trained first. */
const takerOf = ({ name, trainableWeights, nonTrainableWeights }: Layer): Taker => ({
  name,
  weights: [...trainableWeights, ...nonTrainableWeights],
});

/** The layers that have weights with those of the file. @throws EngineError `ARGUMENT` where there are more or fewer. */
function inOrder(
  path: string,
  who: string,
  takers: readonly Taker[],
  holders: readonly Holder[],
): (readonly [Taker, Holder])[] {
  const own = takers.filter(({ weights }) => weights.length > 0);
  const theirs = holders.filter(({ paths }) => paths.length > 0);
  if (own.length !== theirs.length)
    throw expected(who, `${own.length} layers with weights in ${path} (or byName)`, theirs.length);
  return own.map((taker, i) => [taker, itemAt(theirs, i)]);
}

/** A list of texts that is an attribute, or where it is longer than HDF5 allows, several with numbered names. */
export function textsOf(who: string, path: string, file: Hdf5Reader, group: string, name: string): string[] {
  const whole = file.attribute(group, name);
  const parts: unknown[] = [];
  if (whole !== undefined) parts.push(whole);
  else
    for (let part = file.attribute(group, `${name}0`); part !== undefined;) {
      parts.push(part);
      part = file.attribute(group, `${name}${parts.length}`);
    }
  return parts.flatMap((part) => {
    // An empty list has numbers as its dtype, which h5wasm gives as null or an empty array.
    const isEmpty = part === null || (ArrayBuffer.isView(part) && part.byteLength === 0);
    const texts: unknown = isEmpty ? [] : part;
    if (Array.isArray(texts) && texts.every((text) => typeof text === 'string')) return texts;
    throw fileError(who, path, `texts as ${name} of ${group || 'the top'}`, 'something else');
  });
}

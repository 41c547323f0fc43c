// The numbers of models in HDF5, laid out as Keras 3 does it.
import { fileError } from '../base/wholeFile.js';
import type { SavedValue } from '../core/savedValue.js';
import { type Hdf5Group, type Hdf5Reader, hdf5Bytes } from '../saving/hdf5.js';
import type { StoredArray, StoredData } from '../saving/stored.js';
import { Mismatches } from './mismatches.js';
import { type SavedGroup, savedGroups } from './savedGroups.js';
import type { StoredModel } from './storedModel.js';

/** Where the numbers of a group are that Keras does not know. */
const MORE = 'more';

/** The groups of a model and of its optimizer, where that has made steps. */
export function groupsOf(model: StoredModel): SavedGroup[] {
  const { compiledOptimizer: optimizer, trainableWeights } = model;
  if (!optimizer?.built || trainableWeights.length === 0) return savedGroups(model);
  // Weights that were frozen have no slots yet.
  optimizer.build(trainableWeights);
  return savedGroups(model, optimizer, trainableWeights);
}

/** The bytes of a model's weights file. All numbers are of one moment. */
export async function weightBytes(who: string, path: string, model: StoredModel): Promise<Uint8Array> {
  const stored = async ([name, value]: readonly [string, SavedValue]) =>
    [name, { data: (await value.read()) as StoredData, shape: value.shape }] as const;
  const groups = await Promise.all(
    groupsOf(model).map(async (group): Promise<Hdf5Group[]> => {
      const [values, more] = await Promise.all([
        Promise.all(group.values.map((value, i) => stored([String(i), value]))),
        Promise.all(Object.entries(group.more).map(stored)),
      ]);
      const at = (name: string) => (group.path === '' ? name : `${group.path}/${name}`);
      return [
        { path: at('vars'), attributes: { name: group.name }, arrays: Object.fromEntries(values) },
        ...(more.length > 0 ? [{ path: at(MORE), arrays: Object.fromEntries(more) }] : []),
      ];
    }),
  );
  return hdf5Bytes(who, path, groups.flat());
}

/** Numbers of a file and what takes them. */
type Pair = readonly [value: SavedValue, stored: StoredArray];

/**
 * Gives a model the numbers of a file. Nothing changes unless all can be read.
 *
 * @param skip Whether groups that do not fit are left out, with a warning.
 */
export function readWeights(
  who: string,
  path: string,
  file: Hdf5Reader,
  model: StoredModel,
  skip: boolean,
): void {
  const mismatches = new Mismatches();
  const pairs = savedGroups(model).flatMap((group) => pairsOf(file, group, mismatches));
  mismatches.check(who, path, skip);
  const optimizer = readOptimizer(who, path, file, model);
  for (const [value, { data }] of [...pairs, ...optimizer]) value.write(data);
  if (optimizer.length > 0) model.compiledOptimizer?.restored();
}

/** The optimizer's numbers; none where the file has none. As in Keras, those that do not fit are left out with a warning. */
function readOptimizer(who: string, path: string, file: Hdf5Reader, model: StoredModel): Pair[] {
  const { compiledOptimizer: optimizer, trainableWeights } = model;
  if (!optimizer || trainableWeights.length === 0 || file.keys('optimizer/vars').length === 0) return [];
  optimizer.build(trainableWeights);
  const mismatches = new Mismatches();
  const groups = savedGroups(model, optimizer, trainableWeights).filter(({ layers }) => layers.length === 0);
  const pairs = groups.flatMap((group) => pairsOf(file, group, mismatches));
  mismatches.check(who, path, true);
  return pairs;
}

/** What a group finds in the file; nothing, and a mismatch, where counts or shapes differ. */
function pairsOf(file: Hdf5Reader, { path, name, values, more }: SavedGroup, mismatches: Mismatches): Pair[] {
  const at = (part: string) => (path === '' ? part : `${path}/${part}`);
  const count = file.keys(at('vars')).length;
  if (count !== values.length) {
    mismatches.add(`${count} arrays at ${path || 'the top'} for the ${values.length} of '${name}'`);
    return [];
  }
  const known = file.keys(at(MORE));
  const places: (readonly [string, SavedValue])[] = [
    ...values.map((value, i) => [at(`vars/${i}`), value] as const),
    ...Object.entries(more)
      .filter(([key]) => known.includes(key))
      .map(([key, value]) => [at(`${MORE}/${key}`), value] as const),
  ];
  return pairsAt(file, name, places, mismatches);
}

/** What values find at their places in the file; nothing, and a mismatch, where a shape differs. */
export function pairsAt(
  file: Hdf5Reader,
  name: string,
  places: readonly (readonly [place: string, value: SavedValue])[],
  mismatches: Mismatches,
): Pair[] {
  const fit = places.every(([place, { shape }]) =>
    mismatches.fits(file.shape(place), `at ${place}`, shape, name),
  );
  return fit ? places.map(([place, value]) => [value, file.read(place)]) : [];
}

/** @throws EngineError `IO` for a version after those that are known here. */
export function checkVersion(who: string, path: string, metadata: unknown): void {
  const version = (metadata as { keras_version?: unknown } | null)?.keras_version;
  const major = typeof version === 'string' ? Number(/^(\d+)\./.exec(version)?.[1]) : NaN;
  if (major !== 3) throw fileError(who, path, 'a file of Keras 3', `version ${String(version)}`);
}

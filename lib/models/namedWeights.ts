// The weights of models by the names of their layers, as safetensors have them.
import { itemAt, lastOf } from '../base/list.js';
import { freeName } from '../base/names.js';
import type { SavedValue } from '../core/savedValue.js';
import type { NumericArray } from '../core/tensor.js';
import { readSafetensors, safetensorsParts } from '../saving/safetensors.js';
import { Mismatches } from './mismatches.js';
import type { Layer } from '../layers/layer.js';
import { savedGroups } from './savedGroups.js';
import type { StoredModel } from './storedModel.js';

/** Layers whose cell has a name by its count in the process, which no configuration keeps. */
const WITH_CELL = /^(ConvLSTM[123]D|GRU|LSTM|SimpleRNN)$/;
const isNamed = (_: Layer, i: number, layers: readonly Layer[]): boolean =>
  !WITH_CELL.test(layers[i - 1]?.className ?? '');

/** The weights by name: those of the layers that they are in and their own, such as `encoder/dense_1/kernel`. */
function namedWeights(model: StoredModel): ReadonlyMap<string, SavedValue> {
  const named = new Map<string, SavedValue>();
  for (const { layers, values } of savedGroups(model)) {
    const path = layers
      .slice(1)
      .filter(isNamed)
      .map(({ name }) => name);
    const own = lastOf(layers).ownWeights;
    for (const [i, value] of values.entries()) {
      const wanted = [...path, itemAt(own, i).name.split('/').at(-1)].join('/');
      named.set(freeName(wanted, named), value);
    }
  }
  return named;
}

/** The parts of a file with a model's weights. */
export async function namedParts(model: StoredModel): Promise<Uint8Array[]> {
  const tensors = await Promise.all(
    [...namedWeights(model)].map(
      async ([name, value]) => [name, { data: await value.read(), shape: value.shape }] as const,
    ),
  );
  return safetensorsParts(tensors);
}

/** Which name in the file a weight has: a record by names here, or a function of them. */
export type NameMap = Readonly<Record<string, string>> | ((name: string) => string);

/**
 * Gives a model the weights of a file that have their names. Nothing changes unless all can be read.
 *
 * @param skip Whether those that are missing or do not fit are left out, with a warning.
 */
export const readNamedWeights = (
  who: string,
  path: string,
  model: StoredModel,
  { skip, nameMap = {} }: { skip: boolean; nameMap?: NameMap | undefined },
): Promise<void> =>
  readSafetensors(who, path, async (file) => {
    const mismatches = new Mismatches();
    const found: [SavedValue, string][] = [];
    for (const [name, value] of namedWeights(model)) {
      const theirs = typeof nameMap === 'function' ? nameMap(name) : (nameMap[name] ?? name);
      const fits = mismatches.fits(file.shape(theirs), `as '${theirs}'`, value.shape, name);
      if (fits) found.push([value, theirs]);
    }
    mismatches.check(who, path, skip);
    const read: [SavedValue, NumericArray][] = [];
    for (const [value, name] of found) read.push([value, (await file.read(name)).data]);
    for (const [value, data] of read) value.write(data);
  });

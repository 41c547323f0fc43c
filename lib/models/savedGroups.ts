// What files of models hold, group by group, at the paths that Keras 3 gives them (keras/src/saving/saving_lib.py).
import { isPlainObject } from '../base/checks.js';
import { countedNames } from '../base/names.js';
import { type SavedState, type SavedValue, savedVariable } from '../core/savedValue.js';
import type { Variable } from '../core/variable.js';
import { itemsOf } from '../layers/collect.js';
import { Layer } from '../layers/layer.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';

/** The numbers of a layer or an optimizer. */
export interface SavedGroup {
  /** Its path in files, such as `layers/dense_1`; '' for the model. */
  readonly path: string;
  /** The name of the layer or optimizer. */
  readonly name: string;
  /** The layers that it is in, itself last; none for an optimizer. */
  readonly layers: readonly Layer[];
  /** What Keras reads and writes, by place. */
  readonly values: readonly SavedValue[];
  /** What Keras does not know, by name. */
  readonly more: Readonly<Record<string, SavedValue>>;
}

/** The groups of a model's layers, each layer once, and of the optimizer that trains these weights. */
export function savedGroups(
  model: Layer,
  optimizer?: BaseOptimizer,
  trained: readonly Variable[] = [],
): SavedGroup[] {
  const groups: SavedGroup[] = [];
  const met = new Set<Layer>();
  const layer = (one: Layer, path: string, outer: readonly Layer[]): void => {
    if (met.has(one)) return;
    met.add(one);
    const layers = [...outer, one];
    groups.push({ path, name: one.name, layers, values: one.ownWeights.map(savedVariable), more: {} });
    for (const [name, value] of Object.entries(one.savedFields)) {
      if (value instanceof Layer) layer(value, join(path, name), layers);
      else if (isContainer(value)) container(value, join(path, name), layers, new Set());
    }
  };
  const container = (value: object, path: string, outer: readonly Layer[], seen: Set<unknown>): void => {
    if (seen.has(value)) return;
    seen.add(value);
    const next = countedNames();
    for (const item of itemsOf(value)) {
      if (item instanceof Layer) layer(item, join(path, next(snakeCaseOfClass(item))), outer);
      else if (isContainer(item)) container(item, join(path, next('container')), outer, seen);
    }
  };
  layer(model, '', []);
  if (optimizer) groups.push(...groupsOf(optimizer.name, optimizer.savedState(trained), 'optimizer'));
  return groups;
}

function groupsOf(name: string, { values, more = {}, within = {} }: SavedState, path: string): SavedGroup[] {
  const inner = Object.entries(within).flatMap(([attribute, state]) =>
    groupsOf(attribute, state, join(path, attribute)),
  );
  return [{ path, name, layers: [], values, more }, ...inner];
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

/** Classes that have another name in Keras's code. */
const IRREGULAR: Readonly<Record<string, string>> = {
  GroupQueryAttention: 'GroupedQueryAttention',
  Model: 'Functional',
};

/** Conv2DTranspose becomes conv2d_transpose, LSTM lstm, PReLU p_re_lu: Keras's rule. */
const snakeCaseOfClass = ({ className }: Layer): string =>
  (IRREGULAR[className] ?? className)
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

const isContainer = (value: unknown): value is object =>
  Array.isArray(value) || value instanceof Map || value instanceof Set || isPlainObject(value);

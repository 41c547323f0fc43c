// The weights of models in PyTorch's layout: state dicts as safetensors.
import { expected, mismatch } from '../base/checks.js';
import { itemAt, lastOf, sizeOf } from '../base/list.js';
import type { Variable } from '../core/variable.js';
import type { Layer } from '../layers/layer.js';
import { readSafetensors, safetensorsParts } from '../saving/safetensors.js';
import { Mismatches } from './mismatches.js';
import type { NameMap } from './namedWeights.js';
import { type SavedGroup, savedGroups } from './savedGroups.js';
import type { StoredModel } from './storedModel.js';
import { type TorchPart, type TorchParts, isTorchModule, same, torchParts } from './torchLayout.js';
import { type LayerOrders, type Order, channelsFirst, torchOrders } from './torchOrder.js';

/** What says how a model's layers and PyTorch's modules belong together. */
export interface TorchOptions {
  readonly nameMap?: NameMap | undefined;
  /** The shapes of the images whose features layers get flattened, by the names of the layers. */
  readonly flattened?: Readonly<Record<string, readonly number[]>> | undefined;
}

/** A layer that is a module of PyTorch's. */
interface Module {
  readonly layer: Layer;
  /** The names of the layers that it is in and its own, with slashes between them. */
  readonly path: string;
  /** What its tensors are called, with `*` for the name that PyTorch gives them. */
  readonly pattern: string;
  readonly parts: TorchParts;
}

/** Wrappers that PyTorch has none for: what they hold has their name. */
const WRAPPERS = ['TimeDistributed'];

/** A module before it is known what PyTorch has for it. */
type Found = Omit<Module, 'pattern' | 'parts'> & {
  readonly names: readonly string[];
  readonly groups: SavedGroup[];
};

/** The layers that have weights, those within one module together. */
function found(groups: readonly SavedGroup[]): Found[] {
  const modules = new Map<Layer, Found>();
  for (const group of groups) {
    if (group.values.length === 0) continue;
    const inner = group.layers.slice(1);
    const at = inner.findIndex(isTorchModule);
    const path = at < 0 ? inner : inner.slice(0, at + 1);
    const layer = path.at(-1) ?? itemAt(group.layers, 0);
    const names = path
      .filter((_, i) => !WRAPPERS.includes(path[i - 1]?.className ?? ''))
      .map(({ name }) => name);
    const module = modules.get(layer) ?? { layer, path: names.join('/'), names, groups: [] };
    module.groups.push(group);
    modules.set(layer, module);
  }
  return [...modules.values()];
}

/** What PyTorch has for each layer with weights. @throws EngineError `ARGUMENT` for names that no layer has. */
function modulesOf(who: string, model: StoredModel, options: TorchOptions): Module[] {
  const { nameMap = {}, flattened = {} } = options;
  const groups = savedGroups(model);
  const modules = found(groups);
  const within = modules.flatMap(({ names }) => names.map((_, i) => names.slice(0, i + 1).join('/')));
  const patternOf = (names: readonly string[]): string => {
    const path = names.join('/');
    const own: unknown = typeof nameMap === 'function' ? nameMap(path) : nameMap[path];
    if (typeof own === 'string') return own;
    if (own !== undefined || typeof nameMap === 'function')
      throw expected(who, `the name of a module as nameMap of '${path}'`, own);
    if (names.length === 0) return '';
    return [patternOf(names.slice(0, -1)), itemAt(names, names.length - 1)]
      .filter((part) => part !== '')
      .join('.');
  };
  const patterns = modules.map(({ names }) => patternOf(names));
  checkNames(who, 'nameMap', typeof nameMap === 'function' ? {} : nameMap, within);
  checkNames(
    who,
    'flattened',
    flattened,
    modules.map(({ path }) => path),
  );
  const ordersOf = knownOrders(who, model, groups, flattened);
  return modules.map((module, i) => {
    const given = torchParts(module.layer, ordersOf(module));
    const parts = typeof given === 'string' ? given : [...given, ...others(module, given)];
    return { layer: module.layer, path: module.path, pattern: itemAt(patterns, i), parts };
  });
}

function checkNames(who: string, option: string, record: object, names: readonly string[]): void {
  const other = Object.keys(record).find((name) => !names.includes(name));
  if (other !== undefined)
    throw expected(
      who,
      `names of layers with weights in ${option} (${names.filter(Boolean).join(', ')})`,
      other,
    );
}

/** The weights of a module that PyTorch has no other name for. */
const others = ({ layer, groups }: Found, parts: readonly TorchPart[]): TorchPart[] =>
  groups.flatMap(({ layers }) => {
    const owner = lastOf(layers);
    const path = layers.slice(layers.indexOf(layer) + 1).map(({ name }) => name);
    return owner.ownWeights
      .filter((weight) => parts.every((part) => part.weight !== weight))
      .map((weight) =>
        same(weight, [...path, weight.name.slice(weight.name.lastIndexOf('/') + 1)].join('.')),
      );
  });

/** The orders of the features that layers get: of images that were flattened, as the graph or `flattened` says. */
function knownOrders(
  who: string,
  model: StoredModel,
  groups: readonly SavedGroup[],
  flattened: Readonly<Record<string, readonly number[]>>,
): (module: Found) => LayerOrders {
  const orders = torchOrders(model);
  const met = [...orders.keys()];
  const flatten = groups
    .map(({ layers }) => lastOf(layers))
    .find((layer) => layer.className === 'Flatten' && !orders.has(layer));
  return ({ layer, path }) => {
    const { output, layout, ...known } = orders.get(layer) ?? { output: undefined, layout: undefined };
    const shape = flattened[path];
    const isOpen = met.length === 0 && flatten !== undefined && layer.className === 'Dense';
    const hidden = `the order of the features of '${path}' is not known, as '${flatten?.name}' is not in a graph`;
    const input: Order = 'input' in known ? known.input : isOpen ? hidden : undefined;
    if (shape !== undefined) return { input: flattenedOrder(who, layer, path, shape), output, layout };
    if (typeof input !== 'string') return { input, output, layout };
    const remedy = `flattened: { '${path}': [height, width, channels] }`;
    return {
      input: `${input} (say it in ${remedy}, or one number where PyTorch has the same order)`,
      output,
      layout,
    };
  };
}

function flattenedOrder(who: string, layer: Layer, path: string, shape: readonly number[]): Order {
  const features = layer.ownWeights[0]?.shape[0];
  const isShape =
    Array.isArray(shape) && shape.length > 0 && shape.every((n) => Number.isInteger(n) && n > 0);
  if (!isShape || sizeOf(shape) !== features)
    throw expected(who, `sizes whose product is ${features} as flattened of '${path}'`, shape);
  return channelsFirst(shape);
}

/** The name of a tensor of a module in a file. */
function fullName(pattern: string, tensor: string): string {
  if (!pattern.includes('*')) return pattern === '' ? tensor : `${pattern}.${tensor}`;
  const [, name = tensor, level = '', way = ''] = /^(.*?)(_l\d+)?(_reverse)?$/.exec(tensor) ?? [];
  return `${pattern.replace('*', () => name)}${level === '_l0' ? '' : level}${way}`;
}

/** Calls a function with the offset in the tensor of each number of a part, in the order in which the weight has them. */
function eachOffset({ axes, begin }: TorchPart, visit: (offset: number) => void): void {
  const go = (depth: number, offset: number): void => {
    const axis = axes[depth];
    if (!axis) {
      visit(offset);
      return;
    }
    const { size, stride, permutation } = axis;
    for (let i = 0; i < size; i++) go(depth + 1, offset + stride * (permutation?.[i] ?? i));
  };
  go(0, begin);
}

/** How {@link readTorchWeights} goes about it. */
export interface TorchReadOptions extends TorchOptions {
  /** Whether layers keep their weights that the file has none for, and tensors are left that no layer has. */
  readonly byName: boolean;
  /** Whether layers that do not fit are left out, with a warning. */
  readonly skip: boolean;
}

/** Gives a model the weights of a state dict. Nothing changes unless all can be read. */
export function readTorchWeights(
  who: string,
  path: string,
  model: StoredModel,
  { byName, skip, ...options }: TorchReadOptions,
): Promise<void> {
  const modules = modulesOf(who, model, options);
  return readSafetensors(who, path, async (file) => {
    const mismatches = new Mismatches();
    const left = new Set(file.names);
    const fitting = modules.flatMap(({ layer, path: name, pattern, parts }) => {
      const tensors =
        typeof parts === 'string'
          ? []
          : parts.flatMap((part) => part.tensors.map((tensor) => fullName(pattern, tensor)));
      if (byName && !file.names.some((stored) => tensors.includes(stored))) return [];
      if (layer.className === 'BatchNormalization') left.delete(fullName(pattern, 'num_batches_tracked'));
      for (const tensor of tensors) left.delete(tensor);
      if (typeof parts === 'string') {
        mismatches.add(parts);
        return [];
      }
      const fits = parts.flatMap(({ tensors: own, shape }) =>
        own.map((tensor) => {
          const stored = fullName(pattern, tensor);
          return mismatches.fits(file.shape(stored), `as '${stored}'`, shape, name);
        }),
      );
      return fits.every(Boolean) ? parts.map((part) => ({ part, pattern })) : [];
    });
    if (!byName) for (const name of left) mismatches.add(`'${name}' that no layer has`);
    mismatches.check(who, path, skip);
    const read = new Map<Variable, Float32Array>();
    for (const { part, pattern } of fitting) {
      const { weight, to, tensors } = part;
      const numbers = read.get(weight) ?? new Float32Array(sizeOf(weight.shape));
      read.set(weight, numbers);
      for (const tensor of tensors) {
        const { data } = await file.read(fullName(pattern, tensor));
        let at = to;
        eachOffset(part, (offset) => {
          numbers[at++]! += data[offset]!;
        });
      }
    }
    for (const [weight, numbers] of read) weight.assign(numbers);
  });
}

/** The parts of a file with a model's weights as a state dict. All numbers are of one moment. */
export async function torchFile(
  who: string,
  model: StoredModel,
  options: TorchOptions,
): Promise<Uint8Array[]> {
  const modules = modulesOf(who, model, options);
  const reason = modules.find(({ parts }) => typeof parts === 'string')?.parts;
  if (reason !== undefined) throw mismatch(who, 'layers that PyTorch has', reason as string);
  const parts = modules.flatMap(({ parts: own, pattern }) =>
    (own as readonly TorchPart[]).map((part) => ({
      part,
      names: part.tensors.map((name) => fullName(pattern, name)),
    })),
  );
  const values = await Promise.all(parts.map(({ part }) => part.weight.data()));
  const tensors = new Map<string, { data: Float32Array; shape: readonly number[]; filled: number }>();
  parts.forEach(({ part, names }, i) => {
    const from = itemAt(values, i);
    for (const name of names) {
      const tensor = tensors.get(name) ?? {
        data: new Float32Array(sizeOf(part.shape)),
        shape: part.shape,
        filled: 0,
      };
      tensors.set(name, tensor);
      tensor.filled += sizeOf(part.axes.map(({ size }) => size));
      if (tensor.filled > tensor.data.length)
        throw mismatch(who, 'one weight for each tensor', `several for '${name}'`);
      // Of two biases that are added there, the second is zeros.
      if (name !== names[0]) continue;
      let at = part.to;
      eachOffset(part, (offset) => {
        tensor.data[offset] = from[at++]!;
      });
    }
  });
  return safetensorsParts([...tensors]);
}

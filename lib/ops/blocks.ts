import {
  type OptionNames,
  expected,
  integer,
  isPlainObject,
  knownOptions,
  wrongShape,
} from '../base/checks.js';
import { itemAt, sizeOf } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';
import { compute } from './composed.js';
import { type Size, resized } from './resized.js';
import { transpose } from './shape.js';
import { type DataFormat, dataFormatOf } from './window.js';

/** An axis of a pattern: its parts, of which an axis is made. */
type Group = readonly string[];

const PATTERN = "a pattern such as 'b (h n) w -> b h (n w)'";

/** The groups of one side of a pattern. */
function groupsOf(side: string): Group[] {
  return Array.from(side.matchAll(/\(([^()]*)\)|\S+/g), ([whole, inside]) =>
    (inside ?? whole).split(/\s+/).filter((name) => name !== ''),
  );
}

function parsed(pattern: unknown): { from: Group[]; to: Group[] } {
  const wrong = expected('rearrange', PATTERN, pattern);
  if (typeof pattern !== 'string') throw wrong;
  const sides = pattern.split('->');
  const isSide = (side: string) => /^(\s*(\w+|\([\w\s]*\)))*\s*$/.test(side);
  if (sides.length !== 2 || !sides.every(isSide)) throw wrong;
  const [from, to] = sides.map(groupsOf) as [Group[], Group[]];
  const [names, others] = [from.flat(), to.flat()];
  const once = (list: readonly string[]) => new Set(list).size === list.length;
  if (
    !once(names) ||
    !once(others) ||
    names.length !== others.length ||
    !others.every((n) => names.includes(n))
  )
    throw expected('rearrange', 'a pattern with the same names on both sides, each once', pattern);
  return { from, to };
}

/** The size of each part of an axis; of one that is not given, what is left. */
function partsOf(group: Group, size: number, lengths: Readonly<Record<string, number>>): number[] {
  const known = group.map((name) => lengths[name]);
  const rest = known.reduce<number>((product, n) => product * (n ?? 1), 1);
  const open = known.filter((n) => n === undefined).length;
  const fits = size < 0 || (open === 0 ? rest === size : open === 1 && rest > 0 && size % rest === 0);
  if (open > 1 || !fits)
    throw expected('rearrange', `lengths for (${group.join(' ')}) that make ${size}`, lengths);
  return known.map((n) => n ?? (size < 0 ? -1 : size / rest));
}

/**
 * The axes in another order, cut into several and put together, as a pattern says (einops). https://keras.io/api/ops/
 *
 * @param pattern A name for each axis of x, or names in brackets for the parts of one; after `->` the same names for the result.
 * @param axesLengths Sizes by name: of an axis in parts all but one have to be known.
 * @throws EngineError `ARGUMENT` for other patterns and lengths; `SHAPE` where x has another rank.
 * @example ops.rearrange(ops.zeros([2, 4, 6, 3]), 'b (h h1) (w w1) c -> b h w (c h1 w1)', { h1: 2, w1: 2 });
 */
export const rearrange = op(
  'rearrange',
  <T extends Operand>(
    x: T,
    pattern: string,
    axesLengths: Readonly<Record<string, number>> = {},
  ): Outcome<T> => {
    const { from, to } = parsed(pattern);
    const { shape } = typeOf(x);
    const names = from.flat();
    if (!isPlainObject(axesLengths)) throw expected('rearrange', 'sizes by name', axesLengths);
    for (const [name, size] of Object.entries(axesLengths)) {
      if (!names.includes(name)) throw expected('rearrange', `sizes of ${names.join(', ')}`, name);
      integer('rearrange', name, size, 0);
    }
    if (shape.length !== from.length) throw wrongShape('rearrange', `a value of rank ${from.length}`, shape);
    return compute(x, (x) => rearranged(x, from, to, axesLengths));
  },
);

function rearranged(
  x: Sym,
  from: readonly Group[],
  to: readonly Group[],
  lengths: Readonly<Record<string, number>>,
): Sym {
  const { shape } = typeOf(x);
  const names = from.flat();
  const sizes: Size[] = from.flatMap((group, axis): readonly Size[] => {
    const size = itemAt(shape, axis);
    return group.length === 1 && size < 0 && lengths[group[0] ?? ''] === undefined
      ? [{ axis }]
      : partsOf(group, size, lengths);
  });
  const apart = resized(x, sizes);
  const order = to.flat().map((name) => names.indexOf(name));
  const moved = transpose(apart, order);
  const { shape: made } = typeOf(moved);
  let at = 0;
  const joined = to.map((group): Size => {
    const first = at;
    at += group.length;
    if (group.length === 1) return { axis: first };
    const parts = made.slice(first, at);
    return parts.some((n) => n < 0) ? -1 : sizeOf(parts);
  });
  return resized(moved, joined);
}

/** What `ops.depthToSpace` and `ops.spaceToDepth` take. */
export interface BlockOptions {
  /** The order of the axes. Default `channelsLast`. */
  dataFormat?: DataFormat;
}

const blockNames = { dataFormat: 'optional' } satisfies OptionNames<BlockOptions>;

const blocks = (name: string, last: string, first: string) =>
  op(name, <T extends Operand>(x: T, blockSize: number, options: BlockOptions = {}): Outcome<T> => {
    knownOptions(name, options, blockNames);
    const size = integer(name, 'blockSize', blockSize, 2);
    const format = dataFormatOf(name, options.dataFormat);
    const { shape } = typeOf(x);
    if (shape.length !== 4) throw wrongShape(name, 'pictures of rank 4', shape);
    const { from, to } = parsed(format === 'channelsLast' ? last : first);
    from.forEach((group, axis) => {
      const n = itemAt(shape, axis);
      const parts = size ** (group.length - 1);
      if (n >= 0 && n % parts !== 0)
        throw wrongShape(name, `a size along axis ${axis} that ${parts} divides`, shape);
    });
    return compute(x, (x) => rearranged(x, from, to, { i: size, j: size }));
  });

/**
 * The numbers of depth as blocks of pictures: [n, h, w, c · b²] becomes [n, h · b, w · b, c]. https://keras.io/api/ops/nn/
 *
 * @param blockSize How long the sides of a block are, b; 2 or more.
 * @param options `dataFormat`: default `channelsLast`. With `channelsFirst` a channel's block is together, as in PyTorch's pixel shuffle.
 * @throws EngineError `SHAPE` for another rank, or channels that b² does not divide; `ARGUMENT`.
 */
export const depthToSpace = blocks(
  'depthToSpace',
  'n h w (i j c) -> n (h i) (w j) c',
  'n (c i j) h w -> n c (h i) (w j)',
);
/**
 * Blocks of pictures as numbers of depth, the reverse of {@link depthToSpace}: [n, h · b, w · b, c] becomes [n, h, w, c · b²].
 * https://keras.io/api/ops/nn/
 *
 * @param blockSize How long the sides of a block are, b; 2 or more.
 * @param options `dataFormat`: default `channelsLast`.
 * @throws EngineError `SHAPE` for another rank, or sides that b does not divide; `ARGUMENT`.
 */
export const spaceToDepth = blocks(
  'spaceToDepth',
  'n (h i) (w j) c -> n h w (i j c)',
  'n c (h i) (w j) -> n (c i j) h w',
);

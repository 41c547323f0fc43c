import { expected } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';

/**
 * What becomes of the numbers of categories: `int` gives them as they are; `oneHot` a row for each, with a 1 at its place; `multiHot` a row
 * for each sample, the last axis, with a 1 for each category that is in it; `count` as `multiHot`, with how often.
 */
export type CategoryMode = 'int' | 'oneHot' | 'multiHot' | 'count';

/** A category that has no place in rows: what is masked. @internal */
export const DROPPED = -1;

/**
 * The shape of the rows: of `oneHot` with the categories as a new last axis, in place of one of size 1; else with the categories in place
 * of the last axis.
 */
function rowsShape(shape: readonly number[], mode: CategoryMode): readonly number[] {
  if (mode === 'oneHot') return shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
  return shape.slice(0, -1);
}

/** Numbers of categories in plain memory, as a mode says. @internal */
export function encoded(
  categories: Int32Array,
  shape: readonly number[],
  mode: CategoryMode,
  depth: number,
): NDArray {
  if (mode === 'int') return new NDArray(categories, shape);
  const outer = rowsShape(shape, mode);
  const rows = new Float32Array(sizeOf(outer) * depth);
  const length = mode === 'oneHot' ? 1 : (shape.at(-1) ?? 1);
  categories.forEach((category, i) => {
    if (category === DROPPED) return;
    const place = Math.floor(i / length) * depth + category;
    rows[place] = mode === 'count' ? rows[place]! + 1 : 1;
  });
  return new NDArray(rows, [...outer, depth]);
}

/** Numbers of categories, int32, as a mode says. @internal */
export function encodedSym(categories: Sym, mode: CategoryMode, depth: number, weights?: Sym): Sym {
  if (mode === 'int') return categories;
  const { shape } = categories;
  const squeezed = mode === 'oneHot' && shape.length > 1 && shape.at(-1) === 1;
  const rows = ops.oneHot(squeezed ? ops.squeeze(categories, -1) : categories, { depth });
  if (mode === 'oneHot' || shape.length === 0) return rows;
  if (mode === 'multiHot') return ops.max(rows, { axis: -2 });
  const weighted = weights ? ops.multiply(rows, ops.expandDims(weights, -1)) : rows;
  return ops.sum(weighted, { axis: -2 });
}

/** Boundaries in order, as a list of finite numbers. @internal */
export function boundariesOf(who: string, name: string, value: unknown): readonly number[] {
  const list: readonly unknown[] | undefined = Array.isArray(value) ? [...(value as unknown[])] : undefined;
  const ordered = list?.every(
    (n, i) => Number.isFinite(n) && (i === 0 || (n as number) >= (list[i - 1] as number)),
  );
  if (list && ordered) return list as number[];
  throw expected(who, `a list of finite numbers in order as ${name}`, value);
}

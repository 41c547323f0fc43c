import { expected, integer, mismatch, shapeOf, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { describe } from '../base/errors.js';
import type { Sides } from '../ops/window.js';
import { Sym } from '../core/sym.js';

/** Fails unless a parameter is an integer of at least 1, or another least one, or one for each of some spatial axes. @internal */
export function checkSides(layer: string, name: string, value: Sides, spatial: number, least = 1): void {
  const list: readonly unknown[] | undefined = Array.isArray(value)
    ? (value as readonly unknown[])
    : undefined;
  const wanted = `${['', 'one integer', 'one or two integers', 'one or three integers'][spatial]} for ${name}`;
  if (!list && typeof value !== 'number') throw expected(layer, wanted, value);
  if (list && list.length !== spatial) {
    throw mismatch(layer, wanted, `${list.length} of them`);
  }
  for (const n of list ?? [value]) integer(layer, name, n, least);
}

/** Fails unless the input has the rank that a layer works on. @internal */
export function checkRank(layer: string, shape: Shape, rank: number, form: string): void {
  if (shapeOf(layer, shape, 'unknown').length !== rank) {
    throw wrongShape(layer, `an input of rank ${rank} (${form})`, shape);
  }
}

/** How many places an axis of the input has. Fails unless there is such an axis and its size is known. @internal */
export function sizeOfAxis(layer: string, shape: Shape, axis: number): number {
  const size = Number.isInteger(axis) ? shapeOf(layer, shape, 'unknown').at(axis) : undefined;
  const inside = axis >= -shape.length && axis < shape.length;
  if (inside && size !== undefined && size >= 1) return size;
  throw wrongShape(layer, `an input with an axis ${describe(axis)} of known size`, shape);
}

/** Fails unless something is a symbolic value or a list of such, one at least. @internal */
export function checkSymbolic(who: string, where: string, given: unknown): void {
  const list: readonly unknown[] = Array.isArray(given) ? [...(given as unknown[])] : [given];
  if (list.length > 0 && list.every((item) => item instanceof Sym)) return;
  throw expected(who, `a symbolic value or a list of such ${where}`, given);
}

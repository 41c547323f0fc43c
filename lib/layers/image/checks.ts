import { expected, mismatch } from '../../base/checks.js';
import { EngineError } from '../../base/errors.js';

/** Fails unless a value is a list of two finite numbers; gives a copy. @internal */
export function pairOf(who: string, name: string, value: unknown): readonly [number, number] {
  const list = Array.isArray(value) ? [...(value as unknown[])] : [];
  if (list.length === 2 && list.every((n) => Number.isFinite(n))) return list as unknown as [number, number];
  throw expected(who, `a list of two numbers for ${name}`, value);
}

/** Between which numbers a layer draws: the least and the most, or one number f for -f and f. @inline */
export type Factor = number | readonly [least: number, most: number];

/** What numbers that layers draw from may be, both ends included unless said otherwise. @internal */
export interface Bounds {
  readonly least: number;
  readonly most: number;
  /** Whether `least` itself is not allowed. */
  readonly isOpen?: boolean;
}

/** Fails unless a value is a number within bounds, or a list of two such; gives it as it is. @internal */
export function factorOf(
  who: string,
  name: string,
  value: unknown,
  { least, most, isOpen = false }: Bounds,
): Factor {
  const list: readonly unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [value];
  const fits = (n: unknown) =>
    typeof n === 'number' && n <= most && (isOpen ? n > least : n >= least) && Number.isFinite(n);
  if (list.every(fits) && list.length === (Array.isArray(value) ? 2 : 1)) return value as Factor;
  const range = `${isOpen ? 'above' : 'from'} ${least} up to ${most}`;
  throw expected(who, `a number ${range}, or a list of two such, for ${name}`, value);
}

/** The two numbers between which a factor is drawn: for one number f, -f (or the least that is allowed) and f. @internal */
export function rangeOf(factor: Factor, least = -Infinity): [number, number] {
  if (typeof factor !== 'number') return factor[0] < factor[1] ? [...factor] : [factor[1], factor[0]];
  const size = Math.abs(factor);
  return [Math.max(-size, least), size];
}

/** {@link factorOf} as the two numbers between which it is drawn. @internal */
export const factorRange = (who: string, name: string, value: unknown, bounds: Bounds): [number, number] =>
  rangeOf(factorOf(who, name, value, bounds), bounds.least);

/** The error of a layer that cannot move boxes. @internal */
export const noBoxes = (who: string): EngineError =>
  mismatch(who, 'images without bounding boxes, which it cannot move', 'some');

/** A factor that is a probability or a share. @internal */
export const SHARE: Bounds = { least: 0, most: 1 };

/** The option `valueRange`, the least number first. @internal */
export const valueRangeOf = (who: string, given: unknown): readonly [number, number] =>
  rangeOf(pairOf(who, 'valueRange', given ?? [0, 255]));

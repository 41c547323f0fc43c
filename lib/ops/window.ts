import { expected, integer, oneOfAnyCase } from '../base/checks.js';
import type { Attrs } from '../engine/engine.js';
import { type ErrorCode } from '../base/errors.js';
import { type Operand, typeOf } from '../core/apply.js';

/**
 * One number for all spatial axes, or one for each, in their order: [length] of sequences, [height, width] of pictures, [depth, height,
 * width] of volumes.
 */
export type Sides = number | readonly number[];

/**
 * `valid`: none. `same`: as TensorFlow and Keras, so that the output is the input's size divided by the strides, rounded
 * up, with the odd row at the end. A number: that many on each side. Lists: [before, after] for each spatial axis, of pictures
 * [[top, bottom], [left, right]].
 */
export type Padding = 'valid' | 'same' | number | readonly (readonly [before: number, after: number])[];

/** `channelsLast`: images are [n, …, channels], `channelsFirst`: [n, channels, …], with 1 to 3 spatial axes. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

/** Fails unless a value names a data format, in any case of letters; gives the default for none. @internal */
export const dataFormatOf = (
  who: string,
  format: DataFormat | null | undefined,
  code?: ErrorCode,
): DataFormat =>
  oneOfAnyCase(who, 'dataFormat', format ?? 'channelsLast', ['channelsLast', 'channelsFirst'], code);

/** How many spatial axes an image has. 0 where it is none; the engine refuses that. @internal */
export const spatialOf = (x: Operand): number => Math.max(typeOf(x).shape.length - 2, 0);

/** @internal */
export const sidesOf = (value: Sides, spatial: number): readonly number[] =>
  typeof value === 'number' ? Array<number>(spatial).fill(value) : value;

/** Fails unless a value is one integer for all spatial axes, or one for each; gives one for each. @internal */
export function integerSides(
  op: string,
  name: string,
  value: Sides,
  spatial: number,
  least = 1,
): readonly number[] {
  const sides: unknown = sidesOf(value, spatial);
  if (!Array.isArray(sides) || sides.length !== spatial)
    throw expected(op, `a number or ${spatial} for ${name}`, value);
  return [...(sides as unknown[])].map((n) => integer(op, name, n, least));
}

/** The engine's attributes of a padding. @internal */
export function paddingAttrs(op: string, padding: Padding, spatial: number): Attrs {
  if (typeof padding === 'string') return { padding: padding.toLowerCase() };
  const list: unknown = typeof padding === 'number' ? sidesOf(padding, 2 * spatial) : padding;
  const pads = Array.isArray(list) ? (list as number[]).flat() : undefined;
  if (pads?.length !== 2 * spatial) {
    const wanted = `padding 'valid', 'same', a number or [before, after] for each of ${spatial} spatial axes`;
    throw expected(op, wanted, padding, 'ATTRIBUTE');
  }
  return { padding: 'explicit', pads };
}

/** What windows over images are given, for the engine; what is left out has the engine's default. @internal */
export function windowAttrs(
  op: string,
  x: Operand,
  { padding, dataFormat, ...sides }: { padding?: Padding; dataFormat?: DataFormat; [side: string]: unknown },
): Attrs {
  const spatial = spatialOf(x);
  const attrs: Record<string, Attrs[string]> = {};
  for (const [name, value] of Object.entries(sides)) {
    if (value != null) attrs[name] = sidesOf(value as Sides, spatial);
  }
  if (dataFormat !== undefined) attrs.dataFormat = dataFormatOf(op, dataFormat, 'ATTRIBUTE');
  return padding === undefined ? attrs : { ...attrs, ...paddingAttrs(op, padding, spatial) };
}

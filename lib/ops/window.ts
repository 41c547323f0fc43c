import { expected, oneOf } from '../base/checks.js';
import type { Attrs } from '../engine/engine.js';
import { type ErrorCode } from '../base/errors.js';

/** One number for both axes, or one for height and one for width. */
export type Pair = number | readonly [height: number, width: number];

/**
 * `valid`: none. `same`: as TensorFlow and Keras, so that the output is the input's size divided by the strides, rounded
 * up, with the odd row at the end. A number: that many on each side. Lists: [[top, bottom], [left, right]].
 */
export type Padding =
  | 'valid'
  | 'same'
  | number
  | readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];

/** Images are [n, height, width, channels] or [n, channels, height, width]. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

/** Fails unless a value names a data format. @internal */
export const dataFormatOf = (who: string, format: DataFormat | undefined, code?: ErrorCode): DataFormat =>
  oneOf(who, 'dataFormat', format ?? 'channelsLast', ['channelsLast', 'channelsFirst'], code);

/** @internal */
export const pair = (value: Pair): readonly number[] => (typeof value === 'number' ? [value, value] : value);

/** The engine's attributes of a padding. @internal */
export function paddingAttrs(op: string, padding: Padding): Attrs {
  if (typeof padding === 'string') return { padding };
  const pads = typeof padding === 'number' ? [padding, padding, padding, padding] : padding.flat();
  if (pads.length !== 4) {
    throw expected(
      op,
      "padding 'valid', 'same', a number or [[top, bottom], [left, right]]",
      padding,
      undefined,
      'ATTRIBUTE',
    );
  }
  return { padding: 'explicit', pads };
}

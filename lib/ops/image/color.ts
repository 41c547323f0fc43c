import { knownOptions, mismatch, wrongShape } from '../../base/checks.js';
import { asSym } from '../composed.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { NDArray } from '../../core/ndarray.js';
import { op } from '../../core/op.js';
import { atLeast } from '../../base/list.js';
import { add, divide, equal, greater, less, maximum, minimum, multiply, subtract, where } from '../binary.js';
import { sum } from '../reduce.js';
import { concatenate, slice } from '../slice.js';
import { toFloat32 } from '../toFloat32.js';
import { abs, cast, floor } from '../unary.js';
import { type ImageOptions, imageAxes, imageNames } from './images.js';
import type { Sym } from '../../core/sym.js';

/**
 * The brightness of colours, 0.2989 red + 0.587 green + 0.114 blue. https://keras.io/api/ops/image/
 *
 * @param images Of rank 3 (one) or 4 (a batch), with 3 channels; with 1 they stay as they are. Whole numbers are cut and keep their dtype.
 * @returns The images with 1 channel.
 * @throws EngineError `SHAPE`.
 */
export const rgbToGrayscale = op(
  'rgbToGrayscale',
  <X extends Operand>(images: X, options: ImageOptions = {}): Outcome<X> => {
    knownOptions('rgbToGrayscale', options, imageNames);
    const { channels, shape } = imageAxes('rgbToGrayscale', images, options.dataFormat);
    const { dtype } = typeOf(images);
    if (shape[channels] === 1) return cast(images, dtype);
    if (shape[channels] !== 3) throw wrongShape('rgbToGrayscale', '3 channels, or 1', shape);
    const weights = new NDArray(Float32Array.of(0.2989, 0.587, 0.114), alongChannels(shape, channels));
    const gray = sum(multiply(toFloat32(images), weights), {
      axis: channels,
      keepDims: true,
    });
    return (dtype === 'float32' ? gray : cast(gray, dtype)) as Outcome<X>;
  },
);

const alongChannels = (shape: readonly number[], channels: number) =>
  shape.slice(channels).map((_, i) => (i === 0 ? 3 : 1));

/** Fails unless the images are float32 with 3 channels; gives each of them, with an axis of size 1, and their axis. */
function channelsOf(op: string, images: Sym, { dataFormat }: ImageOptions) {
  const { channels, shape } = imageAxes(op, images, dataFormat);
  const { dtype } = typeOf(images);
  if (dtype !== 'float32') throw mismatch(op, 'float32 images', `${dtype}; use cast`, 'DTYPE');
  if (shape[channels] !== 3) throw wrongShape(op, '3 channels', shape);
  const part = (i: number): Sym =>
    slice(
      images,
      shape.map((_, axis) => (axis === channels ? i : 0)),
      shape.map((_, axis) => (axis === channels ? 1 : -1)),
    );
  return { parts: [part(0), part(1), part(2)], channels };
}

/** Numbers this small count as 0. */
const EPSILON = 2 ** -23;

/**
 * Colours as hue, saturation and value, each from 0 to 1. https://keras.io/api/ops/image/
 *
 * @param images float32 of rank 3 (one) or 4 (a batch), with 3 channels from 0 to 1.
 * @returns Of their shape.
 * @throws EngineError `SHAPE`, `DTYPE`.
 */
export const rgbToHsv = op(
  'rgbToHsv',
  <X extends Operand>(images: X, options: ImageOptions = {}): Outcome<X> => {
    knownOptions('rgbToHsv', options, imageNames);
    const { parts, channels } = channelsOf('rgbToHsv', asSym(images), options);
    const [r, g, b] = atLeast(
      parts.map((part): Sym => where(less(abs(part), EPSILON), 0, part)),
      3,
    );
    const value = maximum(maximum(r, g), b);
    const range = subtract(value, minimum(minimum(r, g), b));
    const bright = greater(value, 0);
    const colourful = greater(range, 0);
    const saturation = where(bright, divide(range, where(bright, value, 1)), 0);
    const norm = divide(1 / 6, where(colourful, range, 1));
    const sixths = (from: Sym, to: Sym, turn: number): Sym => add(multiply(norm, subtract(from, to)), turn);
    const rest = where(equal(value, g), sixths(b, r, 2 / 6), sixths(r, g, 4 / 6));
    const angle = where(equal(value, r), sixths(g, b, 0), rest);
    const hue = where(colourful, angle, 0);
    const turned = add(hue, cast(less(hue, 0), 'float32'));
    return concatenate([turned, saturation, value], { axis: channels }) as Outcome<X>;
  },
);

/**
 * Colours from hue, saturation and value: the inverse of {@link rgbToHsv}. https://keras.io/api/ops/image/
 *
 * @param images float32 of rank 3 (one) or 4 (a batch), with 3 channels from 0 to 1.
 * @returns Of their shape.
 * @throws EngineError `SHAPE`, `DTYPE`.
 */
export const hsvToRgb = op(
  'hsvToRgb',
  <X extends Operand>(images: X, options: ImageOptions = {}): Outcome<X> => {
    knownOptions('hsvToRgb', options, imageNames);
    const { parts, channels } = channelsOf('hsvToRgb', asSym(images), options);
    const [hue, saturation, value] = atLeast(parts, 3);
    const sixths = multiply(subtract(hue, floor(hue)), 6);
    const between = (x: Sym): Sym => minimum(maximum(x, 0), 1);
    const away = (from: number): Sym => abs(subtract(sixths, from));
    const shares = [
      between(subtract(away(3), 1)),
      between(subtract(2, away(2))),
      between(subtract(2, away(4))),
    ];
    const colours = shares.map((share): Sym =>
      multiply(value, add(subtract(1, saturation), multiply(saturation, share))),
    );
    return concatenate(colours, { axis: channels }) as Outcome<X>;
  },
);

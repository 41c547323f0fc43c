import { type OptionNames, atLeastZero, expected } from '../../base/checks.js';
import { defaultsOf, withDefaults } from '../../base/defaults.js';
import { NDArray } from '../../core/ndarray.js';
import type { Sym } from '../../core/sym.js';
import { knownSizes } from '../../ops/image/images.js';
import * as ops from '../../ops/index.js';
import { BaseImagePreprocessingLayer, type ImageLayerOptions } from './baseImage.js';
import { valueRangeOf } from './checks.js';
import { inRange } from './draws.js';

/** What `layers.contrastLimitedAdaptiveHistogramEqualization` takes. */
export interface ContrastLimitedAdaptiveHistogramEqualizationOptions extends ImageLayerOptions {
  /** The least and the largest number of a pixel. Default [0, 255]. */
  valueRange?: readonly [least: number, most: number];
  /** How much more frequent than on average a number counts at most; 0: no limit. Default 4. */
  clipLimit?: number;
  /** How many tiles an image is divided into, along its height and its width. Default [8, 8]. */
  tileGridSize?: readonly [rows: number, columns: number];
}

const BINS = 256;

const DEFAULTS = defaultsOf<ContrastLimitedAdaptiveHistogramEqualizationOptions>()({
  clipLimit: 4,
  tileGridSize: [8, 8],
});

/** Makes all numbers of tiles of images as frequent: made by `layers.contrastLimitedAdaptiveHistogramEqualization`, which says more. */
export class ContrastLimitedAdaptiveHistogramEqualization extends BaseImagePreprocessingLayer<object> {
  static override readonly optionNames = {
    ...BaseImagePreprocessingLayer.optionNames,
    valueRange: 'optional',
    clipLimit: 'optional',
    tileGridSize: 'optional',
  } satisfies OptionNames<ContrastLimitedAdaptiveHistogramEqualizationOptions>;
  readonly className = 'ContrastLimitedAdaptiveHistogramEqualization';
  /** The least and the largest number of a pixel. */
  readonly valueRange: readonly [number, number];
  /** How much more frequent than on average a number counts at most. */
  readonly clipLimit: number;
  /** How many tiles an image is divided into. */
  readonly tileGridSize: readonly [number, number];

  constructor(given: ContrastLimitedAdaptiveHistogramEqualizationOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'contrastLimitedAdaptiveHistogramEqualization';
    this.valueRange = valueRangeOf(who, options.valueRange);
    this.clipLimit = atLeastZero(who, 'clipLimit', options.clipLimit);
    this.tileGridSize = gridOf(who, options.tileGridSize);
  }

  /** @internal */
  override draw(): object {
    return {};
  }

  /** @internal */
  override rest(): object {
    return {};
  }

  protected override changeImages(images: Sym): Sym {
    const isLast = this.dataFormat === 'channelsLast';
    const planes = isLast ? ops.transpose(images, [0, 3, 1, 2]) : images;
    const made = inRange(
      this.#equalized(inRange(planes, this.valueRange, [0, 255])),
      [0, 255],
      this.valueRange,
    );
    return isLast ? ops.transpose(made, [0, 2, 3, 1]) : made;
  }

  /** [n, channels, height, width] of numbers from 0 to 255, to the same. */
  #equalized(planes: Sym): Sym {
    const [rows, columns] = this.tileGridSize;
    const [channels, height, width] = knownSizes(this.name, planes.shape, [1, 2, 3]);
    const [down, across] = [Math.ceil(height / rows), Math.ceil(width / columns)];
    const [allRows, allColumns] = [down * rows, across * columns];
    const whole = ops.pad(
      planes,
      [
        [0, 0],
        [0, 0],
        [0, allRows - height],
        [0, allColumns - width],
      ],
      { mode: 'symmetric' },
    );
    const pixels = ops.cast(ops.clip(whole, 0, 255), 'int32');
    const tiles = ops.transpose(ops.reshape(pixels, [-1, rows, down, columns, across]), [0, 1, 3, 2, 4]);
    const tables = this.#tables(ops.reshape(tiles, [-1, down * across]), down * across);
    // [planes, tiles · 256]: a pixel looks into the tables of the four tiles whose middles are around it.
    const flat = ops.reshape(tables, [-1, rows * columns * BINS]);
    const looked = ops.reshape(pixels, [-1, allRows * allColumns]);
    const [y, x] = [around(allRows, down, rows), around(allColumns, across, columns)];
    const parts = y.flatMap((row) =>
      x.map((column): Sym => {
        const offsets = Int32Array.from({ length: allRows * allColumns }, (_, i) => {
          const [r, c] = [Math.floor(i / allColumns), i % allColumns];
          return (row.tile[r]! * columns + column.tile[c]!) * BINS;
        });
        const shares = Float32Array.from(
          { length: allRows * allColumns },
          (_, i) => row.share[Math.floor(i / allColumns)]! * column.share[i % allColumns]!,
        );
        const at = ops.add(looked, new NDArray(offsets, [allRows * allColumns]));
        const found = ops.gather(flat, at, { axis: 1, batchDims: 1 });
        return ops.multiply(found, new NDArray(shares, [allRows * allColumns]));
      }),
    );
    const made = ops.reshape(
      parts.reduce((a, b) => ops.add(a, b)),
      [-1, channels, allRows, allColumns],
    );
    return ops.slice(made, [0, 0, 0, 0], [-1, -1, height, width]);
  }

  /** The new numbers of each tile, [tiles, pixels] to [tiles, 256]. */
  #tables(tiles: Sym, pixels: number): Sym {
    const counts = ops.cast(ops.bincount(tiles, { minLength: BINS }), 'float32');
    const limited = this.clipLimit > 0 ? limit(counts, (this.clipLimit * pixels) / BINS) : counts;
    const until = ops.cumsum(limited, { axis: 1 });
    const first = ops.min(until, { axis: 1, keepDims: true });
    const rest = ops.subtract(pixels, first);
    const steps = ops.multiply(ops.subtract(until, first), 255);
    return ops.clip(ops.divide(steps, ops.where(ops.equal(rest, 0), 1, rest)), 0, 255);
  }

  override getConfig() {
    const { valueRange, clipLimit, tileGridSize } = this;
    return { ...super.getConfig(), valueRange, clipLimit, tileGridSize };
  }
}

/** Counts cut off, and what was cut off spread over all. */
function limit(counts: Sym, most: number): Sym {
  const cut = ops.minimum(counts, most);
  const rest = ops.sum(ops.subtract(counts, cut), { axis: 1, keepDims: true });
  return ops.add(cut, ops.divide(rest, BINS));
}

/** The two tiles around each place along an axis, and the share of each. */
function around(length: number, size: number, tiles: number) {
  const places = Array.from({ length }, (_, i) => (i - size / 2) / size);
  const tile = (from: number) => places.map((at) => Math.min(Math.max(Math.floor(at) + from, 0), tiles - 1));
  const upper = places.map((at) => at - Math.floor(at));
  return [
    { tile: tile(0), share: upper.map((share) => 1 - share) },
    { tile: tile(1), share: upper },
  ];
}

function gridOf(who: string, given: unknown): readonly [number, number] {
  const list = Array.isArray(given) ? [...(given as unknown[])] : [];
  if (list.length === 2 && list.every((n) => Number.isSafeInteger(n) && (n as number) > 0))
    return list as unknown as [number, number];
  throw expected(who, 'a list of two positive integers for tileGridSize', given);
}

/**
 * Replaces the numbers of each channel of an image so that in each tile all are about as frequent, also where nothing trains, as in Keras;
 * between the middles of tiles the new numbers are mixed. [n, height, width, channels] of any dtype to float32 of that shape. No gradient
 * flows through it. Zuiderveld, Contrast limited adaptive histogram equalization, 1994.
 * https://keras.io/api/layers/preprocessing_layers/image_augmentation/contrast_limited_adaptive_histogram_equalization/
 *
 * @throws EngineError `ARGUMENT` for a negative limit and other wrong options; `SHAPE`, when applied, for what are no images of known size.
 * @example layers.contrastLimitedAdaptiveHistogramEqualization({ clipLimit: 2, tileGridSize: [4, 4] });
 */
export const contrastLimitedAdaptiveHistogramEqualization = (
  options: ContrastLimitedAdaptiveHistogramEqualizationOptions = {},
) => new ContrastLimitedAdaptiveHistogramEqualization(options);

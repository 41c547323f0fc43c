import { type OptionNames, expected, integer, mismatch, oneOf, positive } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { NDArray } from '../core/ndarray.js';
import type { Sym } from '../core/sym.js';
import type { ArrayData, Batches } from '../data/batches.js';
import { plainArrays } from '../data/plainArrays.js';
import * as ops from '../ops/index.js';
import { type CategoryMode, boundariesOf, encodedSym } from './categories.js';
import { type AdaptOptions, stepsOf } from './indexLookup.js';
import { Layer, type LayerOptions } from './layer.js';
import { Quantiles } from './quantiles.js';

/** What `layers.discretization` takes: `binBoundaries`, or `numBins` for `adapt`. */
export interface DiscretizationOptions extends LayerOptions {
  /** The boundaries between bins, in order. A number that is one of them is in the bin above. */
  binBoundaries?: readonly number[] | null;
  /** How many bins `adapt` makes, each with the same share of the numbers. */
  numBins?: number | null;
  /** How far off the shares may be that `adapt` makes: the smaller, the more memory. Default 0.01. */
  epsilon?: number;
  /** What comes out. Default `int`. */
  outputMode?: CategoryMode;
}

const DEFAULTS = defaultsOf<DiscretizationOptions>()({ epsilon: 0.01, outputMode: 'int' });

/** Bins for numbers: made by `layers.discretization`, which says more. */
export class Discretization extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    binBoundaries: 'optional',
    numBins: 'optional',
    epsilon: 'optional',
    outputMode: 'optional',
  } satisfies OptionNames<DiscretizationOptions>;
  readonly className = 'Discretization';
  /** How many bins `adapt` makes. */
  readonly numBins: number | undefined;
  /** How far off their shares may be. */
  readonly epsilon: number;
  /** What comes out. */
  readonly outputMode: CategoryMode;
  #boundaries: readonly number[] | undefined;

  constructor(given: DiscretizationOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = 'discretization';
    const { binBoundaries, numBins, epsilon, outputMode } = options;
    this.#boundaries = binBoundaries == null ? undefined : boundariesOf(who, 'binBoundaries', binBoundaries);
    this.numBins = numBins == null ? undefined : integer(who, 'numBins', numBins);
    this.epsilon = positive(who, 'epsilon', epsilon);
    this.outputMode = oneOf(who, 'outputMode', outputMode, ['int', 'oneHot', 'multiHot', 'count']);
    if (this.#boundaries === undefined && this.numBins === undefined)
      throw mismatch(who, 'the option numBins', 'none and no binBoundaries');
  }

  /** The boundaries between bins: those given, or those that `adapt` found last. */
  get binBoundaries(): readonly number[] | undefined {
    return this.#boundaries;
  }

  /**
   * Finds boundaries between `numBins` bins that have the same share of the numbers each.
   *
   * @param data Numbers of any shape, or batches of such; of batches with targets the first.
   * @throws EngineError `STATE` without `numBins`; `ARGUMENT` for data without numbers or with NaN.
   */
  async adapt(data: ArrayData | Batches, options: AdaptOptions = {}): Promise<void> {
    const steps = stepsOf(options);
    if (this.numBins === undefined) throw mismatch(this.name, 'numBins for adapt', 'binBoundaries', 'STATE');
    const quantiles = new Quantiles(this.epsilon);
    let step = 0;
    for await (const { data: numbers } of plainArrays(this.name, data)) {
      if (Array.from(numbers).some(Number.isNaN)) throw expected(this.name, 'numbers', NaN);
      quantiles.add(numbers);
      if (++step >= steps) break;
    }
    if (quantiles.isEmpty) throw expected(this.name, 'data with numbers', data);
    this.#boundaries = quantiles.boundaries(this.numBins);
    this.callsChanged();
  }

  call(x: Sym): Sym {
    const boundaries = this.#boundaries;
    if (!boundaries) throw mismatch(this.name, 'boundaries', 'none: call adapt first', 'STATE');
    const numbers = x.dtype === 'float32' ? x : ops.cast(x, 'float32');
    const bins = ops.digitize(numbers, new NDArray(Float32Array.from(boundaries), [boundaries.length]));
    return encodedSym(bins, this.outputMode, boundaries.length + 1);
  }

  override getConfig() {
    const { numBins, binBoundaries, epsilon, outputMode } = this;
    return { ...super.getConfig(), numBins, binBoundaries, epsilon, outputMode };
  }
}

/**
 * Puts numbers into bins: of any dtype and shape, to int32 numbers of bins of that shape, or with `outputMode` to float32 rows. It has no
 * weights. https://keras.io/api/layers/preprocessing_layers/numerical/discretization/
 *
 * @throws EngineError `ARGUMENT` for boundaries that are not in order, with both `binBoundaries` and `numBins`, and without either; `STATE`, when
 *   applied, where there are no boundaries yet.
 * @example
 *     const bins = layers.discretization({ binBoundaries: [0, 1, 2] });
 *     const run = compile((x: Sym) => bins.apply(x));
 *     await run([[-1.5, 1, 3.4, 0.5]]); // [[0, 2, 3, 1]]
 */
export function discretization(options?: DiscretizationOptions): Discretization {
  // A configuration has both once the boundaries are found.
  if (options?.binBoundaries != null && options.numBins != null)
    throw mismatch('discretization', 'one of binBoundaries and numBins', 'both');
  return new Discretization(options);
}

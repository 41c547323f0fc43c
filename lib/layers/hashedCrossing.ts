import { type OptionNames, expected, integer, oneOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { firstOf } from '../base/list.js';
import type { NDArray } from '../core/ndarray.js';
import { encoded } from './categories.js';
import { DataLayer } from './dataLayer.js';
import { Layer, type LayerOptions } from './layer.js';
import { type Tokens, crossBinOf, readTokens } from './tokens.js';

/** What `layers.hashedCrossing` takes. */
export interface HashedCrossingOptions extends LayerOptions {
  /** How many bins there are. */
  numBins: number;
  /** Whether a bin comes out as its number or as a row with a 1 at its place. Default `int`. */
  outputMode?: 'int' | 'oneHot';
}

const DEFAULTS = defaultsOf<HashedCrossingOptions>()({ outputMode: 'int' });

/** Bins for tokens together: made by `layers.hashedCrossing`, which says more. */
export class HashedCrossing extends DataLayer<readonly Tokens[], NDArray> {
  static override readonly optionNames = {
    ...Layer.optionNames,
    numBins: 'required',
    outputMode: 'optional',
  } satisfies OptionNames<HashedCrossingOptions>;
  readonly className = 'HashedCrossing';
  /** How many bins there are. */
  readonly numBins: number;
  /** What comes out. */
  readonly outputMode: 'int' | 'oneHot';

  constructor(given: HashedCrossingOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.numBins = integer('hashedCrossing', 'numBins', options.numBins);
    this.outputMode = oneOf('hashedCrossing', 'outputMode', options.outputMode, ['int', 'oneHot']);
  }

  protected override transform(features: readonly Tokens[]): NDArray {
    if (!Array.isArray(features) || features.length < 2)
      throw expected(this.name, 'a list of at least two features', features);
    const read = [...(features as Tokens[])].map((feature) => readTokens(this.name, feature));
    const { shape, values } = firstOf(read);
    for (const feature of read) {
      const fits = feature.shape.length < 2 || (feature.shape.length === 2 && feature.shape[1] === 1);
      if (!fits || feature.shape.join() !== shape.join()) {
        const what = `features of one shape, [], [n] or [n, 1]`;
        throw expected(this.name, what, feature.shape, 'SHAPE');
      }
    }
    const bin = (_: unknown, i: number) =>
      crossBinOf(
        read.map((feature) => feature.values[i]!),
        this.numBins,
      );
    return encoded(Int32Array.from(values, bin), shape, this.outputMode, this.numBins);
  }

  override getConfig() {
    const { numBins, outputMode } = this;
    return { ...super.getConfig(), numBins, outputMode };
  }
}

/**
 * Puts several features together into bins by a hash: a list of arrays of strings or integers, [], [n] or [n, 1] each, to int32 numbers
 * of that shape from 0 up to, not including, `numBins`, or to float32 rows. It runs in JavaScript, on data that no model has seen yet; the
 * bins are those of Keras. https://keras.io/api/layers/preprocessing_layers/categorical/hashed_crossing/
 *
 * @throws EngineError `ARGUMENT` for a `numBins` that is no positive integer, and, when applied, for fewer than two features or what is
 *   no string or integer; `SHAPE` for features of different shapes.
 * @example layers.hashedCrossing({ numBins: 5 }).apply([['A', 'B'], [101, 102]]); // [1, 1]
 */
export const hashedCrossing = (options: HashedCrossingOptions) => new HashedCrossing(options);

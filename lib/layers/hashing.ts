import { type OptionNames, expected, integer, oneOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { NDArray } from '../core/ndarray.js';
import { type CategoryMode, encoded } from './categories.js';
import { DataLayer } from './dataLayer.js';
import { Layer, type LayerOptions } from './layer.js';
import { type Salt, type Token, type Tokens, binOf, integerToken, readTokens, saltOf } from './tokens.js';

/** What `layers.hashing` takes. */
export interface HashingOptions extends LayerOptions {
  /** How many bins there are; that of `maskValue` is one of them. */
  numBins: number;
  /** The token that gets bin 0, which no other then gets. Default: none. */
  maskValue?: Token | null;
  /** Makes the hash one that others cannot foresee: SipHash with these keys. Default: FarmHash. */
  salt?: Salt | null;
  /** What comes out. Default `int`. */
  outputMode?: CategoryMode;
}

const DEFAULTS = defaultsOf<HashingOptions>()({ outputMode: 'int' });

/** Bins for tokens: made by `layers.hashing`, which says more. */
export class Hashing extends DataLayer<Tokens, NDArray> {
  static override readonly optionNames = {
    ...Layer.optionNames,
    numBins: 'required',
    maskValue: 'optional',
    salt: 'optional',
    outputMode: 'optional',
  } satisfies OptionNames<HashingOptions>;
  readonly className = 'Hashing';
  /** How many bins there are. */
  readonly numBins: number;
  /** The token that gets bin 0. */
  readonly maskValue: Token | undefined;
  /** The keys of the hash. */
  readonly salt: readonly [number, number] | undefined;
  /** What comes out. */
  readonly outputMode: CategoryMode;

  constructor(given: HashingOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const { maskValue, outputMode } = options;
    this.numBins = integer('hashing', 'numBins', options.numBins);
    if (maskValue != null)
      this.maskValue = typeof maskValue === 'string' ? maskValue : integerToken('hashing', maskValue);
    this.salt = saltOf('hashing', options.salt);
    this.outputMode = oneOf('hashing', 'outputMode', outputMode, ['int', 'oneHot', 'multiHot', 'count']);
  }

  protected override transform(x: Tokens): NDArray {
    const { values, shape } = readTokens(this.name, x);
    const kind = values.length > 0 ? typeof values[0] : undefined;
    if (this.maskValue !== undefined && kind !== undefined && typeof this.maskValue !== kind)
      throw expected(this.name, `tokens of the kind of maskValue, ${typeof this.maskValue}s`, values[0]);
    const { numBins, maskValue, salt } = this;
    const bin = (token: Token) => {
      if (maskValue === undefined || numBins === 1) return binOf(token, numBins, salt);
      return token === maskValue ? 0 : 1 + binOf(token, numBins - 1, salt);
    };
    return encoded(Int32Array.from(values, bin), shape, this.outputMode, numBins);
  }

  override getConfig() {
    const { numBins, maskValue = null, salt = null, outputMode } = this;
    return { ...super.getConfig(), numBins, maskValue, salt, outputMode };
  }
}

/**
 * Puts strings or integers into bins by a hash: of any shape, to int32 numbers from 0 up to, not including, `numBins`, or with
 * `outputMode` to float32 rows. Needs no vocabulary; different tokens may get one bin. It runs in JavaScript, on data that no model has
 * seen yet; the bins are those of Keras. https://keras.io/api/layers/preprocessing_layers/categorical/hashing/
 *
 * @throws EngineError `ARGUMENT` for a `numBins` that is no positive integer, and, when applied, for what is no string or integer.
 * @example layers.hashing({ numBins: 3 }).apply(['A', 'B', 'C', 'D', 'E']); // [1, 0, 1, 1, 2]
 */
export const hashing = (options: HashingOptions) => new Hashing(options);

import { type OptionNames, expected, oneOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { NDArray } from '../core/ndarray.js';
import { IndexLookup, type IndexLookupOptions } from './indexLookup.js';
import { type TokenArray, integerToken } from './tokens.js';

/** What `layers.integerLookup` takes. */
export interface IntegerLookupOptions extends IndexLookupOptions<number> {
  /** The type of the tokens. Default `int64`: all integers that JavaScript's numbers hold. */
  vocabularyDtype?: 'int64';
  /**
   * Which of several numbers an unknown integer gets: `floormod` the rest of a division by `numOovIndices`, `farmhash` a hash, which spreads
   * evenly whatever the integers have in common. Default `floormod`.
   */
  oovMethod?: 'floormod' | 'farmhash';
}

const DEFAULTS = defaultsOf<IntegerLookupOptions>()({ vocabularyDtype: 'int64', oovMethod: 'floormod' });

/** Numbers for integers: made by `layers.integerLookup`, which says more. */
export class IntegerLookup extends IndexLookup<number, NDArray> {
  static override readonly optionNames = {
    ...IndexLookup.optionNames,
    vocabularyDtype: 'optional',
    oovMethod: 'optional',
  } satisfies OptionNames<IntegerLookupOptions>;
  readonly className = 'IntegerLookup';
  /** Which of several numbers an unknown integer gets. */
  readonly oovMethod: 'floormod' | 'farmhash';

  constructor(given: IntegerLookupOptions = {}) {
    super(given, -1);
    const options = withDefaults(given, DEFAULTS);
    oneOf('integerLookup', 'vocabularyDtype', options.vocabularyDtype, ['int64']);
    this.oovMethod = oneOf('integerLookup', 'oovMethod', options.oovMethod, ['floormod', 'farmhash']);
    if (this.salt && this.oovMethod !== 'farmhash')
      throw expected('integerLookup', "oovMethod 'farmhash' where a salt is given", this.oovMethod);
  }

  protected override token(value: unknown): number {
    // The lines of a file are texts.
    return integerToken('integerLookup', typeof value === 'string' && value !== '' ? Number(value) : value);
  }

  protected override oovIndexOf(token: number): number {
    if (this.oovMethod === 'farmhash') return super.oovIndexOf(token);
    const rest = token % this.numOovIndices;
    return rest < 0 ? rest + this.numOovIndices : rest + 0;
  }

  protected override invertedOutput({ values, shape }: TokenArray<number>): NDArray {
    const wide = values.find((n) => n !== (n | 0));
    if (wide !== undefined)
      throw expected('integerLookup', 'tokens that int32 holds, to give them back', wide);
    return new NDArray(Int32Array.from(values), shape);
  }

  override getConfig() {
    return { ...super.getConfig(), vocabularyDtype: 'int64', oovMethod: this.oovMethod };
  }
}

/**
 * Looks integers up in a vocabulary: of any shape, to int32 numbers of that shape, or with `outputMode` to float32 rows; with `invert`
 * numbers to the integers. It runs in JavaScript, on data that no model has seen yet. The numbers are 0 for the mask (where there is a
 * `maskToken`), then those for integers that are not in the vocabulary, then those of the vocabulary.
 * https://keras.io/api/layers/preprocessing_layers/categorical/integer_lookup/
 *
 * @throws EngineError `ARGUMENT` for options that do not go together, repeated integers, and, when applied, integers that have no number;
 *   `STATE`, when applied with rows as output, where there is no vocabulary.
 * @example
 *     const lookup = layers.integerLookup({ vocabulary: [12, 36, 1138] });
 *     lookup.apply([36, 7, 12]); // [2, 0, 1]
 */
export const integerLookup = (options?: IntegerLookupOptions) => new IntegerLookup(options);

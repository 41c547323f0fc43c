import { type OptionNames, expected, oneOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { NDArray } from '../core/ndarray.js';
import { IndexLookup, type IndexLookupOptions } from './indexLookup.js';
import { type NestedStrings, type TokenArray, nested } from './tokens.js';

/** What `layers.stringLookup` takes. */
export interface StringLookupOptions extends IndexLookupOptions<string> {
  /** How texts are written as bytes: JavaScript's strings have one way. Default `utf-8`. */
  encoding?: 'utf-8';
}

const DEFAULTS = defaultsOf<StringLookupOptions>()({ encoding: 'utf-8' });

/** Numbers for words: made by `layers.stringLookup`, which says more. */
export class StringLookup extends IndexLookup<string, NDArray | NestedStrings> {
  static override readonly optionNames = {
    ...IndexLookup.optionNames,
    encoding: 'optional',
  } satisfies OptionNames<StringLookupOptions>;
  readonly className = 'StringLookup';

  constructor(given: StringLookupOptions = {}) {
    super(given, '[UNK]');
    const options = withDefaults(given, DEFAULTS);
    oneOf('stringLookup', 'encoding', options.encoding, ['utf-8']);
  }

  protected override token(value: unknown): string {
    if (typeof value === 'string') return value;
    throw expected('stringLookup', 'strings as tokens', value);
  }

  protected override invertedOutput({ values, shape }: TokenArray<string>): NestedStrings {
    return nested(values, shape) as NestedStrings;
  }

  override getConfig() {
    return { ...super.getConfig(), encoding: 'utf-8' };
  }
}

/**
 * Looks words up in a vocabulary: strings of any shape to int32 numbers of that shape, or with `outputMode` to float32 rows; with
 * `invert` numbers to strings. It runs in JavaScript, on data that no model has seen yet. The numbers are 0 for the mask (where there is
 * a `maskToken`), then those for words that are not in the vocabulary, then those of the vocabulary.
 * https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/
 *
 * @throws EngineError `ARGUMENT` for options that do not go together, repeated words, and, when applied, words that have no number;
 *   `STATE`, when applied with rows as output, where there is no vocabulary.
 * @example
 *     const lookup = layers.stringLookup({ vocabulary: ['cat', 'dog'] });
 *     lookup.apply(['dog', 'cow', 'cat']); // [2, 0, 1]
 */
export const stringLookup = (options?: StringLookupOptions) => new StringLookup(options);

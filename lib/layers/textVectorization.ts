import { type OptionNames, expected, integer, knownOptionsOf, mismatch, oneOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { NDArray } from '../core/ndarray.js';
import { isBatches } from '../data/batches.js';
import { DataLayer } from './dataLayer.js';
import type { AdaptOptions, LookupMode } from './indexLookup.js';
import { Layer, type LayerOptions } from './layer.js';
import { StringLookup } from './stringLookup.js';
import { type NestedStrings, type TokenBatches, readStrings } from './tokens.js';

/** How texts are made alike, by name: to small letters and without punctuation, or one of the two. Of letters only those of ASCII. */
export type Standardization = 'lowerAndStripPunctuation' | 'lower' | 'stripPunctuation';

/** How texts are cut into tokens, by name: at white space, or into characters (code points). */
export type Splitting = 'whitespace' | 'character';

/** What `layers.textVectorization` takes. */
export interface TextVectorizationOptions extends LayerOptions {
  /** How many tokens there are at most, the padding and the one for unknown words included. Default: any. */
  maxTokens?: number | null;
  /** How texts are made alike: a name, a function of one text, or null for not at all. Default `lowerAndStripPunctuation`. */
  standardize?: Standardization | ((text: string) => string) | null;
  /** How texts are cut into tokens: a name, a function of one text, or null for not at all. Default `whitespace`. */
  split?: Splitting | ((text: string) => readonly string[]) | null;
  /** Takes also tokens that follow each other as one, joined by spaces: up to so many, or these numbers of them. Default: single tokens. */
  ngrams?: number | readonly number[] | null;
  /** What comes out. Default `int`. */
  outputMode?: LookupMode;
  /** With `int`: how many numbers each text gets, cut or padded with 0. Default: those of the longest. */
  outputSequenceLength?: number | null;
  /** Whether rows have `maxTokens` columns however many tokens there are. Default false. */
  padToMaxTokens?: boolean;
  /** The tokens in the order of their numbers, or the path of a file with one on each line. Default: what `adapt` finds. */
  vocabulary?: readonly string[] | string | null;
  /** With `outputMode: 'tfIdf'`: the weight of each token of the vocabulary. */
  idfWeights?: readonly number[] | null;
  /** How texts are written as bytes: JavaScript's strings have one way. Default `utf-8`. */
  encoding?: 'utf-8';
}

const STANDARDIZE: Readonly<Record<Standardization, (text: string) => string>> = {
  lower: (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  stripPunctuation: (text) => text.replace(/[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~']/g, ''),
  lowerAndStripPunctuation: (text) => STANDARDIZE.stripPunctuation(STANDARDIZE.lower(text)),
};

const SPLIT: Readonly<Record<Splitting, (text: string) => readonly string[]>> = {
  whitespace: (text) => text.split(/[ \t\n\v\f\r]+/).filter((word) => word !== ''),
  character: (text) => Array.from(text),
};

const DEFAULTS = defaultsOf<TextVectorizationOptions>()({
  standardize: 'lowerAndStripPunctuation',
  split: 'whitespace',
});

/** Numbers for texts: made by `layers.textVectorization`, which says more. */
export class TextVectorization extends DataLayer<NestedStrings, NDArray> {
  static override readonly optionNames = {
    ...Layer.optionNames,
    maxTokens: 'optional',
    standardize: 'optional',
    split: 'optional',
    ngrams: 'optional',
    outputMode: 'optional',
    outputSequenceLength: 'optional',
    padToMaxTokens: 'boolean',
    vocabulary: 'optional',
    idfWeights: 'optional',
    encoding: 'optional',
  } satisfies OptionNames<TextVectorizationOptions>;
  readonly className = 'TextVectorization';
  /** The options as given. */
  readonly options: TextVectorizationOptions;
  readonly #standardize: (text: string) => string;
  readonly #split: ((text: string) => readonly string[]) | undefined;
  /** How many tokens are taken as one. */
  readonly #widths: readonly number[];
  readonly #length: number | undefined;
  readonly #lookup: StringLookup;

  constructor(given: TextVectorizationOptions = {}) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const who = knownOptionsOf(new.target, options);
    const { standardize, split, ngrams, outputMode } = options;
    const { outputSequenceLength: length } = options;
    this.#standardize = named(who, 'standardize', standardize, STANDARDIZE) ?? ((text) => text);
    this.#split = named(who, 'split', split, SPLIT);
    this.#widths = widthsOf(who, ngrams);
    if (length != null && (outputMode ?? 'int') !== 'int')
      throw expected(who, "outputMode 'int' where outputSequenceLength is given", outputMode);
    this.#length = length == null ? undefined : integer(who, 'outputSequenceLength', length);
    this.options = options;
    const { maxTokens, padToMaxTokens, vocabulary, idfWeights, encoding } = options;
    this.#lookup = new StringLookup({
      ...{ maskToken: '', maxTokens, outputMode, padToMaxTokens, vocabulary, idfWeights, encoding },
    });
  }

  /**
   * Takes tokens as the vocabulary, in place of what there was.
   *
   * @param vocabulary Tokens that are all different, or the path of a file with one on each line. It may begin with '' and '[UNK]'.
   * @param idfWeights With `tfIdf`: a weight for each.
   * @throws EngineError `ARGUMENT` for tokens that are there twice, too many, or none; `IO` for a file that cannot be read.
   */
  setVocabulary(vocabulary: readonly string[] | string, idfWeights?: readonly number[]): void {
    this.#lookup.setVocabulary(vocabulary, idfWeights);
  }

  /**
   * The tokens in the order of their numbers.
   *
   * @param includeSpecialTokens Whether those for padding and for unknown words are among them. Default true.
   */
  getVocabulary(includeSpecialTokens = true): string[] {
    return this.#lookup.getVocabulary(includeSpecialTokens) as string[];
  }

  /** How many numbers there are, those for padding and unknown words included. */
  vocabularySize(): number {
    return this.#lookup.vocabularySize();
  }

  /**
   * Makes the vocabulary of the tokens of texts: those that are there most often get the lowest numbers.
   *
   * @param data Texts [n] or [n, 1], or batches of such.
   * @throws EngineError `STATE` where the vocabulary was given as an option.
   */
  async adapt(data: NestedStrings | TokenBatches, options: AdaptOptions = {}): Promise<void> {
    const rows = (texts: unknown) => this.#tokens(texts).rows;
    await this.#lookup.adaptRows(isBatches(data) ? data : [data], rows, isBatches(data) ? options : {});
  }

  protected override transform(x: NestedStrings): NDArray {
    const { rows, shape } = this.#tokens(x);
    return this.#lookup.encodeRows(rows, shape, this.#length);
  }

  override getConfig() {
    const {
      standardize,
      split,
      ngrams = null,
      outputMode = 'int',
      outputSequenceLength = null,
    } = this.options;
    const { maxTokens, padToMaxTokens, vocabulary, idfWeights, encoding } = this.#lookup.getConfig();
    return {
      ...super.getConfig(),
      ...{ maxTokens, standardize: this.#nameOf('standardize', standardize, 'lowerAndStripPunctuation') },
      ...{ split: this.#nameOf('split', split, 'whitespace'), ngrams, outputMode, outputSequenceLength },
      ...{ padToMaxTokens, ...(vocabulary && { vocabulary }), ...(idfWeights && { idfWeights }), encoding },
    };
  }

  #nameOf(option: string, given: unknown, preset: string): unknown {
    if (typeof given !== 'function') return given === undefined ? preset : given;
    throw mismatch(
      this.name,
      `the name of a ${option} in a configuration`,
      'a function: extend the class to save it',
    );
  }

  /** The tokens of each text, and the shape of the texts. */
  #tokens(data: unknown): { rows: readonly (readonly string[])[]; shape: readonly number[] } {
    const { values, shape } = readStrings(this.name, data);
    const texts = values.map((text) => checkedText(this.name, this.#standardize(text)));
    const width = shape.at(-1) ?? 1;
    const split = this.#split;
    if (!split) {
      // The texts are tokens already, a sample for each row of the last axis.
      const count = width === 0 ? 0 : texts.length / width;
      const rows = Array.from({ length: count }, (_, i) => texts.slice(i * width, (i + 1) * width));
      return { rows: rows.map((row) => this.#grams(row)), shape: shape.slice(0, -1) };
    }
    if (shape.length > 1 && width !== 1) throw expected(this.name, 'texts [n] or [n, 1]', shape, 'SHAPE');
    const rows = texts.map((text) => this.#grams(checkedTokens(this.name, split(text))));
    return { rows, shape: shape.length > 1 ? shape.slice(0, -1) : shape };
  }

  /** Tokens that follow each other as one, first those of the first width. */
  #grams(tokens: readonly string[]): readonly string[] {
    return this.#widths.flatMap((width) =>
      width === 1 ? tokens : tokens.slice(width - 1).map((_, i) => tokens.slice(i, i + width).join(' ')),
    );
  }
}

/** A function, one by its name, or undefined for null. */
function named<F>(
  who: string,
  option: string,
  given: unknown,
  table: Readonly<Record<string, F>>,
): F | undefined {
  if (given === null) return undefined;
  return typeof given === 'function' ? (given as F) : table[oneOf(who, option, given, Object.keys(table))];
}

function widthsOf(who: string, ngrams: unknown): readonly number[] {
  if (ngrams == null) return [1];
  if (!Array.isArray(ngrams)) return Array.from({ length: integer(who, 'ngrams', ngrams) }, (_, i) => i + 1);
  return [...(ngrams as unknown[])].map((width) => integer(who, 'ngrams', width));
}

function checkedText(who: string, text: unknown): string {
  if (typeof text === 'string') return text;
  throw expected(who, 'a string from standardize', text);
}

function checkedTokens(who: string, tokens: unknown): readonly string[] {
  if (Array.isArray(tokens) && tokens.every((token) => typeof token === 'string')) return tokens;
  throw expected(who, 'a list of strings from split', tokens);
}

/**
 * Makes numbers of texts: strings [n] or [n, 1] are made alike (`standardize`), cut into tokens (`split`), joined to n-grams (`ngrams`)
 * and looked up, to int32 [n, tokens] with 0 as padding and 1 for unknown words; or with `outputMode` to float32 [n, vocabulary]. It runs in
 * JavaScript, on data that no model has seen yet. As in Keras only the letters of ASCII become small ones; a function such as
 * `(text) => text.toLowerCase()` does it for all. https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
 *
 * @throws EngineError `ARGUMENT` for options that do not go together, and, when applied, for what are no strings; `SHAPE` for texts that
 *   are not [n] or [n, 1]; `STATE`, when applied with rows as output, where there is no vocabulary.
 * @example
 *     const vectorize = layers.textVectorization({ outputSequenceLength: 4 });
 *     await vectorize.adapt(['foo bar', 'bar baz', 'baz bada boom']);
 *     vectorize.apply(['foo qux bar', 'qux baz']); // [[4, 1, 3, 0], [1, 2, 0, 0]]
 */
export const textVectorization = (options?: TextVectorizationOptions) => new TextVectorization(options);

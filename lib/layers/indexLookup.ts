import { readFileSync } from 'node:fs';
import {
  type OptionNames,
  expected,
  finite,
  integer,
  knownOptions,
  knownOptionsOf,
  mismatch,
  oneOf,
} from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { describe } from '../base/errors.js';
import { highestOf, listOf } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import { type TensorData, read } from '../core/tensor.js';
import { isBatches } from '../data/batches.js';
import { DROPPED, encoded } from './categories.js';
import { DataLayer } from './dataLayer.js';
import { Layer, type LayerOptions } from './layer.js';
import { TermFrequency } from './termFrequency.js';
import {
  type Salt,
  type Token,
  type TokenArray,
  type TokenBatches,
  type Tokens,
  binOf,
  readTokens,
  saltOf,
} from './tokens.js';

/**
 * What a lookup gives: `int` the number of each token; `oneHot` a row for each; `multiHot` a row for each sample, with a 1 for each token
 * that is in it; `count` with how often; `tfIdf` with that times the token's weight.
 */
export type LookupMode = 'int' | 'oneHot' | 'multiHot' | 'count' | 'tfIdf';

const MODES = ['int', 'oneHot', 'multiHot', 'count', 'tfIdf'] as const;

/** What layers take that look tokens up in a vocabulary. */
export interface IndexLookupOptions<T extends Token> extends LayerOptions {
  /** How many numbers there are at most, those for unknown tokens and the mask included. Default: any. */
  maxTokens?: number | null;
  /** How many numbers tokens get that are not in the vocabulary; with more than one, a hash decides. 0: such tokens are errors. Default 1. */
  numOovIndices?: number;
  /** The token of what is masked: it gets the number 0, and no place in rows. Default: none. */
  maskToken?: T | null;
  /** What stands for tokens that are not in the vocabulary where `invert` gives tokens. */
  oovToken?: T | null;
  /** The tokens in the order of their numbers, or the path of a file with one on each line. Default: what `adapt` finds. */
  vocabulary?: readonly T[] | string | null;
  /** With `outputMode: 'tfIdf'`: the weight of each token of the vocabulary. */
  idfWeights?: readonly number[] | null;
  /** Whether numbers become tokens. Default false. */
  invert?: boolean;
  /** What comes out. Default `int`. */
  outputMode?: LookupMode;
  /** Whether rows have `maxTokens` columns however many tokens there are. Default false. */
  padToMaxTokens?: boolean;
  /** Makes the hash of unknown tokens one that others cannot foresee: SipHash with these keys. Default: FarmHash. */
  salt?: Salt | null;
}

/** What `adapt` takes. */
export interface AdaptOptions {
  /** How many batches are read of what gives batches. Default: all. */
  steps?: number;
}

const adaptNames = { steps: 'optional' } satisfies OptionNames<AdaptOptions>;

/** How many batches `adapt` reads at most. @internal */
export function stepsOf(options: AdaptOptions): number {
  knownOptions('adapt', options, adaptNames);
  return options.steps === undefined ? Infinity : integer('adapt', 'steps', options.steps);
}

const DEFAULTS = defaultsOf<IndexLookupOptions<never>>()({
  numOovIndices: 1,
  invert: false,
  outputMode: 'int',
  padToMaxTokens: false,
});

/** Looks tokens up in a vocabulary: what lookups of strings and of integers share. */
export abstract class IndexLookup<T extends Token, Output> extends DataLayer<Tokens, Output> {
  static override readonly optionNames = {
    ...Layer.optionNames,
    maxTokens: 'optional',
    numOovIndices: 'optional',
    maskToken: 'optional',
    oovToken: 'optional',
    vocabulary: 'optional',
    idfWeights: 'optional',
    invert: 'boolean',
    outputMode: 'optional',
    padToMaxTokens: 'boolean',
    salt: 'optional',
  } satisfies OptionNames<IndexLookupOptions<Token>>;
  /** How many numbers there are at most. */
  readonly maxTokens: number | undefined;
  /** How many numbers unknown tokens get. */
  readonly numOovIndices: number;
  /** The token of what is masked. */
  readonly maskToken: T | undefined;
  /** What stands for unknown tokens. */
  readonly oovToken: T | undefined;
  /** Whether numbers become tokens. */
  readonly invert: boolean;
  /** What comes out. */
  readonly outputMode: LookupMode;
  /** Whether rows have `maxTokens` columns. */
  readonly padToMaxTokens: boolean;
  /** The keys of the hash of unknown tokens. */
  readonly salt: readonly [number, number] | undefined;
  readonly #who: string;
  /** Whether the vocabulary was given as an option, so that `adapt` must not change it. */
  readonly #isGiven: boolean;
  #tokens: readonly T[] = [];
  #numbers = new Map<T, number>();
  /** For each number its weight, with `tfIdf`. */
  #weights: readonly number[] | undefined;
  #seen = new TermFrequency<T>();

  constructor(given: IndexLookupOptions<T>, oovToken: T) {
    super(given);
    const who = knownOptionsOf(new.target, given);
    const options = withDefaults(given, DEFAULTS);
    const { maxTokens, numOovIndices, vocabulary, idfWeights } = options;
    this.#who = who;
    this.maxTokens = maxTokens == null ? undefined : integer(who, 'maxTokens', maxTokens, 2);
    this.numOovIndices = integer(who, 'numOovIndices', numOovIndices, 0);
    this.maskToken = options.maskToken == null ? undefined : this.token(options.maskToken);
    const oov = options.oovToken === undefined ? oovToken : options.oovToken;
    this.oovToken = oov === null ? undefined : this.token(oov);
    this.invert = options.invert;
    this.outputMode = oneOf(who, 'outputMode', options.outputMode, MODES);
    this.padToMaxTokens = options.padToMaxTokens;
    this.salt = saltOf(who, options.salt);
    if (this.padToMaxTokens && this.maxTokens === undefined)
      throw expected(who, 'maxTokens where padToMaxTokens is true', undefined);
    if (this.invert && this.outputMode !== 'int')
      throw expected(who, "outputMode 'int' where invert is true", this.outputMode);
    if (idfWeights != null && this.outputMode !== 'tfIdf')
      throw expected(who, "outputMode 'tfIdf' where idfWeights are given", this.outputMode);
    this.#isGiven = vocabulary != null;
    if (vocabulary != null) this.setVocabulary(vocabulary, idfWeights ?? undefined);
  }

  /** Reads one token. @throws EngineError `ARGUMENT` for another kind. */
  protected abstract token(value: unknown): T;

  /** Tokens for numbers, where the layer inverts. */
  protected abstract invertedOutput(tokens: TokenArray<T>): Output;

  /** The number of an unknown token, from 0 up to `numOovIndices`. */
  protected oovIndexOf(token: T): number {
    return binOf(token, this.numOovIndices, this.salt);
  }

  /**
   * Takes tokens as the vocabulary, in place of what there was.
   *
   * @param vocabulary Tokens that are all different, or the path of a file with one on each line. It may begin with the special tokens.
   * @param idfWeights With `tfIdf`: a weight for each.
   * @throws EngineError `ARGUMENT` for tokens that are there twice, too many, or none; `IO` for a file that cannot be read.
   */
  setVocabulary(vocabulary: readonly T[] | string, idfWeights?: readonly number[]): void {
    if (this.outputMode === 'tfIdf' && idfWeights === undefined)
      throw expected(this.#who, "idfWeights where outputMode is 'tfIdf'", undefined);
    if (this.outputMode !== 'tfIdf' && idfWeights !== undefined)
      throw expected(this.#who, "outputMode 'tfIdf' where idfWeights are given", this.outputMode);
    const given = this.#read(vocabulary);
    const special = this.#special;
    const hasSpecial = special.length > 0 && special.every((token, i) => given[i] === token);
    const tokens = hasSpecial ? given.slice(special.length) : given;
    this.#check(tokens);
    const weights = idfWeights && this.#idf(idfWeights, given.length, hasSpecial);
    this.#take(tokens, weights);
  }

  /**
   * The tokens in the order of their numbers.
   *
   * @param includeSpecialTokens Whether the mask and those for unknown tokens are among them. Default true.
   */
  getVocabulary(includeSpecialTokens = true): (T | undefined)[] {
    return includeSpecialTokens ? [...this.#special, ...this.#tokens] : [...this.#tokens];
  }

  /** How many numbers there are, those of unknown tokens and of the mask included. */
  vocabularySize(): number {
    return this.#start + this.#tokens.length;
  }

  /**
   * Makes the vocabulary of the tokens of data: those that are there most often get the lowest numbers; of equals the one that is
   * later in the order of texts comes first.
   *
   * @param data Tokens, one sample each (with `tfIdf` a document each), or batches of such.
   * @throws EngineError `STATE` where the vocabulary was given as an option.
   */
  async adapt(data: Tokens | TokenBatches, options: AdaptOptions = {}): Promise<void> {
    if (isBatches(data) && !(data instanceof NDArray))
      return this.adaptRows(data as TokenBatches, (batch) => this.#rows(this.#readAll(batch)), options);
    const all = this.#readAll(data);
    // Each of a flat list is a sample.
    const shape = all.shape.length === 1 ? [...all.shape, 1] : all.shape;
    return this.adaptRows([all.values], (values) => this.#rows({ values, shape }), options);
  }

  /** Makes the vocabulary of the tokens of all batches. @internal */
  async adaptRows<B>(
    batches: Iterable<B> | AsyncIterable<B>,
    rowsOf: (batch: B) => readonly (readonly T[])[],
    options: AdaptOptions,
  ): Promise<void> {
    const steps = stepsOf(options);
    this.resetState();
    let step = 0;
    for await (const batch of batches) {
      this.#count(rowsOf(batch));
      if (++step >= steps) break;
    }
    this.finalizeState();
  }

  /** Counts the tokens of one batch; {@link finalizeState} makes the vocabulary of all. A flat list is one sample. */
  updateState(data: Tokens): void {
    this.#count(this.#rows(this.#readAll(data)));
  }

  /** Makes the vocabulary of the tokens that {@link updateState} has counted. */
  finalizeState(): void {
    if (this.#isGiven || this.#seen.isEmpty) return;
    const most = this.maxTokens === undefined ? Infinity : Math.max(0, this.maxTokens - this.#start);
    const tokens = this.#seen.mostFrequent(most, [this.maskToken, this.oovToken]);
    const weights = this.outputMode === 'tfIdf' ? this.#seen.inverseDocumentFrequency(tokens) : undefined;
    this.#take(tokens, weights && this.#withSpecial(weights));
    this.resetState();
  }

  /** Forgets the tokens that {@link updateState} has counted. */
  resetState(): void {
    this.#seen = new TermFrequency();
  }

  protected override transform(x: Tokens): Output {
    if (this.invert) {
      const { data, shape } = read(x as TensorData);
      return this.invertedOutput({ values: Array.from(data, (n) => this.#tokenOf(n)), shape });
    }
    const { values, shape } = this.#readAll(x);
    const numbers = Int32Array.from(values, (token) => this.#numberOf(token));
    return this.#encode(numbers, shape) as Output;
  }

  /**
   * Numbers or rows for samples with different numbers of tokens.
   *
   * @param shape That of the samples.
   * @param length How many tokens each gets, cut or padded. Default: those of the longest.
   * @internal
   */
  encodeRows(rows: readonly (readonly T[])[], shape: readonly number[], length = longest(rows)): NDArray {
    const padding = this.outputMode === 'int' ? 0 : DROPPED;
    const numbers = new Int32Array(rows.length * length).fill(padding);
    rows.forEach((row, i) => {
      const kept = row.slice(0, length).map((token) => this.#numberOf(token));
      numbers.set(kept, i * length);
    });
    return this.#encode(numbers, [...shape, length]);
  }

  /** The number of a token; {@link DROPPED} for a mask that has no place in rows. */
  #numberOf(token: T): number {
    if (token === this.maskToken) return this.outputMode === 'int' ? 0 : DROPPED;
    const known = this.#numbers.get(token);
    if (known !== undefined) return known;
    if (this.numOovIndices === 0) {
      const remedy = 'take numOovIndices: 1 for a number that stands for all others';
      throw mismatch(this.name, 'tokens of the vocabulary', `${describe(token)}: ${remedy}`);
    }
    return this.#oovStart + (this.numOovIndices === 1 ? 0 : this.oovIndexOf(token));
  }

  override getConfig() {
    const vocabulary = this.oovToken === undefined ? this.#tokens : this.getVocabulary();
    const weights = this.#weights?.slice(this.oovToken === undefined ? this.#start : 0);
    const { maxTokens, numOovIndices, maskToken, oovToken, invert, outputMode, padToMaxTokens, salt } = this;
    return {
      ...super.getConfig(),
      ...{ maxTokens, numOovIndices, maskToken: maskToken ?? null, oovToken: oovToken ?? null },
      ...{ invert, outputMode, padToMaxTokens, salt },
      ...(this.#tokens.length > 0 && {
        vocabulary: [...vocabulary],
        ...(weights && { idfWeights: weights }),
      }),
    };
  }

  /** Counts the tokens of samples. */
  #count(rows: readonly (readonly T[])[]): void {
    if (this.#isGiven) {
      throw mismatch(
        this.name,
        'no vocabulary as an option where adapt counts one',
        'both: leave the option out, or make another layer',
        'STATE',
      );
    }
    this.#seen.add(rows);
  }

  /** Tokens as samples: rows along the last axis. */
  #rows({ values, shape }: TokenArray<T>): readonly (readonly T[])[] {
    const length = shape.at(-1) ?? 1;
    const count = length === 0 ? 0 : values.length / length;
    return Array.from({ length: count }, (_, i) => values.slice(i * length, (i + 1) * length));
  }

  /** Numbers as the output mode says. */
  #encode(numbers: Int32Array, shape: readonly number[]): NDArray {
    const mode = this.outputMode === 'tfIdf' ? 'count' : this.outputMode;
    if (mode !== 'int' && this.#tokens.length === 0)
      throw mismatch(this.name, 'a vocabulary', 'none: call adapt, or give the option vocabulary', 'STATE');
    const columns = this.padToMaxTokens ? (this.maxTokens ?? 0) : this.vocabularySize();
    const rows = encoded(numbers, shape, mode, columns);
    const weights = this.#weights;
    if (this.outputMode !== 'tfIdf' || !weights) return rows;
    const { data } = rows;
    data.forEach((count, i) => {
      if (count !== 0) data[i] = count * (weights[i % columns] ?? 0);
    });
    return rows;
  }

  /** Where the numbers of unknown tokens begin: after the mask's. */
  get #oovStart(): number {
    return this.maskToken !== undefined && this.outputMode === 'int' ? 1 : 0;
  }

  /** Where the numbers of the vocabulary begin. */
  get #start(): number {
    return this.#oovStart + this.numOovIndices;
  }

  /** The tokens before those of the vocabulary. */
  get #special(): (T | undefined)[] {
    const oov = Array.from({ length: this.numOovIndices }, () => this.oovToken);
    return this.#oovStart === 1 ? [this.maskToken, ...oov] : oov;
  }

  #take(tokens: readonly T[], weights: readonly number[] | undefined): void {
    this.#tokens = tokens;
    this.#numbers = new Map(tokens.map((token, i) => [token, this.#start + i]));
    this.#weights = weights;
  }

  #tokenOf(n: number): T {
    if (n === 0 && this.#oovStart === 1) return this.maskToken as T;
    const token = this.#tokens[Math.trunc(n) - this.#start] ?? this.oovToken;
    if (token === undefined) throw expected(this.name, 'numbers of the vocabulary', n);
    return token;
  }

  #readAll(data: unknown): TokenArray<T> {
    const { values, shape } = readTokens(this.name, data);
    return { values: values.map((value) => this.token(value)), shape };
  }

  #read(vocabulary: unknown): readonly T[] {
    const lines = typeof vocabulary === 'string' ? linesOf(this.#who, vocabulary) : vocabulary;
    const list = ArrayBuffer.isView(lines) ? Array.from(lines as unknown as ArrayLike<unknown>) : lines;
    if (!Array.isArray(list) || list.length === 0)
      throw expected(this.#who, 'a list of tokens, or the path of a file, as vocabulary', vocabulary);
    return [...(list as unknown[])].map((token) => this.token(token));
  }

  #check(tokens: readonly T[]): void {
    if (tokens.length === 0) throw expected(this.#who, 'a vocabulary with tokens', tokens);
    const seen = new Set<T>();
    for (const token of tokens) {
      if (seen.has(token)) throw expected(this.#who, 'tokens that are all different', token);
      seen.add(token);
    }
    const misplaced = [this.maskToken, this.invert ? this.oovToken : undefined].find(
      (token) => token !== undefined && seen.has(token),
    );
    if (misplaced !== undefined) {
      const what = `special tokens only at the start of the vocabulary, as ${JSON.stringify(this.#special)}`;
      throw expected(this.#who, what, misplaced);
    }
    const size = this.#start + tokens.length;
    if (this.maxTokens !== undefined && size > this.maxTokens)
      throw expected(this.#who, `at most ${this.maxTokens} tokens, the special ones included`, size);
  }

  /** Weights for all numbers, of those that were given for a vocabulary. */
  #idf(given: readonly number[], count: number, hasSpecial: boolean): readonly number[] {
    const list = Array.from(listOf(given), (n) => finite(this.#who, 'idfWeights', n));
    if (list.length !== count)
      throw expected(this.#who, `${count} idfWeights, one for each token`, list.length);
    return hasSpecial ? list : this.#withSpecial(list);
  }

  /** Unknown tokens get the mean of the weights: theirs are not known. */
  #withSpecial(weights: readonly number[]): readonly number[] {
    const mean = weights.reduce((sum, n) => sum + n, 0) / weights.length;
    return [...Array<number>(this.#start).fill(mean), ...weights];
  }
}

function linesOf(who: string, path: string): string[] {
  try {
    const lines = readFileSync(path, 'utf8').split(/\r?\n/);
    while (lines.at(-1) === '') lines.pop();
    return lines;
  } catch (cause) {
    throw mismatch(who, 'the path of a file with a vocabulary', `'${path}'`, 'IO', {
      cause,
    });
  }
}

/** How many tokens the longest sample has. */
const longest = (rows: readonly (readonly unknown[])[]): number =>
  highestOf(rows.map(({ length }) => length));

import type { Token } from './tokens.js';

/** How often tokens are there, and in how many samples. @internal */
export class TermFrequency<T extends Token> {
  readonly #counts = new Map<T, number>();
  readonly #documents = new Map<T, number>();
  #samples = 0;

  /** Whether no token was counted. */
  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Counts the tokens of samples. */
  add(samples: readonly (readonly T[])[]): void {
    const more = (counts: Map<T, number>, token: T) => counts.set(token, (counts.get(token) ?? 0) + 1);
    for (const sample of samples) {
      for (const token of sample) more(this.#counts, token);
      for (const token of new Set(sample)) more(this.#documents, token);
    }
    this.#samples += samples.length;
  }

  /** The tokens that are there most often, first the most frequent, of equals the one that comes later in order. */
  mostFrequent(most: number, without: readonly (T | undefined)[]): T[] {
    const counted = [...this.#counts].filter(([token]) => !without.includes(token));
    counted.sort(([a, often], [b, oftener]) => oftener - often || compare(b, a));
    return counted.slice(0, most).map(([token]) => token);
  }

  /** log(1 + samples / (1 + samples with the token)) for each token. */
  inverseDocumentFrequency(tokens: readonly T[]): number[] {
    return tokens.map((token) => Math.log(1 + this.#samples / (1 + (this.#documents.get(token) ?? 0))));
  }
}

/** Numbers by size, texts by their UTF-8 bytes as NumPy sorts them. */
function compare(a: Token, b: Token): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

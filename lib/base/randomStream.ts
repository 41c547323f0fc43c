/**
 * Random numbers that a few whole numbers decide, the same on every machine: the generator sfc32 of PractRand
 * (https://pracrand.sourceforge.net), whose state the seeds fill.
 *
 * @internal
 */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number, second = 0) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = second | 0;
    // As many rounds as its author lets go by before the first number counts.
    for (let i = 0; i < 15; i++) this.#next();
  }

  /** A whole number from 0 up to, not including, `count`, which is 2^32 at most. */
  below(count: number): number {
    return Math.floor((this.#next() / 2 ** 32) * count);
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#count++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}

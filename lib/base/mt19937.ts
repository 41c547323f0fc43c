/** Words of the generator's state. */
const WORDS = 624;
const MIDDLE = 397;

/**
 * The Mersenne twister (Matsumoto, Nishimura 1998) as numpy.random.RandomState(seed) starts and uses it: data sets of Keras are shuffled
 * with it, and have the same order here.
 */
export class Mt19937 {
  readonly #state = new Uint32Array(WORDS);
  #next = WORDS;

  /** @param seed From 0 to 2^32 - 1. */
  constructor(seed: number) {
    let word = seed >>> 0;
    for (let i = 0; i < WORDS; i++) {
      this.#state[i] = word;
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i + 1) >>> 0;
    }
  }

  /** 0 to n - 1 in the order that numpy's `shuffle` gives them. */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.#upTo(i);
      const kept = order[i] ?? 0;
      order[i] = order[j] ?? 0;
      order[j] = kept;
    }
    return order;
  }

  /** A number from 0 to `most`: bits are drawn until they are small enough. */
  #upTo(most: number): number {
    const mask = 0xffffffff >>> Math.clz32(most);
    for (;;) {
      const value = (this.#uint32() & mask) >>> 0;
      if (value <= most) return value;
    }
  }

  #uint32(): number {
    if (this.#next === WORDS) this.#twist();
    let y = this.#state[this.#next++] ?? 0;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const at = (i: number) => this.#state[i % WORDS] ?? 0;
    for (let i = 0; i < WORDS; i++) {
      const y = (at(i) & 0x80000000) | (at(i + 1) & 0x7fffffff);
      this.#state[i] = at(i + MIDDLE) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}

import { atLeast, itemAt } from '../base/list.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';
import type { Trace } from '../core/trace.js';
import { type Variable, variable } from '../core/variable.js';

/** What a batch adds to a mean: a sum, and how much it weighs, each float32 []. */
export interface Share {
  readonly sum: Sym;
  readonly weight: Sym;
}

/**
 * Means over steps. Each is a sum and its weight, kept as two float32 with Knuth's TwoSum: millions of steps lose nothing to rounding.
 */
export class Means {
  /** The sums and weights, and after them what rounding has taken from each so far, [4 · count]: one, so that one read gives all. */
  readonly variable: Variable;
  /** What is to be added at once. */
  #waiting: { readonly trace: Trace; readonly shares: Map<number, Share> } | undefined;

  constructor(readonly count = 1) {
    this.variable = variable(new Float32Array(4 * count), { name: 'sums', trainable: false });
  }

  /** Inside a trace: adds to the mean at a place. */
  add(at: number, share: Share): void {
    if (!this.#waiting) {
      this.#addAll(share.sum.trace, new Map([[at, share]]));
      return;
    }
    const { shares } = this.#waiting;
    const known = shares.get(at);
    const both = known && {
      sum: ops.add(known.sum, share.sum),
      weight: ops.add(known.weight, share.weight),
    };
    shares.set(at, both ?? share);
  }

  /** Adds at once what the body adds to several means, up to where it reads one: as few ops as for one. */
  together<T>(trace: Trace, body: () => T): T {
    this.#waiting = { trace, shares: new Map() };
    try {
      const result = body();
      this.#flush();
      return result;
    } finally {
      this.#waiting = undefined;
    }
  }

  /** Inside a trace: the mean at a place, 0 where nothing weighs, as in Keras. */
  mean(at: number): Tensor {
    return ops.divideNoNan(this.sum(at), this.#number(2 * at + 1));
  }

  /** Inside a trace: the sum at a place. */
  sum(at: number): Tensor {
    return this.#number(2 * at);
  }

  /** All means, once all queued steps are done, with every digit of both float32. */
  async read(): Promise<number[]> {
    const numbers = await this.variable.data();
    const exact = (i: number) => {
      const sum = itemAt(numbers, i);
      return Number.isFinite(sum) ? sum + itemAt(numbers, 2 * this.count + i) : sum;
    };
    const mean = (i: number) => (exact(2 * i + 1) === 0 ? 0 : exact(2 * i) / exact(2 * i + 1));
    return Array.from({ length: this.count }, (_, i) => mean(i));
  }

  /** Begins anew, all or the one at a place. */
  resetState(at?: number): void {
    const here = Array.from(
      { length: 4 * this.count },
      (_, i) => at === undefined || (i >> 1) % this.count === at,
    );
    this.variable.assign(
      here.includes(false) ? ops.where(here, 0, this.variable) : new Float32Array(here.length),
    );
  }

  dispose(): void {
    this.variable.dispose();
  }

  #number(i: number): Tensor {
    this.#flush();
    return ops.reshape(ops.slice(this.variable, i, 1), []);
  }

  #flush(): void {
    if (!this.#waiting || this.#waiting.shares.size === 0) return;
    const { trace, shares } = this.#waiting;
    this.#addAll(trace, shares);
    shares.clear();
  }

  #addAll(trace: Trace, shares: ReadonlyMap<number, Share>): void {
    const nothing = () => trace.constant(0);
    const numbers = Array.from({ length: this.count }, (_, at) => shares.get(at)).flatMap((share) =>
      (share ? [share.sum, share.weight] : [nothing(), nothing()]).map((number) => ops.reshape(number, [1])),
    );
    const [sums, errors] = atLeast(ops.split(trace.lift(this.variable), 2), 2);
    const added = ops.concatenate(numbers, { axis: 0 });
    const rough = ops.add(sums, added);
    const taken = ops.subtract(rough, sums);
    const error = ops.add(ops.subtract(sums, ops.subtract(rough, taken)), ops.subtract(added, taken));
    const rest = ops.add(errors, error);
    const total = ops.add(rough, rest);
    const left = ops.subtract(rest, ops.subtract(total, rough));
    trace.assign(this.variable, ops.concatenate([total, left], { axis: 0 }));
  }
}

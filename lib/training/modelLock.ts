import { mismatch } from '../base/checks.js';
import { unlessAborted } from './abort.js';

/** Runs a hook of the user's, during which other calls may measure the model, but not train it. */
export type Yield = (hook: () => Promise<void>) => Promise<void>;

/** A call that uses a model's weights and sums alone. */
interface Holder {
  readonly call: string;
  /** The call within whose hook this one was made. */
  readonly outer: Holder | undefined;
  /** Whether a hook of it runs, within which others may measure. */
  yields: boolean;
  ended: boolean;
  end: Promise<unknown>;
}

/**
 * The lock of a model: one call at a time trains or measures, since two at once would each see half of the other's steps; any number
 * predict. Within a hook of one call, others may measure.
 */
export class ModelLock {
  #holder: Holder | undefined;
  /** Predictions under way: those that training waits for, and those with hooks, which may themselves train. */
  readonly #readers = new Set<Promise<unknown>>();
  #hooked = 0;

  /**
   * Runs what changes weights or sums.
   *
   * @param signal Ends the wait for predictions under way.
   * @throws EngineError `STATE` where another call holds the lock; `ABORTED`.
   */
  async exclusive<T>(
    call: string,
    name: string,
    body: (yielding: Yield) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const trains = call === 'fit' || call === 'trainOnBatch';
    const outer = this.#holder;
    if (outer && (trains || !outer.yields)) throw busy(call, name, outer.call);
    const holder: Holder = { call, outer, yields: false, ended: false, end: Promise.resolve() };
    this.#holder = holder;
    const yielding: Yield = (hook) => this.#yield(holder, hook);
    const waits = trains && this.#readers.size > 0;
    const run = waits ? this.#afterReaders(() => body(yielding), signal) : body(yielding);
    holder.end = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      holder.ended = true;
      // An abort may end a call whose hook still has another one under way.
      while (this.#holder?.ended) this.#holder = this.#holder.outer;
    }
  }

  /**
   * Runs what only reads the weights: any number at once, and training that is asked for meanwhile begins after its end.
   *
   * @param hooked Whether callbacks belong to it, which may train: then training does not wait.
   */
  async shared<T>(body: () => Promise<T>, hooked: boolean): Promise<T> {
    if (hooked) {
      this.#hooked++;
      try {
        return await body();
      } finally {
        this.#hooked--;
      }
    }
    const run = body();
    const end = run.catch(() => undefined);
    this.#readers.add(end);
    try {
      return await run;
    } finally {
      this.#readers.delete(end);
    }
  }

  /** @throws EngineError `STATE` where any call is under way. */
  checkFree(call: string, name: string): void {
    const other = this.#holder?.call ?? (this.#readers.size + this.#hooked > 0 ? 'predict' : undefined);
    if (other !== undefined) throw busy(call, name, other);
  }

  async #afterReaders<T>(body: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await unlessAborted(Promise.all(this.#readers), signal);
    return body();
  }

  /** Lets others measure while a hook runs; goes on when they have ended. */
  async #yield(holder: Holder, hook: () => Promise<void>): Promise<void> {
    holder.yields = true;
    try {
      await hook();
    } finally {
      while (!holder.ended && this.#holder && this.#holder !== holder) await this.#holder.end;
      holder.yields = false;
    }
  }
}

const busy = (call: string, name: string, other: string) =>
  mismatch(call, `no other call on '${name}'`, `one while ${other} runs: await it first`, 'STATE');

import type { Batches } from '../data/batches.js';
import { unlessAborted } from './abort.js';
import type { Tensor } from '../core/tensor.js';
import type { Dataset } from './dataset.js';
import type { Feeder } from './feeder.js';
import type { Batch } from './trainer.js';

export interface IterableFeederOptions {
  /** Steps of an epoch. Default to the end of the data. */
  steps?: number;
  /** Whether an epoch of so many steps goes on where the last one ended. Default false: each begins anew. */
  goesOn?: boolean;
  signal?: AbortSignal;
  /** Reads what the iterable gives. */
  read: (value: unknown) => Dataset;
  /** Queues a step. */
  run: (batch: Batch) => Promise<void>;
}

/** Batches that the user's iterable makes, one at a time. */
export class IterableFeeder implements Feeder {
  readonly longest = 1;
  readonly steps: number | undefined;
  readonly #batches: Batches;
  readonly #options: IterableFeederOptions;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #next: Dataset | undefined;
  /** Whether the iterator has given nothing yet in this epoch, but has in one before. */
  #resumed = false;
  #waiting = false;

  constructor(batches: Batches, options: IterableFeederOptions) {
    this.#batches = batches;
    this.#options = options;
    this.steps = options.steps;
  }

  async begin(): Promise<void> {
    const { goesOn = false, steps } = this.#options;
    this.#resumed = goesOn && steps !== undefined && this.#iterator !== undefined;
    if (!this.#resumed) await this.#open();
  }

  async ready(): Promise<boolean> {
    let result = await this.#advance();
    // The last epoch took the last batch without being told so.
    if (result.done === true && this.#resumed) {
      await this.#open();
      result = await this.#advance();
    }
    this.#resumed = false;
    if (result.done === true) return false;
    this.#next = this.#options.read(result.value);
    return true;
  }

  queue() {
    const made: Tensor[] = [];
    try {
      return { steps: 1, done: this.#options.run(this.#next!.batch(made)) };
    } finally {
      for (const tensor of made) tensor.dispose();
    }
  }

  async close(): Promise<void> {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    const closed = iterator?.return?.();
    // A generator that has not given its batch yet returns after that, which may be never.
    if (this.#waiting) void Promise.resolve(closed).catch(() => undefined);
    else await closed;
  }

  /** Begins anew; a generator, which is its own iterator, goes on. */
  async #open(): Promise<void> {
    const batches = this.#batches;
    const opened =
      Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
    if (opened !== this.#iterator) await this.close();
    this.#iterator = opened;
  }

  #advance(): Promise<IteratorResult<unknown>> {
    const iterator = this.#iterator;
    if (!iterator) return Promise.resolve({ done: true, value: undefined });
    const end = () => {
      this.#iterator = undefined;
    };
    this.#waiting = true;
    const answer = Promise.resolve()
      .then(() => iterator.next())
      .finally(() => (this.#waiting = false))
      .then(
        (result: IteratorResult<unknown>) => {
          if (result.done === true) end();
          return result;
        },
        (error: unknown) => {
          end();
          throw error;
        },
      );
    return unlessAborted(answer, this.#options.signal);
  }
}

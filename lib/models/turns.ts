import { EngineError } from '../errors.js';

/**
 * Who may use a model's weights and averages: one call at a time. Two at once would each see half of the other's steps.
 */
export class Turns {
  #running: string | undefined;
  #training = false;
  #end: Promise<unknown> = Promise.resolve();
  readonly #readers = new Set<Promise<unknown>>();

  /** @throws EngineError `STATE` where another call has its turn. */
  async take<T>(call: string, name: string, body: () => Promise<T>): Promise<T> {
    const trains = call === 'fit' || call === 'trainOnBatch';
    const other = this.#running ?? (trains && this.#training ? 'fit' : undefined);
    if (other !== undefined) {
      throw new EngineError(
        'STATE',
        `[${call}] expected no other call on '${name}', received one while ${other} runs: await it first`,
      );
    }
    const outer = this.#training;
    this.#running = call;
    this.#training ||= trains;
    const run = trains && this.#readers.size > 0 ? this.#afterReaders(body) : body();
    this.#end = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      this.#running = undefined;
      this.#training = outer;
    }
  }

  /** Runs what only reads the weights: any number at once, and training that is asked for meanwhile begins after its end. */
  async read<T>(body: () => Promise<T>): Promise<T> {
    const run = body();
    const end = run.catch(() => undefined);
    this.#readers.add(end);
    try {
      return await run;
    } finally {
      this.#readers.delete(end);
    }
  }

  async #afterReaders<T>(body: () => Promise<T>): Promise<T> {
    await Promise.all(this.#readers);
    return body();
  }

  /** Lets others measure, but not train, while a hook of `fit` runs between epochs; goes on when they have ended. */
  async pause(hook: () => Promise<void>): Promise<void> {
    const call = this.#running;
    this.#running = undefined;
    try {
      await hook();
    } finally {
      while (this.#running !== undefined) await this.#end;
      this.#running = call;
    }
  }
}

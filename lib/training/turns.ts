import { EngineError } from '../base/errors.js';
import { unlessAborted } from './abort.js';

/** Runs a hook of the user's, during which other calls may measure the model, but not train it. */
export type Pause = (hook: () => Promise<void>) => Promise<void>;

/** A call that uses a model's weights and sums. */
interface Turn {
  readonly call: string;
  /** The call within whose hook this one was made. */
  readonly outer: Turn | undefined;
  paused: boolean;
  ended: boolean;
  end: Promise<unknown>;
}

/**
 * Who may use a model's weights and sums: one call at a time. Two at once would each see half of the other's steps. Within a
 * hook of one, others may measure.
 */
export class Turns {
  #current: Turn | undefined;
  /** Predictions under way: those that training waits for, and those with hooks, which may themselves train. */
  readonly #readers = new Set<Promise<unknown>>();
  #hooked = 0;

  /**
   * @param signal Ends the wait for predictions under way.
   * @throws EngineError `STATE` where another call has its turn; `ABORTED`.
   */
  async take<T>(
    call: string,
    name: string,
    body: (pause: Pause) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const trains = call === 'fit' || call === 'trainOnBatch';
    const outer = this.#current;
    if (outer && (trains || !outer.paused)) throw busy(call, name, outer.call);
    const turn: Turn = { call, outer, paused: false, ended: false, end: Promise.resolve() };
    this.#current = turn;
    const pause: Pause = (hook) => this.#pause(turn, hook);
    const waits = trains && this.#readers.size > 0;
    const run = waits ? this.#afterReaders(() => body(pause), signal) : body(pause);
    turn.end = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      turn.ended = true;
      // An abort may end a call whose hook still has another one under way.
      while (this.#current?.ended) this.#current = this.#current.outer;
    }
  }

  /**
   * Runs what only reads the weights: any number at once, and training that is asked for meanwhile begins after its end.
   *
   * @param hooked Whether callbacks belong to it, which may train: then training does not wait.
   */
  async read<T>(body: () => Promise<T>, hooked: boolean): Promise<T> {
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
    const other = this.#current?.call ?? (this.#readers.size + this.#hooked > 0 ? 'predict' : undefined);
    if (other !== undefined) throw busy(call, name, other);
  }

  async #afterReaders<T>(body: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    await unlessAborted(Promise.all(this.#readers), signal);
    return body();
  }

  /** Lets others measure while a hook runs; goes on when they have ended. */
  async #pause(turn: Turn, hook: () => Promise<void>): Promise<void> {
    turn.paused = true;
    try {
      await hook();
    } finally {
      while (!turn.ended && this.#current && this.#current !== turn) await this.#current.end;
      turn.paused = false;
    }
  }
}

const busy = (call: string, name: string, other: string) =>
  new EngineError(
    'STATE',
    `[${call}] expected no other call on '${name}', received one while ${other} runs: await it first`,
  );

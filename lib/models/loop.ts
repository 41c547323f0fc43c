import { EngineError } from '../errors.js';
import { type Program, Source, type SourceOptions } from '../program.js';
import type { Tensor } from '../tensor.js';
import { type Batch, type Mode, type Trainer, feedsOf } from './trainer.js';

/** How long one native call of several steps may take: as often as that, a progress bar and an abort get their turn. */
const CALL_MS = 50;
/** Native calls that are queued at once: the next is there when one ends. */
const IN_FLIGHT = 2;

/** Where steps take their batches from. */
export interface Feeder {
  /** Steps of one epoch; undefined where only its end tells. */
  readonly steps: number | undefined;
  /** Queues up to `count` steps; fewer, or none, where the data ends. */
  queue(count: number): Promise<{ steps: number; done: Promise<void> }>;
  /** The longest run of steps that one call may take. */
  readonly longest: number;
}

/** Arrays in memory, which the engine cuts into batches by itself. */
export class ArrayFeeder implements Feeder {
  readonly longest = Infinity;
  readonly steps: number;
  readonly #program: Program;
  readonly #source: Source;

  constructor(trainer: Trainer, mode: Mode, data: Batch, options: SourceOptions & { steps?: number }) {
    this.#program = trainer.program(mode, data);
    this.#source = new Source(feedsOf(data), options);
    this.steps = options.steps ?? Math.ceil(data.x[0].shape[0] / options.batchSize);
  }

  queue(count: number) {
    const { done } = this.#program.runSource(this.#source, count);
    return Promise.resolve({ steps: count, done });
  }
}

/** Arrays in memory of which a program's results are collected. */
export class CollectingFeeder implements Feeder {
  readonly longest = Infinity;
  readonly steps: number;
  /** The results of all batches, the samples first: there from the first call on, whole at the end. */
  results: Tensor[] | undefined;
  readonly #program: Program;
  readonly #source: Source;

  constructor(trainer: Trainer, data: Batch, batchSize: number) {
    this.#program = trainer.program('predict', data);
    this.#source = new Source(feedsOf(data), { batchSize });
    this.steps = Math.ceil(data.x[0].shape[0] / batchSize);
  }

  queue(count: number) {
    const { outputs, done } = this.#program.collect(this.#source, count, this.results);
    this.results ??= outputs;
    return Promise.resolve({ steps: count, done });
  }
}

/** Batches that the user's iterable makes, one at a time. */
export class IterableFeeder implements Feeder {
  readonly longest = 1;

  constructor(
    private readonly trainer: Trainer,
    private readonly mode: Mode,
    private readonly next: () => Promise<{ batch: Batch; release: () => void } | undefined>,
    readonly steps: number | undefined,
  ) {}

  async queue() {
    const given = await this.next();
    if (!given) return { steps: 0, done: Promise.resolve() };
    const { batch, release } = given;
    try {
      const { done } = this.trainer.program(this.mode, batch).run(feedsOf(batch));
      return { steps: 1, done };
    } finally {
      release();
    }
  }
}

export interface LoopHooks {
  /** Called around every step; their presence makes each native call one step. */
  begin?: (step: number) => Promise<void> | void;
  end?: (step: number) => Promise<void> | void;
  /** Called after each native call. */
  progress?: (stepsDone: number) => Promise<void> | void;
  /** Whether to stop after the steps that are queued. */
  stopped: () => boolean;
  signal?: AbortSignal;
}

/**
 * Runs the steps of one epoch: several a native call, so many that a call takes about CALL_MS, and always one call ahead.
 *
 * @returns How many steps were made.
 * @throws EngineError `ABORTED` where the signal says so, after the steps in flight have ended.
 */
export async function runEpoch(feeder: Feeder, hooks: LoopHooks): Promise<number> {
  const single = hooks.begin !== undefined || hooks.end !== undefined;
  const flight: { steps: number; done: Promise<void> }[] = [];
  const total = feeder.steps ?? Infinity;
  let queued = 0;
  let finished = 0;
  let chunk = 1;
  let ended = false;
  let since = performance.now();
  try {
    for (;;) {
      throwIfAborted(hooks.signal);
      while (!ended && queued < total && !hooks.stopped() && flight.length < (single ? 1 : IN_FLIGHT)) {
        if (single) await hooks.begin?.(queued);
        const call = await feeder.queue(Math.min(single ? 1 : chunk, feeder.longest, total - queued));
        ended = call.steps === 0;
        if (ended) break;
        // Whoever waits for it comes later; until then a failure must not count as unhandled.
        call.done.catch(() => undefined);
        flight.push(call);
        queued += call.steps;
      }
      const first = flight.shift();
      if (!first) return finished;
      await first.done;
      finished += first.steps;
      if (single) await hooks.end?.(finished - 1);
      await hooks.progress?.(finished);
      const now = performance.now();
      const perStep = Math.max((now - since) / first.steps, 0.01);
      since = now;
      chunk = Math.max(1, Math.min(Math.round(CALL_MS / perStep), chunk * 4));
    }
  } catch (error) {
    await Promise.allSettled(flight.map((call) => call.done));
    throw error;
  }
}

/** Fails with `ABORTED`, the signal's reason as cause, where the signal says so. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new EngineError('ABORTED', '[model] the run was aborted by its signal', { cause: signal.reason });
}

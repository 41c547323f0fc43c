import { isPlainObject } from '../base/checks.js';
import { NDArray } from '../core/ndarray.js';
import { Tensor } from '../core/tensor.js';
import type { Batch, Batches, Data } from '../data/batches.js';
import { Dataset, type DatasetState } from '../data/dataset.js';
import { unlessAborted } from './abort.js';
import type { ClassWeights } from './classWeights.js';
import type { ModelData } from './modelData.js';
import type { FedRun, Feeder, Queued } from './feeder.js';
import type { InputSettings } from './options.js';
import type { Run } from './run.js';
import { type Feeds, type Mode, feedsOf } from './trainer.js';

/** How many batches of a dataset are made ahead of the step that needs them. */
const AHEAD = 2;

/** Batches that the user's iterable or dataset makes, one at a time. */
export class IterableFeeder implements Feeder {
  readonly longest = 1;
  protected readonly run: Run;
  readonly #batches: Batches;
  readonly #mode: Mode;
  readonly #classWeight: ClassWeights | undefined;
  /** Steps of an epoch that were asked for. */
  readonly #wanted: number | undefined;
  /** Batches of the pass that has begun; of one that goes on within an epoch, with those of the earlier run. */
  #left: number | undefined;
  #epoch = 0;
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #next: ModelData | undefined;
  /** Whether the iterator has given nothing yet in this epoch, but has in one before. */
  #resumed = false;
  /** Steps of the epoch that comes which an earlier run has made. */
  #made = 0;
  /** Whether these are the whole pass. */
  #isOver = false;
  #waiting = false;

  constructor(run: Run, mode: Mode, batches: Batches, { steps, classWeight }: InputSettings) {
    this.run = run;
    this.#wanted = steps;
    this.#batches = batches;
    this.#mode = mode;
    this.#classWeight = classWeight;
    this.#left = batches instanceof Dataset ? batches.cardinality() : undefined;
    if (this.#left === Infinity && steps === undefined)
      throw run.error(
        `expected ${mode === 'train' ? 'stepsPerEpoch' : 'a number of steps'} with a dataset that has no end`,
      );
  }

  get steps(): number | undefined {
    return this.#wanted ?? this.#left;
  }

  async begin(epoch: number): Promise<void> {
    this.#epoch = epoch;
    // Epochs of a number of steps go on where the last one has ended.
    const goesOn = this.#mode === 'train' && this.#wanted !== undefined;
    this.#resumed = goesOn && this.#iterator !== undefined;
    const made = this.#made;
    const isOver = this.#isOver;
    this.#made = 0;
    this.#isOver = false;
    if (this.#resumed || isOver) return;
    await this.#open();
    if (this.#left !== undefined) this.#left += made;
    if (!(this.#batches instanceof Dataset)) await this.#skip(made);
  }

  position(): DatasetState | undefined {
    return this.#batches instanceof Dataset ? this.#batches.state() : undefined;
  }

  async resume({ epoch, step, data }: FedRun): Promise<void> {
    if (this.#batches instanceof Dataset) {
      this.#batches.restore(data as DatasetState);
      // The pass may be at its end without having said so.
      if (this.#wanted !== undefined) await this.#open();
      else this.#made = step;
      this.#isOver = step > 0 && this.#wanted === undefined && (data as DatasetState).position === 0;
      return;
    }
    if (this.#wanted === undefined) {
      this.#made = step;
      return;
    }
    // Epochs of a number of steps depend on those before them.
    for (let before = 0; before < epoch; before++) {
      await this.begin(before);
      await this.#skip(this.#wanted);
    }
    if (step === 0) return;
    await this.begin(epoch);
    await this.#skip(step);
  }

  /** Reads batches that an earlier run has had. */
  async #skip(count: number): Promise<void> {
    for (let i = 0; i < count; i++) if (!(await this.ready())) return;
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
    this.#next = this.read(result.value);
    return true;
  }

  queue(): Queued {
    const temporaries: Tensor[] = [];
    try {
      return { steps: 1, ...this.step(this.#next!.feeds(temporaries)) };
    } finally {
      for (const tensor of temporaries) tensor.dispose();
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

  /** Checks what the iterable gives. */
  protected read(batch: unknown): ModelData {
    const parts: unknown = isInput(batch) ? [batch] : batch;
    if (!Array.isArray(parts) || parts.length < 1 || parts.length > 3)
      throw this.run.error('expected batches [x, y] or [x, y, sampleWeight] from the iterable');
    const [x, y, sampleWeight] = parts as unknown as Batch;
    const { caller, model } = this.run;
    const data = this.run.read(this.#mode, x, y, sampleWeight);
    const weights = this.#classWeight;
    return weights === undefined ? data : data.withClassWeight(caller, model.knownGraph(), weights);
  }

  /** Queues a step. */
  protected step(feeds: Feeds): Omit<Queued, 'steps'> {
    const step = this.run.trainer.step(this.#mode, feeds);
    const { outputs, done } = step.program.run(feedsOf(feeds));
    return { done, results: step.results(outputs) };
  }

  /** Begins anew; a generator, which is its own iterator, goes on. */
  async #open(): Promise<void> {
    const batches = this.#batches;
    // One that goes on with its pass gives its own iterator again; a dataset never does.
    if (batches instanceof Dataset) {
      await this.close();
      this.#iterator = this.#mode === 'train' ? batches.begin(this.#epoch, AHEAD) : batches.measure(AHEAD);
      if (this.#mode === 'train') this.#left = batches.left;
      return;
    }
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
    return unlessAborted(answer, this.run.settings.signal);
  }
}

/** Whether a batch is the input alone. */
export const isInput = (batch: unknown): batch is Data =>
  batch instanceof Tensor || batch instanceof NDArray || isPlainObject(batch);

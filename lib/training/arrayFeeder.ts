import { type Program, Source } from '../core/program.js';
import type { Tensor } from '../core/tensor.js';
import type { Dataset } from './dataset.js';
import type { Feeder } from './feeder.js';
import { type Mode, type Trainer, feedsOf } from './trainer.js';

export interface ArrayFeederOptions {
  /** Samples a step. By default as many as make `steps` steps of the data, else 32. */
  batchSize?: number;
  /** Steps of an epoch. Default once through the data. */
  steps?: number;
  /** A new order each pass. Default false. */
  shuffle?: boolean;
  seed?: number;
}

/** Arrays in memory, which the engine cuts into batches by itself. */
export class ArrayFeeder implements Feeder {
  readonly longest = Infinity;
  readonly steps: number;
  protected readonly program: Program;
  protected source!: Source;
  readonly #made: Tensor[] = [];
  readonly #feeds: readonly Tensor[];
  readonly #options: ArrayFeederOptions & { batchSize: number };
  readonly #stepsPerPass: number;
  /** Whether an epoch goes on where the last one ended within a pass. */
  readonly #goesOn: boolean;
  #left = 0;

  constructor(trainer: Trainer, mode: Mode, data: Dataset, options: ArrayFeederOptions) {
    const { steps, batchSize = steps === undefined ? 32 : Math.ceil(data.samples / steps) } = options;
    const batch = data.batch(this.#made);
    try {
      this.program = trainer.program(mode, batch);
    } catch (error) {
      void this.close();
      throw error;
    }
    this.#feeds = feedsOf(batch);
    this.#options = { ...options, batchSize };
    this.#stepsPerPass = Math.ceil(data.samples / batchSize);
    this.#goesOn = mode === 'train' && steps !== undefined;
    this.steps = steps ?? this.#stepsPerPass;
  }

  begin(epoch: number): Promise<void> {
    if (!this.#goesOn || this.#left === 0) {
      this.source = new Source(this.#feeds, { ...this.#options, pass: epoch });
      this.#left = this.#stepsPerPass;
    }
    return Promise.resolve();
  }

  ready(): Promise<boolean> {
    return Promise.resolve(this.#left > 0);
  }

  queue(count: number) {
    const steps = Math.min(count, this.#left);
    this.#left -= steps;
    return { steps, done: this.run(steps) };
  }

  close(): Promise<void> {
    for (const tensor of this.#made) tensor.dispose();
    return Promise.resolve();
  }

  protected run(steps: number): Promise<void> {
    return this.program.runSource(this.source, steps).done;
  }
}

/** Arrays in memory of which a program's results are collected. */
export class CollectingFeeder extends ArrayFeeder {
  #results: Tensor[] | undefined;

  constructor(trainer: Trainer, data: Dataset, options: Pick<ArrayFeederOptions, 'batchSize' | 'steps'>) {
    const { batchSize, steps = Infinity } = options;
    const end = Math.min(data.samples, batchSize === undefined ? Infinity : steps * batchSize);
    super(trainer, 'predict', data.slice(0, end), options);
  }

  /** The results of all batches, one after another: whole at the end of the run. */
  outputs(): Promise<Tensor[]> {
    return Promise.resolve(this.#results!);
  }

  discard(): void {
    for (const result of this.#results ?? []) result.dispose();
  }

  protected override run(steps: number): Promise<void> {
    const { outputs, done } = this.program.collect(this.source, steps, this.#results);
    this.#results ??= outputs;
    return done;
  }
}

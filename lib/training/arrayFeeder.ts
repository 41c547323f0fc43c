import { Source } from '../core/program.js';
import type { Tensor } from '../core/tensor.js';
import type { ModelData } from './modelData.js';
import type { FedRun, Feeder, Queued } from './feeder.js';
import type { InputSettings } from './options.js';
import type { Run } from './run.js';
import type { Step } from './step.js';
import { EagerBatches } from './eagerBatches.js';
import { type Mode, feedsOf } from './trainer.js';

/** Samples a step where neither a size nor a number of steps is asked for. */
const DEFAULT_BATCH_SIZE = 32;

/** How far a pass over arrays has come. */
interface Position {
  readonly pass: number;
  /** Batches that are left of it. */
  readonly left: number;
}

/** Arrays in memory, which the engine cuts into batches by itself. */
export class ArrayFeeder implements Feeder {
  readonly longest: number;
  readonly steps: number;
  protected step!: Step;
  protected source!: Source;
  readonly #run: Run;
  readonly #temporaries: Tensor[] = [];
  readonly #arrays: readonly Tensor[];
  readonly #batchSize: number;
  #seed: number | undefined;
  readonly #shuffle: boolean;
  readonly #stepsPerPass: number;
  /** Whether an epoch goes on where the last one ended within a pass. */
  readonly #goesOn: boolean;
  /** Where steps run eagerly: makes the step of the next batch. */
  readonly #eager: EagerBatches | undefined;
  /** The pass that has begun. */
  #pass = 0;
  #left = 0;
  /** Whether the epoch that comes was begun by an earlier run. */
  #isResumed = false;

  constructor(run: Run, mode: Mode, given: ModelData, settings: InputSettings) {
    const { caller, model, trainer } = run;
    this.#run = run;
    const { steps, classWeight, shuffle = true, seed } = settings;
    this.longest = model.runEagerly ? 1 : Infinity;
    const data =
      classWeight === undefined ? given : given.withClassWeight(caller, model.knownGraph(), classWeight);
    const feeds = data.feeds(this.#temporaries);
    try {
      if (model.runEagerly) this.#eager = new EagerBatches(feeds, (batch) => trainer.step(mode, batch));
      else this.step = trainer.step(mode, feeds);
    } catch (error) {
      void this.close();
      throw error;
    }
    const inSteps = steps === undefined ? DEFAULT_BATCH_SIZE : Math.ceil(data.samples / steps);
    this.#batchSize = settings.batchSize ?? inSteps;
    this.#arrays = feedsOf(feeds);
    this.#seed = seed;
    this.#shuffle = mode === 'train' && shuffle;
    this.#stepsPerPass = Math.ceil(data.samples / this.#batchSize);
    this.#goesOn = mode === 'train' && steps !== undefined;
    this.steps = steps ?? this.#stepsPerPass;
  }

  begin(epoch: number): Promise<void> {
    const goesOn = this.#isResumed || (this.#goesOn && this.#left > 0);
    this.#isResumed = false;
    if (!goesOn) this.#open({ pass: epoch, left: this.#stepsPerPass });
    return Promise.resolve();
  }

  position(): Position {
    return { pass: this.#pass, left: this.#left };
  }

  resume({ seed, step, data }: FedRun): Promise<void> {
    this.#seed = seed;
    this.#isResumed = step > 0;
    const position = data as Position;
    if (position.left > this.#stepsPerPass)
      throw this.#run.error(
        `expected the arrays of the run that goes on, with ${position.left} batches or more, received ${this.#stepsPerPass}`,
      );
    this.#open(position);
    return Promise.resolve();
  }

  #open({ pass, left }: Position): void {
    const step = this.#stepsPerPass - left;
    const options = { batchSize: this.#batchSize, shuffle: this.#shuffle, seed: this.#seed, pass, step };
    this.source = new Source(this.#arrays, options);
    this.#eager?.begin(new Source(this.#arrays, options));
    [this.#pass, this.#left] = [pass, left];
  }

  ready(): Promise<boolean> {
    return Promise.resolve(this.#left > 0);
  }

  queue(count: number): Queued {
    const steps = Math.min(count, this.#left);
    this.#left -= steps;
    if (this.#eager) this.step = this.#eager.next();
    return { steps, ...this.run(steps) };
  }

  close(): Promise<void> {
    for (const tensor of this.#temporaries) tensor.dispose();
    return Promise.resolve();
  }

  protected run(steps: number): Omit<Queued, 'steps'> {
    const { outputs, done } = this.step.program.runSource(this.source, steps);
    return { done, results: this.step.results(outputs) };
  }
}

/** Arrays in memory of which a program's results are collected. */
export class CollectingFeeder extends ArrayFeeder {
  #results: Tensor[] | undefined;

  constructor(run: Run, data: ModelData, settings: InputSettings) {
    const { batchSize, steps = Infinity } = settings;
    const end = Math.min(data.samples, batchSize === undefined ? Infinity : steps * batchSize);
    super(run, 'predict', data.slice(0, end), settings);
  }

  /** The results of all batches, one after another: whole at the end of the run. */
  outputs(): Promise<Tensor[]> {
    return Promise.resolve(this.#results!);
  }

  discard(): void {
    for (const result of this.#results ?? []) result.dispose();
  }

  protected override run(steps: number): Omit<Queued, 'steps'> {
    const { outputs, done } = this.step.program.collect(this.source, steps, this.#results);
    this.#results ??= outputs;
    return { done };
  }
}

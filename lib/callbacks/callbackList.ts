import { expected } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { Callback, type CallbackParams, type HookResult, type Logs } from './callback.js';
import type { ResumedRun, RunAccess } from './resumedRun.js';
import type { TrainedModel } from './trainedModel.js';

/** What kind of run it is. */
export type RunMode = 'train' | 'test' | 'predict';

type EpochHook = 'onEpochBegin' | 'onEpochEnd';
type RunHook =
  'onTrainBegin' | 'onTrainEnd' | 'onTestBegin' | 'onTestEnd' | 'onPredictBegin' | 'onPredictEnd';
type BatchHook =
  | 'onTrainBatchBegin'
  | 'onTrainBatchEnd'
  | 'onTestBatchBegin'
  | 'onTestBatchEnd'
  | 'onPredictBatchBegin'
  | 'onPredictBatchEnd';

const batchHooks: Record<RunMode, readonly BatchHook[]> = {
  train: ['onTrainBatchBegin', 'onTrainBatchEnd'],
  test: ['onTestBatchBegin', 'onTestBatchEnd'],
  predict: ['onPredictBatchBegin', 'onPredictBatchEnd'],
};

/** The callbacks of one run, in order. */
export class CallbackList {
  readonly callbacks: readonly Callback[];
  readonly #around: (hook: () => Promise<void>) => Promise<void>;

  /** @param around What a run does around each hook. */
  constructor(
    callbacks: readonly Callback[],
    model: TrainedModel,
    params: CallbackParams,
    around: (hook: () => Promise<void>) => Promise<void> = (hook) => hook(),
  ) {
    for (const callback of callbacks) {
      if (!(callback instanceof Callback)) {
        throw expected('callbacks', 'objects of class callbacks.Callback', callback);
      }
    }
    this.callbacks = callbacks;
    this.#around = around;
    for (const callback of callbacks) {
      callback.setModel(model);
      callback.setParams(params);
    }
  }

  /** Whether a callback has a hook on the batches of such a run. */
  needsBatches(mode: RunMode): boolean {
    return batchHooks[mode].some((hook) => this.#overrides(hook));
  }

  /** Whether a callback wants to hear of progress. */
  get needsProgress(): boolean {
    return this.#overrides('onProgress');
  }

  /** The epoch with which `fit` begins: that of a callback that goes on with an earlier run, else the one that is given. */
  firstEpoch(given: number): number {
    return this.callbacks.reduce((first, callback) => callback.firstEpoch ?? first, given);
  }

  /** The states of callbacks that have some, by class and place among those of the class. */
  states(): Record<string, unknown> {
    return Object.fromEntries(this.#named.map(([name, callback]) => [name, callback.getState()]));
  }

  /** Gives callbacks the states of an earlier run. */
  restore(states: Readonly<Record<string, unknown>>): void {
    for (const [name, callback] of this.#named)
      if (states[name] !== undefined) callback.setState(states[name]);
  }

  /** What a run goes on with that a callback resumes. */
  get resumed(): ResumedRun | undefined {
    return this.callbacks.map(({ resumed }) => resumed).find((run) => run !== undefined);
  }

  /** Lets callbacks read the run that they are in. */
  give(position: RunAccess['position']): void {
    for (const callback of this.callbacks) callback.access = { position, states: () => this.states() };
  }

  get #named(): [name: string, callback: Callback][] {
    const counts = new Map<string, number>();
    return this.callbacks.map((callback) => {
      const { name } = callback.constructor;
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      return [`${name}/${count}`, callback];
    });
  }

  /** Runs what calls the hooks; where it fails, the callbacks hear of it. */
  async guard<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      for (const callback of this.callbacks) callback.interrupted();
      throw error;
    }
  }

  /** Calls a hook of the run's begin or end on each, one after the other. */
  async run(hook: RunHook, logs: Logs = {}): Promise<void> {
    await this.#each((callback) => callback[hook](logs));
  }

  /** Calls a hook that takes the number of an epoch. */
  async epoch(hook: EpochHook, epoch: number, logs: Logs = {}): Promise<void> {
    await this.#each((callback) => callback[hook](epoch, logs));
  }

  /** Tells each that all have heard of the end of an epoch. */
  async epochDone(epoch: number): Promise<void> {
    await this.#each((callback) => callback.epochDone(epoch));
  }

  /** Calls the hook before or after a batch. */
  async batch(mode: RunMode, at: 'begin' | 'end', batch: number, logs: Logs = {}): Promise<void> {
    const hook = itemAt(batchHooks[mode], at === 'begin' ? 0 : 1);
    await this.#each((callback) => callback[hook](batch, logs));
  }

  async progress(steps: number, logs: Logs): Promise<void> {
    await this.#each((callback) => callback.onProgress(steps, logs));
  }

  #each(hook: (callback: Callback) => HookResult): Promise<void> {
    return this.#around(async () => {
      for (const callback of this.callbacks) await hook(callback);
    });
  }

  #overrides(hook: BatchHook | 'onProgress'): boolean {
    return this.callbacks.some((callback) => callback[hook] !== Callback.prototype[hook]);
  }
}

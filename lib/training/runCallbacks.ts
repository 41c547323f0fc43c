import { CallbackList } from '../callbacks/callbackList.js';
import type { Callback, CallbackParams, HookResult, Logs, TrainedModel } from '../callbacks/index.js';
import type { ResumedRun, RunAccess } from '../callbacks/resumedRun.js';
import type { Mode } from './trainer.js';

const batchHooks = {
  train: { begin: 'onTrainBatchBegin', end: 'onTrainBatchEnd' },
  test: { begin: 'onTestBatchBegin', end: 'onTestBatchEnd' },
  predict: { begin: 'onPredictBatchBegin', end: 'onPredictBatchEnd' },
} as const satisfies Record<Mode, object>;

/** The callbacks of one call of `fit`, `evaluate` or `predict`. */
export class RunCallbacks extends CallbackList {
  readonly #around: (hook: () => Promise<void>) => Promise<void>;

  /** @param around What a run does around each hook. */
  constructor(
    callbacks: readonly Callback[],
    model: TrainedModel,
    params: CallbackParams,
    around: (hook: () => Promise<void>) => Promise<void>,
  ) {
    super(callbacks);
    this.setModel(model);
    this.setParams(params);
    this.#around = around;
  }

  /** Whether a callback has a hook on the batches of such a run. */
  needsBatches(mode: Mode): boolean {
    return Object.values(batchHooks[mode]).some((hook) => this.overrides(hook));
  }

  /** Calls the hook before or after a batch. */
  batch(mode: Mode, at: 'begin' | 'end', batch: number, logs: Logs = {}): Promise<void> {
    return this[batchHooks[mode][at]](batch, logs);
  }

  /** The epoch that `fit` begins with: that of a callback that goes on with an earlier run, else the one that is given. */
  epochFrom(given: number): number {
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
  override get resumed(): ResumedRun | undefined {
    return this.callbacks.map(({ resumed }) => resumed).find((run) => run !== undefined);
  }

  /** Lets callbacks read the run that they are in. */
  give(position: RunAccess['position']): void {
    for (const callback of this.callbacks) callback.access = { position, states: () => this.states() };
  }

  /** Runs what calls the hooks; where it fails, the callbacks hear of it. */
  async guard<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      // What they say is less than why the run has failed.
      for (const callback of this.callbacks) await Promise.allSettled([callback.interrupted()]);
      throw error;
    }
  }

  protected override each(hook: (callback: Callback) => HookResult): Promise<void> {
    return this.#around(() => super.each(hook));
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
}

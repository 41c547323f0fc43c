import type { NDArray } from '../core/ndarray.js';

/** What a run of `fit` knows besides the model and the epoch. */
export interface RunPosition {
  /** Decides the order of shuffled samples. */
  readonly seed: number;
  /** The random key of the next step, which decides masks. */
  readonly key: readonly number[];
  /** How many steps of the epoch are done. */
  readonly step: number;
  /** What losses and metrics have counted in these, by their keys in the logs. */
  readonly measured: Readonly<Record<string, readonly NDArray[]>>;
  /** The place in the data, as its feeder understands it. */
  readonly data: unknown;
}

/** A run that goes on from what an earlier one has kept. */
export interface ResumedRun extends RunPosition {
  /** The epoch that begins or goes on, from 0. */
  readonly epoch: number;
  /** The states of the callbacks by their names. */
  readonly states: Readonly<Record<string, unknown>>;
}

/** What a callback can read of the run that it is in. */
export interface RunAccess {
  /** Where it is now: after a step, or after an epoch. */
  position(): Promise<RunPosition>;
  /** The states of the run's callbacks by their names. */
  states(): Readonly<Record<string, unknown>>;
}

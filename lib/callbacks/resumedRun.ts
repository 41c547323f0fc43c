/** What a run of `fit` knows besides the model and the epoch. */
export interface RunPosition {
  /** Decides the order of shuffled samples. */
  readonly seed: number;
  /** The random key of the next step, which decides masks. */
  readonly key: readonly number[];
}

/** A run that goes on from what an earlier one has kept. */
export interface ResumedRun extends RunPosition {
  /** The epoch that begins, from 0. */
  readonly epoch: number;
  /** The states of the callbacks by their names. */
  readonly states: Readonly<Record<string, unknown>>;
}

/** What a callback can read of the run that it is in. */
export interface RunAccess {
  /** Where it is now. */
  position(): Promise<RunPosition>;
  /** The states of the run's callbacks by their names. */
  states(): Readonly<Record<string, unknown>>;
}

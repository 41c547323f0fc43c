import type { StepResults } from './step.js';

/** Steps that are queued. */
export interface Queued {
  readonly steps: number;
  readonly done: Promise<void>;
  /** What the last of them gives for the logs, where the model has its own step. */
  readonly results?: StepResults | undefined;
}

/** How far an earlier run has come. */
export interface FedRun {
  /** Decides the order of shuffled samples. */
  readonly seed: number;
  /** The epoch that goes on, from 0. */
  readonly epoch: number;
  /** How many of its steps are done. */
  readonly step: number;
  /** What {@link Feeder.position} has given. */
  readonly data: unknown;
}

/** Where the steps of a run take their batches from, epoch after epoch. */
export interface Feeder {
  /** Steps of an epoch, with those that an earlier run has made of it; undefined where only the end of the data tells. */
  readonly steps: number | undefined;
  /** The longest run of steps that one call may take. */
  readonly longest: number;
  /**
   * Begins an epoch.
   *
   * @param epoch Decides the order of shuffled samples.
   */
  begin(epoch: number): Promise<void>;
  /** The place after all batches that were queued, in numbers that can be kept. */
  position(): unknown;
  /** Goes on where an earlier run was. Called before the first epoch. */
  resume(run: FedRun): Promise<void>;
  /** Gets the next batch ready; false where the epoch's data ends. */
  ready(): Promise<boolean>;
  /** Queues up to `count` steps, the first on the batch that is ready. */
  queue(count: number): Queued;
  /** Ends the run: frees what was made for it and closes what the user gave. */
  close(): Promise<void>;
}

/**
 * Runs what feeders feed and closes them at its end.
 *
 * @throws What `body` throws, else what closing throws.
 */
export async function closing<T>(feeders: readonly Feeder[], body: () => Promise<T>): Promise<T> {
  const close = () => Promise.allSettled(feeders.map((feeder) => feeder.close()));
  let result: T;
  try {
    result = await body();
  } catch (error) {
    await close();
    throw error;
  }
  for (const closed of await close()) if (closed.status === 'rejected') throw closed.reason;
  return result;
}

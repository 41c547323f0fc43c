import type { StepResults } from './step.js';

/** Steps that are queued. */
export interface Queued {
  readonly steps: number;
  readonly done: Promise<void>;
  /** What the last of them gives for the logs, where the model has its own step. */
  readonly results?: StepResults | undefined;
}

/** Where the steps of a run take their batches from, epoch after epoch. */
export interface Feeder {
  /** Steps of an epoch, undefined where only the end of the data tells. */
  readonly steps: number | undefined;
  /** The longest run of steps that one call may take. */
  readonly longest: number;
  /**
   * Begins an epoch.
   *
   * @param epoch Decides the order of shuffled samples.
   */
  begin(epoch: number): Promise<void>;
  /**
   * Goes on as after some epochs.
   *
   * @param seed That of the run that had them.
   */
  resume?(seed: number, epochs: number): Promise<void>;
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

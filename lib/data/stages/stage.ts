/** Elements one after another. */
export type Elements<T> = AsyncGenerator<T, void, undefined>;

/** A part of a pipeline: what it gives, made of what it reads from other parts. It holds no state of a pass. */
export interface Stage<T> {
  /** What it reads from. */
  readonly sources: readonly Stage<unknown>[];
  /** What decides its order, where that is random. */
  seed?: number;
  /** How many elements a pass has: Infinity where it has no end, undefined where only reading tells. */
  size(): number | undefined;
  /**
   * Begins to read.
   *
   * @param pass The number of the pass: with the seeds it decides all that is random.
   * @param from How many elements to leave out: a pass that was broken off goes on there.
   */
  open(pass: number, from: number): Elements<T>;
}

/** Leaves the first elements out, for a stage that has to make them to know the others. */
export async function* without<T>(elements: Elements<T>, count: number): Elements<T> {
  let left = count;
  for await (const element of elements) if (left-- <= 0) yield element;
}

/** The elements of a list. */
export async function* each<T>(elements: readonly T[]): Elements<T> {
  // Even a list gives its elements one by one as a promise each: who reads may do something else in between.
  for (const element of elements) yield await Promise.resolve(element);
}

/** The sizes of parts that follow each other. */
export const sumOf = (sizes: readonly (number | undefined)[]): number | undefined =>
  sizes.includes(undefined) ? undefined : (sizes as readonly number[]).reduce((sum, size) => sum + size, 0);

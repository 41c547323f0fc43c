import type { OptionNames } from '../base/checks.js';

/** What `Dataset.fromGenerator` takes. */
export interface GeneratorOptions {
  /** How many elements each pass has; Infinity where it has no end. Default: not known, so that a progress bar has no end. */
  cardinality?: number;
}

export const generatorNames = { cardinality: 'optional' } satisfies OptionNames<GeneratorOptions>;

/** What `map` takes. */
export interface MapOptions {
  /**
   * How many calls of an asynchronous function run at once, such as reads of files. The order of the elements stays. Default 1.
   */
  numParallelCalls?: number;
}

export const mapNames = { numParallelCalls: 'optional' } satisfies OptionNames<MapOptions>;

/** What `shuffle` takes. */
export interface ShuffleOptions {
  /** Decides the orders. Default: decided by `setSeed`, else random. */
  seed?: number;
  /** Whether each pass has another order. Default true. */
  reshuffleEachEpoch?: boolean;
}

export const shuffleNames = {
  seed: 'optional',
  reshuffleEachEpoch: 'boolean',
} satisfies OptionNames<ShuffleOptions>;

/** What `batch` takes. */
export interface BatchOptions {
  /** Whether the last batch is left out where it has fewer elements. Default false. */
  dropRemainder?: boolean;
}

export const batchNames = { dropRemainder: 'boolean' } satisfies OptionNames<BatchOptions>;

/** What `paddedBatch` takes. */
export interface PaddedBatchOptions extends BatchOptions {
  /**
   * The shape of one array, -1 for the longest of the batch; where elements are lists or records, such a list or record of shapes.
   * Default: the longest of the batch along each axis.
   */
  paddedShapes?: unknown;
  /** What fills the room: a number, or a list or record of numbers like the elements. Default 0. */
  paddingValues?: unknown;
}

export const paddedBatchNames = {
  ...batchNames,
  paddedShapes: 'optional',
  paddingValues: 'optional',
} satisfies OptionNames<PaddedBatchOptions>;

/** What `interleave` takes. */
export interface InterleaveOptions {
  /** How many datasets are open at once. Default 1: one after the other. */
  cycleLength?: number;
  /** How many elements a dataset gives before the next has its turn. Default 1. */
  blockLength?: number;
}

export const interleaveNames = {
  cycleLength: 'optional',
  blockLength: 'optional',
} satisfies OptionNames<InterleaveOptions>;

/** What `window` takes. */
export interface WindowOptions extends BatchOptions {
  /** How many elements after the start of one window the next one starts. Default: the size of a window. */
  shift?: number;
  /** How many elements after the one before each element of a window is. Default 1. */
  stride?: number;
}

export const windowNames = {
  ...batchNames,
  shift: 'optional',
  stride: 'optional',
} satisfies OptionNames<WindowOptions>;

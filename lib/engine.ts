/**
 * The native engine's contract: every call of the addon, typed. This is the only file that loads the binary.
 * Handles are opaque; TypeScript above wraps them in classes.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineError } from './errors.js';

export type DType = 'float32' | 'int32' | 'uint8' | 'bool';

/** Dimensions from the outermost; -1 is one that is known only when a program runs (usually the batch). */
export type Shape = readonly number[];

/** The numbers of a dtype in JavaScript; bool travels as bytes 0 and 1. */
export type TypedArray = Float32Array | Int32Array | Uint8Array;

/** Infinity in a list stands for the largest integer ("to the end" in a slice). */
export type AttrValue = boolean | number | bigint | string | readonly number[];
export type Attrs = Readonly<Record<string, AttrValue>>;

/** A node output of a graph; an index. */
export type ValueId = number;

export interface TypedValue {
  readonly id: ValueId;
  readonly dtype: DType;
  readonly shape: number[];
}

declare const brand: unique symbol;
export interface NativeTensor {
  readonly [brand]: 'tensor';
}
export interface NativeGraph {
  readonly [brand]: 'graph';
}
export interface NativeProgram {
  readonly [brand]: 'program';
}
export interface NativeSource {
  readonly [brand]: 'source';
}

export interface RunResult {
  /** The fetches of the last step, in order. They exist at once; their numbers come when the engine gets there. */
  readonly outputs: readonly NativeTensor[];
  readonly shapes: readonly (readonly number[])[];
  /** Settles when the steps are done; rejects with the first error, after which the parameters are those before the failed step. */
  readonly done: Promise<void>;
}

export interface EngineInfo {
  /** The backend, with the version of its library. */
  readonly device: string;
  /** Instruction set of the own kernels: base, avx2 or avx512. */
  readonly isa: string;
  /** Whether the processor computes in bfloat16, which the policy `mixedBfloat16` needs. */
  readonly bfloat16: boolean;
  readonly threads: number;
  /** Tensors alive in this environment. */
  readonly tensors: number;
  /** Bytes of all live native buffers in the process. */
  readonly bytes: number;
}

export interface Engine {
  /** A tensor with a copy of data (row-major), or zeros for null. Throws SHAPE where the length differs, OUT_OF_MEMORY. */
  createTensor(dtype: DType, shape: Shape, data: TypedArray | null): NativeTensor;
  /** Queues an overwrite of the tensor's numbers with a copy of data (row-major). */
  writeTensor(tensor: NativeTensor, data: TypedArray): void;
  /** A row-major copy, once all that was queued before is done. Rejects with the error of the program that should have made it. */
  readTensor(tensor: NativeTensor): Promise<TypedArray>;
  /** As readTensor, blocking. */
  readTensorSync(tensor: NativeTensor): TypedArray;
  /** Frees the memory as soon as nothing queued uses it. Later uses throw DISPOSED. Twice is allowed. */
  disposeTensor(tensor: NativeTensor): void;

  createGraph(): NativeGraph;
  /** A value that is fed at each run. */
  addInput(graph: NativeGraph, dtype: DType, shape: Shape, label: string): TypedValue;
  /** A value that lives in a tensor. The same tensor gives the same value. */
  addParameter(graph: NativeGraph, tensor: NativeTensor, label: string): TypedValue;
  addOp(graph: NativeGraph, op: string, inputs: readonly ValueId[], attrs: Attrs): TypedValue[];
  addGradients(
    graph: NativeGraph,
    ys: readonly ValueId[],
    xs: readonly ValueId[],
    seeds: readonly ValueId[] | null,
  ): TypedValue[];

  /**
   * A program of the graph as it is now: fed values, fetched values, and tensors to update after each step. Plans are made at
   * its first run for each set of shapes. `bfloat16` has them keep activations in it; it throws DEVICE where
   * {@link EngineInfo.bfloat16} is false.
   */
  createProgram(
    graph: NativeGraph,
    feeds: readonly ValueId[],
    fetches: readonly ValueId[],
    updates: readonly { tensor: NativeTensor; value: ValueId }[],
    compute?: 'float32' | 'bfloat16',
  ): NativeProgram;
  /**
   * Queues one step on the fed tensors, or `steps` steps on a source's next batches (the source's arrays feed the program's inputs in
   * order). Returns at once.
   */
  run(program: NativeProgram, feeds: readonly NativeTensor[] | NativeSource, steps: number): RunResult;
  /** The same without a promise: an error shows when one of the outputs is read. */
  run(
    program: NativeProgram,
    feeds: readonly NativeTensor[] | NativeSource,
    steps: number,
    silent: true,
  ): Omit<RunResult, 'done'>;
  /**
   * Queues steps on a source's next batches and puts what each gives, one after another, into results, which have room for a pass
   * over the source; null makes them, and they are the outputs. Throws SHAPE where a batch gives a scalar.
   */
  collect(
    program: NativeProgram,
    source: NativeSource,
    steps: number,
    results: readonly NativeTensor[] | null,
  ): RunResult;
  /** The latest plan in words: op, implementation, layout, bytes, and times where NODEGRAD_PLAN was set. */
  describeProgram(program: NativeProgram): string;

  /**
   * In-memory arrays (row-major, the same first dimension) that are cut into batches natively. Each pass over them ends with a short
   * batch unless dropRemainder. shuffle: a new order each pass, from the seed and the pass number; `pass` is the first pass's number.
   */
  createSource(
    arrays: readonly NativeTensor[],
    options: { batchSize: number; shuffle: boolean; seed: number; pass: number; dropRemainder: boolean },
  ): NativeSource;

  /** The state of the engine. With threads it sets the size of the team first (1 to the number of processors). */
  info(options?: { threads?: number }): EngineInfo;
}

/** The addon is one function: it takes the class of its errors and gives the calls. */
type Addon = (errorClass: typeof EngineError) => Engine;

/** What decides whether a binary can be loaded here. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly node: string;
  /** The version of Node-API, where the runtime has one. */
  readonly napi: string | undefined;
  /** Whether the C library is glibc, asked only when a binary did not load: the report takes a while. */
  hasGlibc(): boolean;
}

const require = createRequire(import.meta.url);
const PLATFORMS = ['linux-x64'];

// This file lies in lib/, or in the bundle in dist/: the package's folder is one up from either.
const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));

const thisHost: Host = {
  platform: process.platform,
  arch: process.arch,
  node: process.versions.node,
  napi: process.versions.napi,
  hasGlibc() {
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
    return report?.header?.glibcVersionRuntime !== undefined;
  },
};

/**
 * How often a thread of the team that has nothing to do looks for work before it sleeps. It covers the gaps within a step; libgomp's own
 * 300,000 are milliseconds, for which a thread keeps the core from others, and from those of its own team that it waits for.
 */
const SPINS = '10000';

/** libgomp reads the bound when it is loaded. What the user has set counts, and processes that this one starts inherit none. */
function withBoundedSpin<T>(load: () => T): T {
  const { env } = process;
  if (env['OMP_WAIT_POLICY'] !== undefined || env['GOMP_SPINCOUNT'] !== undefined) return load();
  env['GOMP_SPINCOUNT'] = SPINS;
  try {
    return load();
  } finally {
    delete env['GOMP_SPINCOUNT'];
  }
}

/**
 * Loads the addon that lies below a package's folder: the one that was built there (in a clone), else the prebuilt one.
 *
 * @throws EngineError `STATE` where Node is too old or no binary is found, `DEVICE` where the platform has none or
 *   the binary does not load.
 * @internal
 */
export function loadEngine(root = packageRoot, host = thisHost): Engine {
  if (Number.parseInt(host.node, 10) < 20 || Number(host.napi ?? 0) < 9) {
    throw new EngineError(
      'STATE',
      `[nodegrad] expected Node 20 or newer (Node-API 9), received Node ${host.node} (Node-API ${host.napi ?? 'none'})`,
    );
  }
  const target = `${host.platform}-${host.arch}`;
  const candidates = [
    join(root, 'build', 'Release', 'nodegrad.node'),
    join(root, 'prebuilds', target, 'nodegrad.node'),
  ];
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    const remedy = PLATFORMS.includes(target)
      ? 'Run `npm run build:native` in a clone, or install the package again.'
      : 'Build it in a clone with `npm run build:native`.';
    throw new EngineError(
      PLATFORMS.includes(target) ? 'STATE' : 'DEVICE',
      `[nodegrad] found no native binary for ${target} (there are prebuilt ones for ${PLATFORMS.join(', ')}): ` +
        `looked for ${candidates.join(' and ')}. ${remedy}`,
    );
  }
  try {
    return withBoundedSpin(() => (require(file) as Addon)(EngineError));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const musl = host.platform === 'linux' && !host.hasGlibc();
    throw new EngineError(
      'DEVICE',
      musl
        ? `[nodegrad] expected Linux with glibc, received one with another C library (musl, as in Alpine): ` +
            `use an image based on Debian or build ${file} there with \`npm run build:native\` (${reason})`
        : `[nodegrad] ${file} does not load: ${reason}`,
      { cause },
    );
  }
}

let loaded: Engine | undefined;

/** The native engine, loaded at the first call: importing the package needs no binary and takes no time. */
export function engine(): Engine {
  return (loaded ??= loadEngine());
}

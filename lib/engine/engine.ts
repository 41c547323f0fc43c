/**
 * The native engine's contract: every call of the addon, typed.
 * Handles are opaque; TypeScript above wraps them in classes.
 */
import { EngineError } from '../base/errors.js';
import { loadAddon } from '../loader.js';

/** The type of a tensor's numbers: what the engine computes with. */
export type DType = 'float32' | 'int32' | 'uint8' | 'bool';

/** Dimensions from the outermost; -1 is one that is known only when a program runs (usually the batch). */
export type Shape = readonly number[];

/* eslint-disable @typescript-eslint/no-explicit-any -- `any` fits the array of each kind, which a callback gets last */
/**
 * The methods of typed arrays that have overloads, with the same ones for each kind of array: TypeScript calls no method of a union
 * whose overloads differ.
 */
interface Reducible {
  /** As `Float32Array.prototype.reduce`: one value from all numbers, from the first to the last. */
  reduce(callback: (previous: number, current: number, index: number, array: any) => number): number;
  /** As the first form, beginning with a value of your own. */
  reduce<U>(callback: (previous: U, current: number, index: number, array: any) => U, initial: U): U;
  /** As `Float32Array.prototype.reduceRight`: one value from all numbers, from the last to the first. */
  reduceRight(callback: (previous: number, current: number, index: number, array: any) => number): number;
  /** As the first form, beginning with a value of your own. */
  reduceRight<U>(callback: (previous: U, current: number, index: number, array: any) => U, initial: U): U;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

/** A kind of typed array whose overloads are those of the other kinds. */
type Reduced<A> = Omit<A, keyof Reducible> & Reducible;

/** The numbers of a tensor in JavaScript: a Float32Array, an Int32Array or a Uint8Array (uint8, and bool as 0 and 1). */
export type TypedArray = Reduced<Float32Array> | Reduced<Int32Array> | Reduced<Uint8Array>;

/** The typed array of a dtype; {@link TypedArray} where it is not known which dtype it is. */
export type DataOf<D extends DType> = [D] extends ['float32']
  ? Float32Array
  : [D] extends ['int32']
    ? Int32Array
    : [D] extends ['uint8' | 'bool']
      ? Uint8Array
      : TypedArray;

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

/** A device that programs can run on. */
export interface DeviceInfo {
  /** Its name: `'cpu'`, `'cuda'`, or of a further GPU `'cuda:1'`. */
  readonly name: string;
  /** The backend, with the version of its library. */
  readonly description: string;
  /** What own kernels are made for. Of the CPU the instruction set: base, avx2 or avx512. */
  readonly architecture: string;
  /** Whether it computes in bfloat16. */
  readonly bfloat16: boolean;
}

/** The state of the native engine. */
export interface EngineInfo {
  /** The devices that are open. Programs run on the first unless `setDevice` has named another. */
  readonly devices: readonly DeviceInfo[];
  /** The backend of the first device, with the version of its library. */
  readonly device: string;
  /** Instruction set of the own kernels: base, avx2 or avx512. */
  readonly isa: string;
  /** Whether the processor computes in bfloat16, which the policy `mixedBfloat16` needs. */
  readonly bfloat16: boolean;
  /** The size of the engine's team of threads. */
  readonly threads: number;
  /** Tensors alive in this environment. */
  readonly tensors: number;
  /** Bytes of all live native buffers in the process. */
  readonly bytes: number;
}

/** What NVIDIA's driver tells. Versions of CUDA are its numbers: 13000 is 13.0. */
export interface CudaDriver {
  /** Such as 580.65.06; empty where the driver's file does not tell. */
  readonly version: string;
  /** The newest version of CUDA that it runs. */
  readonly cuda: number;
  /** Why it does not start, as CUDA names it; empty where it does. */
  readonly error: string;
  /** The GPUs with their compute capability and memory. */
  readonly gpus: readonly {
    readonly name: string;
    readonly major: number;
    readonly minor: number;
    readonly bytes: number;
  }[];
}

/** A loop over sequences [steps, ...]. `V`: values of the graph that the loop belongs to. */
export interface Scan<V> {
  /** What stands for a state before a step, the first one, and what a step makes of it: of one dtype and shape. */
  readonly states: readonly { readonly before: V; readonly first: V; readonly next: V }[];
  /** What stands for a sequence's place of a step, and the sequence. `backwards`: from its last place to its first. */
  readonly sequences: readonly { readonly element: V; readonly whole: V; readonly backwards: boolean }[];
  /** What else a step gives. */
  readonly results: readonly { readonly value: V; readonly backwards: boolean }[];
}

/** How fields are told apart: single characters. */
export interface CsvFormat {
  readonly separator: string;
  readonly quote: string;
}

/** What is wrong in a record: its number, that of the column, both from 0, and what was expected. */
export interface CsvError {
  readonly row: number;
  readonly column: number;
  readonly what: string;
}

export interface CsvRecord {
  readonly fields: readonly string[];
  readonly consumed: number;
  readonly error: CsvError | null;
}

/** How the columns of a CSV file are read. */
export interface CsvSpec extends CsvFormat {
  readonly kinds: readonly ('float32' | 'int32' | 'bool' | 'string' | 'skip')[];
  /** What a missing value of each column becomes; null: it is an error. */
  readonly fills: readonly (number | null)[];
  /** Which column of the matrix each column of floats becomes; null: it becomes a separate array. */
  readonly places: readonly (number | null)[];
  /** What stands for a missing number. */
  readonly missing: readonly string[];
  /** Whether the end of the bytes ends a record. */
  readonly last: boolean;
}

/** Text values one after another, and where each ends: unsigned numbers of bytes. */
export interface CsvText {
  readonly bytes: Uint8Array;
  readonly ends: Int32Array;
}

export interface CsvBlock {
  readonly rows: number;
  /** Bytes of whole records. */
  readonly consumed: number;
  /** The values of each column, null where it is skipped or in the matrix. */
  readonly columns: readonly (Float32Array | Int32Array | Uint8Array | CsvText | null)[];
  /** The columns that have a place in it, one row after another; undefined where none has one. */
  readonly matrix?: Float32Array;
  /** What is wrong in the record after the rows. */
  readonly error: CsvError | null;
}

/** A loop that goes on as long as a condition holds, a bool [] of the states before a step. */
export interface While<V> {
  readonly states: Scan<V>['states'];
  readonly condition: V;
  /** The largest number of steps; -1: any. */
  readonly maximum: number;
}

/** A choice between two lists of values, of which what is later than `first` is computed where it is chosen. */
export interface Cond<V> {
  readonly predicate: V;
  readonly first: V;
  readonly then: readonly V[];
  readonly otherwise: readonly V[];
}

/** The ys, whose gradients go to the xs as `gradients` says, in which `upstream` stands for the gradients of the ys. */
export interface CustomGradient<V> {
  readonly ys: readonly V[];
  readonly xs: readonly V[];
  readonly upstream: readonly V[];
  readonly gradients: readonly V[];
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
    outputGradients: readonly ValueId[] | null,
  ): TypedValue[];
  /** Adds a loop: its last states, then its results of all steps, [steps, ...]. Throws ARGUMENT, SHAPE. */
  addScan(graph: NativeGraph, scan: Scan<ValueId>): TypedValue[];
  /** Adds a loop: its last states. Throws ARGUMENT, SHAPE. */
  addWhile(graph: NativeGraph, loop: While<ValueId>): TypedValue[];
  /** Adds a choice: the values of one branch. Throws ARGUMENT, DTYPE, SHAPE. */
  addCond(graph: NativeGraph, cond: Cond<ValueId>): TypedValue[];
  /** Adds a derivative: the ys. Throws ARGUMENT, DTYPE, SHAPE. */
  addCustomGradient(graph: NativeGraph, custom: CustomGradient<ValueId>): TypedValue[];
  /** Has the gradient of float32 values compute anew what made them of values before `first`: values equal to the ys. */
  addRemat(graph: NativeGraph, first: ValueId, ys: readonly ValueId[]): TypedValue[];

  /**
   * A program of the graph as it is now: fed values, fetched values, and tensors to update after each step. Plans are made at
   * its first run for each set of shapes. `bfloat16` has them keep activations in it; it throws DEVICE where
   * {@link EngineInfo.bfloat16} is false. `device`: the name of one of {@link EngineInfo.devices}, by default the first; throws
   * DEVICE for others. Tensors are moved to the device that a program needs them on.
   */
  createProgram(
    graph: NativeGraph,
    feeds: readonly ValueId[],
    fetches: readonly ValueId[],
    updates: readonly { tensor: NativeTensor; value: ValueId }[],
    compute?: Compute,
    device?: string,
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
   * batch unless dropRemainder. shuffle: a new order each pass, from the seed and the pass number; `pass` is the first pass's number,
   * `step` that of the first step in it.
   */
  createSource(
    arrays: readonly NativeTensor[],
    options: {
      batchSize: number;
      shuffle: boolean;
      seed: number;
      pass: number;
      step: number;
      dropRemainder: boolean;
    },
  ): NativeSource;

  /** The fields of the first record of a CSV file's bytes; null where they end before it does and `last` is false, or there is none. */
  csvRecord(bytes: Uint8Array, format: CsvFormat, last: boolean): CsvRecord | null;
  /** The records in the bytes of a CSV file, read on another thread. The bytes must not change until then. */
  parseCsv(bytes: Uint8Array, spec: CsvSpec): Promise<CsvBlock>;

  /** What a library of nodegrad-cuda has to be made for: the version of nodegrad, a hash of the interface and the compiler. */
  cudaAbi(): string;
  /** What NVIDIA's driver tells. Throws DEVICE with the words of the system's loader where there is none. */
  cudaDriver(): CudaDriver;
  /**
   * Loads a library, which stays to the end of the process: a path, or a name that the system's loader looks for. Gives its file and
   * what a function of it without arguments says its version is. Throws DEVICE.
   */
  loadLibrary(file: string, versionFunction: string): { readonly file: string; readonly version: number };
  /** Opens the device `cuda` with the library of nodegrad-cuda, unless it is open. Throws DEVICE, OUT_OF_MEMORY. */
  openCuda(file: string, gpu: number, name: string): void;

  /** The state of the engine. With threads it sets the size of the team first (1 to the number of processors). */
  info(options?: { threads?: number }): EngineInfo;
}

/** What a program or a layer computes in; TF32 where the device has it. */
export type Compute = 'float32' | 'tensorFloat32' | 'bfloat16';

/** The addon is one function: it takes the class of its errors and gives the calls. */
type Addon = (errorClass: typeof EngineError) => Engine;

let loaded: Engine | undefined;

/** The native engine, loaded at the first call: importing the package needs no binary and takes no time. */
export function engine(): Engine {
  return (loaded ??= (loadAddon() as Addon)(EngineError));
}

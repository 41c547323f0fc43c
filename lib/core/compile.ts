import { type OptionNames, expected, isPlainObject, knownOptions, mismatch } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type DeviceName, checkDevice, onDevice } from '../engine/devices.js';
import { type DtypePolicy, checkPolicy, dtypePolicy } from './dtypePolicy.js';
import type { Program } from './program.js';
import { type Stateful, stateChanges } from './stateful.js';
import { Sym } from './sym.js';
import { Tensor, type TensorData, tensor } from './tensor.js';
import { Trace } from './trace.js';
import { Variable } from './variable.js';

/** What a compiled function takes for a symbolic argument. */
export type Feed = Tensor | Variable | TensorData;

/** What a compiled function resolves to: the traced function's result with tensors in the places of symbolic values. */
export type Fetched<R> = R extends Sym | Tensor | Variable
  ? Tensor
  : R extends object
    ? { [K in keyof R]: Fetched<R[K]> }
    : R;

/** A function that {@link compile} made: it takes tensors, arrays or numbers in the places of the traced function's arguments. */
export interface Compiled<A extends readonly Sym[], R> {
  /** Queues a step; resolves to its results when it is done. */
  (...args: { [K in keyof A]: Feed }): Promise<Fetched<R>>;
  /** The latest plan in words, of the signature that was called last. */
  describe(): string;
}

/** What {@link compile} takes. */
export interface FunctionOptions {
  /** How the steps compute, `float32`, `tensorFloat32` or `mixedBfloat16`. Default: the policy that `mixedPrecision.setDtypePolicy` has set. */
  dtypePolicy?: DtypePolicy;
  /** Where the steps run, `cpu`, `cuda`, or `cuda:1` and so on of several GPUs. Default: the device that `setDevice` has set when the function is traced. */
  device?: DeviceName;
}

const functionNames = { dtypePolicy: 'optional', device: 'optional' } satisfies OptionNames<FunctionOptions>;

interface Signature {
  readonly types: readonly { dtype: string; shape: readonly number[] }[];
  readonly program: Program;
  /** The layers that it ran, and their states then: others are frozen, for example. */
  readonly depends: readonly { readonly source: Stateful; readonly state: string }[];
  /** The number of changes of any state up to which the states were the same. */
  changes: number;
  /** The function's result with the indices of fetches in the places of symbolic values. */
  readonly result: Result;
}

type Result = number | null | undefined | Result[] | { [key: string]: Result };

// A function that is called with ever new shapes must not fill the memory with programs.
const SIGNATURES_KEPT = 32;

/**
 * Compiles a function of symbolic values into one native call a step.
 *
 * The function is traced, that is called once, for each combination of dtypes and shapes of its arguments; from then
 * on a call queues the step and resolves when it is done. Steps run in the order of the calls. What the function
 * assigns to variables is updated by the step.
 *
 * It is traced again where a layer that it applied, or one within, is frozen or trained again (`layer.trainable = false`):
 * a list of weights should then be read inside the function, as in `minimize(loss, model.trainableWeights)`. All else that it reads
 * from JavaScript (numbers, conditions, lists that were made outside) is kept as it was when it was traced; what shall change between
 * steps is an argument or a variable.
 *
 * @param fn Takes symbolic values and returns symbolic values, alone or nested in objects and arrays, or nothing.
 * @returns A function of tensors, arrays or numbers with a promise of the same structure, of tensors.
 * @throws EngineError (as a rejection) `ARGUMENT` for a wrong number of arguments or a result of another kind, `SHAPE`
 *   and `DTYPE` from the ops, `DISPOSED` for disposed tensors and variables. At once: `DEVICE` or `OUT_OF_MEMORY` for a `device`
 *   that does not work on this machine.
 * @example
 *     const w = variable([[0], [0]]);
 *     const step = compile((x: Sym, y: Sym) => {
 *       const loss = ops.mean(ops.square(ops.subtract(ops.matmul(x, w), y)));
 *       const [g] = grad(loss, [w]);
 *       w.assign(ops.subtract(w, ops.multiply(0.1, g!)));
 *       return { loss };
 *     });
 *     const { loss } = await step([[1, 2]], [[3]]);
 */
export function compile<A extends readonly Sym[], R>(
  fn: (...args: A) => R,
  options: FunctionOptions = {},
): Compiled<A, R> {
  knownOptions('compile', options, functionNames);
  const policy = checkPolicy('compile', options.dtypePolicy ?? dtypePolicy());
  const device = options.device === undefined ? undefined : checkDevice('compile', options.device);
  if (typeof (fn as unknown) !== 'function') throw expected('compile', 'a function to trace', fn);
  let signatures: Signature[] = []; // the latest used first

  function find(feeds: readonly Tensor[]): Signature {
    const known = signatures.find((signature) => fits(signature, feeds) && isCurrent(signature));
    if (known && known === signatures[0]) return known;
    if (feeds.length < fn.length) throw expected('compile', `${fn.length} arguments`, feeds.length);
    const found =
      known ?? onDevice(device, () => traced((inputs) => fn(...(inputs as unknown as A)), feeds, policy));
    const others = signatures.filter((signature) => signature !== found);
    signatures = [found, ...others.slice(0, SIGNATURES_KEPT - 1)];
    return found;
  }

  async function call(...args: readonly Feed[]): Promise<Fetched<R>> {
    const made: Tensor[] = [];
    let run, signature;
    try {
      const feeds = args.map((arg) => {
        if (arg instanceof Tensor) return arg;
        if (arg instanceof Variable) return arg.storage;
        const temporary = tensor(arg);
        made.push(temporary);
        return temporary;
      });
      signature = find(feeds);
      run = signature.program.run(feeds);
    } finally {
      for (const temporary of made) temporary.dispose();
    }
    await run.done;
    return fill(signature.result, run.outputs) as Fetched<R>;
  }

  const describe = () => signatures[0]?.program.describe() ?? 'not traced yet: the function was never called';
  return Object.assign(call as Compiled<A, R>, { describe });
}

/** A function of symbolic values, of the trace that calls it. */
type Traced = (inputs: readonly Sym[], trace: Trace) => unknown;

/** Runs a function of symbolic values once, on tensors, and gives what it returns with tensors in their places. @internal */
export function runOnce(fn: Traced, feeds: readonly Tensor[]): unknown {
  const { program, result } = traced(fn, feeds, 'float32');
  return fill(result, program.runSilently(feeds));
}

function fits(signature: Signature, feeds: readonly Tensor[]): boolean {
  const { types } = signature;
  if (types.length !== feeds.length) return false;
  return types.every((wanted, i) => {
    const { dtype, shape } = itemAt(feeds, i);
    return (
      dtype === wanted.dtype &&
      shape.length === wanted.shape.length &&
      shape.every((n, axis) => n === wanted.shape[axis])
    );
  });
}

/** Whether what the function depended on is as it was when it was traced. */
function isCurrent(signature: Signature): boolean {
  const changes = stateChanges();
  if (signature.changes === changes) return true;
  if (signature.depends.some(({ source, state }) => source.state !== state)) return false;
  signature.changes = changes;
  return true;
}

function traced(fn: Traced, feeds: readonly Tensor[], policy: DtypePolicy): Signature {
  const trace = new Trace();
  const inputs = feeds.map(({ dtype, shape }, i) => trace.input(dtype, shape, `argument ${i}`));
  const fetches: Sym[] = [];
  const result = trace.within(() => {
    const returned = fn(inputs, trace);
    return collect(trace, returned, 'the result', fetches);
  });
  const types = feeds.map(({ dtype, shape }) => ({ dtype, shape }));
  const depends = trace.sources.map((source) => ({ source, state: source.state }));
  return { types, program: trace.program(inputs, fetches, policy), depends, changes: stateChanges(), result };
}

/** Replaces the symbolic values of a result by their places in the list of fetches, which it fills. `around`: what holds the value. */
function collect(
  trace: Trace,
  value: unknown,
  path: string,
  fetches: Sym[],
  around: readonly unknown[] = [],
): Result {
  if (value === undefined || value === null) return value;
  if (value instanceof Sym) return fetches.push(value) - 1;
  if (value instanceof Tensor || value instanceof Variable) return fetches.push(trace.lift(value)) - 1;
  if (around.includes(value)) {
    throw mismatch('compile', 'a result without circles', `itself as ${path}`);
  }
  const collected = (item: unknown, at: string) => collect(trace, item, at, fetches, [...around, value]);
  if (Array.isArray(value)) return value.map((item, i) => collected(item, `${path}[${i}]`));
  if (isPlainObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, collected(item, `${path}.${key}`)]),
    );
  }
  const hint = value instanceof Promise ? ': the traced function must not be async' : '';
  throw mismatch(
    'compile',
    'symbolic values, in objects and arrays or alone',
    `${describe(value)} as ${path}${hint}`,
  );
}

function describe(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string'
    ? `${typeof value} ${value}`
    : Object.prototype.toString.call(value);
}

function fill(result: Result, outputs: readonly Tensor[]): unknown {
  if (result === undefined || result === null) return result;
  if (typeof result === 'number') return outputs[result];
  if (Array.isArray(result)) return result.map((item) => fill(item, outputs));
  return Object.fromEntries(Object.entries(result).map(([key, item]) => [key, fill(item, outputs)]));
}

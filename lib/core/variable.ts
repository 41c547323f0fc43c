import { type OptionNames, boolean, knownOptions, mismatch, wrongShape } from '../base/checks.js';
import { firstOf, itemAt } from '../base/list.js';
import { NDArray } from './ndarray.js';
import { dispose } from '../base/disposable.js';
import { eager } from './eager.js';
import { type DType, type TypedArray, engine } from '../engine/engine.js';
import type { Program } from './program.js';
import { Sym } from './sym.js';
import { stateChanged } from './stateful.js';
import { Tensor, type TensorData, convert, read, tensor } from './tensor.js';
import { Trace } from './trace.js';

/** A function of a weight: the loss that a regularizer adds, or what a constraint makes of it. */
export interface WeightFunction {
  /** The symbolic loss, or the weight as it may be. */
  call(weight: Sym): Sym;
}

/** What {@link variable} takes. */
export interface VariableOptions {
  /** For messages and summaries. Default `variable`. */
  name?: string;
  /** Whether an optimizer changes it. Default true. */
  trainable?: boolean;
  /** Of an array: its dtype in the engine. A tensor keeps its own. Default float32 for numbers. */
  dtype?: DType;
}

const variableNames = {
  name: 'string',
  trainable: 'boolean',
  dtype: 'optional',
} satisfies OptionNames<VariableOptions>;

/**
 * A tensor that changes: a weight, an optimizer's slot, a counter. Inside {@link compile} it stands for its value at
 * that point of the step; what is assigned there takes effect when the step runs.
 */
export class Variable implements Disposable {
  /** Its name in messages and summaries. */
  readonly name: string;
  #trainable: boolean;
  /** The type of its numbers. */
  readonly dtype: DType;
  /** Its size along each axis, the outermost first; empty for a scalar. */
  readonly shape: readonly number[];
  /** What it adds to the loss of the layer that it belongs to. Default none. */
  regularizer: WeightFunction | undefined;
  /** What optimizers apply to it after each update. Default none. */
  constraint: WeightFunction | undefined;
  /** Whether optimizers put its gradient in its place, instead of an update. Default false. */
  overwriteWithGradient = false;
  /** The native memory, whose numbers change under this tensor. @internal */
  readonly storage: Tensor;
  #assign: Program | undefined;

  /** @internal */
  constructor(storage: Tensor, name: string, trainable: boolean) {
    this.storage = storage;
    this.name = name;
    this.#trainable = trainable;
    this.dtype = storage.dtype;
    this.shape = storage.shape;
  }

  /** Whether an optimizer changes it. @throws EngineError `ARGUMENT` for what is neither true nor false. */
  get trainable(): boolean {
    return this.#trainable;
  }

  set trainable(value: boolean) {
    const before = this.#trainable;
    this.#trainable = boolean(`Variable ${this.name}`, 'trainable', value);
    if (value !== before) stateChanged();
  }

  /** The number of axes; 0 for a scalar. */
  get rank(): number {
    return this.shape.length;
  }

  /** How many numbers it holds; 1 for a scalar. */
  get size(): number {
    return this.storage.size;
  }

  /** Whether its memory was freed with {@link dispose}. */
  get isDisposed(): boolean {
    return this.storage.isDisposed;
  }

  /** A copy of the current numbers as a tensor; inside {@link compile} the symbolic value at that point of the step. */
  value(): Tensor {
    const trace = Trace.current;
    if (trace) return trace.lift(this) as unknown as Tensor;
    return firstOf(eager('identity', [this.#live()]));
  }

  /** The current numbers, row-major. A copy. */
  async data(): Promise<TypedArray> {
    return this.#live().data();
  }

  /** As {@link data}, but blocks the event loop. */
  dataSync(): TypedArray {
    return this.#live().dataSync();
  }

  /**
   * Gives it new numbers. With a symbolic value, inside {@link compile}: records that the step does so when it runs;
   * from there on the traced function sees the new value.
   *
   * @param value Of the variable's shape and dtype. Arrays are converted to the dtype.
   * @throws EngineError `SHAPE` or `DTYPE` where the value does not fit, `DISPOSED`.
   */
  assign(value: Sym | Tensor | Variable | TensorData): void {
    if (value instanceof Sym) {
      this.#check(value);
      value.trace.assign(this, value);
      return;
    }
    const trace = Trace.current;
    if (trace) {
      const given = value instanceof Tensor || value instanceof Variable ? value : this.#tensorOf(value);
      this.#check(given);
      trace.assign(this, trace.lift(given));
      return;
    }
    this.prepared(value)();
  }

  /**
   * Checks what is to be assigned outside of a traced function.
   *
   * @returns What assigns it.
   * @throws EngineError as {@link assign}.
   * @internal
   */
  prepared(value: Tensor | Variable | TensorData): () => void {
    const { handle } = this.#live();
    if (value instanceof Tensor || value instanceof Variable) {
      this.#check(value);
      const given = value instanceof Variable ? value.#live() : value;
      if (given.isDisposed)
        throw mismatch('assign', 'a live tensor', `a disposed ${given.toString()}`, 'DISPOSED');
      return () => {
        this.#assign ??= this.#makeAssign();
        this.#assign.runSilently([given]);
      };
    }
    const given = read(value);
    // A flat typed array has no shape: it is read as the variable's.
    if (!ArrayBuffer.isView(value)) this.#checkShape(given.shape);
    else if (given.data.length !== this.size)
      throw wrongShape('assign', `${this.size} numbers for variable '${this.name}'`, [given.data.length]);
    const numbers = convert(given.data, this.dtype);
    return () => {
      engine().writeTensor(handle, numbers);
    };
  }

  /** Frees the memory. Compiled functions that use the variable throw `DISPOSED` from then on. */
  dispose(): void {
    this.storage.dispose();
  }

  /** {@link dispose}, for `using`. */
  [dispose](): void {
    this.dispose();
  }

  /** Its name, dtype and shape in words. */
  toString(): string {
    return `Variable(${this.name}, ${this.dtype} [${this.shape.join(', ')}])`;
  }

  #live(): Tensor {
    if (!this.storage.isDisposed) return this.storage;
    throw mismatch('Variable', 'a live variable', `a disposed ${this.toString()}`, 'DISPOSED');
  }

  #makeAssign(): Program {
    const trace = new Trace();
    const value = trace.input(this.dtype, this.shape, 'value');
    trace.assign(this, value);
    return trace.program([value], []);
  }

  #tensorOf(value: TensorData): Tensor {
    return ArrayBuffer.isView(value) && !(value instanceof NDArray)
      ? tensor(value, this.shape, this.dtype)
      : tensor(value, undefined, this.dtype);
  }

  #check(value: { dtype: DType; shape: readonly number[] }): void {
    if (value.dtype !== this.dtype) {
      throw mismatch('assign', `${this.dtype} for variable '${this.name}'`, value.dtype, 'DTYPE');
    }
    this.#checkShape(value.shape);
  }

  #checkShape(shape: readonly number[]): void {
    const fits = shape.length === this.shape.length && shape.every((n, i) => n === -1 || n === this.shape[i]);
    if (!fits) {
      throw wrongShape('assign', `shape [${this.shape.join(', ')}] for variable '${this.name}'`, shape);
    }
  }
}

/** Copies of what variables hold, in their order. What is asked for in one go is of one moment. @internal */
export const numbersOf = (variables: readonly Variable[]): Promise<NDArray[]> =>
  Promise.all(variables.map(async (v) => new NDArray(await v.data(), v.shape, v.dtype)));

/**
 * Assigns to variables in their order: to all, or to none where a value does not fit.
 *
 * @throws EngineError as {@link Variable.assign}.
 * @internal
 */
export function assignAll(
  variables: readonly Variable[],
  values: readonly (NDArray | Tensor | TensorData)[],
): void {
  // Within a traced function nothing is changed before it ends.
  if (Trace.current)
    variables.forEach((variable, i) => {
      variable.assign(itemAt(values, i));
    });
  else for (const assign of variables.map((variable, i) => variable.prepared(itemAt(values, i)))) assign();
}

/**
 * Makes a variable.
 *
 * @param initial Its first numbers: a tensor (copied) or data as {@link tensor} takes it.
 * @example const w = variable(initializers.glorotUniform().tensor([784, 10]), { name: 'w' });
 */
export function variable(initial: Tensor | TensorData, options: VariableOptions = {}): Variable {
  knownOptions('variable', options, variableNames);
  const { name = 'variable', trainable = true, dtype } = options;
  if (initial instanceof Tensor && dtype !== undefined && dtype !== initial.dtype) {
    throw mismatch('variable', `a tensor of ${dtype}`, `${initial.dtype}: cast it`, 'DTYPE');
  }
  const storage =
    initial instanceof Tensor ? firstOf(eager('identity', [initial])) : tensor(initial, undefined, dtype);
  return new Variable(storage, name, trainable);
}

import { type OptionNames, expected, integer, isPlainObject, mismatch } from '../base/checks.js';
import { shapeText } from '../base/errors.js';
import type { DType, Shape } from '../engine/engine.js';
import type { Sym } from '../core/sym.js';
import { KerasTensor } from '../core/kerasTensor.js';
import { Layer, type LayerOptions } from './layer.js';

const dtypes: readonly DType[] = ['float32', 'int32', 'uint8', 'bool'];

/** What `InputLayer` takes. */
export interface InputLayerOptions extends Omit<LayerOptions, 'dtype'> {
  /** The shape of one sample, without the batch: positive integers, or -1 (or null) where a size is not known. This, `batchShape` or a tensor. */
  shape?: readonly (number | null)[];
  /** The shape of a batch, -1 (or null) where a size is not known: instead of `shape` and `batchSize`. */
  batchShape?: readonly (number | null)[];
  /** How many samples each batch has, which recurrent layers with `stateful` have to know. Default: any number. */
  batchSize?: number;
  /** The dtype that the model computes with; data of other types is cast in the step. Default float32. */
  dtype?: DType;
  /** What a layer puts out, which then is the input itself. What else is said has to be the same as of this. Default: a new input. */
  inputTensor?: KerasTensor;
}

/** What `layers.input` takes. */
export interface InputOptions extends Omit<InputLayerOptions, 'inputTensor'> {
  /** What a layer puts out, which then is the input itself. What else is said has to be the same as of this. Default: a new input. */
  tensor?: KerasTensor;
}

/** Where data enters a model: made by `layers.input`, which says more. */
export class InputLayer extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    shape: 'optional',
    batchShape: 'optional',
    batchSize: 'optional',
    dtype: 'optional',
    inputTensor: 'optional',
  } satisfies OptionNames<InputLayerOptions>;
  readonly className = 'InputLayer';
  /** The shape of one sample, without the batch. */
  readonly shape: Shape;
  /** How many samples each batch has, if that is known. */
  readonly batchSize: number | undefined;
  readonly #output: KerasTensor;
  readonly #entering: DType;

  constructor(options: InputLayerOptions = {}) {
    super(withoutDtype(options));
    const { inputTensor, batchShape, shape: sample } = options;
    if ([inputTensor, batchShape, sample].every((given) => given === undefined))
      throw mismatch('input', 'the option shape', 'none');
    if (inputTensor !== undefined && !(inputTensor instanceof KerasTensor))
      throw expected('input', 'the output of a layer as tensor', inputTensor);
    if (batchShape !== undefined && (sample !== undefined || options.batchSize !== undefined))
      throw expected('input', 'batchShape, or shape and batchSize', options);
    const [batch, ...rest] = sizesOf('batchShape', batchShape ?? []);
    const shape = batchShape
      ? rest
      : sample === undefined && inputTensor
        ? inputTensor.shape.slice(1)
        : sizesOf('shape of one sample', sample);
    const batchSize = options.batchSize ?? (batch === -1 ? undefined : batch);
    if (batchSize !== undefined) integer('input', 'batchSize', batchSize);
    const dtype = options.dtype ?? inputTensor?.dtype ?? 'float32';
    if (!dtypes.includes(dtype)) {
      throw expected('input', `one of ${dtypes.join(', ')} as dtype`, dtype, 'DTYPE');
    }
    if (inputTensor) checkSame(inputTensor, [batchSize ?? inputTensor.shape[0] ?? -1, ...shape], dtype);
    this.shape = shape;
    this.batchSize = batchSize ?? knownSize(inputTensor?.shape[0]);
    this.#entering = dtype;
    this.built = true;
    if (inputTensor) {
      this.#output = inputTensor;
      return;
    }
    const outputs: KerasTensor[] = [];
    this.#output = new KerasTensor(
      { operation: this, inputs: [], outputs },
      [batchSize ?? -1, ...this.shape],
      dtype,
    );
    outputs.push(this.#output);
  }

  /** The dtype that the model computes with. */
  override get dtype(): DType {
    return this.#entering;
  }

  override get input(): KerasTensor {
    return this.#output;
  }

  override get output(): KerasTensor {
    return this.#output;
  }

  call(x: Sym): Sym {
    return x;
  }

  override getConfig() {
    const { shape, batchSize, dtype } = this;
    return { ...super.getConfig(), shape, ...(batchSize !== undefined && { batchSize }), dtype };
  }
}

/** What the base of all layers reads: its `dtype` is another one. */
function withoutDtype(options: InputLayerOptions): LayerOptions {
  if (!isPlainObject(options)) return options;
  return { ...(options as object), dtype: undefined };
}

/** Positive integers, or -1; null is -1, too. */
function sizesOf(what: string, given: unknown): number[] {
  // The holes of a list are undefined here.
  const sizes = Array.isArray(given)
    ? [...(given as unknown[])].map((n) => (n === null ? -1 : n))
    : undefined;
  if (sizes?.every((n) => Number.isSafeInteger(n) && ((n as number) > 0 || n === -1)))
    return sizes as number[];
  throw expected('input', `a list of positive integers (or -1) as ${what}`, given);
}

const knownSize = (size: number | undefined) => (size === undefined || size < 0 ? undefined : size);

function checkSame(tensor: KerasTensor, shape: Shape, dtype: DType): void {
  const same = tensor.rank === shape.length && tensor.shape.every((size, i) => size === shape[i]);
  if (same && tensor.dtype === dtype) return;
  const what = `shape and dtype of the tensor (${tensor.dtype} ${shapeText(tensor.shape)}), or none`;
  throw expected('input', what, `${dtype} ${shapeText(shape)}`);
}

/**
 * Where data enters a model. https://keras.io/api/layers/core_layers/input/
 *
 * @returns What layers are applied to, and the first of a Sequential's list; its shape has the batch first, -1 where any size will do.
 * @throws EngineError `ARGUMENT` for what is no shape of a sample, `DTYPE` for another dtype.
 * @example const x = layers.input({ shape: [28, 28, 1] });
 */
export function input(options: InputOptions): KerasTensor {
  if (!isPlainObject(options) || !('tensor' in options)) return new InputLayer(options).output;
  const { tensor, ...rest } = options as InputOptions;
  return new InputLayer({ ...rest, ...(tensor && { inputTensor: tensor }) }).output;
}

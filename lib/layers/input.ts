import { type OptionNames, expected, integer } from '../base/checks.js';
import type { DType, Shape } from '../engine/engine.js';
import type { Sym } from '../core/sym.js';
import { KerasTensor } from '../core/kerasTensor.js';
import { Layer, type LayerOptions } from './layer.js';

const dtypes: readonly DType[] = ['float32', 'int32', 'uint8', 'bool'];

/** What `layers.input` takes. */
export interface InputOptions extends LayerOptions {
  /** The shape of one sample, without the batch: positive integers, or -1 where a size is not known. */
  shape: Shape;
  /** How many samples each batch has, which recurrent layers with `stateful` have to know. Default: any number. */
  batchSize?: number;
  /** The dtype that the model computes with; data of other types is cast in the step. Default float32. */
  dtype?: DType;
}

/** Where data enters a model: made by `layers.input`, which says more. */
export class InputLayer extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    shape: 'required',
    batchSize: 'optional',
    dtype: 'optional',
  } satisfies OptionNames<InputOptions>;
  readonly className = 'InputLayer';
  /** The shape of one sample, without the batch. */
  readonly shape: Shape;
  /** How many samples each batch has, if that is known. */
  readonly batchSize: number | undefined;
  /** The dtype that the model computes with. */
  readonly dtype: DType;
  readonly #output: KerasTensor;

  constructor(options: InputOptions) {
    super(options);
    const { dtype = 'float32', batchSize } = options;
    const shape: unknown = options.shape;
    const sizes = Array.isArray(shape) ? [...(shape as number[])] : undefined; // the holes of a list are undefined here
    if (!sizes?.every((n) => Number.isSafeInteger(n) && (n > 0 || n === -1))) {
      throw expected('input', 'a list of positive integers (or -1) as shape of one sample', shape);
    }
    if (!dtypes.includes(dtype)) {
      throw expected('input', `one of ${dtypes.join(', ')} as dtype`, dtype, undefined, 'DTYPE');
    }
    if (batchSize !== undefined) integer('input', 'batchSize', batchSize);
    this.shape = sizes;
    this.batchSize = batchSize;
    this.dtype = dtype;
    this.built = true;
    const outputs: KerasTensor[] = [];
    this.#output = new KerasTensor(
      { operation: this, inputs: [], outputs },
      [batchSize ?? -1, ...this.shape],
      dtype,
    );
    outputs.push(this.#output);
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

/**
 * Where data enters a model. https://keras.io/api/layers/core_layers/input/
 *
 * @returns What layers are applied to, and the first of a Sequential's list; its shape has the batch first, -1 where any size will do.
 * @throws EngineError `ARGUMENT` for what is no shape of a sample, `DTYPE` for another dtype.
 * @example const x = layers.input({ shape: [28, 28, 1] });
 */
export function input(options: InputOptions): KerasTensor {
  return new InputLayer(options).output;
}

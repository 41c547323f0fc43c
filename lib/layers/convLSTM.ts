import { type OptionNames, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import type { Sides } from '../ops/window.js';
import { BaseRNN, type BaseRNNOptions } from './baseRNN.js';
import { ConvLSTMCell, type ConvLSTMCellOptions } from './convLSTMCell.js';
import type { LayerOptions } from './layer.js';
import type { Length, Pair, Triple } from './spatial.js';
import { cellOptions } from './unitsRNN.js';

/** What `layers.convLSTM2d` and, with other numbers of axes, `layers.convLSTM1d` and `layers.convLSTM3d` take. */
export interface ConvLSTMOptions<S extends Sides = Sides>
  extends BaseRNNOptions, Omit<ConvLSTMCellOptions<S>, keyof LayerOptions> {}

/** What the layers of long short-term memory share whose products are convolutions. A leaf fixes the number of spatial axes. */
export abstract class ConvLSTM<S extends Sides = Sides> extends BaseRNN<ConvLSTMCell, ConvLSTMOptions<S>> {
  static override readonly optionNames = {
    ...BaseRNN.optionNames,
    ...ConvLSTMCell.optionNames,
  } satisfies OptionNames<ConvLSTMOptions>;
  /** The options as given. */
  readonly options: ConvLSTMOptions<S>;

  constructor(spatial: number, options: ConvLSTMOptions<S>) {
    super(options, (who) => {
      const given = cellOptions(options, ConvLSTMCell.optionNames);
      return new ConvLSTMCell(spatial, given as unknown as ConvLSTMCellOptions, who);
    });
    this.options = options;
  }

  protected override checkSequence(shape: Shape): void {
    const { spatial } = this.cell;
    if (shape.length !== spatial + 3)
      throw wrongShape(this.name, `a sequence [n, steps, …] of rank ${spatial + 3}`, shape);
  }

  protected override stateShapes(): readonly (readonly number[])[] {
    return [this.cell.stateShape, this.cell.stateShape];
  }

  protected cellConfig(): Record<string, unknown> {
    return cellOptions(this.cell.getConfig(), this.cell.getConfig());
  }
}

/** Long short-term memory of sequences: made by `layers.convLSTM1d`, which says more. */
export class ConvLSTM1D extends ConvLSTM<Length> {
  readonly className = 'ConvLSTM1D';

  constructor(options: ConvLSTMOptions<Length>) {
    super(1, options);
  }
}

/**
 * Long short-term memory of sequences, whose products with input and state are convolutions: float32 [n, steps, length, channels] to
 * [n, outLength, filters], or of every step. The states h and c have the shape of the output; the state's convolution keeps
 * its sides. Applied to a list it takes the first states after the input. Shi et al., 2015.
 * https://keras.io/api/layers/recurrent_layers/conv_lstm1d/
 *
 * Weights, in order: kernel [kernelLength, channels, 4 filters], recurrentKernel [kernelLength, filters, 4 filters], bias
 * [4 filters]; gates in the order input, forget, candidate, output.
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers, strides and dilationRate both above 1, rates outside of [0, 1) and
 *   unknown names; `SHAPE`, when applied, for another rank, and sides or channels that are not known.
 * @example layers.convLSTM1d({ filters: 8, kernelSize: 3, padding: 'same', returnSequences: true });
 */
export const convLSTM1d = (options: ConvLSTMOptions<Length>) => new ConvLSTM1D(options);

/** Long short-term memory of images: made by `layers.convLSTM2d`, which says more. */
export class ConvLSTM2D extends ConvLSTM<Pair> {
  readonly className = 'ConvLSTM2D';

  constructor(options: ConvLSTMOptions<Pair>) {
    super(2, options);
  }
}

/**
 * Long short-term memory of images, whose products with input and state are convolutions: float32 [n, steps, height, width, channels] to
 * [n, outHeight, outWidth, filters], or of every step. The states h and c have the shape of the output; the state's convolution keeps
 * its sides. Applied to a list it takes the first states after the input. Shi et al., 2015.
 * https://keras.io/api/layers/recurrent_layers/conv_lstm2d/
 *
 * Weights, in order: kernel [kernelHeight, kernelWidth, channels, 4 filters], recurrentKernel [kernelHeight, kernelWidth, filters, 4 filters], bias
 * [4 filters]; gates in the order input, forget, candidate, output.
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers, strides and dilationRate both above 1, rates outside of [0, 1) and
 *   unknown names; `SHAPE`, when applied, for another rank, and sides or channels that are not known.
 * @example layers.convLSTM2d({ filters: 8, kernelSize: 3, padding: 'same', returnSequences: true });
 */
export const convLSTM2d = (options: ConvLSTMOptions<Pair>) => new ConvLSTM2D(options);

/** Long short-term memory of volumes: made by `layers.convLSTM3d`, which says more. */
export class ConvLSTM3D extends ConvLSTM<Triple> {
  readonly className = 'ConvLSTM3D';

  constructor(options: ConvLSTMOptions<Triple>) {
    super(3, options);
  }
}

/**
 * Long short-term memory of volumes, whose products with input and state are convolutions: float32 [n, steps, depth, height, width, channels] to
 * [n, outDepth, outHeight, outWidth, filters], or of every step. The states h and c have the shape of the output; the state's convolution keeps
 * its sides. Applied to a list it takes the first states after the input. Shi et al., 2015.
 * https://keras.io/api/layers/recurrent_layers/conv_lstm3d/
 *
 * Weights, in order: kernel [kernelDepth, kernelHeight, kernelWidth, channels, 4 filters], recurrentKernel [kernelDepth, kernelHeight, kernelWidth, filters, 4 filters], bias
 * [4 filters]; gates in the order input, forget, candidate, output.
 *
 * @throws EngineError `ARGUMENT` for sizes that are no positive integers, strides and dilationRate both above 1, rates outside of [0, 1) and
 *   unknown names; `SHAPE`, when applied, for another rank, and sides or channels that are not known.
 * @example layers.convLSTM3d({ filters: 8, kernelSize: 3, padding: 'same', returnSequences: true });
 */
export const convLSTM3d = (options: ConvLSTMOptions<Triple>) => new ConvLSTM3D(options);

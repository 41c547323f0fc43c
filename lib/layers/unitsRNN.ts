import { expected, wrongShape } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { BaseRNN, type BaseRNNOptions } from './baseRNN.js';
import { Layer } from './layer.js';
import type { RNNCell, RNNCellOptions } from './rnnCell.js';

/** What Keras's layers take that have an implementation by cuDNN. */
export interface CudnnOptions {
  /** Keras's switch for its implementation by cuDNN: `auto` or false. There is none here, so both are the same. Default `auto`. */
  useCudnn?: 'auto' | false;
}

/** What the layers share that take the options of their cell themselves. */
export abstract class UnitsRNN<C extends RNNCell, O extends BaseRNNOptions & RNNCellOptions> extends BaseRNN<
  C,
  O
> {
  /** The options as given. */
  readonly options: O;

  constructor(options: O, Cell: { new (options: never, who: string): C; readonly optionNames: object }) {
    super(options, (who) => {
      const { useCudnn = 'auto' } = options as CudnnOptions;
      if (useCudnn !== 'auto' && (useCudnn as unknown) !== false)
        throw expected(who, "'auto' or false for useCudnn, as there is no cuDNN here", useCudnn);
      return new Cell(cellOptions(options, Cell.optionNames) as never, who);
    });
    this.options = options;
  }

  protected override checkSequence(shape: Shape): void {
    const features = shape.at(-1);
    if (shape.length !== 3 || features === undefined || features < 1)
      throw wrongShape(this.name, 'a sequence [n, steps, features] with a known number of features', shape);
  }

  protected cellConfig(): Record<string, unknown> {
    return cellOptions(this.cell.getConfig(), this.cell.getConfig());
  }
}

/** Those of some options that are the cell's. @internal */
export const cellOptions = (options: object, names: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).filter(([name]) => name in names && !(name in Layer.optionNames)),
  );

import { type OptionNames, expected } from '../base/checks.js';
import { atLeast, firstOf, lastOf } from '../base/list.js';
import { type ObjectConfig } from '../base/registry.js';
import type { Shape } from '../engine/engine.js';
import type { Sym } from '../core/sym.js';
import type { CallContext } from './layer.js';
import { Layer, type LayerOptions } from './layer.js';
import { layerRegistry } from './layerRegistry.js';
import { MultiInputLayer } from './multiInputLayer.js';
import { type RNNCell, type StateSize } from './rnnCell.js';
import { layerFrom } from './wrapper.js';

/** What `layers.stackedRNNCells` takes. */
export interface StackedRNNCellsOptions extends LayerOptions {
  /** The cells, the one that takes the input first, or their configurations. */
  cells: readonly (RNNCell | ObjectConfig)[];
}

/** Cells one after another: made by `layers.stackedRNNCells`, which says more. */
export class StackedRNNCells extends MultiInputLayer implements RNNCell {
  static override readonly optionNames = {
    ...Layer.optionNames,
    cells: 'required',
  } satisfies OptionNames<StackedRNNCellsOptions>;
  readonly className = 'StackedRNNCells';
  /** The cells, the one that takes the input first. */
  readonly cells: readonly RNNCell[];

  constructor(options: StackedRNNCellsOptions) {
    super(options);
    const given: unknown = options.cells;
    if (!Array.isArray(given) || given.length === 0)
      throw expected('stackedRNNCells', 'a list of cells, one at least', given);
    this.cells = given.map((cell) => cellFrom('stackedRNNCells', cell));
  }

  /** Those of the cells, a list. */
  get stateSize(): readonly StateSize[] {
    return this.cells.map(({ stateSize }) => stateSize);
  }

  /** That of the last cell. */
  get outputSize(): number {
    return outputSizeOf(lastOf(this.cells));
  }

  override build([step]: readonly [Shape, ...Shape[]]): void {
    let shape = step;
    for (const cell of this.cells) {
      cell.build(shape);
      shape = [firstOf(shape), outputSizeOf(cell)];
    }
  }

  call([x, ...states]: readonly [Sym, ...Sym[]], context: CallContext): readonly Sym[] {
    let output = x;
    let from = 0;
    const next = this.cells.flatMap((cell) => {
      const count = statesOf(cell.stateSize).length;
      const own = states.slice(from, from + count);
      const [y, ...after] = atLeast(cell.applyAll([output, ...own], context), 1);
      output = y;
      from += count;
      return after;
    });
    return [output, ...next];
  }

  override getConfig() {
    return { ...super.getConfig(), cells: this.cells.map((cell) => layerRegistry.config(cell)) };
  }
}

/** The sizes of all states, those within lists one after another. @internal */
export const statesOf = (size: StateSize): readonly number[] =>
  typeof size === 'number' ? [size] : size.flatMap((one) => statesOf(one));

/** How long the output of a cell is. @internal */
export const outputSizeOf = ({ outputSize, stateSize }: RNNCell): number =>
  outputSize ?? firstOf(statesOf(stateSize));

/** A cell that an option holds, itself or by its configuration. @internal */
export function cellFrom(who: string, given: unknown): RNNCell {
  const cell = layerFrom(who, given);
  const { stateSize } = cell as { stateSize?: unknown };
  if (isStateSize(stateSize)) return cell as RNNCell;
  throw expected(
    who,
    `a cell, with a positive integer or a list of such as stateSize in '${cell.name}'`,
    stateSize,
  );
}

const isStateSize = (size: unknown): size is StateSize =>
  Array.isArray(size)
    ? size.length > 0 && size.every(isStateSize)
    : Number.isSafeInteger(size) && Number(size) > 0;

/**
 * Cells one after another as one cell, for `layers.rnn`: each takes the output of the one before. The states are those of all cells, in
 * their order. https://keras.io/api/layers/recurrent_layers/stacked_rnn_cell/
 *
 * Weights: those of the cells.
 *
 * @throws EngineError `ARGUMENT` for what is no list of cells.
 * @example
 *     const cell = layers.stackedRNNCells({ cells: [layers.lstmCell({ units: 8 }), layers.gruCell({ units: 4 })] });
 *     layers.rnn({ cell, returnSequences: true });
 */
export const stackedRNNCells = (options: StackedRNNCellsOptions) => new StackedRNNCells(options);

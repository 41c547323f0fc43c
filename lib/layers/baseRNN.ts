import { factoryName } from '../base/names.js';
import { type OptionNames, mismatch, shapeOf, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { atLeast, itemAt } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import type { Sym } from '../core/sym.js';
import { zeros } from '../core/tensor.js';
import { Variable } from '../core/variable.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import { sequenceMask } from './masks.js';
import { MultiInputLayer } from './multiInputLayer.js';
import { overSequence } from './overSequence.js';
import type { RNNCell } from './rnnCell.js';
import { StackedRNNCells, statesOf } from './stackedRNNCells.js';
import { reversed } from './steps.js';

/** What all recurrent layers take. */
export interface BaseRNNOptions extends LayerOptions {
  /** Whether to give the output of every step, [n, steps, units], instead of the last one's, [n, units]. Default false. */
  returnSequences?: boolean;
  /** Whether to give the last states too, as further outputs: {@link Layer.applyAll} returns them. Default false. */
  returnState?: boolean;
  /** Whether to go from the last step to the first; sequences come out in the order of computation. Default false. */
  goBackwards?: boolean;
  /**
   * Whether a batch starts with the states that the one before it ended with, sample by sample, until `resetState`. The size of a batch has
   * to be known: `layers.input({ batchSize, … })`. Default false.
   */
  stateful?: boolean;
  /** Whether a loop is written out step by step, for which the number of steps has to be known; the fused cells need no loop. Default false. */
  unroll?: boolean;
  /**
   * What comes out for steps that the input's mask leaves out: zeros, or (false) the output of the step before. The states stay as they were
   * in both cases. Default false.
   */
  zeroOutputForMask?: boolean;
}

const DEFAULTS = defaultsOf<BaseRNNOptions>()({
  returnSequences: false,
  returnState: false,
  goBackwards: false,
  stateful: false,
  unroll: false,
  zeroOutputForMask: false,
});

/**
 * What the layers share that go through a sequence [n, steps, …] step by step, with a cell. Called with a list they take the first states
 * after the input.
 */
export abstract class BaseRNN<
  C extends RNNCell = RNNCell,
  O extends BaseRNNOptions = BaseRNNOptions,
> extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    returnSequences: 'boolean',
    returnState: 'boolean',
    goBackwards: 'boolean',
    stateful: 'boolean',
    unroll: 'boolean',
    zeroOutputForMask: 'boolean',
  } satisfies OptionNames<BaseRNNOptions>;
  /** What it does at each step. */
  readonly cell: C;
  /** Whether it gives the output of every step. */
  readonly returnSequences: boolean;
  /** Whether it gives the last states. */
  readonly returnState: boolean;
  /** Whether it goes from the last step to the first. */
  readonly goBackwards: boolean;
  /** Whether a batch starts with the states that the one before it ended with. */
  readonly stateful: boolean;
  /** Whether its loop is written out. */
  readonly unroll: boolean;
  /** Whether zeros come out for steps that the input's mask leaves out. */
  zeroOutputForMask: boolean;
  #states: readonly Variable[] | undefined;

  /** @param makeCell Gets the name of the layer in messages. */
  constructor(given: O, makeCell: (who: string) => C) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.returnSequences = options.returnSequences;
    this.returnState = options.returnState;
    this.goBackwards = options.goBackwards;
    this.stateful = options.stateful;
    this.unroll = options.unroll;
    this.zeroOutputForMask = options.zeroOutputForMask;
    this.cell = makeCell(factoryName(new.target.name));
  }

  /** What of the configuration belongs to the cell. */
  protected abstract cellConfig(): Record<string, unknown>;

  /** Fails unless the layer can go through a sequence of that shape. */
  protected checkSequence(shape: Shape): void {
    if (shape.length < 3) throw wrongShape(this.name, 'a sequence [n, steps, …] of rank 3 or more', shape);
  }

  override build([sequence]: readonly [Shape, ...Shape[]]): void {
    const shape = shapeOf(this.name, sequence, 'unknown');
    this.checkSequence(shape);
    const [batch, steps, ...step] = atLeast(shape, 2);
    if (this.unroll && steps < 0)
      throw wrongShape(this.name, 'a known number of steps, which unroll needs', shape);
    this.cell.build([batch, ...step]);
    if (!this.stateful) return;
    if (batch < 1) {
      throw wrongShape(
        this.name,
        'a known size of the batch where stateful is set, as layers.input({ batchSize, … }) gives it',
        shape,
      );
    }
    this.#states = this.stateShapes(shape).map(
      (sizes, i) => new Variable(zeros([batch, ...sizes]), `${this.name}/state_${i}`, false),
    );
  }

  /** The sizes of each state, without the batch. */
  protected stateShapes(_sequence: Shape): readonly (readonly number[])[] {
    return statesOf(this.cell.stateSize).map((size) => [size]);
  }

  /** The states that the last batch ended with, where it is `stateful` and built; else undefined. */
  get states(): readonly Variable[] | undefined {
    return this.#states;
  }

  /** @internal */
  protected override get remembered(): readonly Variable[] {
    return this.#states ?? [];
  }

  /** Makes the states zeros, where it is `stateful`: what follows is a new sequence. */
  resetState(): void {
    for (const state of this.#states ?? []) state.assign(zeros(state.shape));
  }

  /** Another name of {@link resetState}. */
  resetStates(): void {
    this.resetState();
  }

  override dispose(): void {
    super.dispose();
    for (const state of this.#states ?? []) state.dispose();
  }

  call([x, ...given]: readonly [Sym, ...Sym[]], context: CallContext): readonly Sym[] {
    const count = statesOf(this.cell.stateSize).length;
    if (given.length !== 0 && given.length !== count) {
      throw mismatch(
        this.name,
        `a sequence, or a list of it and ${count} first states`,
        `${given.length} of them`,
      );
    }
    const kept = this.#states?.map((state) => x.trace.lift(state));
    const [output, ...states] = atLeast(this.#over(x, given.length > 0 ? given : kept, context), 1);
    this.#states?.forEach((state, i) => {
      state.assign(itemAt(states, i));
    });
    return this.returnState ? [output, ...states] : [output];
  }

  /** Output and last states. Stacked cells go over the sequence one after another. */
  #over(x: Sym, given: readonly Sym[] | undefined, context: CallContext): readonly Sym[] {
    const { unroll, returnSequences, zeroOutputForMask } = this;
    const cells = stackOf(this.cell);
    const last: Sym[] = [];
    let sequence = x;
    let { mask } = x;
    cells.forEach((cell, i) => {
      const isLast = i === cells.length - 1;
      const states = given?.slice(last.length, last.length + statesOf(cell.stateSize).length);
      const goBackwards = i === 0 && this.goBackwards;
      const [output, ...after] = overSequence(cell, {
        ...{ sequence, mask, states, context, goBackwards, unroll },
        returnSequences: returnSequences || !isLast,
        zeroOutputForMask: zeroOutputForMask && isLast,
      });
      // The other cells find the steps in the order of computation.
      if (mask && goBackwards && !isLast) mask = reversed(mask);
      sequence = output;
      last.push(...after);
    });
    return [sequence, ...last];
  }

  /** Which steps count: states have no mask. @internal */
  protected override givenMask(mask: Sym, input: Sym, i: number): Sym {
    return sequenceMask(this.name, mask, input.shape, i);
  }

  /** That of the sequence, where every step comes out. */
  override computeMask(_inputs: readonly Sym[], [sequence]: readonly (Sym | undefined)[]) {
    const mask = this.returnSequences ? sequence : undefined;
    if (!this.returnState) return mask;
    return [mask, ...statesOf(this.cell.stateSize).map(() => undefined)];
  }

  override getConfig(): Record<string, unknown> {
    const { returnSequences, returnState, goBackwards, stateful, unroll, zeroOutputForMask } = this;
    return {
      ...super.getConfig(),
      ...{ returnSequences, returnState, goBackwards, stateful, unroll, zeroOutputForMask },
      ...this.cellConfig(),
    };
  }
}

/** The cells of a stack, also of stacks within it; but one of an own class says itself what it does with its cells. */
const stackOf = (cell: RNNCell): readonly RNNCell[] =>
  cell instanceof StackedRNNCells && cell.constructor === StackedRNNCells
    ? cell.cells.flatMap(stackOf)
    : [cell];

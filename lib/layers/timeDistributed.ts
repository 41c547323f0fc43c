import { type OptionNames, wrongShape } from '../base/checks.js';
import { atLeast, firstOf, itemAt } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import type { Sym } from '../core/sym.js';
import { Trace } from '../core/trace.js';
import type { CallContext } from './layer.js';
import { loopOver } from './loop.js';
import { canJoinSteps, joinSteps, splitSteps } from './steps.js';
import { Wrapper, type WrapperOptions } from './wrapper.js';

/** Applies a layer to each step: made by `layers.timeDistributed`, which says more. */
export class TimeDistributed extends Wrapper {
  static override readonly optionNames = { ...Wrapper.optionNames } satisfies OptionNames<WrapperOptions>;
  readonly className = 'TimeDistributed';

  override build(shape: Shape): void {
    if (!shape.every((n) => typeof n === 'number') || shape.length < 3) {
      throw wrongShape(this.name, 'one input of rank 3 or more, [n, steps, …]', shape.flat());
    }
    super.build([firstOf(shape), ...shape.slice(2)]);
  }

  call(x: Sym, context: CallContext): readonly Sym[] {
    if (x.mask && x.mask.rank < 2)
      throw wrongShape(this.name, 'a mask of rank 2 or more, [n, steps, …]', x.mask.shape);
    const masks = x.mask && this.layer.takesMask ? [x.mask] : [];
    const applied = (steps: readonly Sym[], key = context.key) => {
      const [step, mask] = atLeast(steps, 1);
      return this.layer.applyAll(step, { ...context, key, ...(mask && { mask }) });
    };
    const sequences = [x, ...masks];
    // Of steps as samples a mask is one of the first axis, which a layer may see as its last.
    const joins = masks.every((mask) => mask.rank === x.rank || !this.layer.broadcastsMask);
    if (joins && sequences.every(canJoinSteps) && !this.#changesWeights(x, context))
      return applied(sequences.map(joinSteps)).map((y) => splitSteps(y, x));
    return loopOver({ sequences, unroll: itemAt(x.shape, 1) >= 0 }, (steps, _, key) => ({
      states: [],
      results: applied(steps, key),
    })).results;
  }

  /** Whether a call of the layer changes weights, by what all samples of the call have in common: then each step is a call. */
  #changesWeights({ dtype, shape }: Sym, { training }: CallContext): boolean {
    const trial = new Trace();
    const step = trial.input(dtype, [firstOf(shape), ...shape.slice(2)], `a step of ${this.name}`);
    trial.within(() => this.layer.run([step], { training, key: trial.input('int32', [2], 'a key') }));
    return trial.updated.length > 0;
  }

  /** That of the input. */
  override computeMask(_input: Sym, previousMask: Sym | undefined): Sym | undefined {
    return previousMask;
  }
}

/**
 * Applies a layer to each step of a sequence: [n, steps, …] to [n, steps, …]. All steps are computed at once, as more samples; but where
 * the layer's calls change its weights (batch normalization while it trains), one after another, as in Keras.
 * https://keras.io/api/layers/recurrent_layers/time_distributed/
 *
 * Weights: those of the layer. A mask [n, steps, …] passes, and the layer is given that of each step, [n, …], where it takes masks: batch
 * normalization, for example, counts the samples that a mask [n, steps] leaves at a step.
 *
 * @throws EngineError `ARGUMENT` for what is no layer; `SHAPE`, when applied, for an input of lower rank, and for a mask whose part of a step
 *   does not fit the layer.
 * @example
 *     const frames = layers.input({ shape: [10, 32, 32, 3] });
 *     layers.timeDistributed({ layer: layers.conv2d({ filters: 8, kernelSize: 3 }) }).apply(frames); // [n, 10, 30, 30, 8]
 */
export const timeDistributed = (options: WrapperOptions) => new TimeDistributed(options);

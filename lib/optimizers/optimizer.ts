import {
  type OptionNames,
  checkEach,
  expected,
  isPattern,
  knownOptions,
  knownOptionsOf,
  mismatch,
} from '../base/checks.js';
import { firstOf, itemAt } from '../base/list.js';
import { factoryName } from '../base/names.js';
import { latestOwner } from '../base/latestOwner.js';
import * as ops from '../ops/index.js';
import { type SavedState, type SavedValue, savedVariable, savedZeros } from '../core/savedValue.js';
import type { Sym } from '../core/sym.js';
import type { Trace } from '../core/trace.js';
import { Variable, variable } from '../core/variable.js';
import { runningMean } from './averages.js';
import { BaseOptimizer, type GradientPair } from './baseOptimizer.js';
import { clipped } from './clip.js';
import { LearningRate } from './learningRate.js';
import { type OptimizerOptions, optimizerNames, readOptimizer } from './optimizerOptions.js';
import { Slots } from './slots.js';
import type { FusedUpdate, StepContext, UpdateContext } from './update.js';

/** Which weights `excludeFromWeightDecay` leaves out. */
export interface DecayExclusions {
  /** The weights themselves. Default none. */
  varList?: readonly Variable[];
  /** Regular expressions, as text: weights in whose names one of them is found. Default none. */
  varNames?: readonly string[];
}

/** The slots that the base keeps. */
const AVERAGE = 'average';
/** In `savedSlots`: a zero that Keras alone has. @internal */
export const SCALAR = '';
const ACCUMULATOR = 'gradientAccumulator';

const exclusionNames = { varList: 'optional', varNames: 'optional' } satisfies OptionNames<DecayExclusions>;

/**
 * Changes weights along their gradients. A subclass says how in `update`, with the ops; slots, clipping, decay, averages and the learning
 * rate are here. `update` is traced once: a step needs no JavaScript, and a new learning rate no compilation.
 * https://keras.io/api/optimizers/
 *
 * @example
 *     const adam = optimizers.adam({ learningRate: 0.01 });
 *     model.compile({ optimizer: adam, loss: 'mse' });
 *     callbacks.lambdaCallback({ onEpochEnd: () => (adam.learningRate *= 0.5) });
 * @example
 *     class Momentum extends optimizers.Optimizer {
 *       readonly className = 'Momentum';
 *       protected override update({ weight, gradient, rate, slot, assign, assignWeight }: optimizers.UpdateContext) {
 *         const speed = assign('speed', ops.add(ops.multiply(slot('speed'), 0.9), gradient));
 *         assignWeight(ops.subtract(weight, ops.multiply(rate, speed)));
 *       }
 *     }
 */
export abstract class Optimizer extends BaseOptimizer implements OptimizerOptions {
  /** The names of all options, each `required` or `optional`; a subclass adds its own. */
  static override readonly optionNames = optimizerNames;
  readonly weightDecay: number;
  readonly clipnorm: number | undefined;
  readonly clipvalue: number | undefined;
  readonly globalClipnorm: number | undefined;
  readonly useEma: boolean;
  readonly emaMomentum: number;
  readonly emaOverwriteFrequency: number | undefined;
  readonly gradientAccumulationSteps: number | undefined;
  readonly #rate: LearningRate;
  readonly #slots = new Slots();
  /** `gathered`: of how many batches the sums of gradients are. */
  #counters: { iterations: Variable; gathered: Variable | undefined } | undefined;
  #excluded: { varList: ReadonlySet<Variable>; varNames: readonly RegExp[] } | undefined;
  #traced = false;
  /** Whose slots those of the whole optimizer are. */
  readonly #itself = { name: this.name, shape: [] };

  /** @param defaultRate The learning rate where the options have none. */
  constructor(options: OptimizerOptions = {}, defaultRate = 0.001) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    const { learningRate = defaultRate } = options;
    this.#rate = new LearningRate(who, learningRate);
    const settings = readOptimizer(who, options);
    this.weightDecay = settings.weightDecay;
    this.clipnorm = settings.clipnorm;
    this.clipvalue = settings.clipvalue;
    this.globalClipnorm = settings.globalClipnorm;
    this.useEma = settings.useEma;
    this.emaMomentum = settings.emaMomentum;
    this.emaOverwriteFrequency = settings.emaOverwriteFrequency;
    this.gradientAccumulationSteps = settings.gradientAccumulationSteps;
  }

  /**
   * The size of the steps, 0 or more. A new one is used from the next step that is queued. Where a schedule gives it, this is that of the
   * next step: reading it waits for the steps that are queued, and it cannot be set.
   *
   * @throws EngineError `ARGUMENT` for what is no such number, `STATE` where a schedule gives it.
   */
  get learningRate(): number {
    return this.#rate.value(this.#batches);
  }

  set learningRate(rate: number) {
    this.#rate.set(rate);
  }

  /** How often the weights were changed, float32 []. */
  get iterations(): Variable {
    return this.#state().iterations;
  }

  get built(): boolean {
    return this.#counters !== undefined;
  }

  get variables(): Variable[] {
    const { iterations, gathered } = this.#state();
    const counters = [iterations, gathered, this.#rate.variable].filter((v) => v !== undefined);
    return [...counters, ...this.#slots.variables];
  }

  averageOf(weight: Variable): Variable | undefined {
    return this.#slots.find(weight, AVERAGE);
  }

  /**
   * Leaves weights out of weight decay, in place of those of an earlier call. It has to be called before the first step.
   *
   * @throws EngineError `ARGUMENT` for what are no lists of variables and of regular expressions, `STATE` after the first step.
   * @example
   *     const adamW = optimizers.adamW({ weightDecay: 0.01 });
   *     adamW.excludeFromWeightDecay({ varNames: ['bias', 'gamma', 'beta'] });
   */
  excludeFromWeightDecay(exclusions: DecayExclusions): void {
    const who = 'excludeFromWeightDecay';
    const excluded = readExclusions(who, exclusions);
    if (this.#traced)
      throw mismatch(who, `no step of '${this.name}' before`, 'one that has made steps', 'STATE');
    this.#excluded = excluded;
  }

  /** @internal */
  applyPairs(given: readonly GradientPair[]): void {
    const { trace } = firstOf(given)[0];
    const isUpdated = ([, target]: GradientPair) => !target.overwriteWithGradient;
    for (const [gradient, target] of given) if (target.overwriteWithGradient) trace.assign(target, gradient);
    const pairs = given.filter(isUpdated);
    const { iterations } = this.#state();
    this.#traced = true;
    const done = trace.lift(iterations);
    const rate = this.#rate.at(trace, this.#batches);
    const step = ops.add(done, 1);
    if (this.gradientAccumulationSteps === undefined) {
      this.#change(trace, pairs, rate, step);
      trace.assign(iterations, step);
    } else this.#gather(trace, pairs, this.gradientAccumulationSteps, rate, step);
    if (this.useEma) this.#average(trace, pairs, done, step);
    for (const [, target] of pairs)
      if (target.constraint) trace.assign(target, target.constraint.call(trace.lift(target)));
  }

  /** @internal */
  savedState(weights: readonly Variable[]): SavedState {
    const slotsOf = (names: readonly (string | null)[]) =>
      weights.flatMap((weight) => names.map((name) => this.#savedSlot(weight, name)));
    const groups = weights.map((weight) => this.savedSlots(weight));
    const count = Math.max(0, ...groups.map((list) => list.length));
    const own = Array.from({ length: count }, (_, i) =>
      weights.flatMap((weight, j) => (groups[j]?.[i] ?? []).map((name) => this.#savedSlot(weight, name))),
    );
    const { variable: rate } = this.#rate;
    const taken = (i: number) => [AVERAGE, ACCUMULATOR, ...(groups[i] ?? []).flat()];
    const shared = [...this.#slots.of(this.#itself)];
    const isKnown = ([name]: readonly [string, Variable]) => this.savedShared.includes(name);
    const more = [
      ...shared.filter((slot) => !isKnown(slot)),
      ...weights.flatMap((weight, i) =>
        [...this.#slots.of(weight)]
          .filter(([name]) => !taken(i).includes(name))
          .map(([name, slot]) => [`${i}_${name}`, slot] as const),
      ),
    ];
    return {
      values: [
        this.#savedIterations,
        ...(rate ? [savedVariable(rate)] : []),
        ...(this.useEma ? slotsOf([AVERAGE]) : []),
        ...(this.gradientAccumulationSteps === undefined ? [] : slotsOf([ACCUMULATOR])),
        ...own.flat(),
        ...shared.filter(isKnown).map(([, slot]) => savedVariable(slot)),
      ],
      more: Object.fromEntries(more.map(([name, slot]) => [name, savedVariable(slot)])),
    };
  }

  /**
   * The slots of a weight in the order of Keras's files: those in one list are next to each other, weight by weight. null is one of zeros
   * that is there in Keras alone, {@link SCALAR} a zero. Default: all of them, as they were made.
   *
   * @internal
   */
  protected savedSlots(weight: Variable): readonly (readonly (string | null)[])[] {
    return [[...this.#slots.of(weight).keys()].filter((name) => name !== AVERAGE && name !== ACCUMULATOR)];
  }

  /** The slots of the whole optimizer that Keras's files have, after those of the weights. @internal */
  protected readonly savedShared: readonly string[] = [];

  #savedSlot(weight: Variable, name: string | null): SavedValue {
    const slot = name === null ? undefined : this.#slots.find(weight, name);
    return slot ? savedVariable(slot) : savedZeros(name === SCALAR ? [] : weight.shape);
  }

  /** Keras counts the batches, also those of which gradients are gathered. */
  get #savedIterations(): SavedValue {
    const { iterations, gathered } = this.#state();
    const every = this.gradientAccumulationSteps ?? 1;
    return {
      shape: [],
      dtype: 'int32',
      read: async () => {
        const [done, more] = await Promise.all([iterations.data(), gathered?.data()]);
        return Int32Array.of(firstOf(done) * every + (more ? firstOf(more) : 0));
      },
      write: (values) => {
        const batches = firstOf(values);
        iterations.assign(Math.floor(batches / every));
        gathered?.assign(batches % every);
      },
    };
  }

  /** @internal */
  restored(): void {
    this.#rate.restored();
  }

  dispose(): void {
    this.#slots.dispose();
    this.#rate.dispose();
    this.#counters?.iterations.dispose();
    this.#counters?.gathered?.dispose();
    this.#counters = undefined;
  }

  /** The arguments that make an equal optimizer (without its slots). */
  override getConfig(): Record<string, unknown> {
    const { weightDecay, clipnorm, clipvalue, globalClipnorm, gradientAccumulationSteps } = this;
    const { useEma, emaMomentum, emaOverwriteFrequency } = this;
    const optional = {
      clipnorm,
      clipvalue,
      globalClipnorm,
      emaOverwriteFrequency,
      gradientAccumulationSteps,
    };
    return {
      ...super.getConfig(),
      learningRate: this.#rate.config,
      weightDecay,
      useEma,
      emaMomentum,
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    };
  }

  /** Whether a schedule gives the learning rate. */
  protected get isScheduled(): boolean {
    return this.#rate.isScheduled;
  }

  /** Says with the ops what a step makes of one weight and its slots. */
  protected abstract update(context: UpdateContext): void;

  /** Says with the ops what a step does once, before the weights, with slots of the whole optimizer. Default nothing. */
  protected begin(_context: StepContext): void {
    return;
  }

  /** The weight decay of one weight that is not excluded from it. Default {@link weightDecay}. */
  protected decayOf(_variable: Variable): number {
    return this.weightDecay;
  }

  /**
   * The engine's op that makes the same of a weight as `update`, in one kernel; undefined where there is none, as for all optimizers of
   * one's own. A subclass that overrides `update` alone is followed in that.
   */
  protected fused(): FusedUpdate | undefined {
    return undefined;
  }

  /** Changes the weights by gradients. */
  #change(trace: Trace, pairs: readonly GradientPair[], rate: Sym, step: Sym): void {
    const gradients = clipped(
      pairs.map(([gradient]) => gradient),
      this,
    );
    const who = factoryName(this.className);
    this.begin({ rate, step, ...this.#slots.access(who, trace, this.#itself) });
    const fused = this.#fusedUpdate();
    pairs.forEach(([, target], i) => {
      const gradient = itemAt(gradients, i);
      const weightDecay = this.#isExcluded(target) ? 0 : this.decayOf(target);
      if (fused) this.#runFused(fused, target, gradient, rate, step, weightDecay);
      else this.#runUpdate(target, gradient, rate, step, weightDecay);
    });
  }

  /** Adds gradients up, and changes the weights by their means where they are of enough batches. */
  #gather(trace: Trace, pairs: readonly GradientPair[], batches: number, rate: Sym, step: Sym): void {
    const { iterations, gathered } = this.#state() as { iterations: Variable; gathered: Variable };
    const count = ops.add(trace.lift(gathered), 1);
    const due = ops.greaterEqual(count, batches);
    const sums = pairs.map(([gradient, target]) => {
      const slot = this.#slots.get(target, ACCUMULATOR);
      return { target, slot, sum: ops.add(trace.lift(slot), gradient) };
    });
    trace.assignWhere(due, () => {
      const means = sums.map(({ target, sum }) => [ops.divide(sum, batches), target] as const);
      this.#change(trace, means, rate, step);
      trace.assign(iterations, step);
    });
    for (const { slot, sum } of sums) trace.assign(slot, ops.where(due, 0, sum));
    trace.assign(gathered, ops.where(due, 0, count));
  }

  /** Takes the weights into their averages, of which the first is the weight itself. */
  #average(trace: Trace, pairs: readonly GradientPair[], done: Sym, step: Sym): void {
    const { emaMomentum, emaOverwriteFrequency: every } = this;
    const first = ops.equal(done, 0);
    const due =
      every === undefined
        ? undefined
        : ops.equal(ops.multiply(ops.floor(ops.divide(step, every)), every), step);
    for (const [, target] of pairs) {
      const average = this.#slots.get(target, AVERAGE, { initialValue: target });
      const weight = trace.lift(target);
      const next = ops.where(first, weight, runningMean(trace.lift(average), weight, emaMomentum));
      trace.assign(average, next);
      if (due) trace.assign(target, ops.where(due, next, weight));
    }
  }

  /**
   * The fused update, unless `update` was overridden after it. Where gradients are accumulated, a condition chooses between what it gives
   * and what was before, which fuses with the ops of `update` alone.
   */
  #fusedUpdate(): FusedUpdate | undefined {
    if (this.gradientAccumulationSteps !== undefined) return undefined;
    return Object.hasOwn(latestOwner(this, ['update', 'fused']), 'fused') ? this.fused() : undefined;
  }

  #runFused(
    fused: FusedUpdate,
    target: Variable,
    gradient: Sym,
    rate: Sym,
    step: Sym,
    weightDecay: number,
  ): void {
    const { trace } = gradient;
    const slots = fused.slots.map((name) => this.#slots.get(target, name));
    const given = slots.map((slot) => trace.lift(slot));
    const inputs = [
      trace.lift(target),
      gradient,
      ...given,
      rate,
      ...(fused.takesStep === true ? [step] : []),
    ];
    const results = trace.op(fused.op, inputs, { ...fused.attrs, weightDecay });
    [target, ...slots].forEach((variable, i) => {
      trace.assign(variable, itemAt(results, i));
    });
  }

  #runUpdate(target: Variable, gradient: Sym, rate: Sym, step: Sym, weightDecay: number): void {
    const { trace } = gradient;
    const who = factoryName(this.className);
    const before = trace.lift(target);
    const weight =
      weightDecay === 0 ? before : ops.multiply(before, ops.subtract(1, ops.multiply(rate, weightDecay)));
    let assigned = false;
    this.update({
      weight,
      gradient,
      variable: target,
      rate,
      step,
      ...this.#slots.access(who, trace, target),
      shared: (name) => trace.lift(this.#slots.get(this.#itself, name)),
      assignWeight: (value) => {
        target.assign(value);
        assigned = true;
      },
    });
    if (!assigned) throw mismatch(who, 'update() to call assignWeight', 'no call', 'STATE');
  }

  #state() {
    const counter = (name: string) => variable(0, { name, trainable: false });
    return (this.#counters ??= {
      iterations: counter('iterations'),
      gathered: this.gradientAccumulationSteps === undefined ? undefined : counter('gathered'),
    });
  }

  /** How many batches were seen, which a schedule counts. */
  readonly #batches = (trace: Trace): Sym => {
    const { iterations, gathered } = this.#state();
    const done = trace.lift(iterations);
    if (!gathered) return done;
    return ops.add(ops.multiply(done, this.gradientAccumulationSteps ?? 1), trace.lift(gathered));
  };

  #isExcluded(target: Variable): boolean {
    const { varList, varNames } = this.#excluded ?? {};
    return varList?.has(target) === true || varNames?.some((name) => name.test(target.name)) === true;
  }
}

function readExclusions(who: string, exclusions: DecayExclusions) {
  if ((exclusions as DecayExclusions | undefined) === undefined)
    throw expected(who, 'an object with varList, varNames or both', exclusions);
  knownOptions(who, exclusions, exclusionNames);
  const { varList = [], varNames = [] } = exclusions;
  checkEach(who, 'a list of variables as varList', varList, (v) => v instanceof Variable);
  checkEach(who, 'a list of regular expressions as varNames', varNames, isPattern);
  return { varList: new Set(varList), varNames: varNames.map((name) => new RegExp(name)) };
}

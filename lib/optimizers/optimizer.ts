import { type OptionNames, atLeastZero, expected, knownOptionsOf, positive } from '../base/checks.js';
import type { Attrs, Shape } from '../engine/engine.js';
import { EngineError, nearest } from '../base/errors.js';
import { factoryName } from '../base/names.js';
import { type ObjectConfig, isConfig } from '../base/registry.js';
import * as ops from '../ops/index.js';
import { Sym } from '../core/sym.js';
import { Tensor, full, zeros } from '../core/tensor.js';
import type { Program } from '../core/program.js';
import { Trace } from '../core/trace.js';
import { Variable, variable } from '../core/variable.js';
import { LearningRateSchedule } from './schedules/learningRateSchedule.js';
import { scheduleConfig, scheduleOf } from './schedules/registry.js';

/** What every optimizer takes. At most one of `clipnorm`, `clipvalue` and `globalClipnorm` may be given. */
export interface OptimizerOptions {
  /**
   * The size of the steps: a number of 0 or more, which may be set anew between steps, or a schedule, a function of the step (or its
   * configuration). The default is that of each optimizer.
   */
  learningRate?: number | LearningRateSchedule | ObjectConfig;
  /**
   * Decoupled decay: each step first takes learningRate · weightDecay of every weight away, 0 or more. Default 0, of `adamW` 0.004.
   */
  weightDecay?: number;
  /** Scales each weight's gradient down to at most this Euclidean norm. Default: gradients are not scaled. */
  clipnorm?: number | undefined;
  /** Cuts each number of a gradient to ±this. Default: gradients are not cut. */
  clipvalue?: number | undefined;
  /** Scales all gradients down together to at most this Euclidean norm. Default: gradients are not scaled. */
  globalClipnorm?: number | undefined;
}

/** What the optimizers that divide by a root of mean squares take. */
export interface EpsilonOptions extends OptimizerOptions {
  /** What is added to the divisor, so that it is never 0; 0 or more. Default 1e-7. */
  epsilon?: number;
}

/** How a slot begins. */
export interface SlotOptions {
  /** The number that fills it before the first step. Default 0. */
  initialValue?: number;
  /** Its shape. Default the weight's. */
  shape?: Shape;
}

/** What an update sees of one weight. All values are symbolic, float32. */
export interface UpdateContext {
  /** The weight before the step, after its decay. */
  readonly weight: Sym;
  /** Its gradient after clipping, in the weight's shape. */
  readonly gradient: Sym;
  /** The learning rate, []. */
  readonly rate: Sym;
  /** The number of this step from 1, []. */
  readonly step: Sym;
  /** What the optimizer remembers of this weight under a name: what was assigned to it last, in this step or in the one before. */
  readonly slot: (name: string, options?: SlotOptions) => Sym;
  /** Gives a slot a new value, in its shape; returns the value. The slot has to be read with `slot` before. */
  readonly assign: (slot: string, value: Sym) => Sym;
  /** Gives the weight its new value. Every update has to do so. */
  readonly assignWeight: (value: Sym) => void;
}

/** An op of the engine that makes a whole update in one kernel, weight decay included. */
export interface FusedUpdate {
  /** Its name in the engine. */
  readonly op: string;
  /** The slots that it takes and gives, in its order; all begin with zeros and have the weight's shape. */
  readonly slots: readonly string[];
  /** Its parameters. */
  readonly attrs: Attrs;
  /** Whether it takes the number of the step after the learning rate. Default false. */
  readonly takesStep?: boolean;
}

/**
 * Changes weights along their gradients. A subclass says how in `update`, with the ops; slots, clipping, decay and the learning rate are
 * here. `update` is traced once: a step needs no JavaScript, and a new learning rate no compilation.
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
export abstract class Optimizer implements OptimizerOptions {
  /** The names of all options, each `required` or `optional`; a subclass adds its own. */
  static readonly optionNames = {
    learningRate: 'optional',
    weightDecay: 'optional',
    clipnorm: 'optional',
    clipvalue: 'optional',
    globalClipnorm: 'optional',
  } satisfies OptionNames<OptimizerOptions>;
  /** The name in configurations: that of the class. */
  abstract readonly className: string;
  readonly weightDecay: number;
  readonly clipnorm: number | undefined;
  readonly clipvalue: number | undefined;
  readonly globalClipnorm: number | undefined;
  #learningRate: number | LearningRateSchedule;
  /** The rate is a variable where no schedule gives it. */
  #scalars: { rate: Variable | undefined; iterations: Variable } | undefined;
  /** Computes what a schedule gives. */
  #schedule: Program | undefined;
  readonly #slots = new Map<Variable, Map<string, Variable>>();

  /** @param defaultRate The learning rate where the options have none. */
  constructor(options: OptimizerOptions = {}, defaultRate = 0.001) {
    const who = knownOptionsOf(new.target, options);
    const { learningRate = defaultRate } = options;
    this.#learningRate =
      learningRate instanceof LearningRateSchedule || isConfig(learningRate)
        ? scheduleOf(learningRate)
        : atLeastZero(who, 'learningRate', learningRate);
    this.weightDecay = atLeastZero(who, 'weightDecay', options.weightDecay ?? 0);
    const clips = ['clipnorm', 'clipvalue', 'globalClipnorm'] as const;
    for (const clip of clips) if (options[clip] !== undefined) positive(who, clip, options[clip]);
    if (clips.filter((clip) => options[clip] !== undefined).length > 1)
      throw new EngineError(
        'ARGUMENT',
        `[${who}] expected at most one of ${clips.join(', ')}, received several`,
      );
    this.clipnorm = options.clipnorm;
    this.clipvalue = options.clipvalue;
    this.globalClipnorm = options.globalClipnorm;
  }

  /**
   * The size of the steps, 0 or more. A new one is used from the next step that is queued. Where a schedule gives it, this is that of the
   * next step: reading it waits for the steps that are queued, and it cannot be set.
   *
   * @throws EngineError `ARGUMENT` for what is no such number, `STATE` where a schedule gives it.
   */
  get learningRate(): number {
    const rate = this.#learningRate;
    return typeof rate === 'number' ? rate : this.#scheduled(rate);
  }

  set learningRate(rate: number) {
    if (typeof this.#learningRate !== 'number')
      throw new EngineError(
        'STATE',
        `[${factoryName(this.className)}] expected a learning rate that is a number where it is set, received one that is the ` +
          `schedule ${this.#learningRate.className}: make the optimizer with a number`,
      );
    this.#learningRate = atLeastZero(factoryName(this.className), 'learningRate', rate);
    this.#scalars?.rate?.assign(rate);
  }

  /** How many steps were made, float32 []. */
  get iterations(): Variable {
    return this.#state().iterations;
  }

  /** Whether it has made its variables, which its first step does. */
  get built(): boolean {
    return this.#scalars !== undefined;
  }

  /** The optimizer's own variables: the count of steps, the learning rate, and the slots of each weight it has met. */
  get variables(): Variable[] {
    const { iterations, rate } = this.#state();
    return [
      iterations,
      ...(rate ? [rate] : []),
      ...[...this.#slots.values()].flatMap((slots) => [...slots.values()]),
    ];
  }

  /**
   * Inside `compile`: makes the traced step change the variables along the gradients of the loss.
   *
   * @param loss float32 [], a symbolic value.
   * @param variables Those to change, whether they are trainable or not.
   * @returns Nothing to fetch: an empty record, to be spread into what the traced function returns.
   * @throws EngineError `SHAPE` where the loss is no scalar, `ARGUMENT` where it is not symbolic or the rest are no variables.
   * @example
   *     const step = compile((x: Sym, y: Sym) => {
   *       const loss = ops.mean(ops.square(ops.subtract(ops.matmul(x, w), y)));
   *       return { loss, ...adam.minimize(loss, [w]) };
   *     });
   */
  minimize(loss: Sym | Tensor, variables: readonly Variable[]): object {
    if (!(loss instanceof Sym) || loss.rank !== 0) {
      const what = 'a symbolic scalar as loss (reduce it with ops.mean inside compile())';
      throw expected('minimize', what, loss, undefined, loss instanceof Sym ? 'SHAPE' : 'ARGUMENT');
    }
    checkEach('minimize', 'a list of variables', variables, (v) => v instanceof Variable);
    const { trace } = loss;
    const gradients = trace.gradients(
      [loss],
      variables.map((v) => trace.start(v)),
    );
    return this.applyGradients(variables.map((v, i) => [gradients[i], v]));
  }

  /**
   * Inside `compile`: makes the traced step change variables along gradients that the caller made.
   *
   * @param pairs Each a gradient, a symbolic value of float32 in the variable's shape, and the variable.
   * @returns Nothing to fetch: an empty record, to be spread into what the traced function returns.
   * @throws EngineError `ARGUMENT` for what is no list of such pairs.
   * @example
   *     const gradients = grad(loss, [w, b]).map((g) => ops.multiply(g, 0.5));
   *     return { loss, ...adam.applyGradients([[gradients[0], w], [gradients[1], b]]) };
   */
  applyGradients(pairs: readonly (readonly [gradient: Sym, variable: Variable])[]): object {
    checkEach('applyGradients', 'a list of pairs [symbolic gradient, variable]', pairs, (pair) => {
      const [gradient, target] = Array.isArray(pair) ? (pair as unknown[]) : [];
      return gradient instanceof Sym && target instanceof Variable;
    });
    if (pairs.length === 0) return {};
    const { trace } = pairs[0][0];
    const { rate: rateVariable, iterations } = this.#state();
    const stepsBefore = trace.lift(iterations);
    const schedule = this.#learningRate as LearningRateSchedule;
    const rate = rateVariable ? trace.lift(rateVariable) : schedule.call(stepsBefore);
    const step = ops.add(stepsBefore, 1);
    const clipped = this.#clip(pairs.map(([gradient]) => gradient));
    const fused = this.#fusedUpdate();
    pairs.forEach(([, target], i) => {
      const gradient = clipped[i];
      if (fused) this.#runFused(fused, target, gradient, rate, step);
      else this.#runUpdate(target, gradient, rate, step);
      if (target.constraint) trace.assign(target, target.constraint.call(trace.lift(target)));
    });
    trace.assign(iterations, step);
    return {};
  }

  /** Frees the slots and counters. */
  dispose(): void {
    for (const slots of this.#slots.values()) for (const slot of slots.values()) slot.dispose();
    this.#slots.clear();
    this.#scalars?.rate?.dispose();
    this.#scalars?.iterations.dispose();
    this.#scalars = undefined;
    this.#schedule = undefined;
  }

  /** The arguments that make an equal optimizer (without its slots). */
  getConfig(): Record<string, unknown> {
    const rate = this.#learningRate;
    const learningRate = typeof rate === 'number' ? rate : scheduleConfig(rate);
    const { weightDecay, clipnorm, clipvalue, globalClipnorm } = this;
    const clip = Object.entries({ clipnorm, clipvalue, globalClipnorm }).filter(
      ([, value]) => value !== undefined,
    );
    return { learningRate, weightDecay, ...Object.fromEntries(clip) };
  }

  /** Says with the ops what a step makes of one weight and its slots. */
  protected abstract update(context: UpdateContext): void;

  /**
   * The engine's op that makes the same of a weight as `update`, in one kernel; undefined where there is none, as for all optimizers of
   * one's own. A subclass that overrides `update` alone is followed in that.
   */
  protected fused(): FusedUpdate | undefined {
    return undefined;
  }

  /** The fused update, unless `update` was overridden after it. */
  #fusedUpdate(): FusedUpdate | undefined {
    return Object.hasOwn(latestOwner(this, ['update', 'fused']), 'fused') ? this.fused() : undefined;
  }

  #runFused(fused: FusedUpdate, target: Variable, gradient: Sym, rate: Sym, step: Sym): void {
    const { trace } = gradient;
    const variables = [target, ...fused.slots.map((name) => this.#slot(target, name))];
    const [weight, ...slots] = variables.map((variable) => trace.lift(variable));
    const inputs = [weight, gradient, ...slots, rate, ...(fused.takesStep === true ? [step] : [])];
    const results = trace.op(fused.op, inputs, { ...fused.attrs, weightDecay: this.weightDecay });
    variables.forEach((variable, i) => trace.assign(variable, results[i]));
  }

  #runUpdate(target: Variable, gradient: Sym, rate: Sym, step: Sym): void {
    const { trace } = gradient;
    const { weightDecay } = this;
    const before = trace.lift(target);
    const weight =
      weightDecay === 0 ? before : ops.multiply(before, ops.subtract(1, ops.multiply(rate, weightDecay)));
    const slots = new Map<string, Variable>();
    let assigned = false;
    this.update({
      weight,
      gradient,
      rate,
      step,
      slot: (name, options) => {
        const variable = this.#slot(target, name, options);
        slots.set(name, variable);
        return trace.lift(variable);
      },
      assign: (name, value) => {
        const variable = slots.get(name);
        if (!variable)
          throw expected(
            factoryName(this.className),
            `slot('${name}') to be read before it is assigned`,
            name,
            nearest(name, [...slots.keys()]),
          );
        variable.assign(value);
        return trace.lift(variable);
      },
      assignWeight: (value) => {
        target.assign(value);
        assigned = true;
      },
    });
    if (!assigned)
      throw new EngineError(
        'STATE',
        `[${factoryName(this.className)}] expected update() to call assignWeight, received no call`,
      );
  }

  #state() {
    const rate = this.#learningRate;
    return (this.#scalars ??= {
      rate: typeof rate === 'number' ? variable(rate, { name: 'learningRate', trainable: false }) : undefined,
      iterations: variable(0, { name: 'iterations', trainable: false }),
    });
  }

  /** What a schedule gives for the next step. */
  #scheduled(schedule: LearningRateSchedule): number {
    const { iterations } = this.#state();
    if (!this.#schedule) {
      const trace = new Trace();
      const rate = trace.within(() => schedule.call(trace.lift(iterations)));
      this.#schedule = trace.program([], [rate]);
    }
    const [rate] = this.#schedule.runSilently([]);
    try {
      return rate.dataSync()[0];
    } finally {
      rate.dispose();
    }
  }

  #slot(
    target: Variable,
    name: string,
    { initialValue = 0, shape = target.shape }: SlotOptions = {},
  ): Variable {
    let slots = this.#slots.get(target);
    if (!slots) this.#slots.set(target, (slots = new Map<string, Variable>()));
    let slot = slots.get(name);
    if (!slot) {
      const storage = initialValue === 0 ? zeros(shape) : full(shape, initialValue);
      slot = new Variable(storage, `${target.name}/${name}`, false);
      slots.set(name, slot);
    }
    return slot;
  }

  #clip(gradients: readonly Sym[]): readonly Sym[] {
    const { clipnorm, clipvalue, globalClipnorm } = this;
    if (clipvalue !== undefined)
      return gradients.map((g) => ops.minimum(ops.maximum(g, -clipvalue), clipvalue));
    if (clipnorm !== undefined) return gradients.map((g) => ops.multiply(g, scaleTo(clipnorm, squares(g))));
    if (globalClipnorm === undefined) return gradients;
    const scale = scaleTo(
      globalClipnorm,
      gradients.map(squares).reduce((sum, more) => ops.add(sum, more)),
    );
    return gradients.map((g) => ops.multiply(g, scale));
  }
}

/** The object, or the first of its prototypes, that has one of the names itself. */
function latestOwner(object: object, names: readonly string[]): object {
  if (names.some((name) => Object.hasOwn(object, name))) return object;
  return latestOwner(Object.getPrototypeOf(object) as object, names);
}

function checkEach(who: string, what: string, list: unknown, fits: (item: unknown) => boolean): void {
  // A copy: `every` would pass over the holes of a list.
  if (!Array.isArray(list) || ![...(list as unknown[])].every(fits)) throw expected(who, what, list);
}

const squares = (g: Sym): Sym => ops.sum(ops.square(g));

/** The factor, at most 1, that brings a vector of this squared norm down to the wanted norm. */
const scaleTo = (norm: number, squared: Sym): Sym => ops.divide(norm, ops.maximum(ops.sqrt(squared), norm));

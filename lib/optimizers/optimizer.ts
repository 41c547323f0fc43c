import { type OptionNames, expected, knownOptionsOf } from '../checks.js';
import type { Attrs } from '../engine.js';
import { EngineError, describe } from '../errors.js';
import * as ops from '../ops/index.js';
import { Sym } from '../sym.js';
import { Tensor, zeros } from '../tensor.js';
import { Variable, variable } from '../variable.js';

/** What every optimizer takes. */
export interface OptimizerOptions {
  /** The size of the steps. Settable while training. */
  learningRate?: number;
  /** Decoupled decay: each step first takes learningRate · weightDecay of every weight away. Default none. */
  weightDecay?: number;
  /** Scales each gradient down to this Euclidean norm. */
  clipnorm?: number;
  /** Cuts each number of a gradient to ±this. */
  clipvalue?: number;
  /** Scales all gradients down together to this Euclidean norm. */
  globalClipnorm?: number;
}

/** What an update sees of one weight. */
export interface UpdateContext {
  readonly weight: Sym;
  readonly gradient: Sym;
  /** Scalars: the learning rate, and the number of this step, from 1. */
  readonly rate: Sym;
  readonly step: Sym;
  /** Queues the engine's fused update with these slots (zeros at first) between the gradient and the scalars. */
  readonly fused: (op: string, slots: readonly string[], scalars: readonly Sym[], attrs: Attrs) => void;
}

/**
 * Changes weights along their gradients. A subclass says how; slots, clipping, decay and the learning rate are here.
 *
 * Its numbers live natively: a step needs no JavaScript, and a new learning rate no recompilation.
 */
export abstract class Optimizer {
  /** The names of all options, each `required` or `optional`; a subclass adds its own. */
  static readonly optionNames = {
    learningRate: 'optional',
    weightDecay: 'optional',
    clipnorm: 'optional',
    clipvalue: 'optional',
    globalClipnorm: 'optional',
  } satisfies OptionNames<OptimizerOptions>;
  /** The name in configurations. */
  abstract readonly className: string;
  readonly weightDecay: number;
  readonly clipnorm: number | undefined;
  readonly clipvalue: number | undefined;
  readonly globalClipnorm: number | undefined;
  #learningRate: number;
  #scalars: { rate: Variable; iterations: Variable } | undefined;
  readonly #slots = new Map<Variable, Map<string, Variable>>();

  constructor(options: OptimizerOptions = {}, defaultRate = 0.001) {
    knownOptionsOf(new.target, options);
    this.#learningRate = checkRate(options.learningRate ?? defaultRate);
    this.weightDecay = checkAtLeastZero('weightDecay', options.weightDecay ?? 0);
    const clips = ['clipnorm', 'clipvalue', 'globalClipnorm'] as const;
    for (const clip of clips) if (options[clip] !== undefined) checkPositive(clip, options[clip]);
    if (clips.filter((clip) => options[clip] !== undefined).length > 1) {
      throw new EngineError(
        'ARGUMENT',
        `[optimizer] expected at most one of ${clips.join(', ')}, received several`,
      );
    }
    this.clipnorm = options.clipnorm;
    this.clipvalue = options.clipvalue;
    this.globalClipnorm = options.globalClipnorm;
  }

  /** The size of the steps. A new one holds from the next step that is queued. */
  get learningRate(): number {
    return this.#learningRate;
  }

  set learningRate(rate: number) {
    this.#learningRate = checkRate(rate);
    this.#scalars?.rate.assign(rate);
  }

  /** How many steps were made, float32 []. */
  get iterations(): Variable {
    return this.#state().iterations;
  }

  /** Whether it has made its variables: with its first step. */
  get built(): boolean {
    return this.#scalars !== undefined;
  }

  /** The optimizer's own variables: the count of steps, the learning rate, and the slots of each weight it has met. */
  get variables(): Variable[] {
    const { iterations, rate } = this.#state();
    return [iterations, rate, ...[...this.#slots.values()].flatMap((slots) => [...slots.values()])];
  }

  /**
   * Inside `compile`: makes the traced step change the variables along the gradients of the loss.
   *
   * @param loss float32 [].
   * @returns Nothing to fetch: an empty record, to be spread into what the traced function returns.
   * @throws EngineError `SHAPE` where the loss is no scalar.
   * @example
   *     const step = compile((x: Sym, y: Sym) => {
   *       const loss = ops.mean(ops.square(ops.sub(ops.matmul(x, w), y)));
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

  /** As {@link minimize}, with gradients that the caller made. */
  applyGradients(pairs: readonly (readonly [gradient: Sym, variable: Variable])[]): object {
    checkEach('applyGradients', 'a list of pairs [symbolic gradient, variable]', pairs, (pair) => {
      const [gradient, target] = Array.isArray(pair) ? (pair as unknown[]) : [];
      return gradient instanceof Sym && target instanceof Variable;
    });
    if (pairs.length === 0) return {};
    const { trace } = pairs[0][0];
    const { rate: rateVariable, iterations } = this.#state();
    const rate = trace.lift(rateVariable);
    const step = ops.add(trace.lift(iterations), 1);
    const clipped = this.#clip(pairs.map(([gradient]) => gradient));
    pairs.forEach(([, target], i) => {
      const weight = trace.lift(target);
      const gradient = clipped[i];
      this.update({
        weight,
        gradient,
        rate,
        step,
        fused: (op, names, scalars, attrs) => {
          const slots = names.map((name) => this.#slot(target, name));
          const inputs = [weight, gradient, ...slots.map((slot) => trace.lift(slot)), rate, ...scalars];
          const results = trace.op(op, inputs, { ...attrs, weightDecay: this.weightDecay });
          [target, ...slots].forEach((variable, k) => trace.assign(variable, results[k]));
        },
      });
      if (target.constraint) trace.assign(target, target.constraint.call(trace.lift(target)));
    });
    trace.assign(iterations, step);
    return {};
  }

  /** Frees the slots and counters. */
  dispose(): void {
    for (const slots of this.#slots.values()) for (const slot of slots.values()) slot.dispose();
    this.#slots.clear();
    this.#scalars?.rate.dispose();
    this.#scalars?.iterations.dispose();
    this.#scalars = undefined;
  }

  /** The arguments that make an equal optimizer (without its slots). */
  getConfig(): Record<string, unknown> {
    const { learningRate, weightDecay, clipnorm, clipvalue, globalClipnorm } = this;
    const clip = Object.entries({ clipnorm, clipvalue, globalClipnorm }).filter(
      ([, value]) => value !== undefined,
    );
    return { learningRate, weightDecay, ...Object.fromEntries(clip) };
  }

  protected abstract update(context: UpdateContext): void;

  #state() {
    return (this.#scalars ??= {
      rate: variable(this.#learningRate, { name: 'learningRate', trainable: false }),
      iterations: variable(0, { name: 'iterations', trainable: false }),
    });
  }

  #slot(target: Variable, name: string): Variable {
    let slots = this.#slots.get(target);
    if (!slots) this.#slots.set(target, (slots = new Map<string, Variable>()));
    let slot = slots.get(name);
    if (!slot) {
      slot = new Variable(zeros(target.shape), `${target.name}/${name}`, false);
      slots.set(name, slot);
    }
    return slot;
  }

  #clip(gradients: readonly Sym[]): readonly Sym[] {
    const { clipnorm, clipvalue, globalClipnorm } = this;
    if (clipvalue !== undefined)
      return gradients.map((g) => ops.minimum(ops.maximum(g, -clipvalue), clipvalue));
    if (clipnorm !== undefined) return gradients.map((g) => ops.mul(g, scaleTo(clipnorm, squares(g))));
    if (globalClipnorm === undefined) return gradients;
    const scale = scaleTo(
      globalClipnorm,
      gradients.map(squares).reduce((sum, more) => ops.add(sum, more)),
    );
    return gradients.map((g) => ops.mul(g, scale));
  }
}

function checkEach(who: string, what: string, list: unknown, fits: (item: unknown) => boolean): void {
  if (!Array.isArray(list) || !list.every(fits)) throw expected(who, what, list);
}

const squares = (g: Sym): Sym => ops.sum(ops.square(g));

/** The factor, at most 1, that brings a vector of this squared norm down to the wanted norm. */
const scaleTo = (norm: number, squared: Sym): Sym => ops.div(norm, ops.maximum(ops.sqrt(squared), norm));

function checkRate(rate: number): number {
  if (!Number.isFinite(rate) || rate < 0) {
    throw new EngineError(
      'ARGUMENT',
      `[optimizer] expected a finite learningRate of 0 or more, received ${describe(rate)}`,
    );
  }
  return rate;
}

/** Fails unless a parameter is a number of 0 or more. @internal */
export function checkAtLeastZero(name: string, value: number): number {
  if (!Number.isFinite(value) || value < 0)
    throw new EngineError(
      'ARGUMENT',
      `[optimizer] expected ${name} of 0 or more, received ${describe(value)}`,
    );
  return value;
}

/** Fails unless a parameter is a positive number. @internal */
export function checkPositive(name: string, value: number): number {
  if (!Number.isFinite(value) || value <= 0)
    throw new EngineError('ARGUMENT', `[optimizer] expected a positive ${name}, received ${describe(value)}`);
  return value;
}

/** Fails unless a parameter is from 0 up to, not including, 1. @internal */
export function checkShare(name: string, value: number): number {
  if (!(value >= 0 && value < 1)) {
    throw new EngineError(
      'ARGUMENT',
      `[optimizer] expected ${name} from 0 up to, not including, 1, received ${describe(value)}`,
    );
  }
  return value;
}

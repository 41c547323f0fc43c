import { atLeastZero, mismatch } from '../base/checks.js';
import { firstOf } from '../base/list.js';
import { isConfig } from '../base/registry.js';
import type { Program } from '../core/program.js';
import type { Sym } from '../core/sym.js';
import { Trace } from '../core/trace.js';
import { type Variable, variable } from '../core/variable.js';
import { LearningRateSchedule } from './schedules/learningRateSchedule.js';
import { scheduleConfig, scheduleOf } from './schedules/registry.js';

/**
 * The number with the fewest digits that is the same in float32. What is read depends on what the variable holds alone: the same where it
 * was set and where it was restored from a file.
 */
function shortest(rate: number): number {
  const rounded = Math.fround(rate);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(rounded.toPrecision(digits));
    if (Math.fround(short) === rounded) return short;
  }
  return Number(rounded.toPrecision(9));
}

/** The learning rate of an optimizer: a number, which may change between steps, or a schedule of the step. @internal */
export class LearningRate {
  readonly #who: string;
  #given: number | LearningRateSchedule;
  /** Holds a number. */
  #variable: Variable | undefined;
  /** Whether the variable holds another number than was given. */
  #restored = false;
  /** Computes what a schedule gives. */
  #program: Program | undefined;

  constructor(who: string, given: unknown) {
    this.#who = who;
    this.#given =
      given instanceof LearningRateSchedule || isConfig(given)
        ? scheduleOf(given)
        : shortest(atLeastZero(who, 'learningRate', given));
  }

  /** Whether a schedule gives it. */
  get isScheduled(): boolean {
    return typeof this.#given !== 'number';
  }

  /** What holds it where it is a number, float32 []. */
  get variable(): Variable | undefined {
    if (typeof this.#given !== 'number') return undefined;
    return (this.#variable ??= variable(this.#given, { name: 'learningRate', trainable: false }));
  }

  /** That of the step after as many as `batches` says, float32 []. */
  at(trace: Trace, batches: (trace: Trace) => Sym): Sym {
    const given = this.#given;
    return typeof given === 'number' ? trace.lift(this.variable as Variable) : given.call(batches(trace));
  }

  /** That of the next step, as a number. */
  value(batches: (trace: Trace) => Sym): number {
    if (typeof this.#given === 'number') {
      if (this.#restored && this.#variable) this.#given = shortest(firstOf(this.#variable.dataSync()));
      this.#restored = false;
      return this.#given;
    }
    if (!this.#program) {
      const trace = new Trace();
      const rate = trace.within(() => this.at(trace, batches));
      this.#program = trace.program([], [rate]);
    }
    const rate = firstOf(this.#program.runSilently([]));
    try {
      return firstOf(rate.dataSync());
    } finally {
      rate.dispose();
    }
  }

  /** @throws EngineError `ARGUMENT` for what is no number of 0 or more, `STATE` where a schedule gives it. */
  set(rate: number): void {
    if (typeof this.#given !== 'number')
      throw mismatch(
        this.#who,
        'a learning rate that is a number where it is set',
        `one that is the schedule ${this.#given.className}: make the optimizer with a number`,
        'STATE',
      );
    this.#given = shortest(atLeastZero(this.#who, 'learningRate', rate));
    this.#variable?.assign(rate);
    this.#restored = false;
  }

  /** Hears that the variable was given another number. */
  restored(): void {
    this.#restored = true;
  }

  /** What makes an equal one. */
  get config(): unknown {
    const given = this.#given;
    return typeof given === 'number' ? given : scheduleConfig(given);
  }

  dispose(): void {
    this.#variable?.dispose();
    this.#variable = undefined;
    this.#program = undefined;
  }
}

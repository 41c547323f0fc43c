import { expected, isPlainObject } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { Logs } from '../callbacks/index.js';
import { symbolic } from '../core/apply.js';
import type { Program } from '../core/program.js';
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';
import type { Trace } from '../core/trace.js';
import type { Variable } from '../core/variable.js';

/** What a step is given for the inputs or targets: one symbolic value, or a list of them; a record where the data was one. */
export type StepValue = Sym | readonly Sym[] | Readonly<Record<string, Sym>>;

/** Weights for a step: undefined in a list for an output whose samples weigh the same. */
export type StepWeight = StepValue | readonly (Sym | undefined)[];

/** One batch as a step sees it. What was not given is undefined. */
export type StepData = readonly [x: StepValue, y?: StepValue, sampleWeight?: StepWeight];

/** What a step tells the logs: numbers by their names, or what metrics give. */
export type StepLogs = Readonly<Record<string, Sym | Tensor | Variable | number>>;

/** A compiled step, and the names of what it gives for the logs where the model says that itself. */
export class Step {
  constructor(
    readonly program: Program,
    readonly keys?: readonly string[],
  ) {}

  /** What a run of the program gave for the logs; undefined where that is measured. */
  results(outputs: readonly Tensor[]): StepResults | undefined {
    return this.keys && new StepResults(this.keys, outputs);
  }
}

/** What the last step of a run gave for the logs. */
export class StepResults {
  constructor(
    readonly keys: readonly string[],
    readonly values: readonly Tensor[],
  ) {}

  async logs(): Promise<Logs> {
    const entries = this.keys.map((key, i) => loggedOf(key, itemAt(this.values, i)));
    return Object.fromEntries((await Promise.all(entries)).flat());
  }

  dispose(): void {
    for (const value of this.values) value.dispose();
  }
}

/** A tensor's entries in the logs: numbers of a list have their places after the key. */
export async function loggedOf(key: string, tensor: Tensor): Promise<[key: string, value: number][]> {
  const numbers = Array.from(await tensor.data());
  return numbers.map((value, i) => [tensor.rank === 0 ? key : `${key}_${i}`, value]);
}

/**
 * What a step has returned for the logs, as values of its trace.
 *
 * @throws EngineError `ARGUMENT` for what is no record of them.
 */
export function fetchesOf(trace: Trace, who: string, given: unknown): [string, Sym][] {
  if (isPlainObject(given))
    return Object.entries(given as StepLogs).map(([key, value]) => [key, symbolic(trace, value)]);
  throw expected(who, 'a record of numbers for the logs, as in { loss }', given);
}

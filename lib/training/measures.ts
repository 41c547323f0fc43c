import { isPlainObject } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { freeName } from '../base/names.js';
import type { Logs } from '../callbacks/index.js';
import type { NDArray } from '../core/ndarray.js';
import { numbersOf } from '../core/variable.js';
import { Means } from '../metrics/means.js';
import type { Metric, MetricResult } from '../metrics/metric.js';
import { type StepResults, loggedOf } from './step.js';

/** What is measured under a key of the logs. */
export interface Measure {
  readonly key: string;
  readonly metric: Metric<MetricResult>;
  readonly direction: 'up' | 'down' | undefined;
}

/** What remembers something from step to step. */
type State = Means | Metric<MetricResult>;

/** The numbers of what was measured, by keys of the logs. */
type Numbers = Readonly<Record<string, readonly NDArray[]>>;
/** The key of the means, which are of several. */
const MEANS = '';

/** What one run has measured, from which {@link Measures.logs} makes results. */
export class RunState {
  /** What was set aside while another run had its turn. */
  readonly saved = new Map<State, readonly NDArray[]>();
  /** Whether it has begun. */
  begun: boolean;
  /** What the model's own step gave last, where it has one. */
  #given: StepResults | undefined;

  /** @param earlier What another process has measured of it, as {@link Measures.numbers} gives it; left out where it begins. */
  constructor(readonly earlier?: Numbers) {
    this.begun = earlier !== undefined;
  }

  get given(): StepResults | undefined {
    return this.#given;
  }

  /** Takes what a step gave, in the place of what the one before it did. */
  take(given: StepResults | undefined): void {
    this.#given?.dispose();
    this.#given = given;
  }
}

/** Whose numbers a state has: a metric may belong to several models, and a run may begin within another. */
const holders = new WeakMap<State, RunState>();

/** Losses and metrics while a model runs. Those that are means are kept together: a step adds to all of them at once. */
export class Measures {
  readonly means: Means;
  readonly #measures: Measure[];
  /** How many are kept together. */
  readonly #joined: number;
  /** What steps change. */
  readonly #states = new Set<State>();
  /** The run that goes on. */
  #run: RunState | undefined;

  constructor(measures: readonly Measure[]) {
    this.#measures = [...measures];
    this.#joined = measures.length;
    this.means = new Means(measures.length);
    this.#states.add(this.means);
    measures.forEach(({ metric }, at) => {
      metric.joinMeans(this.means, at);
    });
  }

  /** Everything that is measured, in the order of the logs. */
  get all(): readonly Measure[] {
    return this.#measures;
  }

  /** Notes metrics that belong to layers. */
  note(own: readonly Metric<MetricResult>[]): void {
    const keys = new Set(this.#measures.map(({ key }) => key));
    for (const metric of own) {
      if (this.#measures.some((known) => known.metric === metric)) continue;
      const key = freeName(metric.name, keys);
      keys.add(key);
      this.#measures.push({ key, metric, direction: metric.direction });
    }
  }

  /**
   * As {@link note}, and notes which metrics have got variables: when a step has been traced, and not before, since these begin with
   * zeros.
   */
  noteStates(own: readonly Metric<MetricResult>[]): void {
    this.note(own);
    for (const { metric } of this.#measures) {
      if (!metric.isStateful || this.#states.has(metric)) continue;
      this.#states.add(metric);
      if (!this.#run) continue;
      holders.set(metric, this.#run);
      this.#restore(metric, this.#run);
    }
  }

  /** Makes the following steps add to what a run has measured. What another run has, within which this one runs, is set aside. */
  async resume(run: RunState): Promise<void> {
    this.#run = run;
    for (const state of this.#states) {
      const holder = holders.get(state);
      if (holder === run) continue;
      if (holder) holder.saved.set(state, await numbersOf(variablesOf(state)));
      holders.set(state, run);
      this.#restore(state, run);
    }
  }

  /** What a run has measured, for another process that goes on with it. */
  async numbers(run: RunState): Promise<Numbers> {
    await this.resume(run);
    const all = [...this.#states].map(async (state) => {
      return [this.#keyOf(state), await numbersOf(variablesOf(state))] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  }

  #keyOf(state: State): string {
    return this.#measures.find(({ metric }) => metric === state)?.key ?? MEANS;
  }

  /** Gives back what was set aside, or measured by another process; a run that begins, and what did not exist then, begins with zeros. */
  #restore(state: State, run: RunState): void {
    const saved = run.saved.get(state) ?? run.earlier?.[this.#keyOf(state)] ?? [];
    if (saved.length === 0) state.resetState();
    else
      variablesOf(state).forEach((variable, i) => {
        variable.assign(saved[i] ?? new Float32Array(variable.size));
      });
  }

  /** Ends a run: its results are not asked for any more. */
  release(run: RunState): void {
    run.take(undefined);
    for (const state of this.#states) if (holders.get(state) === run) holders.delete(state);
    if (this.#run === run) this.#run = undefined;
  }

  /** The results of a run, once all queued steps are done. */
  async logs(run: RunState): Promise<Logs> {
    if (run.given) return run.given.logs();
    await this.resume(run);
    const results = this.#measures.map(({ key, metric }, i) =>
      i < this.#joined && metric.isMean ? undefined : resultOf(key, metric),
    );
    const [means, ...others] = await Promise.all([this.means.read(), ...results]);
    return Object.fromEntries(this.#measures.flatMap(({ key }, i) => others[i] ?? [[key, itemAt(means, i)]]));
  }

  /** Begins anew. */
  resetState(): void {
    for (const state of this.#states) state.resetState();
  }

  /** Frees the means. Metrics that somebody else has keep on, from zero. */
  dispose(): void {
    this.means.dispose();
    for (const { metric } of this.#measures.slice(0, this.#joined)) metric.leaveMeans();
  }
}

const variablesOf = (state: State) => (state instanceof Means ? [state.variable] : state.ownVariables);

/** What a metric gives under its keys in the logs: a record has its own, the numbers of a list have theirs after the metric's. */
async function resultOf(key: string, metric: Metric<MetricResult>): Promise<[key: string, value: number][]> {
  const result = metric.result();
  const named = isPlainObject(result) ? Object.entries(result) : [[key, result] as const];
  const lists = await Promise.all(
    named.map(async ([name, tensor]) => {
      const numbers = await loggedOf(name, tensor);
      tensor.dispose();
      return numbers;
    }),
  );
  return lists.flat();
}

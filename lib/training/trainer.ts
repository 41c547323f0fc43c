import type { KerasTensor } from '../core/kerasTensor.js';
import { LruCache } from '../base/lruCache.js';
import { itemAt, listOf, oneOrAll } from '../base/list.js';
import { sameRank } from '../losses/align.js';
import * as ops from '../ops/index.js';
import { toFloat32 } from '../ops/toFloat32.js';
import { toIndices } from '../ops/toIndices.js';
import { nextSeed } from '../core/seed.js';
import { onDevice } from '../engine/devices.js';
import type { Sym } from '../core/sym.js';
import { type Tensor, tensor } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable, variable } from '../core/variable.js';
import { Measures, type RunState } from './measures.js';
import type { Objective } from './objective.js';
import { Step, type StepData, type StepValue, fetchesOf } from './step.js';
import type { TrainableModel } from './trainableModel.js';

export type Mode = 'train' | 'test' | 'predict';

/** What a program is fed: arrays with the samples first, or what stands for them in it. */
export interface Feeds<T = Tensor> {
  readonly x: readonly T[];
  readonly y: readonly T[];
  /** For each output, or undefined where its samples weigh the same. */
  readonly weights: readonly (T | undefined)[];
  /** Where the step shall see records: their names. */
  readonly names?: {
    readonly x?: readonly string[] | undefined;
    readonly y?: readonly string[] | undefined;
    readonly weights?: readonly string[] | undefined;
  };
}

/** The order in which a program takes them. */
export function feedsOf<T extends Tensor | Sym>({ x, y, weights }: Feeds<T>): T[] {
  return [...x, ...y, ...weights.filter((weight) => weight !== undefined)];
}

/** Sequences of ever new lengths must not fill the memory: a program takes half a megabyte and more. */
const PROGRAMS_KEPT = 64;

/**
 * A model's compiled steps: one program for each mode and each combination of dtypes and shapes (without the batch), in
 * which forward pass, loss, metrics, gradients and updates are one native call.
 */
export class Trainer {
  readonly #steps = new LruCache<string, Step>(PROGRAMS_KEPT);
  readonly #key: Variable;
  #objective: Objective | undefined;
  #measures: Measures | undefined;

  constructor(readonly model: TrainableModel) {
    this.#key = variable(Int32Array.of(nextSeed() | 0, 0), { name: 'random key', trainable: false });
  }

  /** Makes the masks of the following steps depend on the seed and their number, of which the next is `step`. */
  reseed(seed: number, step: number): void {
    this.#key.assign(Int32Array.of(seed | 0, step));
  }

  /** What the masks of the next step depend on. */
  async key(): Promise<number[]> {
    return Array.from(await this.#key.data());
  }

  /** Gives it back. */
  setKey(key: readonly number[]): void {
    this.#key.assign(Int32Array.from(key));
  }

  /** The compiled step for feeds like these. */
  step(mode: Mode, feeds: Feeds): Step {
    if (this.model.runEagerly) return this.#make(mode, feeds);
    const types = (list: readonly (Tensor | undefined)[]) =>
      list.map((t) => (t ? `${t.dtype}[${t.shape.slice(1).join()}]` : '-')).join(' ');
    const names = feeds.names ? JSON.stringify(feeds.names) : '';
    const signature = `${mode}|${types(feeds.x)}|${types(feeds.y)}|${types(feeds.weights)}|${names}`;
    const known = this.#steps.get(`${signature}|${this.model.state}`);
    if (known) return known;
    const step = this.#make(mode, feeds);
    // The first call may find layers within others.
    this.#steps.set(`${signature}|${this.model.state}`, step);
    return step;
  }

  /** What `compile` was given to measure. @throws EngineError as those of {@link measures}. */
  get objective(): Objective {
    return (this.#objective ??= this.model.makeObjective());
  }

  /** What is measured. @throws EngineError `STATE` before `compile`, or where the model does not know its outputs yet. */
  get measures(): Measures {
    if (this.#measures) return this.#measures;
    this.#measures = new Measures(this.objective.measures);
    this.#measures.noteStates(this.model.ownMetrics);
    return this.#measures;
  }

  /** Makes the following steps add to what a run has measured, which its first one begins. */
  async resume(run: RunState): Promise<void> {
    await this.measures.resume(run);
    if (!run.begun && this.model.hasOwn('resetMetrics')) this.model.resetMetrics();
    run.begun = true;
  }

  dispose(): void {
    this.#key.dispose();
    this.#measures?.dispose();
    this.#steps.clear();
  }

  #make(mode: Mode, feeds: Feeds): Step {
    return onDevice(this.model.device, () => this.#makeHere(mode, feeds));
  }

  #makeHere(mode: Mode, given: Feeds): Step {
    const { model } = this;
    const { dtypePolicy } = model;
    const graph = model.knownGraph();
    const trace = new Trace();
    const feed = (t: Tensor, label: string) => trace.input(t.dtype, [-1, ...t.shape.slice(1)], label);
    const nameOf = (tensor: KerasTensor | undefined) => tensor?.node.operation.name ?? 'data';
    const x = given.x.map((t, i) => feed(t, nameOf(graph?.inputs[i])));
    const y = given.y.map((t, i) => feed(t, `target ${nameOf(graph?.outputs[i])}`));
    const weights = given.weights.map((t) => t && feed(t, 'sampleWeight'));
    const feeds = feedsOf({ x, y, weights });
    if (model.runEagerly) trace.numbers = { feeds, tensors: feedsOf(given), policy: dtypePolicy };
    const step = trace.within(() => {
      const inputs = x.map((value, i) => (graph ? castTo(value, itemAt(graph.inputs, i)) : value));
      const key = trace.lift(this.#key);
      // Training counts its own key on, which a fit can seed.
      if (mode === 'train') trace.key = key;
      const floats = weights.map((weight) => weight && toFloat32(weight));
      const weighted = floats.some((weight) => weight !== undefined);
      const { names } = given;
      const targets = y.map((value, i) => sameRank(value, graph?.outputs[i]));
      const data: StepData = [
        valueOf(inputs, names?.x),
        y.length > 0 ? valueOf(names?.y ? y : targets, names?.y) : undefined,
        weighted ? valueOf(floats, names?.weights) : undefined,
      ];
      if (mode === 'predict') {
        const outputs = model.within({ key }, () => model.predictStep(data));
        return new Step(trace.program(feeds, listOf(outputs), dtypePolicy));
      }
      const who = `${mode}Step`;
      const fetches = this.measures.means.together(trace, () => {
        const logs = model.within({ key }, () => model[`${mode}Step`](data));
        return model.givesLogs(mode) ? fetchesOf(trace, who, logs) : undefined;
      });
      if (mode === 'train') trace.assign(this.#key, ops.add(key, trace.lift(tensor([0, 1], [2], 'int32'))));
      const values = fetches?.map(([, value]) => value) ?? [];
      return new Step(
        trace.program(feeds, values, dtypePolicy),
        fetches?.map(([name]) => name),
      );
    });
    trace.numbers = undefined;
    if (mode !== 'predict') this.measures.noteStates(model.ownMetrics);
    return step;
  }
}

/** One value as it is, several in a list, or in a record where that has names. */
function valueOf(list: readonly (Sym | undefined)[], names?: readonly string[]): StepValue {
  const named = names && Object.fromEntries(names.map((name, i) => [name, list[i]]));
  return (named ?? oneOrAll(list)) as StepValue;
}

function castTo(value: Sym, input: KerasTensor): Sym {
  if (value.dtype === input.dtype) return value;
  return input.dtype === 'int32' ? ops.cast(toIndices(value), 'int32') : ops.cast(value, input.dtype);
}

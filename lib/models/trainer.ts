import type { DtypePolicy } from '../dtypePolicy.js';
import { EngineError } from '../errors.js';
import type { KerasTensor } from '../layers/kerasTensor.js';
import * as ops from '../ops/index.js';
import type { Optimizer } from '../optimizers/index.js';
import type { Program } from '../program.js';
import { nextSeed } from '../seed.js';
import type { Sym } from '../sym.js';
import { type Tensor, tensor } from '../tensor.js';
import { Trace } from '../trace.js';
import { Variable, variable } from '../variable.js';
import type { LayerGraph } from './layerGraph.js';
import type { Objective } from './objective.js';

export type Mode = 'train' | 'test' | 'predict';

/** Loss and metrics by name. */
export type Logs = Record<string, number>;

/** What a program is fed: arrays with the samples first. */
export interface Batch {
  readonly x: readonly Tensor[];
  readonly y: readonly Tensor[];
  /** For each output, or undefined where its samples weigh the same. */
  readonly weights: readonly (Tensor | undefined)[];
}

/** The order in which a program takes a batch's arrays. */
export function feedsOf({ x, y, weights }: Batch): Tensor[] {
  return [...x, ...y, ...weights.filter((weight) => weight !== undefined)];
}

/**
 * A model's compiled steps: one program for each mode and each combination of dtypes and shapes (without the batch), in
 * which forward pass, loss, metrics, gradients and updates are one native call. Losses and metrics add up in a variable.
 */
export class Trainer {
  readonly #programs = new Map<string, Program>();
  readonly #key: Variable;
  readonly #sums = new Map<number, Variable>();
  #names: readonly string[] = [];

  constructor(
    readonly graph: () => LayerGraph,
    readonly objective: () => Objective,
    readonly optimizer: Optimizer | undefined,
    readonly trainableWeights: () => readonly Variable[],
    readonly frozen: () => boolean,
    readonly losses: () => readonly Sym[],
    readonly policy: DtypePolicy,
  ) {
    this.#key = variable(Int32Array.of(nextSeed() | 0, 0), { name: 'random key', trainable: false });
  }

  /** Makes the masks of the following steps depend on the seed and their number, of which the next is `step`. */
  reseed(seed: number, step: number): void {
    this.#key.assign(Int32Array.of(seed | 0, step));
  }

  /** The program for batches like this one. */
  program(mode: Mode, batch: Batch): Program {
    const types = (list: readonly (Tensor | undefined)[]) =>
      list.map((t) => (t ? `${t.dtype}[${t.shape.slice(1).join()}]` : '-')).join(' ');
    // The loss depends on them by their regularizers, the update altogether.
    const trained = mode === 'predict' ? [] : this.trainableWeights();
    const names = trained.map((weight) => weight.name).join();
    const key = `${mode}|${types(batch.x)}|${types(batch.y)}|${types(batch.weights)}|${names}|${this.frozen()}`;
    let program = this.#programs.get(key);
    if (!program) this.#programs.set(key, (program = this.#make(mode, batch, trained)));
    return program;
  }

  /** Starts the averages anew. */
  resetSums(): void {
    for (const sums of this.#sums.values()) sums.assign(new Float32Array(sums.size));
  }

  /** The averages since {@link resetSums}, once all queued steps are done. */
  async logs(): Promise<Logs> {
    const sums = this.#sums.get(this.#names.length);
    if (!sums) return {};
    const data = await sums.data();
    return Object.fromEntries(this.#names.map((name, i) => [name, data[2 * i] / data[2 * i + 1]]));
  }

  dispose(): void {
    this.#key.dispose();
    for (const sums of this.#sums.values()) sums.dispose();
    this.#programs.clear();
  }

  #make(mode: Mode, batch: Batch, trained: readonly Variable[]): Program {
    const trace = new Trace();
    const feed = (t: Tensor, label: string) => trace.input(t.dtype, [-1, ...t.shape.slice(1)], label);
    const graph = this.graph();
    const x = batch.x.map((t, i) => feed(t, graph.inputs[i].node.layer.name));
    const y = batch.y.map((t, i) => feed(t, `target ${graph.outputs[i].node.layer.name}`));
    const weights = batch.weights.map((t) => t && feed(t, 'sampleWeight'));
    const feeds = [...x, ...y, ...weights.filter((weight) => weight !== undefined)];
    return trace.within(() => {
      const inputs = x.map((value, i) => castTo(value, graph.inputs[i]));
      const key = trace.lift(this.#key);
      const outputs = graph.run(inputs, { training: mode === 'train', key, frozen: this.frozen() });
      if (mode === 'predict') return trace.program(feeds, outputs, this.policy);
      const { loss, tracked } = this.objective().measure(y, outputs, weights.map(floating), this.losses());
      this.#track(trace, tracked);
      if (mode === 'train') {
        this.optimizer!.minimize(loss, trained);
        trace.assign(this.#key, ops.add(key, trace.lift(tensor([0, 1], [2], 'int32'))));
      }
      return trace.program(feeds, [], this.policy);
    });
  }

  #track(trace: Trace, tracked: readonly { name: string; sum: Sym; weight: Sym }[]): void {
    this.#names = tracked.map(({ name }) => name);
    let sums = this.#sums.get(tracked.length);
    if (!sums) {
      sums = variable(new Float32Array(2 * tracked.length), { name: 'averages', trainable: false });
      this.#sums.set(tracked.length, sums);
    }
    const numbers = tracked.flatMap(({ sum, weight }) => [ops.reshape(sum, [1]), ops.reshape(weight, [1])]);
    trace.assign(sums, ops.add(trace.lift(sums), ops.concatenate(numbers, { axis: 0 })));
  }
}

const floating = (weight: Sym | undefined) =>
  weight && (weight.dtype === 'float32' ? weight : ops.cast(weight, 'float32'));

function castTo(value: Sym, input: KerasTensor): Sym {
  return value.dtype === input.dtype ? value : ops.cast(value, input.dtype);
}

/** Fails unless a count is a positive integer. */
export function checkPositiveInteger(caller: string, name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new EngineError(
      'ARGUMENT',
      `[${caller}] expected a positive integer for ${name}, received ${String(value)}`,
    );
  }
  return value;
}

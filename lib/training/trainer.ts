import type { DtypePolicy } from '../core/dtypePolicy.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import type { CallContext } from '../layers/layer.js';
import { LruCache } from '../base/lruCache.js';
import * as ops from '../ops/index.js';
import { toIndices } from '../ops/toIndices.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { Program } from '../core/program.js';
import { nextSeed } from '../core/seed.js';
import type { Sym } from '../core/sym.js';
import { type Tensor, tensor } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable, variable } from '../core/variable.js';
import { warnOnce } from '../base/warn.js';
import type { LayerGraph } from '../models/layerGraph.js';
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

/** The sums of one run, from which {@link Trainer.logs} makes averages. Empty: a run that begins. */
export class RunSums {
  /** What was set aside while another run had its turn. */
  data: Float32Array[] | undefined;
}

/** Sequences of ever new lengths must not fill the memory: a program takes half a megabyte and more. */
const PROGRAMS_KEPT = 64;

/**
 * A model's compiled steps: one program for each mode and each combination of dtypes and shapes (without the batch), in
 * which forward pass, loss, metrics, gradients and updates are one native call. Losses and metrics add up in variables.
 */
export class Trainer {
  readonly #programs = new LruCache<string, Program>(PROGRAMS_KEPT);
  readonly #key: Variable;
  /** The sums of losses, metrics and their weights, and what rounding has taken from each so far. */
  #sums: readonly [sums: Variable, errors: Variable] | undefined;
  #names: readonly string[] = [];
  /** Whose sums the variables hold. */
  #run: RunSums | undefined;

  constructor(
    readonly name: string,
    readonly run: (inputs: readonly Sym[], context: CallContext) => readonly Sym[],
    readonly graph: () => LayerGraph,
    readonly objective: () => Objective,
    readonly optimizer: Optimizer | undefined,
    readonly trainableWeights: () => readonly Variable[],
    /** What of the model's structure a program depends on. */
    readonly state: () => string,
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
    const feeds = `${mode}|${types(batch.x)}|${types(batch.y)}|${types(batch.weights)}`;
    const known = this.#programs.get(`${feeds}|${this.state()}`);
    if (known) return known;
    const program = this.#make(mode, batch);
    // The first call may find layers within others.
    this.#programs.set(`${feeds}|${this.state()}`, program);
    return program;
  }

  /** Makes the following steps add up in a run's sums. Those of another run, within which this one runs, are set aside. */
  async resume(run: RunSums): Promise<void> {
    if (this.#run === run) return;
    if (this.#run) this.#run.data = await this.#read();
    this.#run = run;
    this.#sums?.forEach((variable, i) => {
      variable.assign(run.data?.[i] ?? new Float32Array(variable.size));
    });
  }

  /** Ends a run: nobody asks for its sums any more. */
  release(run: RunSums): void {
    if (this.#run === run) this.#run = undefined;
  }

  /** The averages of a run, once all queued steps are done; 0 where nothing weighs, as in Keras. */
  async logs(run: RunSums): Promise<Logs> {
    const [sums, errors] = (this.#run === run ? await this.#read() : run.data) ?? [];
    if (!sums) return {};
    const exact = (i: number) => (Number.isFinite(sums[i]) ? sums[i] + errors[i] : sums[i]);
    const average = (i: number) => (exact(2 * i + 1) === 0 ? 0 : exact(2 * i) / exact(2 * i + 1));
    return Object.fromEntries(this.#names.map((name, i) => [name, average(i)]));
  }

  dispose(): void {
    this.#key.dispose();
    for (const variable of this.#sums ?? []) variable.dispose();
    this.#programs.clear();
  }

  #make(mode: Mode, batch: Batch): Program {
    const trace = new Trace();
    const feed = (t: Tensor, label: string) => trace.input(t.dtype, [-1, ...t.shape.slice(1)], label);
    const graph = this.graph();
    const x = batch.x.map((t, i) => feed(t, graph.inputs[i].node.operation.name));
    const y = batch.y.map((t, i) => feed(t, `target ${graph.outputs[i].node.operation.name}`));
    const weights = batch.weights.map((t) => t && feed(t, 'sampleWeight'));
    const feeds = [...x, ...y, ...weights.filter((weight) => weight !== undefined)];
    return trace.within(() => {
      const inputs = x.map((value, i) => castTo(value, graph.inputs[i]));
      const key = trace.lift(this.#key);
      // Training counts its own key on, which a fit can seed.
      if (mode === 'train') trace.key = key;
      const outputs = this.run(inputs, { training: mode === 'train', key });
      if (mode === 'predict') return trace.program(feeds, outputs, this.policy);
      const { loss, tracked } = this.objective().measure(y, outputs, weights.map(floating), this.losses());
      this.#track(trace, tracked);
      if (mode === 'train') {
        const trained = this.trainableWeights();
        if (trained.length === 0)
          warnOnce(
            'NODEGRAD_NOTHING_TRAINED',
            `[${this.name}] trains nothing: no weight of the model is trainable`,
          );
        this.optimizer!.minimize(loss, trained);
        trace.assign(this.#key, ops.add(key, trace.lift(tensor([0, 1], [2], 'int32'))));
      }
      return trace.program(feeds, [], this.policy);
    });
  }

  async #read(): Promise<Float32Array[] | undefined> {
    return (
      this.#sums && Promise.all(this.#sums.map(async (variable) => (await variable.data()) as Float32Array))
    );
  }

  /** Adds a batch's numbers to the sums, each of two float32 with Knuth's TwoSum: millions of steps lose nothing to rounding. */
  #track(trace: Trace, tracked: readonly { name: string; sum: Sym; weight: Sym }[]): void {
    this.#names = tracked.map(({ name }) => name);
    const zeros = (name: string) =>
      variable(new Float32Array(2 * tracked.length), { name, trainable: false });
    this.#sums ??= [zeros('sums'), zeros('errors of sums')];
    const [sums, errors] = this.#sums.map((held) => trace.lift(held));
    const numbers = tracked.flatMap(({ sum, weight }) => [ops.reshape(sum, [1]), ops.reshape(weight, [1])]);
    const added = ops.concatenate(numbers, { axis: 0 });
    const rough = ops.add(sums, added);
    const taken = ops.subtract(rough, sums);
    const error = ops.add(ops.subtract(sums, ops.subtract(rough, taken)), ops.subtract(added, taken));
    const rest = ops.add(errors, error);
    const total = ops.add(rough, rest);
    trace.assign(this.#sums[0], total);
    trace.assign(this.#sums[1], ops.subtract(rest, ops.subtract(total, rough)));
  }
}

const floating = (weight: Sym | undefined) =>
  weight && (weight.dtype === 'float32' ? weight : ops.cast(weight, 'float32'));

function castTo(value: Sym, input: KerasTensor): Sym {
  if (value.dtype === input.dtype) return value;
  return input.dtype === 'int32' ? ops.cast(toIndices(value), 'int32') : ops.cast(value, input.dtype);
}

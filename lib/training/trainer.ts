import type { Logs } from '../callbacks/index.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { LruCache } from '../base/lruCache.js';
import * as ops from '../ops/index.js';
import { toFloat32 } from '../ops/toFloat32.js';
import { toIndices } from '../ops/toIndices.js';
import type { Program } from '../core/program.js';
import { nextSeed } from '../core/seed.js';
import type { Sym } from '../core/sym.js';
import { type Tensor, tensor } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable, variable } from '../core/variable.js';
import { warnOnce } from '../base/warn.js';
import type { Objective } from './objective.js';
import type { TrainableModel } from './trainableModel.js';

export type Mode = 'train' | 'test' | 'predict';

/** What a program is fed: arrays with the samples first. */
export interface Feeds {
  readonly x: readonly Tensor[];
  readonly y: readonly Tensor[];
  /** For each output, or undefined where its samples weigh the same. */
  readonly weights: readonly (Tensor | undefined)[];
}

/** The order in which a program takes them. */
export function feedsOf({ x, y, weights }: Feeds): Tensor[] {
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
  #objective: Objective | undefined;
  /** Whose sums the variables hold. */
  #run: RunSums | undefined;

  constructor(readonly model: TrainableModel) {
    this.#key = variable(Int32Array.of(nextSeed() | 0, 0), { name: 'random key', trainable: false });
  }

  /** Makes the masks of the following steps depend on the seed and their number, of which the next is `step`. */
  reseed(seed: number, step: number): void {
    this.#key.assign(Int32Array.of(seed | 0, step));
  }

  /** The program for feeds like these. */
  program(mode: Mode, feeds: Feeds): Program {
    const types = (list: readonly (Tensor | undefined)[]) =>
      list.map((t) => (t ? `${t.dtype}[${t.shape.slice(1).join()}]` : '-')).join(' ');
    const signature = `${mode}|${types(feeds.x)}|${types(feeds.y)}|${types(feeds.weights)}`;
    const known = this.#programs.get(`${signature}|${this.model.state}`);
    if (known) return known;
    const program = this.#make(mode, feeds);
    // The first call may find layers within others.
    this.#programs.set(`${signature}|${this.model.state}`, program);
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

  #make(mode: Mode, given: Feeds): Program {
    const { model } = this;
    const { graph, dtypePolicy } = model;
    const trace = new Trace();
    const feed = (t: Tensor, label: string) => trace.input(t.dtype, [-1, ...t.shape.slice(1)], label);
    const x = given.x.map((t, i) => feed(t, graph.inputs[i].node.operation.name));
    const y = given.y.map((t, i) => feed(t, `target ${graph.outputs[i].node.operation.name}`));
    const weights = given.weights.map((t) => t && feed(t, 'sampleWeight'));
    const feeds = [...x, ...y, ...weights.filter((weight) => weight !== undefined)];
    return trace.within(() => {
      const inputs = x.map((value, i) => castTo(value, graph.inputs[i]));
      const key = trace.lift(this.#key);
      // Training counts its own key on, which a fit can seed.
      if (mode === 'train') trace.key = key;
      const outputs = model.run(inputs, { training: mode === 'train', key });
      if (mode === 'predict') return trace.program(feeds, outputs, dtypePolicy);
      const floats = weights.map((weight) => weight && toFloat32(weight));
      this.#objective ??= model.makeObjective();
      const { loss, tracked } = this.#objective.measure(y, outputs, floats, model.losses);
      this.#track(trace, tracked);
      if (mode === 'train') {
        const trained = model.trainableWeights;
        if (trained.length === 0)
          warnOnce(
            'NODEGRAD_NOTHING_TRAINED',
            `[${model.name}] trains nothing: no weight of the model is trainable`,
          );
        model.optimizer.minimize(loss, trained);
        trace.assign(this.#key, ops.add(key, trace.lift(tensor([0, 1], [2], 'int32'))));
      }
      return trace.program(feeds, [], dtypePolicy);
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
    const [sums, errors] = this.#sums.map((variable) => trace.lift(variable));
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

function castTo(value: Sym, input: KerasTensor): Sym {
  if (value.dtype === input.dtype) return value;
  return input.dtype === 'int32' ? ops.cast(toIndices(value), 'int32') : ops.cast(value, input.dtype);
}

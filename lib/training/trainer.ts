import { itemAt } from '../base/list.js';
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
import { Measures } from './measures.js';
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

/** Sequences of ever new lengths must not fill the memory: a program takes half a megabyte and more. */
const PROGRAMS_KEPT = 64;

/**
 * A model's compiled steps: one program for each mode and each combination of dtypes and shapes (without the batch), in
 * which forward pass, loss, metrics, gradients and updates are one native call.
 */
export class Trainer {
  readonly #programs = new LruCache<string, Program>(PROGRAMS_KEPT);
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

  /** What is measured. @throws EngineError `STATE` before `compile`, or where the model does not know its outputs yet. */
  get measures(): Measures {
    if (this.#measures) return this.#measures;
    this.#objective = this.model.makeObjective();
    this.#measures = new Measures(this.#objective.measures);
    this.#measures.note(this.model.ownMetrics);
    return this.#measures;
  }

  dispose(): void {
    this.#key.dispose();
    this.#measures?.dispose();
    this.#programs.clear();
  }

  #make(mode: Mode, given: Feeds): Program {
    const { model } = this;
    const { graph, dtypePolicy } = model;
    const trace = new Trace();
    const feed = (t: Tensor, label: string) => trace.input(t.dtype, [-1, ...t.shape.slice(1)], label);
    const x = given.x.map((t, i) => feed(t, itemAt(graph.inputs, i).node.operation.name));
    const y = given.y.map((t, i) => feed(t, `target ${itemAt(graph.outputs, i).node.operation.name}`));
    const weights = given.weights.map((t) => t && feed(t, 'sampleWeight'));
    const feeds = [...x, ...y, ...weights.filter((weight) => weight !== undefined)];
    const program = trace.within(() => {
      const inputs = x.map((value, i) => castTo(value, itemAt(graph.inputs, i)));
      const key = trace.lift(this.#key);
      // Training counts its own key on, which a fit can seed.
      if (mode === 'train') trace.key = key;
      const outputs = model.run(inputs, { training: mode === 'train', key });
      if (mode === 'predict') return trace.program(feeds, outputs, dtypePolicy);
      const floats = weights.map((weight) => weight && toFloat32(weight));
      const { means } = this.measures;
      const loss = this.#objective!.measure(means, y, outputs, floats, model.losses);
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
    if (mode !== 'predict') this.measures.note(model.ownMetrics);
    return program;
  }
}

function castTo(value: Sym, input: KerasTensor): Sym {
  if (value.dtype === input.dtype) return value;
  return input.dtype === 'int32' ? ops.cast(toIndices(value), 'int32') : ops.cast(value, input.dtype);
}

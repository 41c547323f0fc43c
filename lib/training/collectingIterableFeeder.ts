import { mismatch } from '../base/checks.js';
import { firstOf, itemAt } from '../base/list.js';
import { type Tensor, tensor } from '../core/tensor.js';
import type { Batch, Batches } from '../data/batches.js';
import type { ModelData } from './modelData.js';
import type { Queued } from './feeder.js';
import { IterableFeeder, isInput } from './iterableFeeder.js';
import type { InputSettings } from './options.js';
import type { Run } from './run.js';
import { type Feeds, feedsOf } from './trainer.js';

/** Batches of the user's iterable of which a program's results are collected. */
export class CollectingIterableFeeder extends IterableFeeder {
  /** The results of each batch. */
  readonly #results: Tensor[][] = [];

  constructor(run: Run, batches: Batches, settings: InputSettings) {
    super(run, 'predict', batches, settings);
  }

  /** The results of all batches, one after another. */
  async outputs(): Promise<Tensor[]> {
    const whole = [];
    for (const i of firstOf(this.#results).keys())
      whole.push(await join(this.#results.map((result) => itemAt(result, i))));
    this.discard();
    return whole;
  }

  discard(): void {
    for (const result of this.#results) for (const part of result) part.dispose();
  }

  protected override read(batch: unknown): ModelData {
    if (isInput(batch)) return this.run.read('predict', batch);
    if (!Array.isArray(batch) || batch.length < 1 || batch.length > 3)
      throw this.run.error(
        'expected batches [x], [x, y] as for fit, or a tensor, NDArray or record x, from the iterable',
      );
    return this.run.read('predict', (batch as unknown as Batch)[0]);
  }

  protected override step(feeds: Feeds): Omit<Queued, 'steps'> {
    const { outputs, done } = this.run.trainer.step('predict', feeds).program.run(feedsOf(feeds));
    this.#results.push(outputs);
    return { done };
  }
}

async function join(parts: readonly Tensor[]): Promise<Tensor> {
  const first = firstOf(parts);
  const { shape, dtype } = first;
  const other = parts.find(
    (part) => part.shape.length !== shape.length || part.shape.some((n, i) => i > 0 && n !== shape[i]),
  );
  if (other || shape.length === 0) {
    throw mismatch(
      'predict',
      'outputs with the samples first and alike otherwise',
      `[${(other ?? first).shape.join(', ')}]${other ? ` after [${shape.join(', ')}]` : ', a scalar'}`,
      'SHAPE',
    );
  }
  const arrays = await Promise.all(parts.map((part) => part.data()));
  const size = arrays.reduce((sum, { length }) => sum + length, 0);
  const ArrayType = firstOf(arrays).constructor as new (length: number) => (typeof arrays)[0];
  const all = new ArrayType(size);
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  const samples = parts.reduce((sum, part) => sum + firstOf(part.shape), 0);
  return tensor(all, [samples, ...shape.slice(1)], dtype);
}

import type { Batches } from '../data/batches.js';
import { EngineError } from '../base/errors.js';
import { type Tensor, tensor } from '../core/tensor.js';
import { IterableFeeder, type IterableFeederOptions } from './iterableFeeder.js';
import { type Batch, type Trainer, feedsOf } from './trainer.js';

/** Batches of the user's iterable of which a program's results are collected. */
export class CollectingIterableFeeder extends IterableFeeder {
  /** The results of each batch. */
  readonly #results: Tensor[][];

  constructor(batches: Batches, trainer: Trainer, options: Omit<IterableFeederOptions, 'run' | 'goesOn'>) {
    const results: Tensor[][] = [];
    const run = (batch: Batch) => {
      const { outputs, done } = trainer.program('predict', batch).run(feedsOf(batch));
      results.push(outputs);
      return done;
    };
    super(batches, { ...options, run });
    this.#results = results;
  }

  /** The results of all batches, one after another. */
  async outputs(): Promise<Tensor[]> {
    const whole = [];
    for (const i of this.#results[0].keys()) whole.push(await join(this.#results.map((result) => result[i])));
    this.discard();
    return whole;
  }

  discard(): void {
    for (const result of this.#results) for (const part of result) part.dispose();
  }
}

async function join(parts: readonly Tensor[]): Promise<Tensor> {
  const [{ shape, dtype }] = parts;
  const other = parts.find(
    (part) => part.shape.length !== shape.length || part.shape.some((n, i) => i > 0 && n !== shape[i]),
  );
  if (other || shape.length === 0) {
    throw new EngineError(
      'SHAPE',
      `[predict] expected outputs with the samples first and alike otherwise, received [${(other ?? parts[0]).shape.join(', ')}]` +
        (other ? ` after [${shape.join(', ')}]` : ', a scalar'),
    );
  }
  const arrays = await Promise.all(parts.map((part) => part.data()));
  const size = arrays.reduce((sum, { length }) => sum + length, 0);
  const made = arrays[0].constructor as new (length: number) => (typeof arrays)[0];
  const all = new made(size);
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  const samples = parts.reduce((sum, part) => sum + part.shape[0], 0);
  return tensor(all, [samples, ...shape.slice(1)], dtype);
}

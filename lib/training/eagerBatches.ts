import type { Program, Source } from '../core/program.js';
import { Trace } from '../core/trace.js';
import type { Step } from './step.js';
import { type Feeds, feedsOf } from './trainer.js';

/** The batches of arrays as tensors, for steps that are traced anew on the numbers of each. */
export class EagerBatches {
  readonly #cut: Program;
  #source!: Source;

  constructor(
    readonly feeds: Feeds,
    readonly trace: (batch: Feeds) => Step,
  ) {
    const description = new Trace();
    const inputs = feedsOf(feeds).map(({ dtype, shape }) =>
      description.input(dtype, [-1, ...shape.slice(1)], 'data'),
    );
    this.#cut = description.program(inputs, inputs);
  }

  /** Begins a pass. @param source Gives the same batches as the one on which the steps run. */
  begin(source: Source): void {
    this.#source = source;
  }

  /** The step for the next batch. */
  next(): Step {
    const { outputs, done } = this.#cut.runSource(this.#source, 1);
    // Whoever reads a number of it hears of a failure.
    done.catch(() => undefined);
    const rest = [...outputs];
    const { x, y, weights, names } = this.feeds;
    try {
      return this.trace({
        x: rest.splice(0, x.length),
        y: rest.splice(0, y.length),
        weights: weights.map((weight) => weight && rest.shift()),
        names,
      });
    } finally {
      for (const tensor of outputs) tensor.dispose();
    }
  }
}

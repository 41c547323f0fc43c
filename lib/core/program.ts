import { mismatch } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import {
  type DType,
  type NativeProgram,
  type NativeSource,
  type RunResult,
  engine,
} from '../engine/engine.js';
import { Tensor } from './tensor.js';
import type { Variable } from './variable.js';

/** What a run gives: tensors at once, whose numbers come when the engine gets there, and a promise of the end. */
export interface Run {
  readonly outputs: Tensor[];
  readonly done: Promise<void>;
}

/** How a {@link Source} cuts its arrays into batches. */
export interface SourceOptions {
  batchSize: number;
  /** A new order each pass, decided by `seed` and the pass's number. Default false. */
  shuffle?: boolean;
  seed?: number;
  /** The number of the first pass. Default 0. */
  pass?: number;
  /** The number of the first step in that pass. Default 0. */
  step?: number;
  /** Leave out a short last batch. Default false. */
  dropRemainder?: boolean;
}

/** Tensors of one length that the engine cuts into batches by itself, pass after pass. */
export class Source {
  /** @internal */
  readonly native: NativeSource;

  constructor(arrays: readonly Tensor[], options: SourceOptions) {
    const { batchSize, shuffle = false, seed = 0, pass = 0, step = 0, dropRemainder = false } = options;
    this.native = engine().createSource(
      arrays.map((array) => array.handle),
      { batchSize, shuffle, seed, pass, step, dropRemainder },
    );
  }
}

/**
 * A compiled graph: what is fed, what is fetched, and which variables are updated after each step. Made by
 * `Trace.program`.
 */
export class Program {
  readonly #native: NativeProgram;
  readonly #dtypes: readonly DType[];
  // Held so that what the graph reads and writes lives as long as the program.
  readonly #held: readonly (Tensor | Variable)[];

  /** @internal */
  constructor(native: NativeProgram, dtypes: readonly DType[], held: readonly (Tensor | Variable)[]) {
    this.#native = native;
    this.#dtypes = dtypes;
    this.#held = held;
  }

  /**
   * Queues one step on tensors, one for each feed.
   *
   * @throws EngineError `SHAPE` or `DTYPE` where a tensor does not fit its input; `DISPOSED` for a disposed feed or
   *   variable.
   */
  run(feeds: readonly Tensor[]): Run {
    this.#checkHeld();
    return this.#wrap(engine().run(this.#native, feeds.map(handleOf), 1));
  }

  /** Queues steps on a source's next batches; the outputs are those of the last one. */
  runSource(source: Source, steps: number): Run {
    this.#checkHeld();
    return this.#wrap(engine().run(this.#native, source.native, steps));
  }

  /**
   * Queues steps on a source's next batches; what each gives goes, one after another, into the outputs, which the first call makes
   * for a whole pass and the next ones take as `results`.
   *
   * @throws EngineError `SHAPE` where a batch gives a scalar.
   */
  collect(source: Source, steps: number, results?: readonly Tensor[]): Run {
    this.#checkHeld();
    const handles = results?.map(handleOf) ?? null;
    return this.#wrap(engine().collect(this.#native, source.native, steps, handles));
  }

  /** Queues one step without a promise of its end: an error shows when an output is read. @internal */
  runSilently(feeds: readonly Tensor[]): Tensor[] {
    this.#checkHeld();
    return this.#outputs(engine().run(this.#native, feeds.map(handleOf), 1, true));
  }

  /** The latest plan in words: op, implementation, layout, bytes, and times where `NODEGRAD_PLAN` is set. */
  describe(): string {
    return engine().describeProgram(this.#native);
  }

  #wrap(run: RunResult): Run {
    return { outputs: this.#outputs(run), done: run.done };
  }

  #outputs({ outputs, shapes }: Omit<RunResult, 'done'>): Tensor[] {
    return outputs.map((handle, i) => new Tensor(handle, itemAt(this.#dtypes, i), itemAt(shapes, i)));
  }

  #checkHeld(): void {
    for (const item of this.#held) {
      if (item.isDisposed) {
        throw mismatch('run', 'live variables', `a disposed ${item.toString()}`, 'DISPOSED');
      }
    }
  }
}

const handleOf = (tensor: Tensor) => tensor.handle;

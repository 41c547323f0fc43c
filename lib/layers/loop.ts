import { firstOf, itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import { type Step, type StepValues, scanSteps } from '../ops/control/scanSteps.js';
import * as ops from '../ops/index.js';
import { stepsFirst } from './steps.js';

/** What a loop goes over. */
export interface LoopOptions {
  /** Sequences [n, steps, …] of as many steps. */
  readonly sequences: readonly Sym[];
  /** The states before the first step. */
  readonly states?: readonly Sym[];
  /** From the last step to the first; results come in the order of computation. Default false. */
  readonly backwards?: boolean;
  /** Writes each step into the graph, instead of a loop of which the step is traced once. The number of steps has to be known. */
  readonly unroll?: boolean;
}

/**
 * Calls a function for each step of sequences.
 *
 * @param step Gets each sequence at the step, [n, …], the states before it, and the key of the step's random ops (undefined: that of the
 *   call, where the loop is unrolled).
 * @returns The states after the last step, and the results as sequences [n, steps, …].
 * @internal
 */
export function loopOver(options: LoopOptions, step: Step): StepValues {
  return options.unroll ? unrolled(options, step) : looped(options, step);
}

function unrolled({ sequences, states = [], backwards = false }: LoopOptions, step: Step): StepValues {
  const count = itemAt(firstOf(sequences).shape, 1);
  let before = states;
  const kept = Array.from({ length: count }, (_, i) => {
    const place = backwards ? count - 1 - i : i;
    const made = step(
      sequences.map((sequence) => stepAt(sequence, place)),
      before,
      undefined,
    );
    before = made.states;
    return made.results;
  });
  const results = firstOf(kept).map((_, i) =>
    ops.stack(
      kept.map((each) => itemAt(each, i)),
      { axis: 1 },
    ),
  );
  return { states: before, results };
}

/** A step of a sequence, [n, …]. @internal */
export const stepAt = (sequence: Sym, place: number): Sym =>
  ops.squeeze(ops.stridedSlice(sequence, [0, place], [Infinity, place + 1]), 1);

function looped({ sequences, states = [], backwards = false }: LoopOptions, step: Step): StepValues {
  const made = scanSteps(
    firstOf(sequences).trace,
    { sequences: sequences.map(stepsFirst), states, backwards, resultsBackwards: false },
    step,
  );
  return { states: made.states, results: made.results.map(stepsFirst) };
}

import { EngineError } from '../base/errors.js';
import { firstOf, itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import type { Trace } from '../core/trace.js';
import * as ops from '../ops/index.js';
import { stepsFirst } from './steps.js';

/** What a step of a loop makes. */
export interface StepValues {
  /** The states after it. */
  readonly states: readonly Sym[];
  /** What is kept of every step. */
  readonly results: readonly Sym[];
}

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
export function loopOver(
  options: LoopOptions,
  step: (places: readonly Sym[], states: readonly Sym[], key: Sym | undefined) => StepValues,
): StepValues {
  return options.unroll ? unrolled(options, step) : looped(options, step);
}

type Step = Parameters<typeof loopOver>[1];

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
  const { trace } = firstOf(sequences);
  const places = sequences.map(({ dtype, shape }) =>
    trace.input(dtype, [firstOf(shape), ...shape.slice(2)], 'a step of a sequence'),
  );
  const before = states.map(({ shape }) => trace.input('float32', shape, 'a state of a loop'));
  const key = trace.input('int32', [2], 'the key of a step');
  const made = trace.withinStep(key, () => step(places, before, key));
  const all = [...made.states, ...made.results];
  checkUpdates(trace, [...places, ...before, key]);
  const keys = dependOn(all, [key])
    ? [{ place: key, whole: keysOf(firstOf(sequences)), backwards: false }]
    : [];
  const outputs = trace.scan({
    states: states.map((first, i) => ({ before: itemAt(before, i), first, next: itemAt(made.states, i) })),
    sequences: [
      ...sequences.map((whole, i) => ({ place: itemAt(places, i), whole: stepsFirst(whole), backwards })),
      ...keys,
    ],
    results: made.results.map((value) => ({ value, backwards: false })),
  });
  return {
    states: outputs.slice(0, states.length),
    results: outputs.slice(states.length).map(stepsFirst),
  };
}

/** A key for each step of a sequence [n, steps, …], int32 [steps, 2]. */
function keysOf(sequence: Sym): Sym {
  const axes = [...sequence.shape.keys()].filter((axis) => axis !== 1);
  const column = ops.expandDims(ops.sum(ops.cast(sequence, 'float32'), { axis: axes }), -1);
  const drawn = ops.randomUniform(ops.concatenate([column, column], { axis: -1 }), { maxval: 2 ** 24 });
  return ops.cast(drawn, 'int32');
}

/** Values of a step are gone after it: no variable can become one. */
function checkUpdates(trace: Trace, ofStep: readonly Sym[]): void {
  const wrong = trace.updated.find((variable) => dependOn([trace.lift(variable)], ofStep));
  if (!wrong) return;
  throw new EngineError(
    'STATE',
    `expected a step that changes no variables, received one that changes '${wrong.name}': unroll the loop, for which the number of steps has to be known`,
  );
}

function dependOn(values: readonly Sym[], on: readonly Sym[]): boolean {
  const met = new Set(values);
  for (const value of met) for (const input of value.inputs) met.add(input);
  return on.some((value) => met.has(value));
}

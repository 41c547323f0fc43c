import { mismatch } from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import { apply } from '../../core/apply.js';
import type { Sym } from '../../core/sym.js';
import type { Trace } from '../../core/trace.js';
import { subtract } from '../binary.js';
import { cumsum } from '../cumulative.js';
import { randomUniform } from '../random.js';
import { sum } from '../reduce.js';
import { expandDims } from '../shape.js';
import { concatenate } from '../slice.js';
import { cast } from '../unary.js';

/** What a step of a loop makes. */
export interface StepValues {
  /** The states after it. */
  readonly states: readonly Sym[];
  /** What is kept of every step. */
  readonly results: readonly Sym[];
}

/** A step of a loop: from each sequence at its place, the states before it, and the key of its random ops. */
export type Step = (elements: readonly Sym[], states: readonly Sym[], key: Sym | undefined) => StepValues;

/** What a loop goes over. */
export interface StepsOptions {
  /** Sequences [steps, …] of as many steps, at least one. */
  readonly sequences: readonly Sym[];
  /** The states before the first step. */
  readonly states: readonly Sym[];
  /** From the last step to the first. */
  readonly backwards: boolean;
  /** Whether results stand in the order of the sequence, not in that of computation. */
  readonly resultsBackwards: boolean;
}

/** Traces a step once and adds the loop over it: the last states, and the results of all steps, [steps, …]. @internal */
export function scanSteps(trace: Trace, options: StepsOptions, step: Step): StepValues {
  const { sequences, states, backwards, resultsBackwards } = options;
  const elements = sequences.map(({ dtype, shape }) =>
    trace.input(dtype, shape.slice(1), 'a step of a sequence'),
  );
  const before = states.map(({ dtype, shape }) => trace.input(dtype, shape, 'a state of a loop'));
  const key = trace.input('int32', [2], 'the key of a step');
  const number = trace.input('int32', [], 'the number of a step');
  const made = trace.withinStep(key, number, () => step(elements, before, key));
  checkUpdates(trace, [...elements, ...before, key, number]);
  const first = itemAt(sequences, 0);
  const keys = [
    { element: key, wholeOf: keysOf },
    { element: number, wholeOf: numbersOf },
  ]
    .filter(({ element }) => dependOn([...made.states, ...made.results], [element]))
    .map(({ element, wholeOf }) => ({ element, whole: wholeOf(first), backwards: false }));
  const outputs = trace.scan({
    states: states.map((first, i) => ({
      before: itemAt(before, i),
      first,
      next: itemAt(made.states, i),
    })),
    sequences: [
      ...sequences.map((whole, i) => ({ element: itemAt(elements, i), whole, backwards })),
      ...keys,
    ],
    results: made.results.map((value) => ({ value, backwards: resultsBackwards })),
  });
  return { states: outputs.slice(0, states.length), results: outputs.slice(states.length) };
}

/** A key for each step of a sequence [steps, …], int32 [steps, 2]. */
function keysOf(sequence: Sym): Sym {
  const column = expandDims(columnOf(sequence), -1);
  return keyLike(concatenate([column, column], { axis: -1 }));
}

/** 0, 1, 2, … for the steps of a sequence [steps, …], int32 [steps]. */
function numbersOf(sequence: Sym): Sym {
  const ones = apply<number | Sym>('broadcastLike', [1, columnOf(sequence)]);
  return cast(subtract(cumsum(ones), 1), 'int32');
}

/** One number for each step of a sequence [steps, …], of which the shape counts. */
function columnOf(sequence: Sym): Sym {
  const axes = [...sequence.shape.keys()].slice(1);
  const floats = cast(sequence, 'float32');
  return axes.length > 0 ? sum(floats, { axis: axes }) : floats;
}

/** Random numbers for keys, int32 of a value's shape. @internal */
export const keyLike = (like: Sym): Sym => cast(randomUniform(like, { maxval: 2 ** 24 }), 'int32');

/** Values of a step are gone after it: no variable can become one. @internal */
export function checkUpdates(trace: Trace, ofStep: readonly Sym[]): void {
  const wrong = trace.updated.find((variable) => dependOn([trace.lift(variable)], ofStep));
  if (!wrong) return;
  throw mismatch(
    'scan',
    'a step that changes no variables',
    `one that changes '${wrong.name}': make it a state of the loop, or unroll the loop, for which the number of steps has to be known`,
    'STATE',
  );
}

/** Whether one of the values is made of one of others. @internal */
export function dependOn(values: readonly Sym[], on: readonly Sym[]): boolean {
  const met = new Set(values);
  for (const value of met) for (const input of value.inputs) met.add(input);
  return on.some((value) => met.has(value));
}

import { listOf } from '../base/list.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { withRank } from '../ops/withRank.js';
import type { CallContext } from './layer.js';
import { loopOver } from './loop.js';
import { type RNNCell, isProjecting } from './rnnCell.js';
import { outputSizeOf, statesOf } from './stackedRNNCells.js';
import { zerosOf } from './steps.js';

/** How a cell goes over a sequence. */
export interface SequenceCall {
  /** [n, steps, …]. */
  readonly sequence: Sym;
  /** Which steps count, bool [n, steps]; undefined: all. */
  readonly mask: Sym | undefined;
  /** The first states; undefined: those of the cell, by default zeros. */
  readonly states: readonly Sym[] | undefined;
  readonly context: CallContext;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
  readonly unroll: boolean;
  readonly zeroOutputForMask: boolean;
}

/** The output and the last states of a cell over a sequence. @internal */
export function overSequence(cell: RNNCell, call: SequenceCall): readonly [output: Sym, ...states: Sym[]] {
  const { sequence, mask, context, goBackwards, returnSequences } = call;
  const states = call.states ?? initialStates(cell, sequence);
  if (!isProjecting(cell)) {
    return looped(cell, sequence, { ...call, states }, true, (x, before, key = context.key) => {
      const [output, ...next] = cell.applyAll([x, ...before], { ...context, key });
      return { output, next };
    });
  }
  const projections = cell.project(sequence, context);
  const stateMask = cell.stateMask(projections, context);
  if (cell.isFused && cell.fused && !mask) {
    const attrs = { goBackwards, returnSequences };
    const [output, ...last] = cell.fused({ projections, states, mask: stateMask, attrs });
    return [output, ...last];
  }
  // The output is the first state; only before the first step that counts, and where it is to be zero, it is another value.
  const carries = mask !== undefined && (states !== undefined || call.zeroOutputForMask);
  return looped(cell, projections, { ...call, states }, carries, (x, before) => {
    const next = cell.step(x, before, { mask: stateMask });
    return { output: next[0], next };
  });
}

/** What the cell says, or undefined for zeros. */
function initialStates(cell: RNNCell, sequence: Sym): readonly Sym[] | undefined {
  return cell.getInitialState && listOf(cell.getInitialState(sequence));
}

type Step = (x: Sym, before: readonly Sym[], key: Sym | undefined) => { output: Sym; next: readonly Sym[] };

/** @param carries Whether the output goes from step to step as a further state. */
function looped(
  cell: RNNCell,
  sequence: Sym,
  { mask, states, goBackwards, returnSequences, unroll, zeroOutputForMask }: SequenceCall,
  carries: boolean,
  step: Step,
): readonly [Sym, ...Sym[]] {
  const first = states ?? statesOf(cell.stateSize).map((size) => zerosOf(sequence, 1, [size]));
  const zero = carries ? [zerosOf(sequence, 1, outputShape(cell, first))] : [];
  const made = loopOver(
    {
      sequences: mask ? [sequence, mask] : [sequence],
      states: [...first, ...zero],
      backwards: goBackwards,
      unroll,
    },
    ([x, counts], before, key) => {
      const { output, next } = step(x, before.slice(0, first.length), key);
      const kept = mask
        ? next.map((state, i) => ops.where(withRank(counts, state.rank), state, before[i]))
        : next;
      if (!carries) return { states: kept, results: returnSequences ? [kept[0]] : [] };
      const last = before[first.length];
      const y = mask
        ? ops.where(withRank(counts, output.rank), output, zeroOutputForMask ? 0 : last)
        : output;
      return { states: [...kept, y], results: returnSequences ? [y] : [] };
    },
  );
  const last = made.states.slice(0, first.length);
  return [returnSequences ? made.results[0] : carries ? made.states[first.length] : last[0], ...last];
}

/** The sizes of an output but the first: those of the first state, if the cell does not say how long it is. */
const outputShape = (cell: RNNCell, [state]: readonly Sym[]): readonly number[] =>
  state.rank > 2 ? state.shape.slice(1) : [outputSizeOf(cell)];

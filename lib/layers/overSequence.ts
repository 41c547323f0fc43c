import { atLeast, firstOf, itemAt, listOf } from '../base/list.js';
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
  return call.sequence.trace.withinSequence(call.context.key, () => stepByStep(cell, call));
}

function stepByStep(cell: RNNCell, call: SequenceCall): readonly [output: Sym, ...states: Sym[]] {
  const { sequence, mask, context, goBackwards, returnSequences } = call;
  const states = call.states ?? initialStates(cell, sequence);
  if (!isProjecting(cell)) {
    return looped(cell, sequence, { ...call, states }, true, (x, before, key = context.key) => {
      const [output, ...next] = atLeast(cell.applyAll([x, ...before], { ...context, key }), 1);
      return { output, next };
    });
  }
  const projections = cell.project(sequence, context);
  const stateMask = cell.stateMask(projections, context);
  if (cell.isFused && cell.fused) {
    const masks = { states: stateMask, steps: mask && ops.cast(mask, 'bool') };
    const attrs = { goBackwards, returnSequences, zeroOutput: call.zeroOutputForMask };
    const [output, ...last] = atLeast(cell.fused({ projections, states, masks, attrs }), 1);
    return [returnSequences ? output : lastOutput(output, { ...call, states }), ...last];
  }
  // The output is the first state; only before the first step that counts, and where it is to be zero, it is another value.
  const carries = mask !== undefined && (states !== undefined || call.zeroOutputForMask);
  return looped(cell, projections, { ...call, states }, carries, (x, before) => {
    const next = cell.step(x, before, { mask: stateMask });
    return { output: firstOf(next), next };
  });
}

/** The output of the last step: the state h where that step's output is the state, else zeros. */
function lastOutput(h: Sym, { mask, states, goBackwards, zeroOutputForMask }: SequenceCall): Sym {
  // Without first states the state is zeros as long as no step counts.
  if (!mask || (!states && !zeroOutputForMask)) return h;
  const [begin, end] = goBackwards ? [0, 1] : [-1, Infinity];
  const last = () => ops.reshape(ops.stridedSlice(mask, [0, begin], [Infinity, end]), [-1, 1]);
  const gives = zeroOutputForMask ? last() : ops.any(mask, { axis: 1, keepDims: true });
  return ops.where(gives, h, 0);
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
    (steps, before, key) => {
      const [x, counts] = atLeast(steps, 1);
      const { output, next } = step(x, before.slice(0, first.length), key);
      const whereCounts = (value: Sym, other: Sym | number) =>
        counts ? ops.where(withRank(counts, value.rank), value, other) : value;
      const kept = next.map((state, i) => whereCounts(state, itemAt(before, i)));
      if (!carries) return { states: kept, results: returnSequences ? [firstOf(kept)] : [] };
      const y = whereCounts(output, zeroOutputForMask ? 0 : itemAt(before, first.length));
      return { states: [...kept, y], results: returnSequences ? [y] : [] };
    },
  );
  const last = made.states.slice(0, first.length);
  return [
    returnSequences ? firstOf(made.results) : carries ? itemAt(made.states, first.length) : firstOf(last),
    ...last,
  ];
}

/** The sizes of an output but the first: those of the first state, if the cell does not say how long it is. */
const outputShape = (cell: RNNCell, states: readonly Sym[]): readonly number[] => {
  const { rank, shape } = firstOf(states);
  return rank > 2 ? shape.slice(1) : [outputSizeOf(cell)];
};

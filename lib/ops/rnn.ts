import { type Operand, type Outcome, applyAll } from './apply.js';
import { projected } from './sequence.js';

export interface RnnOptions {
  /** From the last step to the first; the sequence that comes out begins with the step that ran first. Default false. */
  goBackwards?: boolean;
  /** Give the output of every step instead of the last one's. Default false. */
  returnSequences?: boolean;
}

/**
 * Long short-term memory over a sequence, with sigmoid gates in the order input, forget, candidate, output:
 * c' = f · c + i · tanh(g), h' = o · tanh(c'). Hochreiter and Schmidhuber, 1997. https://keras.io/api/layers/recurrent_layers/lstm/
 *
 * @param x float32 [n, steps, features].
 * @param kernel [features, 4 units].
 * @param recurrentKernel [units, 4 units].
 * @param bias [4 units]; undefined: none.
 * @param options `initialState`: h and c before the first step, [n, units] each; zeros by default.
 * @returns The output (the last h [n, units]; with `returnSequences` every h [n, steps, units]), the last h and the last c.
 * @throws EngineError `SHAPE`, `DTYPE`.
 */
export function lstm<X extends Operand, W extends Operand>(
  x: X,
  kernel: W,
  recurrentKernel: W,
  bias?: W,
  options: RnnOptions & { initialState?: readonly [h: X, c: X] } = {},
): [output: Outcome<X | W>, h: Outcome<X | W>, c: Outcome<X | W>] {
  const { initialState = [], goBackwards = false, returnSequences = false } = options;
  const operands: Operand[] = [projected('lstm', x, kernel, bias), recurrentKernel, ...initialState];
  const made = applyAll(
    'lstm',
    operands,
    { goBackwards, returnSequences },
    returnSequences ? 3 : 2,
  ) as Outcome<X | W>[];
  const [h, c] = made.slice(-2);
  return [made[0], h, c];
}

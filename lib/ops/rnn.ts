import { type OptionNames, knownOptions } from '../base/checks.js';
import { atLeast } from '../base/list.js';
import { type Operand, type Outcome, typeOf } from '../core/apply.js';
import { projected, recurrent } from './sequence.js';
import { broadcastTo, reshape } from './shape.js';
import { stridedSlice } from './slice.js';
import { op } from '../core/op.js';

/** What all recurrent ops take. */
export interface RnnOptions<X extends Operand = Operand> {
  /** From the last step to the first; the sequence that comes out begins with the step that ran first. Default false. */
  goBackwards?: boolean;
  /** Give the output of every step instead of the last one's. Default false. */
  returnSequences?: boolean;
  /**
   * Masks [n, gates · units]: what the recurrent product of each gate takes is h times that gate's columns of it, the same in all steps,
   * as recurrent dropout does. Default: h as it is.
   */
  recurrentMask?: X;
}

/** What `ops.lstm` takes. */
export interface LstmOptions<X extends Operand = Operand> extends RnnOptions<X> {
  /** h and c before the first step, [n, units] each. Default zeros. */
  initialState?: readonly [h: X, c: X];
}

/** What `ops.simpleRnn` takes. */
export interface SimpleRnnOptions<X extends Operand = Operand> extends RnnOptions<X> {
  /** h before the first step, [n, units]. Default zeros. */
  initialState?: X;
}

/** What `ops.gru` takes. */
export interface GruOptions<X extends Operand = Operand> extends SimpleRnnOptions<X> {
  /** The reset gate acts after the recurrent product. Default true. */
  resetAfter?: boolean;
}

const lstmNames = {
  initialState: 'optional',
  goBackwards: 'boolean',
  returnSequences: 'boolean',
  recurrentMask: 'optional',
} satisfies OptionNames<LstmOptions>;
const simpleRnnNames = lstmNames satisfies OptionNames<SimpleRnnOptions>;
const gruNames = { ...simpleRnnNames, resetAfter: 'boolean' } satisfies OptionNames<GruOptions>;

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
export const lstm = op(
  'lstm',
  <X extends Operand, W extends Operand>(
    x: X,
    kernel: W,
    recurrentKernel: W,
    bias?: W,
    options: LstmOptions<X> = {},
  ): [output: Outcome<X | W>, h: Outcome<X | W>, c: Outcome<X | W>] => {
    knownOptions('lstm', options, lstmNames);
    const { initialState = [], recurrentMask, goBackwards = false, returnSequences = false } = options;
    const operands: Operand[] = [projected('lstm', x, kernel, bias), recurrentKernel, ...initialState];
    const [y, h, c] = atLeast(
      recurrent<X | W>('lstm', operands, { states: recurrentMask }, { goBackwards, returnSequences }, 2),
      3,
    );
    return [y, h, c];
  },
);

/**
 * Gated recurrent units over a sequence, with gates in the order update, reset, candidate: h' = z · h + (1 - z) · tanh(candidate). Cho et
 * al., 2014. https://keras.io/api/layers/recurrent_layers/gru/
 *
 * @param x float32 [n, steps, features].
 * @param kernel [features, 3 units].
 * @param recurrentKernel [units, 3 units].
 * @param bias [2, 3 units], of the input and of the recurrent product; without `resetAfter` [3 units]. undefined: none.
 * @param options `resetAfter`: the reset gate acts after the recurrent product, default true. `initialState`: h before the first step,
 *   [n, units]; zeros by default.
 * @returns The output (the last h [n, units]; with `returnSequences` every h [n, steps, units]) and the last h.
 * @throws EngineError `SHAPE`, `DTYPE`.
 */
export const gru = op(
  'gru',
  <X extends Operand, W extends Operand>(
    x: X,
    kernel: W,
    recurrentKernel: W,
    bias?: W,
    options: GruOptions<X> = {},
  ): [output: Outcome<X | W>, h: Outcome<X | W>] => {
    knownOptions('gru', options, gruNames);
    const { resetAfter = true, initialState, recurrentMask } = options;
    const { goBackwards = false, returnSequences = false } = options;
    const columns = typeOf(recurrentKernel).shape.at(-1) ?? 0;
    const row = (i: number): Operand | undefined =>
      bias !== undefined && resetAfter ? reshape(stridedSlice(bias, i, i + 1), [columns]) : bias;
    const operands: Operand[] = [projected('gru', x, kernel, row(0)), recurrentKernel];
    if (resetAfter) operands.push(row(1) ?? broadcastTo(0, [columns]));
    if (initialState !== undefined) operands.push(initialState);
    const attrs = { resetAfter, goBackwards, returnSequences };
    const [y, h] = atLeast(recurrent<X | W>('gru', operands, { states: recurrentMask }, attrs, 1), 2);
    return [y, h];
  },
);

/**
 * h' = tanh(x · kernel + h · recurrentKernel + bias) over a sequence. Elman, 1990.
 * https://keras.io/api/layers/recurrent_layers/simple_rnn/
 *
 * @param x float32 [n, steps, features].
 * @param kernel [features, units].
 * @param recurrentKernel [units, units].
 * @param bias [units]; undefined: none.
 * @param options `initialState`: h before the first step, [n, units]; zeros by default.
 * @returns The output (the last h [n, units]; with `returnSequences` every h [n, steps, units]) and the last h.
 * @throws EngineError `SHAPE`, `DTYPE`.
 */
export const simpleRnn = op(
  'simpleRnn',
  <X extends Operand, W extends Operand>(
    x: X,
    kernel: W,
    recurrentKernel: W,
    bias?: W,
    options: SimpleRnnOptions<X> = {},
  ): [output: Outcome<X | W>, h: Outcome<X | W>] => {
    knownOptions('simpleRnn', options, simpleRnnNames);
    const { initialState, recurrentMask, goBackwards = false, returnSequences = false } = options;
    const operands: Operand[] = [projected('simpleRnn', x, kernel, bias), recurrentKernel];
    if (initialState !== undefined) operands.push(initialState);
    const [y, h] = atLeast(
      recurrent<X | W>('simpleRnn', operands, { states: recurrentMask }, { goBackwards, returnSequences }, 1),
      2,
    );
    return [y, h];
  },
);

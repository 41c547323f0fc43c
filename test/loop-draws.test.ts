// What random layers and ops with a seed draw in the steps of loops: other numbers in each, as Keras's seed generators give.
import { describe, expect, it } from 'vitest';
import { Sequential, type Sym, compile, layers, ops } from '../lib/index.js';

/** Layers that draw, by what they make of ones while training. */
const drawn = {
  dropout: layers.dropout({ rate: 0.5, seed: 7 }),
  alphaDropout: layers.alphaDropout({ rate: 0.5, seed: 7 }),
  gaussianDropout: layers.gaussianDropout({ rate: 0.5, seed: 7 }),
  gaussianNoise: layers.gaussianNoise({ stddev: 1, seed: 7 }),
};
const STEPS = 5;
const WIDTH = 64; // two masks of as many bits are equal once in 2⁶⁴ times
const ones = ops.ones([STEPS, WIDTH]);
const rowsOf = async (made: { data(): Promise<ArrayLike<number>> }, width: number) => {
  const numbers = Array.from(await made.data());
  return Array.from({ length: numbers.length / width }, (_, i) =>
    numbers.slice(i * width, (i + 1) * width).join(),
  );
};
const countOfDifferent = (rows: readonly string[]) => new Set(rows).size;

describe.each(Object.entries(drawn))('%s with a seed', (_, layer) => {
  const apply = (x: Sym) => layer.apply(x, { training: true });

  it('draws anew in each step of a scan, in each run, and the same in another function', async () => {
    const make = () =>
      compile((x: Sym) => ops.scan((carry: Sym, row: Sym) => [carry, apply(row)], ops.zeros([1]), x)[1]);
    const step = make();
    const first = await rowsOf(await step(ones), WIDTH);
    const second = await rowsOf(await step(ones), WIDTH);
    expect(countOfDifferent([...first, ...second])).toBe(2 * STEPS);
    expect(await rowsOf(await make()(ones), WIDTH)).toEqual(first);
  });

  it('draws anew in each step of a loop with a condition', async () => {
    const step = compile(
      (x: Sym) =>
        ops
          .whileLoop(
            (n, _rows) => ops.less(n, STEPS),
            (n, rows) => [
              ops.add(n, 1),
              ops.concatenate([
                ops.stridedSlice(rows, [1, 0], [STEPS, WIDTH]),
                apply(ops.add(ops.multiply(ops.stridedSlice(rows, [0, 0], [1, WIDTH]), 0), 1)),
              ]),
            ],
            [ops.zeros([]), x],
          )
          .at(1) as Sym,
    );
    expect(countOfDifferent(await rowsOf(await step(ones), WIDTH))).toBe(STEPS);
  });

  it('draws anew in each step of loops within loops', async () => {
    const step = compile((x: Sym) => {
      const inner = (row: Sym) =>
        ops.scan(
          (carry: Sym, one: Sym) => [carry, apply(ops.add(row, one))],
          ops.zeros([1]),
          ops.zeros([3, 1]) as never,
        )[1];
      return ops.scan((carry: Sym, row: Sym) => [carry, inner(row)], ops.zeros([1]), x)[1];
    });
    expect(countOfDifferent(await rowsOf(await step(ones), WIDTH))).toBe(3 * STEPS);
  });
});

describe('dropout of the cells of recurrent layers', () => {
  /** Outputs of a sequence of ones: the mask of each step. */
  const masks = async (cell: layers.Layer) => {
    const layer = layers.rnn({ cell: cell as never, returnSequences: true });
    const model = new Sequential([layers.input({ shape: [STEPS, WIDTH] }), layer]);
    const step = compile((x: Sym) => model.apply(x, { training: true }));
    return rowsOf(await step(ops.ones([1, STEPS, WIDTH])), WIDTH);
  };
  const cell = (seed?: number) =>
    layers.simpleRNNCell({
      ...{ units: WIDTH, activation: 'linear', dropout: 0.5, seed },
      ...{ kernelInitializer: 'identity', recurrentInitializer: 'zeros' },
    });

  it.each([undefined, 3])('is the same at all steps of a sequence, seed %s', async (seed) => {
    expect(countOfDifferent(await masks(cell(seed)))).toBe(1);
    expect(countOfDifferent(await masks(layers.stackedRNNCells({ cells: [cell(seed), cell(seed)] })))).toBe(
      1,
    );
  });
});

import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, type Sym, compile, grad, layers, ops, tensor } from 'nodegrad';
import { errorOf } from './support/run.js';

const singular = [
  [1, 2],
  [2, 4],
];
const wide = [[1, 2, 3]];

describe('linear algebra refuses', () => {
  it.each<[string, () => unknown, string, RegExp]>([
    ['a vector', () => ops.inv([1, 2]), 'SHAPE', /^\[inv\] expected x of rank 2 or more/],
    ['what is not square', () => ops.inv(wide), 'SHAPE', /^\[inv\] expected square matrices/],
    ['what is not square', () => ops.cholesky(wide), 'SHAPE', /^\[cholesky\] expected square/],
    ['what is not square', () => ops.solve(wide, [[1]]), 'SHAPE', /^\[solve\] expected square/],
    [
      'other rows of b',
      () => ops.solve(singular, [1, 2, 3]),
      'SHAPE',
      /^\[solve\] expected as many rows of b/,
    ],
    ['a mode', () => ops.qr(singular, { mode: 'raw' as never }), 'ARGUMENT', /^\[qr\].*as mode/],
    ['a negative rcond', () => ops.pinv(singular, { rcond: -1 }), 'ARGUMENT', /rcond of 0 or more/],
    ['a batch of lstsq', () => ops.lstsq([[[1]]], [[1]]), 'SHAPE', /^\[lstsq\] expected a of rank 2/],
    ['no numbers for a rank', () => ops.matrixRank([[]]), 'SHAPE', /at least one number/],
    ['a word for vectors', () => ops.norm([1, 2], { ord: 'fro' }), 'ARGUMENT', /a number as ord of vectors/],
    ['ord 3 of matrices', () => ops.norm(singular, { ord: 3 }), 'ARGUMENT', /as ord of matrices/],
    ['three axes', () => ops.norm([[[1]]], { ord: 1 }), 'ARGUMENT', /one axis of vectors or two/],
    ['a real part alone', () => ops.fft([[1, 2]] as never), 'ARGUMENT', /^\[fft\] expected a pair/],
    [
      'parts of other shapes',
      () => ops.fft([[1, 2], [1]]),
      'SHAPE',
      /^\[fft\] expected an imaginary part \[2\]/,
    ],
    ['a stretch that is too long', () => ops.extractSequences([1, 2], 3, 1), 'SHAPE', /at least 3/],
  ])('%s: %#', (_, call, code, message) => {
    expect(errorOf(call)).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each<[string, () => { data(): Promise<unknown> }, RegExp]>([
    ['inv of a singular matrix', () => ops.inv(singular), /have an inverse, received a singular one/],
    ['solve with a singular matrix', () => ops.solve(singular, [1, 2]), /a singular one/],
    ['a zero on the diagonal', () => ops.solveTriangular([[0]], [1]), /a singular one/],
    [
      'cholesky of an indefinite matrix',
      () =>
        ops.cholesky([
          [1, 2],
          [2, 1],
        ]),
      /positive definite/,
    ],
    [
      'svd of NaN',
      () =>
        ops.norm(
          [
            [NaN, 1],
            [1, 1],
          ],
          { ord: 'nuc' },
        ),
      /finite numbers/,
    ],
  ])('%s, when it is read', async (_, call, message) => {
    await expect((async () => call().data())()).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(message),
    });
  });
});

it('of a singular matrix the determinant is 0, its sign 0 and its logarithm minus infinity', async () => {
  expect((await ops.det(singular).data())[0] === 0).toBe(true);
  const [sign, logarithm] = ops.slogdet(singular);
  expect([...(await sign.data()), ...(await logarithm.data())]).toEqual([0, -Infinity]);
});

it('the norm of zeros has gradient 0', async () => {
  const run = compile((x: Sym) => grad(ops.norm(x), [x]));
  expect(Array.from(await firstOf(await run(tensor([0, 0]))).data())).toEqual([0, 0]);
});

it('matrices of a batch of unknown size are solved, factored and transformed within a model', async () => {
  const input = layers.input({ shape: [2, 2] });
  const [q, r] = ops.qr(input);
  const back = ops.solve(ops.matmul(q, r), ops.irfft(ops.rfft(input)));
  const model = new Model({ inputs: input, outputs: back });
  expect(back.shape).toEqual([-1, 2, 2]);
  const x = tensor([
    [
      [2, 1],
      [0, 4],
    ],
    [
      [1, 3],
      [-2, 1],
    ],
  ]);
  // x⁻¹ x, through a few roundings of numbers up to 4.
  const y = await (await model.predict(x)).data();
  y.forEach((n, i) => expect(Math.abs(n - itemAt([1, 0, 0, 1], i % 4))).toBeLessThan(4e-6));
});

import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, compile, grad, layers, ops, type Sym } from 'nodegrad';
import { errorOf } from './support/run.js';

const uniform = (...shape: number[]) => ops.randomUniform(shape, { seed: shape.length, minval: -1 });

describe('einsum', () => {
  it.each<[string, number[][], number[][], number[]]>([
    ['abc,cde->abde', [[-1, 4]], [[4, 3, 2]], [-1, -1, 3, 2]],
    [
      'btnh,bsnh->bnts',
      [
        [-1, 3, 4],
        [-1, 3, 4],
      ],
      [],
      [-1, 3, -1, -1],
    ],
    [
      'bijh,bxyh->bijxy',
      [
        [-1, -1, 4],
        [-1, -1, 4],
      ],
      [],
      [-1, -1, -1, -1, -1],
    ],
    [
      '...t,...s->...ts',
      [
        [-1, 4],
        [-1, 4],
      ],
      [],
      [-1, -1, 4, 4],
    ],
  ])('%s with unknown sizes', async (subscripts, shapes, constants, shape) => {
    const inputs = shapes.map((sizes) => layers.input({ shape: sizes }));
    const fixed = constants.map((sizes) => ops.randomUniform(sizes, { seed: 9 }));
    const y = ops.einsum<layers.KerasTensor | (typeof fixed)[number]>(subscripts, ...inputs, ...fixed);
    expect(y.shape).toEqual(shape);
    const model = new Model({ inputs, outputs: y });
    const given = shapes.map((sizes) => uniform(2, ...sizes.map((n) => (n < 0 ? 3 : n))));
    const expected = ops.einsum(subscripts, ...given, ...fixed);
    const result = await model.predict(given.length === 1 ? firstOf(given) : given);
    expect(result.shape).toEqual(expected.shape);
    expect(await result.data()).toEqual(await expected.data());
  });

  it('has the gradient of one matrix product where a kernel meets several axes', async () => {
    const step = compile((x: Sym, w: Sym) => {
      const [dw] = grad(ops.sum(ops.einsum('abc,cd->abd', x, w)), [w]);
      return { dw };
    });
    const [x, w] = [uniform(2, 3, 4), uniform(4, 2)];
    const { dw } = await step(x, w);
    const sums = Array.from(await ops.sum(x, { axis: [0, 1] }).data());
    // Six terms below 1 in another order: 6 · 6e-8.
    Array.from(await dw!.data()).forEach((v, i) =>
      expect(Math.abs(v - itemAt(sums, i >> 1))).toBeLessThan(4e-7),
    );
  });

  it('keeps whole numbers whole where nothing is summed', async () => {
    const y = ops.einsum('i,j->ij', Int32Array.of(2, 3), Int32Array.of(5, 7));
    expect([y.dtype, ...(await y.data())]).toEqual(['int32', 10, 14, 15, 21]);
  });

  it('gives a tensor of its own where nothing is to be done', async () => {
    const x = uniform(2, 3);
    const y = ops.einsum('ij->ij', x);
    expect(y).not.toBe(x);
    x.dispose();
    expect(await y.data()).toHaveLength(6);
    expect(await ops.einsum('', 3).data()).toEqual(Float32Array.of(3));
  });

  const [x, y] = [uniform(2, 3), uniform(3, 4)];
  it.each<[string, () => unknown, string, string]>([
    [
      'no text',
      () => ops.einsum(3 as never, x),
      'ARGUMENT',
      "[einsum] expected subscripts such as 'ij,jk->ik', received 3",
    ],
    ['a sign', () => ops.einsum('i+j', x), 'ARGUMENT', "[einsum] expected subscripts such as 'ij,jk->ik'"],
    ['two dots', () => ops.einsum('..i', x), 'ARGUMENT', "[einsum] expected subscripts such as 'ij,jk->ik'"],
    [
      'too few operands',
      () => ops.einsum('ij,jk', x),
      'ARGUMENT',
      '[einsum] expected an operand for each of the 2 parts',
    ],
    [
      'too many letters',
      () => ops.einsum('ijk->i', x),
      'SHAPE',
      "[einsum] expected an operand with the axes 'ijk', received [2, 3]",
    ],
    [
      'too few letters',
      () => ops.einsum('i->i', x),
      'SHAPE',
      "[einsum] expected an operand with the axes 'i', received [2, 3]",
    ],
    [
      'an unknown letter',
      () => ops.einsum('ij->k', x),
      'ARGUMENT',
      "[einsum] expected letters of the operands after '->'",
    ],
    [
      'a letter twice',
      () => ops.einsum('ij->ii', x),
      'ARGUMENT',
      "[einsum] expected letters of the operands after '->'",
    ],
    [
      'two sizes',
      () => ops.einsum('ij,ik->jk', x, y),
      'SHAPE',
      "[einsum] expected one size for 'i', received 2 and 3",
    ],
    [
      'two sizes of a diagonal',
      () => ops.einsum('ii->i', x),
      'SHAPE',
      "[einsum] expected one size for both axes 'i'",
    ],
  ])('refuses %s', (_, call, code, message) => {
    const error = errorOf(call);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

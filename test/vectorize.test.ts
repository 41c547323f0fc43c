import { atLeast } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { type Sym, ops, tensor } from 'nodegrad';
import { errorOf } from './support/run.js';

const column = tensor([[1], [2], [3]]);

describe('vectorize', () => {
  it('broadcasts scalars', async () => {
    const f = ops.vectorize((a: Sym, b: Sym) => ops.add(ops.multiply(a, 2), b));
    expect(await f(tensor([1, 2, 3, 4]), 2).array()).toEqual([4, 6, 8, 10]);
    expect(await f(column, tensor([10, 20])).array()).toEqual([
      [12, 22],
      [14, 24],
      [16, 26],
    ]);
  });

  it('takes a signature, several results and arguments left as they are', async () => {
    const product = ops.vectorize((a: Sym, b: Sym) => ops.dot(a, b), { signature: '(m,n),(n)->(m)' });
    const matrices = tensor([[[1, 2]], [[3, 4]]]);
    expect(await product(matrices, tensor([1, 10])).array()).toEqual([[21], [43]]);
    const both = ops.vectorize((x: Sym) => [ops.sum(x), ops.multiply(x, 2)], { signature: '(n)->(),(n)' });
    const [sums, doubled] = atLeast(
      both(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
      2,
    );
    expect([await sums.array(), await doubled.array()]).toEqual([
      [3, 7],
      [
        [2, 4],
        [6, 8],
      ],
    ]);
    const power = ops.vectorize((x: Sym, n: number) => ops.power(x, n), { excluded: [1] });
    expect(await power(tensor([1, 2, 3]), 2).array()).toEqual([1, 4, 9]);
    expect(errorOf(() => product(matrices, tensor([1]))).code).toBe('SHAPE');
    expect(errorOf(() => ops.vectorize((x: Sym) => x, { signature: 'n->n' })).code).toBe('ARGUMENT');
    expect(errorOf(() => ops.vectorize((x: Sym) => x, { nonsense: 1 } as never)).code).toBe('ARGUMENT');
  });
});

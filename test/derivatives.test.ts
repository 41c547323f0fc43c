import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { type Sym, compile, grad, ops, tensor } from 'nodegrad';
import { errorOf } from './support/run.js';

const column = tensor([[1], [2], [3]]);

/** The derivative of f at x by finite differences in float32: of numbers near 1 to about 1e-3. */
async function slope(f: (x: number) => Promise<number>, x: number): Promise<number> {
  const step = 2 ** -8;
  return ((await f(x + step)) - (await f(x - step))) / (2 * step);
}

describe('customGradient', () => {
  it('is taken in the place of the true one, whose own derivative follows', async () => {
    const log1pexp = ops.customGradient((x: Sym) => {
      const e = ops.exp(x);
      return [
        ops.log(ops.add(1, e)),
        (upstream: Sym) => ops.multiply(upstream, ops.subtract(1, ops.divide(1, ops.add(1, e)))),
      ];
    });
    expect(await log1pexp(tensor(0)).array()).toBeCloseTo(Math.LN2, 6);
    const run = compile((x: Sym) => {
      const [first] = atLeast(grad(log1pexp(x), [x]), 1);
      return { first: first, second: firstOf(grad(first, [x])) };
    });
    // Where exp overflows the true rule gives NaN.
    expect(await (await run(100)).first.array()).toBe(1);
    expect(await (await run(0)).first.array()).toBe(0.5);
    expect(await (await run(0)).second.array()).toBe(0.25);
  });

  it('takes several arguments and results', async () => {
    const f = ops.customGradient((a: Sym, b: Sym) => [
      { sum: ops.add(a, b), whole: ops.cast(a, 'int32') },
      ({ sum }) => [ops.multiply(sum, 10), ops.multiply(sum, b)],
    ]);
    const run = compile((a: Sym, b: Sym) => {
      const { sum, whole } = f(a, b);
      const [da, db] = grad(sum, [a, b]);
      return { sum, whole, da: da, db: db };
    });
    const made = await run(2, 3);
    expect(await Promise.all([made.sum, made.whole, made.da, made.db].map((one) => one!.array()))).toEqual([
      5, 2, 10, 3,
    ]);
  });

  it('refuses other numbers and shapes of gradients', () => {
    const wrong = (gradient: (up: Sym) => never) =>
      errorOf(() => ops.customGradient((x: Sym) => [x, gradient])(column));
    expect(wrong((up) => [up, up] as never).code).toBe('ARGUMENT');
    expect(wrong((up) => ops.sum(up) as never)).toMatchObject({
      code: 'SHAPE',
      message: expect.stringMatching(/^\[customGradient\] expected a gradient float32 \[3, 1\]/),
    });
    expect(errorOf(() => ops.customGradient(1 as never)).code).toBe('ARGUMENT');
  });
});

describe('jvp', () => {
  it('is the derivative in a direction', async () => {
    const [y, dy] = ops.jvp((x) => ops.sin(x), [0.1], [0.2]);
    expect(await y.array()).toBeCloseTo(0.09983342, 7);
    expect(await dy.array()).toBeCloseTo(0.19900084, 7);
    const f = async (x: number) =>
      (await ops.jvp((x) => ops.tanh(ops.square(x)), [x], [1])[0].array()) as number;
    const [, slopes] = ops.jvp((x) => ops.tanh(ops.square(x)), [0.6], [1]);
    expect(Math.abs(((await slopes.array()) as number) - (await slope(f, 0.6)))).toBeLessThan(1e-3);
  });

  it('goes through several values and gives what is beside', async () => {
    const [y, dy, aux] = ops.jvp(
      ({ a }, b) => [ops.multiply(a, b), ops.add(a, b)],
      [{ a: tensor([1, 2]) }, tensor([3, 4])],
      [{ a: tensor([1, 0]) }, tensor([0, 1])],
      { hasAux: true },
    ) as never as (typeof column)[];
    expect(await Promise.all([y, dy, aux].map((one) => one!.array()))).toEqual([
      [3, 8],
      [3, 2],
      [4, 6],
    ]);
  });

  it('is differentiated again', async () => {
    const run = compile((x: Sym, v: Sym) => grad(ops.jvp((x) => ops.power(x, 3), [x], [v])[1], [x]));
    expect(await firstOf(await run(2, 5)).array()).toBe(60);
  });

  it('refuses tangents of another form', () => {
    const whole = tensor(1, [], 'int32');
    expect(errorOf(() => ops.jvp((x) => ops.sin(x), [1], [1, 2])).code).toBe('ARGUMENT');
    expect(errorOf(() => ops.jvp((x) => ops.sin(x), [whole], [whole])).code).toBe('DTYPE');
  });
});

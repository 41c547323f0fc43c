import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, test } from 'vitest';
import { compile } from '../lib/core/compile.js';
import * as ops from '../lib/ops/index.js';
import type { Sym } from '../lib/core/sym.js';
import { tensor } from '../lib/core/tensor.js';
import { grad } from '../lib/core/grad.js';
import { Trace } from '../lib/core/trace.js';
import { variable } from '../lib/core/variable.js';

describe('compile', () => {
  test('calls the function once for each signature', async () => {
    let calls = 0;
    const f = compile((x: Sym) => {
      calls++;
      return ops.multiply(x, 2);
    });
    expect((await f([1, 2])).dataSync()).toEqual(new Float32Array([2, 4]));
    expect((await f([3, 4])).dataSync()).toEqual(new Float32Array([6, 8]));
    expect(calls).toBe(1);
    expect((await f([3, 4, 5])).dataSync()).toEqual(new Float32Array([6, 8, 10]));
    expect((await f(tensor([3, 4], [2], 'int32'))).dataSync()).toEqual(new Int32Array([6, 8]));
    expect(calls).toBe(3);
    await f([0, 0]);
    expect(calls).toBe(3);
  });

  test('keeps the structure of the result', async () => {
    const f = compile((x: Sym, y: Sym) => ({
      sum: ops.add(x, y),
      parts: [x, { y }] as const,
      none: undefined,
    }));
    const result = await f(1, [2, 3]);
    expect(result.sum.dataSync()).toEqual(new Float32Array([3, 4]));
    expect(result.parts[0].itemSync()).toBe(1);
    expect(result.parts[1].y.dataSync()).toEqual(new Float32Array([2, 3]));
    expect(result.none).toBeUndefined();
  });

  test('refuses a result that holds itself', async () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const record: Record<string, unknown> = { a: 1 };
    record.a = [record];
    for (const result of [circle, record])
      await expect(compile(() => result as never)()).rejects.toMatchObject({
        code: 'ARGUMENT',
        message: expect.stringContaining('expected a result without circles') as string,
      });
    const shared = tensor([1]);
    expect((await compile(() => ({ a: shared, b: [shared, shared] }))()).b).toHaveLength(2);
  });

  test('assignments take effect when the step runs, in order', async () => {
    const counter = variable(0);
    const step = compile(() => {
      const before = ops.stopGradient(counter);
      counter.assign(ops.add(counter, 1));
      const after = ops.stopGradient(counter);
      counter.assign(ops.multiply(counter, 10));
      return { before, after };
    });
    expect(counter.dataSync()[0]).toBe(0);
    const { before, after } = await step();
    expect([before.itemSync(), after.itemSync(), counter.dataSync()[0]]).toEqual([0, 1, 10]);
    const both = await Promise.all([step(), step()]);
    expect(both.map((result) => result.before.itemSync())).toEqual([10, 110]);
    expect(counter.dataSync()[0]).toBe(1110);
  });

  test('assigns numbers, tensors and other variables in a step', async () => {
    const a = variable([1, 2]);
    const b = variable([3, 4]);
    await compile(() => {
      const old = ops.stopGradient(a);
      a.assign(b);
      b.assign(old);
    })();
    expect(a.dataSync()).toEqual(new Float32Array([3, 4]));
    expect(b.dataSync()).toEqual(new Float32Array([1, 2]));
    await compile(() => {
      a.assign([9, 9]);
      b.assign(tensor([8, 8]));
    })();
    expect([...a.dataSync(), ...b.dataSync()]).toEqual([9, 9, 8, 8]);
  });

  test('sees assignments made between calls', async () => {
    const w = variable([1]);
    const f = compile((x: Sym) => ops.multiply(x, w));
    await f([1]);
    w.assign([5]);
    expect((await f([2])).itemSync()).toBe(10);
  });

  test('takes tensors of other ops and gives tensors to other ops', async () => {
    const f = compile((x: Sym) => ops.square(x));
    const y = await f(ops.add(tensor([1, 2]), 1));
    expect(ops.sum(y).itemSync()).toBe(13);
  });

  test('a captured tensor is a constant, concrete ops in it are computed once', async () => {
    const c = ops.add(tensor([1, 2]), 1);
    const f = compile((x: Sym) => ops.add(x, ops.multiply(c, 10)));
    expect((await f(0)).dataSync()).toEqual(new Float32Array([20, 30]));
  });

  test('dropout draws a new mask each step, the same again for the same seed', async () => {
    const run = async () => {
      const f = compile((x: Sym) => [
        ops.dropout(x, { rate: 0.5, seed: 7 }),
        ops.dropout(x, { rate: 0.5, seed: 7 }),
      ]);
      const x = tensor(new Float32Array(64).fill(1));
      const masks: string[] = [];
      for (let step = 0; step < 2; step++) {
        for (const y of await f(x)) masks.push((await y.data()).join());
      }
      return masks;
    };
    const masks = await run();
    expect(new Set(masks).size).toBe(4);
    expect(await run()).toEqual(masks);
  });

  test('learns a line', async () => {
    const w = variable([[0], [0]]);
    const step = compile((x: Sym, y: Sym) => {
      const loss = ops.mean(ops.square(ops.subtract(ops.matmul(x, w), y)));
      const [g] = atLeast(grad(loss, [w]), 1);
      w.assign(ops.subtract(w, ops.multiply(0.1, g)));
      return { loss };
    });
    const x = tensor([
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
    const y = tensor([[2], [-1], [1]]);
    let loss = Infinity;
    for (let i = 0; i < 200; i++) loss = await (await step(x, y)).loss.item();
    expect(loss).toBeLessThan(1e-6);
    const [a, b] = await w.data();
    expect(a).toBeCloseTo(2, 2);
    expect(b).toBeCloseTo(-1, 2);
  });

  test('describe tells the plan', async () => {
    const f = compile((x: Sym) => ops.add(x, 1));
    expect(f.describe()).toContain('never called');
    await f([1]);
    expect(f.describe().length).toBeGreaterThan(0);
  });
});

describe('grad', () => {
  test('of a function of symbols, with a seed', async () => {
    const f = compile((x: Sym, seed: Sym) => {
      const y = ops.multiply(x, ops.square(x));
      return [grad(y, [x])[0], grad(y, [x], seed)[0]];
    });
    const [ones, seeded] = atLeast(await f([1, 2], [10, 100]), 2);
    expect(ones!.dataSync()).toEqual(new Float32Array([3, 12]));
    expect(seeded!.dataSync()).toEqual(new Float32Array([30, 1200]));
  });

  test('with respect to a variable: its value at the start of the step', async () => {
    const w = variable([3]);
    const g = await compile(() => {
      const inner = ops.square(w);
      w.assign(ops.multiply(w, 2));
      return firstOf(grad(ops.sum(ops.add(inner, w)), [w]));
    })();
    expect(g.itemSync()).toBe(8);
  });

  test('of what does not depend on it is zeros', async () => {
    const f = compile((x: Sym, y: Sym) => grad(ops.sum(x), [x, y]));
    const [gx, gy] = atLeast(await f([1, 2], [1, 2, 3]), 2);
    expect(gx.dataSync()).toEqual(new Float32Array([1, 1]));
    expect(gy.dataSync()).toEqual(new Float32Array([0, 0, 0]));
  });

  test('of a gradient: the Hessian of a polynomial times a vector', async () => {
    // f = x0² x1 + x1³: H = [[2 x1, 2 x0], [2 x0, 6 x1]].
    const hvp = compile((x: Sym, v: Sym) => {
      const a = ops.slice(x, 0, 1);
      const b = ops.slice(x, 1, 1);
      const f = ops.sum(ops.add(ops.multiply(ops.square(a), b), ops.power(b, 3)));
      return firstOf(grad(firstOf(grad(f, [x])), [x], v));
    });
    const h = await (await hvp([2, 3], [1, -1])).data();
    expect(h[0]).toBeCloseTo(6 - 4, 4);
    expect(h[1]).toBeCloseTo(4 - 18, 4);
  });

  test('Hessian-vector product of a small net agrees with differences of its gradient', async () => {
    const w1 = variable(ops.randomNormal([3, 4], { seed: 1 }));
    const w2 = variable(ops.randomNormal([4, 1], { seed: 2 }));
    const x = ops.randomNormal([5, 3], { seed: 3 });
    const v = ops.randomNormal([3, 4], { seed: 4 });
    const gradient = (): Sym => {
      const y = ops.matmul(ops.tanh(ops.matmul(x, w1)), w2);
      return firstOf(grad(ops.mean(ops.square(y)), [w1]));
    };
    const g = compile(gradient);
    const hvp = compile((direction: Sym) => firstOf(grad(gradient(), [w1], direction)));
    const exact = await (await hvp(v)).data();

    const start = w1.value();
    const eps = 1e-2;
    w1.assign(ops.add(start, ops.multiply(v, eps)));
    const up = await (await g()).data();
    w1.assign(ops.subtract(start, ops.multiply(v, eps)));
    const down = await (await g()).data();
    exact.forEach((h, i) => expect((up[i]! - down[i]!) / (2 * eps)).toBeCloseTo(h, 2));
  });

  test('wants a symbolic value', () => {
    const w = variable(1);
    expect(() => grad(tensor(1), [w])).toThrow('[grad] expected a symbolic value inside compile()');
  });
});

describe('mistakes', () => {
  const code = (value: string) => expect.objectContaining({ code: value }) as unknown;

  test('too few arguments', async () => {
    const f = compile((x: Sym, y: Sym) => ops.add(x, y));
    await expect((f as unknown as (x: number) => Promise<unknown>)(1)).rejects.toThrow(
      '[compile] expected 2 arguments, received 1',
    );
  });

  test('results that are not symbolic', async () => {
    await expect(compile(() => ({ loss: 3 }))()).rejects.toThrow('received number 3 as the result.loss');
    await expect(compile((x: Sym) => Promise.resolve(x))(1)).rejects.toThrow('must not be async');
    expect(Trace.current).toBeUndefined();
  });

  test('an error in the function comes through and leaves no trace open', async () => {
    const f = compile((x: Sym) => ops.matmul(x, x));
    await expect(f([[1, 2, 3]])).rejects.toEqual(code('SHAPE'));
    expect(Trace.current).toBeUndefined();
    expect((await f([[2]])).itemSync()).toBe(4);
  });

  test('values of two traces', async () => {
    let outside: Sym | undefined;
    await compile((x: Sym) => (outside = ops.add(x, 1)))(1);
    await expect(compile((x: Sym) => ops.add(x, outside!))(1)).rejects.toThrow(
      'values of one traced function',
    );
  });

  test('disposed tensors and variables', async () => {
    const w = variable([1], { name: 'w' });
    const f = compile((x: Sym) => ops.multiply(x, w));
    const x = tensor([1]);
    await f(x);
    x.dispose();
    await expect(f(x)).rejects.toEqual(code('DISPOSED'));
    w.dispose();
    await expect(f([1])).rejects.toThrow('received a disposed Variable(w, float32 [1])');
    await expect(f([1, 2])).rejects.toEqual(code('DISPOSED'));
  });

  test('an assignment that does not fit', async () => {
    const w = variable([1, 2], { name: 'w' });
    const f = compile((x: Sym) => w.assign(x));
    await expect(f([1])).rejects.toThrow("[assign] expected shape [2] for variable 'w', received [1]");
    await expect(f(tensor([1, 2], [2], 'int32'))).rejects.toEqual(code('DTYPE'));
    await f([3, 4]);
    expect(w.dataSync()).toEqual(new Float32Array([3, 4]));
  });

  test('a class number out of range fails the step, its outputs, and nothing else', async () => {
    const w = variable([[1, 2, 3]]);
    const f = compile((labels: Sym) => {
      const loss = ops.mean(ops.softmaxCrossEntropy(w, labels));
      w.assign(ops.subtract(w, firstOf(grad(loss, [w]))));
      return loss;
    });
    await expect(f(tensor([3], [1], 'int32'))).rejects.toThrow('3');
    expect(w.dataSync()).toEqual(new Float32Array([1, 2, 3]));
    await f(tensor([2], [1], 'int32'));
    expect(w.dataSync()[2]).toBeGreaterThan(3);
  });
});

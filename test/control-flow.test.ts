import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Model,
  type Sym,
  type Tensor,
  compile,
  grad,
  layers,
  mixedPrecision,
  ops,
  setSeed,
  tensor,
  variable,
} from 'nodegrad';
import { errorOf } from './support/run.js';

const int = (value: number) => tensor(value, [], 'int32');
const column = tensor([[1], [2], [3]]);

describe('cond', () => {
  it('calls one function outside of traces', async () => {
    const called: string[] = [];
    const run = (pred: boolean | number) =>
      ops.cond(
        ops.greater(pred as number, 0),
        () => called.push('yes') && ops.add(tensor(1), 1),
        () => called.push('no') && tensor(5),
      );
    expect(await run(1).array()).toBe(2);
    expect(await run(0).array()).toBe(5);
    expect(called).toEqual(['yes', 'no']);
    expect(
      ops.cond(
        true,
        () => 'yes',
        () => 'no',
      ),
    ).toBe('yes');
  });

  it('computes one branch in a step, with gradients of both orders through it', async () => {
    // log(x) of a negative sum is NaN, and its gradient would be too, were it computed and left out.
    const f = (x: Sym) =>
      ops.cond(
        ops.greater(ops.sum(x), 0),
        () => ops.log(x),
        () => ops.power(x, 3),
      );
    const run = compile((x: Sym) => {
      const [first] = atLeast(grad(ops.sum(f(x)), [x]), 1);
      return { y: f(x), first, second: grad(ops.sum(first), [x])[0] };
    });
    const positive = await run([1, 2]);
    expect(await positive.first.array()).toEqual([1, 0.5]);
    expect(await positive.second!.array()).toEqual([-1, -0.25]);
    const negative = await run([-1, -2]);
    expect(await negative.y.array()).toEqual([-1, -8]);
    expect(await negative.first.array()).toEqual([3, 12]);
    expect(await negative.second!.array()).toEqual([-6, -12]);
  });

  it('gives lists and records, with the dtype of the other branch for numbers', async () => {
    const run = compile((x: Sym) =>
      ops.cond(
        ops.greater(ops.max(x), 0),
        () => ({ n: ops.cast(x, 'int32'), list: [x, x] as const }),
        () => ({ n: ops.zerosLike(ops.cast(x, 'int32')), list: [ops.negative(x), x] }),
      ),
    );
    const made = await run([-1, -2]);
    expect([made.n.dtype, await made.n.array(), await made.list[0].array()]).toEqual([
      'int32',
      [0, 0],
      [1, 2],
    ]);
    const scalar = compile((x: Sym) =>
      ops.cond(
        x,
        () => ops.cast(x, 'int32'),
        () => 7,
      ),
    );
    expect([(await scalar(0)).dtype, await (await scalar(0)).array()]).toEqual(['int32', 7]);
    expect(await (await scalar(-3)).array()).toBe(-3);
  });

  it('assigns to variables where their branch runs', async () => {
    const [count, other] = [variable(0), variable(10)];
    const run = compile((x: Sym) => {
      ops.cond(
        ops.greater(x, 0),
        () => {
          count.assign(ops.add(count, x));
        },
        () => {
          other.assign(ops.subtract(other, 1));
        },
      );
      return ops.add(count, 0);
    });
    expect(await (await run(2)).array()).toBe(2);
    expect(await (await run(-1)).array()).toBe(2);
    expect(await (await run(3)).array()).toBe(5);
    expect([count.dataSync()[0], other.dataSync()[0]]).toEqual([5, 9]);
  });

  it('draws new numbers in each step, whichever branch draws', async () => {
    setSeed(3);
    const run = compile((x: Sym) =>
      ops.cond(
        ops.greater(x, 0),
        () => ops.randomUniform([4]),
        () => tensor([0, 0, 0, 0]),
      ),
    );
    const drawn = [await run(1), await run(-1), await run(1)];
    const [a, , c] = await Promise.all(drawn.map((one) => one.array()));
    expect(a).not.toEqual(c);
  });

  it('takes outputs of layers as operands, in a model that trains', async () => {
    const [x, flag] = [layers.input({ shape: [2] }), layers.input({ shape: [] })];
    const h = layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' }).apply(x);
    const y = ops.cond(
      ops.greater(ops.sum(flag), 0),
      (value) => ops.multiply(value, 10),
      (value) => ops.negative(value),
      h,
    );
    const model = new Model({ inputs: [x, flag], outputs: y });
    expect(await (await model.predict([[[1, 2]], [1]])).array()).toEqual([[30]]);
    expect(await (await model.predict([[[1, 2]], [0]])).array()).toEqual([[-3]]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const { history } = await model.fit([[[1, 2]], [0]], [[4]], { epochs: 3, verbose: 0 });
    expect(history.loss![2]).toBeLessThan(firstOf(history.loss!));
    const captured = () =>
      ops.cond(
        ops.greater(ops.sum(flag), 0),
        () => h,
        () => h,
      );
    expect(errorOf(captured).message).toMatch(
      /^\[cond\] expected functions that read outputs of layers through/,
    );
  });

  it('refuses branches that differ, and more than one number', async () => {
    const differs = compile((x: Sym) =>
      ops.cond(
        ops.greater(x, 0),
        () => [x, x],
        () => x,
      ),
    );
    await expect(differs(1)).rejects.toThrow(/^\[cond\] expected branches that give the same form/);
    const shapes = compile((x: Sym) =>
      ops.cond(
        ops.greater(x, 0),
        () => ops.stack([x, x]),
        () => x,
      ),
    );
    await expect(shapes(1)).rejects.toMatchObject({ code: 'SHAPE' });
    expect(
      errorOf(() =>
        ops.cond(
          [true, false],
          () => 1,
          () => 2,
        ),
      ).code,
    ).toBe('SHAPE');
    expect(errorOf(() => ops.cond(true, 1 as never, () => 2)).code).toBe('ARGUMENT');
  });
});

describe('switch', () => {
  const branches = [(x: Sym) => ops.multiply(x, 2), (x: Sym) => ops.exp(x), (x: Sym) => ops.negative(x)];

  it.each([
    [-3, 2],
    [0, 2],
    [1, Math.E],
    [2, -1],
    [9, -1],
  ])('%s gives the branch that is nearest', async (index, wanted) => {
    expect(await ops.switch(index, branches, 1).array()).toBeCloseTo(wanted, 6);
    const run = compile((i: Sym, x: Sym) => ops.switch(i, branches, x));
    expect(await (await run(int(index), 1)).array()).toBeCloseTo(wanted, 6);
  });

  it('refuses no branches', () => {
    expect(errorOf(() => ops.switch(0, [])).code).toBe('ARGUMENT');
  });
});

describe('scan', () => {
  it('gives the last states and what each step keeps', async () => {
    const [sum, sums] = ops.scan((c, x) => [ops.add(c, x), ops.add(c, x)], 0, ops.array([1, 2, 3, 4, 5]));
    expect([await sum.array(), await sums.array()]).toEqual([15, [1, 3, 6, 10, 15]]);
    const [, reversed] = ops.scan((c, x) => [ops.add(c, x), ops.add(c, x)], 0, ops.array([1, 2, 3]), {
      reverse: true,
    });
    expect(await reversed.array()).toEqual([6, 5, 3]);
  });

  it('takes several states, of any dtype, and sequences in records', async () => {
    const xs = { a: tensor([1, 2, 3]), b: column };
    const [carry, kept] = ops.scan(
      (c, x) => [
        {
          n: ops.add(c.n, 1),
          h: ops.add(ops.multiply(c.h, x.a), x.b),
          any: ops.logicalOr(c.any, ops.greater(x.a, 2)),
        },
        { n: c.n, none: undefined },
      ],
      { n: int(5), h: tensor([1]), any: tensor(false) },
      xs,
    );
    expect([carry.n.dtype, await carry.n.array(), await carry.h.array()]).toEqual(['int32', 8, [21]]);
    expect([carry.any.dtype, await carry.any.array()]).toEqual(['bool', 1]);
    expect([await kept.n.array(), kept.none]).toEqual([[5, 6, 7], undefined]);
  });

  it('counts steps without sequences, none too', async () => {
    for (const length of [0, 1, 6]) {
      expect(ops.scan((c) => [c, null], 1, undefined, { length })[1]).toBe(null);
      const [n, all] = ops.scan((c) => [ops.multiply(c, 2), c], 1, undefined, { length });
      expect([await n.array(), all.shape]).toEqual([2 ** length, [length]]);
    }
  });

  it('has gradients of both orders, also where states are whole numbers', async () => {
    // h' = h · x + n · w: with x = (2, 3), h = 1 and n = 1, 2 it is (2 + w) · 3 + 2w = 6 + 5w.
    const f = (x: Sym, w: Sym) =>
      ops.scan(
        (c, at) => [{ n: ops.add(c.n, 1), h: ops.add(ops.multiply(c.h, at), ops.multiply(c.n, w)) }, null],
        { n: int(1), h: 1 },
        x,
      )[0].h;
    const run = compile((x: Sym, w: Sym) => {
      const [dx, dw] = atLeast(grad(f(x, w), [x, w]), 2);
      const [dxx] = grad(ops.sum(dx), [x]);
      return { y: f(x, w), dx: dx, dw: dw, dxx: dxx };
    });
    const { y, dx, dw, dxx } = await run([2, 3], 4);
    expect([await y.array(), await dx.array(), await dw.array()]).toEqual([26, [3, 6], 5]);
    expect(await dxx!.array()).toEqual([1, 1]);
  });

  it('trains in a model, over lengths that differ, in mixed precision too', async () => {
    const x = layers.input({ shape: [-1, 3] });
    const states = ops.transpose(layers.dense({ units: 2, kernelInitializer: 'ones' }).apply(x), [1, 0, 2]);
    const [last] = ops.scan(
      (c, at) => [ops.tanh(ops.add(ops.multiply(c, 0.5), at)), null],
      ops.zerosLike(ops.sum(states, { axis: 0 })),
      states,
    );
    for (const policy of ['float32', 'mixedBfloat16'] as const) {
      const before = mixedPrecision.dtypePolicy();
      mixedPrecision.setDtypePolicy(policy);
      const model = new Model({ inputs: x, outputs: last });
      mixedPrecision.setDtypePolicy(before);
      model.compile({ optimizer: 'adam', loss: 'mse' });
      for (const steps of [1, 4])
        expect((await model.predict(tensor(new Float32Array(2 * steps * 3), [2, steps, 3]))).shape).toEqual([
          2, 2,
        ]);
      const data = tensor(
        Float32Array.from({ length: 24 }, (_, i) => (i % 5) / 5 - 0.4),
        [2, 4, 3],
      );
      const { history } = await model.fit(
        data,
        [
          [1, 1],
          [1, 1],
        ],
        { epochs: 20, verbose: 0 },
      );
      expect(history.loss!.at(-1)).toBeLessThan(firstOf(history.loss!));
    }
  });

  it('draws anew in each step', async () => {
    setSeed(1);
    const [, drawn] = ops.scan((c) => [c, ops.randomUniform([2])], 0, undefined, { length: 3 });
    const rows = (await drawn.array()) as number[][];
    expect(new Set(rows.map(String)).size).toBe(3);
  });

  it('refuses what is no step', () => {
    const code = (body: () => unknown) => errorOf(body).code;
    expect(code(() => ops.scan((c) => [ops.stack([c, c]), null], 0, ops.array([1])))).toBe('SHAPE');
    expect(code(() => ops.scan((c) => c as never, 0, ops.array([1])))).toBe('ARGUMENT');
    expect(code(() => ops.scan((c) => [c, c], 0))).toBe('ARGUMENT');
    expect(code(() => ops.scan((c) => [c, c], 0, 1))).toBe('SHAPE');
    expect(code(() => ops.scan((c) => [c, c], 0, ops.array([1, 2]), { length: 3 }))).toBe('SHAPE');
    const v = variable(0);
    const changes = () =>
      ops.scan(
        (c, x) => {
          v.assign(x);
          return [c, null];
        },
        0,
        ops.array([1]),
      );
    expect(code(changes)).toBe('STATE');
  });
});

describe('map and vectorizedMap', () => {
  it('stack what a function gives of each place', async () => {
    for (const map of [ops.map, ops.vectorizedMap]) {
      const made = map((x) => ({ y1: ops.square(x), y2: [ops.multiply(x, 10)] }), ops.arange(4));
      expect([await made.y1.array(), await firstOf(made.y2).array()]).toEqual([
        [0, 1, 4, 9],
        [0, 10, 20, 30],
      ]);
      const sums = map(([a, b]) => ops.sum(ops.multiply(a!, b!)), [column, column]);
      expect(await sums.array()).toEqual([1, 4, 9]);
      const run = compile((x: Sym) => grad(ops.sum(map((at) => ops.power(at, 3), x)), [x]));
      expect(await firstOf(await run([1, 2])).array()).toEqual([3, 12]);
      expect(errorOf(() => map((x) => x, [])).code).toBe('ARGUMENT');
    }
  });
});

describe('foriLoop', () => {
  it('counts from lower to upper', async () => {
    const sum = (lower: number | Tensor, upper: number) =>
      ops.foriLoop(lower, upper, (i, s) => ops.add(s, i), 0);
    expect(await sum(0, 10).array()).toBe(45);
    expect(await sum(7, 3).array()).toBe(0);
    expect(await sum(int(-2), 4).array()).toBe(3);
  });

  it('takes bounds that the numbers decide, and has gradients where they are known', async () => {
    const powers = compile((n: Sym, x: Sym) => ops.foriLoop(0, n, (_, y) => ops.multiply(y, x), 1));
    expect(await (await powers(int(5), 2)).array()).toBe(32);
    expect(await (await powers(int(0), 2)).array()).toBe(1);
    const slopes = compile((x: Sym) =>
      grad(
        ops.foriLoop(0, 5, (_, y) => ops.multiply(y, x), 1),
        [x],
      ),
    );
    expect(await firstOf(await slopes(2)).array()).toBe(80);
    const none = compile((n: Sym, x: Sym) =>
      grad(
        ops.foriLoop(0, n, (_, y) => ops.multiply(y, x), 1),
        [x],
      ),
    );
    await expect(none(int(5), 2)).rejects.toThrow(/^\[whileLoop\] expected maximumIterations/);
  });
});

describe('whileLoop', () => {
  const double = (x: Sym, limit: Sym | number, options?: { maximumIterations: number }) =>
    ops.whileLoop(
      (y) => ops.less(y, limit),
      (y) => ops.multiply(y, x),
      x,
      options,
    );

  it('goes on as long as the condition holds', async () => {
    const [x, n] = ops.whileLoop(
      (x) => ops.less(x, 100),
      (x, n) => [ops.multiply(x, 2), ops.add(n, 1)],
      [3, 0],
    );
    expect([await x.array(), await n.array()]).toEqual([192, 6]);
    const { i } = ops.whileLoop(
      ({ i }) => ops.less(i, 10),
      ({ i }) => ({ i: ops.add(i, 3) }),
      { i: int(0) },
      { maximumIterations: 2 },
    );
    expect([i.dtype, await i.array()]).toEqual(['int32', 6]);
    const run = compile((x: Sym, limit: Sym) => double(x, limit));
    for (const [limit, wanted] of [
      [100, 128],
      [1000, 1024],
      [1, 2],
    ] as const)
      expect(await (await run(2, limit)).array()).toBe(wanted);
  });

  it('has the gradients of the steps that ran, where these are bounded', async () => {
    const run = compile((x: Sym) => {
      const y = double(x, 20, { maximumIterations: 9 });
      const [first] = atLeast(grad(y, [x]), 1);
      return { y, first: first, second: grad(first, [x])[0] };
    });
    const { y, first, second } = await run(3); // 27 = x³
    expect([await y.array(), await first.array(), await second!.array()]).toEqual([27, 27, 18]);
    const cut = compile((x: Sym) => grad(double(x, 1e9, { maximumIterations: 4 }), [x]));
    expect(await firstOf(await cut(2)).array()).toBe(80); // of x⁵
    const none = compile((x: Sym) => grad(double(x, 20), [x]));
    await expect(none(3)).rejects.toThrow(/^\[whileLoop\] expected maximumIterations/);
  });

  it('draws anew in each step', async () => {
    setSeed(5);
    const [, sum, last] = ops.whileLoop(
      (i) => ops.less(i, 4),
      (i, sum, last) => {
        const drawn = ops.randomUniform([]);
        return [ops.add(i, 1), ops.add(sum, ops.cast(ops.equal(drawn, last), 'float32')), drawn];
      },
      [0, 0, -1],
    );
    expect([await sum.array(), (await last.array()) !== -1]).toEqual([0, true]);
  });

  it('is a node of a model', async () => {
    const x = layers.input({ shape: [] });
    const y = ops.whileLoop(
      (v) => ops.less(ops.max(v), 50),
      (v) => ops.multiply(v, 3),
      x,
    );
    const model = new Model({ inputs: x, outputs: y });
    expect(await (await model.predict([1, 2])).array()).toEqual([27, 54]);
  });

  it('refuses what is no loop', () => {
    const less = (y: Sym) => ops.less(y, 3);
    expect(errorOf(() => ops.whileLoop(less, (y) => ops.stack([y, y]), 0)).code).toBe('SHAPE');
    expect(errorOf(() => ops.whileLoop(less, () => [1, 2] as never, 0)).code).toBe('ARGUMENT');
    expect(
      errorOf(() =>
        ops.whileLoop(
          () => 1,
          () => [] as never,
          [],
        ),
      ).code,
    ).toBe('ARGUMENT');
    expect(errorOf(() => ops.whileLoop(less, (y) => y, 0, { maximumIterations: -1 })).message).toMatch(
      /^\[whileLoop\] expected/,
    );
  });
});

describe('associativeScan', () => {
  it.each([1, 2, 3, 7, 8])('gives the prefixes of %s elements', async (n) => {
    const numbers = Array.from({ length: n }, (_, i) => i + 1);
    const sums = numbers.map((_, i) => ((i + 1) * (i + 2)) / 2);
    const add = (a: Sym, b: Sym) => ops.add(a, b);
    expect(await ops.associativeScan(add, tensor(numbers)).array()).toEqual(sums);
    const back = ops.associativeScan(add, tensor([numbers, numbers]), { reverse: true, axis: -1 });
    const wanted = numbers.map((_, i) => (n * (n + 1)) / 2 - (i ? itemAt(sums, i - 1) : 0));
    expect(await back.array()).toEqual([wanted, wanted]);
  });

  it('combines several values at once, in order, with gradients', async () => {
    // Products of 2 × 2 matrices do not commute; of (a, b) for y = a · x + b: (a2 · a1, a2 · b1 + b2).
    const run = compile((a: Sym, b: Sym) => {
      const made = ops.associativeScan(
        (p, q) => ({ a: ops.multiply(q.a, p.a), b: ops.add(ops.multiply(q.a, p.b), q.b) }),
        { a, b },
      );
      return { ...made, d: grad(ops.sum(ops.getItem(made.b, 2)), [b])[0] };
    });
    const { a, b, d } = await run([2, 3, 4], [1, 1, 1]);
    expect([await a.array(), await b.array(), await d!.array()]).toEqual([
      [2, 6, 24],
      [1, 4, 17],
      [12, 4, 1],
    ]);
  });
});

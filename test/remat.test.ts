import { firstOf } from '../lib/base/list.js';
import {
  NDArray,
  Sequential,
  type Sym,
  type Tensor,
  compile,
  grad,
  layers,
  ops,
  remat,
  rematScope,
  setSeed,
  variable,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';

const random = (shape: number[], seed: number) => ops.randomUniform(shape, { seed, minval: -1, maxval: 1 });
const numbers = async (given: readonly Tensor[]) =>
  Promise.all(given.map(async (one) => [...(await one.data())]));

/** Kernels of the last plan, and the bytes of its memory. */
function planOf(text: string): { kernels: number; bytes: number } {
  const [, kernels, bytes] = /plan: (\d+) kernels, .*arena (\d+) bytes/.exec(text)!;
  return { kernels: Number(kernels), bytes: Number(bytes) };
}

type Function = (x: Sym) => Sym;
const rematOf = (f: Function): Function => {
  const again = remat(f);
  return (x) => again<[Sym]>(x);
};

describe('remat', () => {
  const weights = Array.from({ length: 4 }, (_, i) => variable(random([32, 32], i)));
  const deep = (wrap: (f: Function) => Function) =>
    compile((x: Sym) => {
      const y = weights.reduce<Sym>(
        (all, w) => wrap((v) => ops.tanh(ops.matmul(ops.sin(ops.tanh(ops.matmul(v, w))), w)))(all),
        x,
      );
      const loss = ops.mean(ops.square(y));
      return [loss, ...grad(loss, [x, ...weights])];
    });

  it('gives the same results and gradients in less memory and more kernels', async () => {
    const [kept, anew] = [deep((f) => f), deep(rematOf)];
    const x = random([256, 32], 9);
    expect(await numbers(await anew(x))).toEqual(await numbers(await kept(x)));
    const [a, b] = [planOf(kept.describe()), planOf(anew.describe())];
    // Of four numbers that each function makes one is kept, and the gradient has those of one function at a time.
    expect(b.bytes).toBeLessThan(0.7 * a.bytes);
    expect(b.kernels).toBeGreaterThan(a.kernels);
  });

  it('draws the same random numbers again, and reads what is around it', async () => {
    const x = random([40, 3], 1);
    const run = (wrap: (f: Function) => Function) =>
      compile((x: Sym) => {
        const outer = ops.exp(x);
        const f = wrap((v) => ops.multiply(ops.sin(ops.dropout(v, { rate: 0.5, seed: 3 })), outer));
        return [f(x), ...grad(ops.sum(f(x)), [x])];
      });
    const [kept, anew] = [await run((f) => f)(x), await run(rematOf)(x)];
    expect(await numbers(anew)).toEqual(await numbers(kept));
  });

  it('is differentiated twice', async () => {
    const x = random([5], 2);
    const second = (f: Function) =>
      compile((x: Sym) => grad(ops.sum(ops.square(firstOf(grad(ops.sum(f(x)), [x])))), [x]));
    const f = (x: Sym) => ops.exp(ops.sin(ops.square(x)));
    const [kept, anew] = [await numbers(await second(f)(x)), await numbers(await second(rematOf(f))(x))];
    // Six roundings of numbers below 2^5 in either.
    kept[0]!.forEach((value, i) => {
      expect(Math.abs(value - anew[0]![i]!)).toBeLessThan(12 * 2 ** (5 - 24));
    });
  });

  it('works in a loop, nested, and on lists and records of any dtype', async () => {
    const pair = remat(({ a, b }: { a: Sym; b: Sym }) => ({
      sum: ops.tanh(ops.add(a, b)),
      larger: ops.greater(a, b),
    }));
    const inner = remat((x: Sym) => ops.sin(remat((v: Sym) => ops.tanh(v))(x)));
    const run = (isAnew: boolean) =>
      compile((x: Sym) => {
        const { sum, larger } = isAnew
          ? pair({ a: x, b: ops.cos(x) })
          : { sum: ops.tanh(ops.add(x, ops.cos(x))), larger: ops.greater(x, ops.cos(x)) };
        const step = isAnew ? inner : (v: Sym) => ops.sin(ops.tanh(v));
        const last = ops.foriLoop(0, 3, (_: Sym, state: Sym) => step(state), sum);
        return [ops.cast(larger, 'float32'), last, ...grad(ops.sum(last), [x])];
      });
    const x = random([6], 4);
    expect(await numbers(await run(true)(x))).toEqual(await numbers(await run(false)(x)));
  });

  it('runs on tensors at once', async () => {
    const x = random([3], 5);
    expect(await numbers([remat((v: Sym) => ops.sin(v))(x)])).toEqual(await numbers([ops.sin(x)]));
  });

  it('assigns a variable once', async () => {
    const count = variable(0);
    const step = compile((x: Sym) => {
      const f = remat((v: Sym) => {
        count.assign(ops.add(count, 1));
        return ops.sin(v);
      });
      return grad(ops.sum(f(x)), [x]);
    });
    await step(random([2], 6));
    expect(await count.data()).toEqual(new Float32Array([1]));
  });

  it('refuses what is no function', () => {
    expect(() => {
      remat(3 as never);
    }).toThrow('[remat] expected a function as f');
  });
});

describe('rematScope', () => {
  const build = (scope: <R>(run: () => R) => R) => {
    setSeed(1);
    return scope(
      () =>
        new Sequential([
          layers.input({ shape: [12] }),
          ...[0, 1, 2].flatMap((i) => [
            layers.dense({ units: 24, activation: 'gelu', name: `dense${i}` }),
            layers.batchNormalization(),
            layers.dropout({ rate: 0.2, seed: i }),
          ]),
          layers.dense({ units: 2 }),
        ]),
    );
  };
  const trained = async (scope: <R>(run: () => R) => R) => {
    const model = build(scope);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [await random([64, 12], 7).array(), await random([64, 2], 8).array()];
    const { history } = await model.fit(x as never, y as never, {
      batchSize: 16,
      epochs: 2,
      verbose: 0,
      seed: 1,
    });
    return { loss: history.loss!, weights: (await model.getWeights()).flatMap(({ data }) => [...data]) };
  };

  it.each([
    { mode: 'full' },
    { mode: 'activations' },
    { mode: 'largerThan', outputSizeThreshold: 8 },
    { mode: 'listOfLayers', layerNames: ['dense1'] },
    { mode: null },
  ] as const)('trains the same weights and statistics with $mode', async (options) => {
    const kept = await trained((run) => run());
    const anew = await trained((run) => rematScope(options, run));
    expect(anew).toEqual(kept);
  });

  const kernels = (options: Parameters<typeof rematScope>[0] | undefined) => {
    const make = () => layers.dense({ units: 24, activation: 'gelu', name: 'one' });
    const layer = options ? rematScope(options, make) : make();
    const step = compile((x: Sym) => grad(ops.sum(ops.square(layer.apply(x))), [x]));
    return step(random([16, 12], 7)).then(() => planOf(step.describe()).kernels);
  };

  it('means the layers of its mode', async () => {
    const kept = await kernels(undefined);
    expect(await kernels({})).toBeGreaterThan(kept);
    expect(await kernels({ mode: 'largerThan', outputSizeThreshold: 16 * 24 - 1 })).toBeGreaterThan(kept);
    expect(await kernels({ mode: 'largerThan', outputSizeThreshold: 16 * 24 })).toBe(kept);
    expect(await kernels({ mode: 'listOfLayers', layerNames: ['one'] })).toBeGreaterThan(kept);
    expect(await kernels({ mode: 'listOfLayers', layerNames: ['other'] })).toBe(kept);
    expect(await kernels({ mode: null })).toBe(kept);
  });

  it('takes a model in another one as one layer', async () => {
    const block = () =>
      new Sequential(['gelu', 'tanh', 'gelu'].map((activation) => layers.dense({ units: 32, activation })));
    const step = (scope: <R>(run: () => R) => R) => {
      setSeed(1);
      const model = scope(() => new Sequential([layers.input({ shape: [32] }), block(), block(), block()]));
      return compile((x: Sym) => {
        const loss = ops.sum(ops.square(model.apply(x)));
        return [loss, ...grad(loss, model.trainableWeights)];
      });
    };
    const x = random([200, 32], 3);
    const [kept, anew] = [step((run) => run()), step((run) => rematScope({}, run))];
    expect(await numbers(await anew(x))).toEqual(await numbers(await kept(x)));
    expect(planOf(anew.describe()).bytes).toBeLessThan(0.7 * planOf(kept.describe()).bytes);
  });

  it('keeps masks, and ends with the function', async () => {
    const model = rematScope(
      {},
      () =>
        new Sequential([
          layers.input({ shape: [4], dtype: 'int32' }),
          layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }),
          layers.globalAveragePooling1d(),
        ]),
    );
    const [short, same] = await Promise.all(
      [
        [1, 2, 0, 0],
        [1, 2, 1, 2],
      ].map(async (row) => [
        ...(await (await model.predict(new NDArray(Int32Array.from(row), [1, 4]))).data()),
      ]),
    );
    same!.forEach((value, i) => {
      expect(short![i]).toBeCloseTo(value, 6);
    });
  });

  it('refuses other options', () => {
    expect(() => rematScope({ mode: 'most' as never }, () => 1)).toThrow(
      "[rematScope] expected 'full' or 'activations'",
    );
    expect(() => rematScope({ outputSizeThreshold: -1 }, () => 1)).toThrow('outputSizeThreshold');
    expect(() => rematScope({ layerNames: [1] as never }, () => 1)).toThrow('names of layers');
    for (const options of [{}, undefined])
      expect(() => rematScope(options, 3 as never)).toThrow('[rematScope] expected a function to run');
    expect(rematScope(undefined, () => 1)).toBe(1);
    expect(() => rematScope({ modes: 'full' } as never, () => 1)).toThrow("'modes'");
  });
});

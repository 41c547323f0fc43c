/** Averages, accumulated gradients, loss scales, groups of weights, and states that are kept and given back. */
import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Sequential,
  type Sym,
  type Variable,
  callbacks,
  compile,
  layers,
  ops,
  optimizers,
  saving,
  variable,
} from '../lib/index.js';
import { optimizerConfig, optimizerOf } from '../lib/optimizers/registry.js';
import { errorOf, rejectionOf } from './support/run.js';

/** Steps along given gradients of weights, which begin with 0 unless it is said. */
function stepOf(optimizer: optimizers.BaseOptimizer, ...weights: Variable[]) {
  return compile((...gs: Sym[]) => ({
    ...optimizer.applyGradients(gs.map((g, i) => [g, itemAt(weights, i)] as const)),
  })) as (...gs: unknown[]) => Promise<object>;
}
const weight = (name = 'w') => variable([0, 0], { name });
const numbers = (v: Variable | undefined) => [...v!.dataSync()];

const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
const y = x.map((value, i) => value + Math.cos(i));

/** A dense layer with the weights 1 and 0, compiled. */
function modelOf(optimizer: optimizers.BaseOptimizer, dtypePolicy: 'float32' | 'mixedBfloat16' = 'float32') {
  const model = new Sequential(
    [layers.input({ shape: [1] }), layers.dense({ units: 1, kernelInitializer: 'ones' })],
    { dtypePolicy },
  );
  model.compile({ optimizer, loss: 'mse' });
  return model;
}
const fitted = { batchSize: 4, shuffle: false, verbose: 0 } as const;
const flat = async (model: Sequential) => (await model.getWeights()).flatMap(({ data }) => [...data]);

describe('moving averages', () => {
  it('become the weights at the end of fit, before onTrainEnd', async () => {
    const optimizer = optimizers.sgd({ learningRate: 0.1, useEma: true, emaMomentum: 0.5 });
    using model = modelOf(optimizer);
    const seen: number[][] = [];
    const note = async () => {
      seen.push(await flat(model));
    };
    const watch = callbacks.lambdaCallback({ onTrainBatchEnd: note, onTrainEnd: note });
    await model.fit(x, y, { ...fitted, callbacks: [watch] });
    const averages = seen
      .slice(1, 6)
      .reduce((mean, now) => mean.map((m, i) => (m + itemAt(now, i)) / 2), firstOf(seen));
    // Each of the six averages rounds numbers below 2 twice.
    itemAt(seen, 6).forEach((value, i) =>
      expect(Math.abs(value - itemAt(averages, i))).toBeLessThan(6 * 2 * 2 ** -23),
    );
    expect(seen[6]).not.toEqual(seen[5]);
    expect(model.trainableWeights.map((w) => numbers(optimizer.averageOf(w))).flat()).toEqual(seen[6]);
  });

  it('of weights that no step has changed are the weights', () => {
    const optimizer = optimizers.adam({ useEma: true });
    const w = variable([3, 4]);
    expect(optimizer.averageOf(w)).toBeUndefined();
    optimizer.finalizeVariableValues([w]);
    expect(numbers(w)).toEqual([3, 4]);
    optimizer.build([w]);
    optimizer.finalizeVariableValues([w]);
    expect(numbers(w)).toEqual([3, 4]);
  });

  it('stay as they are where fit is aborted, and so do the weights', async () => {
    const optimizer = optimizers.sgd({ learningRate: 0.1, useEma: true, emaMomentum: 0.5 });
    using model = modelOf(optimizer);
    const stop = new AbortController();
    let last: number[] = [];
    const watch = callbacks.lambdaCallback({
      onTrainBatchEnd: async (batch) => {
        last = await flat(model);
        if (batch === 2) stop.abort();
      },
    });
    const options = { ...fitted, callbacks: [watch], signal: stop.signal };
    expect(await rejectionOf(model.fit(x, y, options))).toMatchObject({ code: 'ABORTED' });
    expect(await flat(model)).toEqual(last);
  });
});

describe('accumulated gradients', () => {
  it('change the weights by the mean of the batches, after all of them', async () => {
    const optimizer = optimizers.sgd({ learningRate: 1, gradientAccumulationSteps: 3 });
    const w = weight();
    const step = stepOf(optimizer, w);
    const seen = [];
    for (const g of [3, 6, 9, -3, 0, 0]) {
      await step([g, 0]);
      seen.push([numbers(w)[0], numbers(optimizer.iterations)[0]]);
    }
    expect(seen).toEqual([
      [0, 0],
      [0, 0],
      [-6, 1],
      [-6, 1],
      [-6, 1],
      [-5, 2],
    ]);
  });

  it.each(['float32', 'mixedBfloat16'] as const)('in %s: two batches are as one of both', async (policy) => {
    using halves = modelOf(optimizers.adam({ learningRate: 0.1, gradientAccumulationSteps: 2 }), policy);
    using whole = modelOf(optimizers.adam({ learningRate: 0.1 }), policy);
    await halves.fit(x, y, { ...fitted, batchSize: 4, epochs: 2 });
    await whole.fit(x, y, { ...fitted, batchSize: 8, epochs: 2 });
    const [a, b] = [await flat(halves), await flat(whole)];
    // Sums in another order differ by 8 roundings; those of Adam's quotient in the same parts, in six steps of at most 0.1 each. In bfloat16
    // the gradients of the halves are rounded one by one: by 2⁻⁹ of themselves.
    const unit = policy === 'float32' ? 8 * 2 ** -24 : 2 * 2 ** -9;
    a.forEach((value, i) => expect(Math.abs(value - itemAt(b, i))).toBeLessThanOrEqual(6 * 0.1 * 4 * unit));
    expect(b[0]).not.toBe(1);
  });

  it('leave the learning rate to a schedule of batches', async () => {
    const { schedules } = optimizers;
    const learningRate = schedules.piecewiseConstantDecay({
      boundaries: [0, 1, 2],
      values: [1, 2, 4, 8],
    });
    const optimizer = optimizers.sgd({ learningRate, gradientAccumulationSteps: 2 });
    const w = weight();
    const step = stepOf(optimizer, w);
    const rates = [];
    for (let t = 0; t < 4; t++) {
      rates.push(optimizer.learningRate);
      await step([1, 0]);
    }
    expect(rates).toEqual([1, 2, 4, 8]);
    expect(numbers(w)[0]).toBe(-2 - 8);
  });
});

describe('the loss scale', () => {
  it('of lossScaleFactor multiplies the loss and divides the gradients', async () => {
    const optimizer = optimizers.sgd({ learningRate: 1, lossScaleFactor: 4 });
    const w = weight();
    const step = compile((g: Sym) => {
      const loss = ops.sum(ops.multiply(w, g));
      const scaled = optimizer.scaleLoss(ops.add(loss, 1));
      return { scaled, ...optimizer.minimize(loss, [w]) };
    });
    const { scaled } = await step([3, 0]);
    expect(await scaled.item()).toBe(4);
    expect(numbers(w)).toEqual([-3, 0]);
    await stepOf(optimizer, w)([4, 8]);
    expect(numbers(w)).toEqual([-4, -2]);
  });

  it('grows after steps with finite gradients, and leaves out those with others', async () => {
    const inner = optimizers.adam({ learningRate: 0.5, useEma: true });
    const optimizer = optimizers.lossScaleOptimizer({
      innerOptimizer: inner,
      initialScale: 8,
      dynamicGrowthSteps: 2,
    });
    const [v, w] = [weight('v'), weight('w')];
    const step = stepOf(optimizer, v, w);
    const scales = [];
    for (const g of [1, 1, Infinity, 1, NaN]) {
      await step([1, 1], [1, g]);
      scales.push([...numbers(optimizer.dynamicScale), ...numbers(optimizer.stepCounter)]);
    }
    expect(scales).toEqual([
      [8, 1],
      [16, 0],
      [8, 0],
      [8, 1],
      [4, 0],
    ]);
    expect(numbers(optimizer.iterations)).toEqual([3]);
    for (const values of [v, w, ...inner.variables])
      expect(numbers(values).every(Number.isFinite), values.name).toBe(true);
    optimizer.learningRate = 0.25;
    expect(inner.learningRate).toBe(0.25);
  });

  it('of another lossScaleOptimizer is refused', () => {
    const innerOptimizer = optimizers.lossScaleOptimizer({ innerOptimizer: optimizers.sgd() });
    expect(errorOf(() => optimizers.lossScaleOptimizer({ innerOptimizer }))).toMatchObject({
      code: 'ARGUMENT',
    });
  });
});

describe('groups of weights', () => {
  it('have learning rates of their own, in fit too', async () => {
    const [slow, fast] = [
      optimizers.sgd({ learningRate: 0 }),
      optimizers.sgd({ learningRate: 0.1, useEma: true }),
    ];
    const optimizer = optimizers.multiOptimizer({
      optimizerMap: (w) => (w.name.endsWith('bias') ? fast : slow),
    });
    using model = modelOf(optimizer);
    await model.fit(x, y, fitted);
    const [kernel, bias] = await flat(model);
    expect(kernel).toBe(1);
    expect(bias).not.toBe(0);
    expect(optimizer.optimizers).toEqual([slow, fast]);
    expect(optimizer.variables.map(({ name }) => name).filter((name) => !name.includes('/'))).toEqual([
      'iterations',
      'iterations',
      'learningRate',
      'iterations',
      'learningRate',
    ]);
    expect([optimizer.iterations, slow.iterations, fast.iterations].map((n) => numbers(n)[0])).toEqual([
      6, 6, 6,
    ]);
    expect(numbers(fast.averageOf(itemAt(model.trainableWeights, 1)))).toEqual([bias]);
    expect(optimizer.averageOf(firstOf(model.trainableWeights))).toBeUndefined();
  });

  it('are found by whole names, then by one pattern', () => {
    const [a, b, c] = [optimizers.sgd(), optimizers.adam(), optimizers.lion()];
    const map = optimizers.optimizerMap({ defaultOptimizer: a, optimizerMap: { 'encoder/.*': b } });
    map.set('encoder/bias', c);
    expect([map.get('encoder/bias'), map.get('encoder/kernel'), map.get('my encoder/kernel')]).toEqual([
      c,
      b,
      a,
    ]);
    expect(map.keys()).toEqual(['encoder/.*', 'encoder/bias']);
    map.set('.*/kernel', c);
    expect(errorOf(() => map.get('encoder/kernel')).message).toMatch(/'encoder\/\.\*', '\.\*\/kernel'/);
    expect(map.delete('.*/kernel')).toBe(true);
    expect(errorOf(() => map.set('encoder/.*', a)).message).toMatch(/a key that is not there yet/);
    expect(errorOf(() => map.set('(', a))).toMatchObject({ code: 'ARGUMENT' });
    const composed = optimizers.lossScaleOptimizer({ innerOptimizer: a });
    expect(errorOf(() => map.set('x', composed as never)).message).toMatch(/changes weights itself for 'x'/);
  });

  it('have no one learning rate', () => {
    const optimizer = optimizers.multiOptimizer({ optimizerMap: () => optimizers.sgd() });
    expect(errorOf(() => optimizer.learningRate)).toMatchObject({ code: 'STATE' });
    expect(errorOf(() => (optimizer.learningRate = 1)).message).toMatch(/multi\.optimizers/);
  });

  it('of a function need its registered name in a configuration', async () => {
    const optimizer = optimizers.multiOptimizer({ optimizerMap: () => 5 as never });
    expect(errorOf(() => optimizerConfig(optimizer))).toMatchObject({ code: 'ARGUMENT' });
    const error = await rejectionOf(stepOf(optimizer, weight())([1, 1]));
    expect(error.message).toMatch(/changes weights itself for 'w'/);
    const choose = saving.registerKerasSerializable('tests', 'choose')(() => optimizers.sgd());
    const config = optimizerConfig(optimizers.multiOptimizer({ optimizerMap: choose }));
    const again = optimizerOf(JSON.parse(JSON.stringify(config)) as optimizers.OptimizerLike);
    expect(again).toMatchObject({ optimizerMap: choose });
  });
});

describe('weight decay', () => {
  it('leaves out weights and names', async () => {
    const optimizer = optimizers.adamW({ learningRate: 0.1, weightDecay: 0.5 });
    const weights = ['a/kernel', 'a/bias', 'b/kernel'].map((name) => variable([1, 1], { name }));
    optimizer.excludeFromWeightDecay({ varList: [itemAt(weights, 2)], varNames: ['bias'] });
    await stepOf(optimizer, ...weights)([0, 0], [0, 0], [0, 0]);
    expect(weights.map((w) => numbers(w)[0])).toEqual([Math.fround(1 - 0.05), 1, 1]);
    expect(errorOf(() => optimizer.excludeFromWeightDecay({}))).toMatchObject({ code: 'STATE' });
  });

  it.each([[{ varList: [5] }], [{ varNames: ['('] }], [{ names: ['bias'] }], [['bias']]])(
    'refuses %j',
    (given) => {
      const error = errorOf(() => optimizers.adamW().excludeFromWeightDecay(given as never));
      expect(error).toMatchObject({ code: 'ARGUMENT' });
      expect(error.message).toMatch(/^\[excludeFromWeightDecay\]/);
    },
  );
});

describe('states', () => {
  const make = () => [
    optimizers.adam({ learningRate: 0.1, amsgrad: true, useEma: true }),
    optimizers.nadam({ gradientAccumulationSteps: 2 }),
    optimizers.scheduleFreeAdamW(),
    optimizers.lossScaleOptimizer({ innerOptimizer: optimizers.rmsprop(), dynamicGrowthSteps: 2 }),
    optimizers.multiOptimizer({
      optimizerMap: optimizers.optimizerMap({
        defaultOptimizer: optimizers.sgd({ momentum: 0.9 }),
        optimizerMap: { v: optimizers.adagrad() },
      }),
    }),
  ];
  const gradients = (t: number) => [
    [Math.sin(t), Math.cos(t)],
    [Math.sin(t + 1), Math.cos(t + 1)],
  ];

  it.each(make().map((optimizer, i) => [optimizer.className, i] as const))(
    '%s goes on from its weights',
    async (_, i) => {
      const [first, second] = [itemAt(make(), i), itemAt(make(), i)];
      const [a, b] = [
        [weight('v'), weight('w')],
        [weight('v'), weight('w')],
      ];
      const step = stepOf(first, ...a);
      for (let t = 0; t < 3; t++) await step(...gradients(t));
      second.build(b);
      second.setWeights(await first.getWeights());
      b.forEach((v, k) => v.assign(itemAt(a, k)));
      const stepAgain = stepOf(second, ...b);
      for (let t = 3; t < 8; t++) {
        await step(...gradients(t));
        await stepAgain(...gradients(t));
      }
      expect(b.map(numbers)).toEqual(a.map(numbers));
      expect(second.variables.map(numbers)).toEqual(first.variables.map(numbers));
      expect(second.variables.map(({ name }) => name)).toEqual(first.variables.map(({ name }) => name));
    },
  );

  it('have the learning rate with them', async () => {
    const [first, second] = [optimizers.sgd({ learningRate: 0.25 }), optimizers.sgd()];
    second.setWeights(await first.getWeights());
    expect(second.learningRate).toBe(0.25);
    const multi = optimizers.lossScaleOptimizer({ innerOptimizer: optimizers.sgd() });
    multi.setWeights([0, 8, 0, 0.5]);
    expect(multi.learningRate).toBe(0.5);
  });

  it('of another count are refused', () => {
    const error = errorOf(() => optimizers.adam().setWeights([0]));
    expect(error).toMatchObject({ code: 'ARGUMENT' });
    expect(error.message).toMatch(/2 arrays for 'adam', received 1/);
  });

  it('are none after dispose', async () => {
    const optimizer = optimizers.adam({ gradientAccumulationSteps: 2 });
    await stepOf(optimizer, weight())([1, 1]);
    expect(optimizer.built).toBe(true);
    optimizer.dispose();
    expect(optimizer.built).toBe(false);
    expect(optimizer.variables.map(({ name }) => name)).toEqual(['iterations', 'gathered', 'learningRate']);
  });
});

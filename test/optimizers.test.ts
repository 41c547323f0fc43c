import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { compile } from '../lib/core/compile.js';
import * as ops from '../lib/ops/index.js';
import * as optimizers from '../lib/optimizers/index.js';
import { optimizerOf } from '../lib/optimizers/registry.js';
import type { Sym } from '../lib/core/sym.js';
import { tensor } from '../lib/core/tensor.js';
import { variable } from '../lib/core/variable.js';
import { errorOf, rejectionOf } from './support/run.js';

/** A step along the gradient g of sum(w g), for the weights one by one. */
function stepOf(optimizer: optimizers.BaseOptimizer, ...starts: number[][]) {
  const weights = starts.map((start) => variable(start));
  const step = compile((...gs: Sym[]) => {
    const loss = gs
      .map((g, i) => ops.sum(ops.multiply(itemAt(weights, i), g)))
      .reduce((a, b) => ops.add(a, b));
    return { ...optimizer.minimize(loss, weights) };
  });
  const numbers = () => weights.map((weight) => [...weight.dataSync()]);
  return { step: step as (...gs: number[][]) => Promise<unknown>, numbers, weights };
}

const close = (actual: number[], expected: number[]) =>
  actual.forEach((n, i) => expect(n).toBeCloseTo(itemAt(expected, i), 6));

describe('updates by hand (the fixtures compare 100 steps with Keras)', () => {
  it('sgd takes learningRate · gradient away', async () => {
    const { step, numbers } = stepOf(optimizers.sgd({ learningRate: 0.5 }), [1, 2]);
    await step([1, -2]);
    expect(numbers()[0]).toEqual([0.5, 3]);
  });

  it('momentum goes on, Nesterov looks ahead', async () => {
    const plain = stepOf(optimizers.sgd({ learningRate: 1, momentum: 0.5 }), [0]);
    for (let i = 0; i < 2; i++) await plain.step([1]);
    expect(plain.numbers()[0]).toEqual([-1 + -1.5]);
    const nesterov = stepOf(optimizers.sgd({ learningRate: 1, momentum: 0.5, nesterov: true }), [0]);
    await nesterov.step([1]);
    expect(nesterov.numbers()[0]).toEqual([-1.5]);
  });

  it("adam's first step is learningRate long", async () => {
    const { step, numbers } = stepOf(optimizers.adam({ learningRate: 0.1 }), [1, 1, 1]);
    await step([3, -1, 0]);
    close(firstOf(numbers()), [0.9, 1.1, 1]);
  });

  it('weight decay is decoupled from the gradient', async () => {
    const { step, numbers } = stepOf(optimizers.adamW({ learningRate: 0.1, weightDecay: 0.5 }), [2]);
    await step([0]);
    close(firstOf(numbers()), [2 - 0.1 * 0.5 * 2]);
  });

  it('clips single numbers, single gradients and all together', async () => {
    const rate = { learningRate: 1 };
    const value = stepOf(optimizers.sgd({ ...rate, clipvalue: 0.5 }), [0, 0], [0]);
    await value.step([3, -4], [0.25]);
    expect(value.numbers()).toEqual([[-0.5, 0.5], [-0.25]]);
    const norm = stepOf(optimizers.sgd({ ...rate, clipnorm: 1 }), [0, 0], [0]);
    await norm.step([3, -4], [0.25]);
    close(firstOf(norm.numbers()), [-0.6, 0.8]);
    expect(norm.numbers()[1]).toEqual([-0.25]);
    const global = stepOf(optimizers.sgd({ ...rate, globalClipnorm: 1 }), [0, 0], [0]);
    await global.step([3, -4], [12]);
    close(global.numbers().flat(), [-3 / 13, 4 / 13, -12 / 13]);
  });
});

describe('the learning rate', () => {
  it('holds from the next step, without another trace', async () => {
    const optimizer = optimizers.sgd({ learningRate: 1 });
    const w = variable([0]);
    let traces = 0;
    const step = compile((g: Sym) => {
      traces++;
      return { ...optimizer.minimize(ops.sum(ops.multiply(w, g)), [w]) };
    });
    await step([1]);
    optimizer.learningRate = 0.25;
    expect(optimizer.learningRate).toBe(0.25);
    await step([1]);
    expect([...w.dataSync()]).toEqual([-1.25]);
    expect(traces).toBe(1);
  });

  it('counts its steps', async () => {
    const optimizer = optimizers.adam();
    const { step } = stepOf(optimizer, [1]);
    for (let i = 0; i < 3; i++) await step([1]);
    expect([...optimizer.iterations.dataSync()]).toEqual([3]);
  });

  it.each([Number.NaN, Infinity, -1, '0.1'])('refuses %s', (learningRate) => {
    const error = errorOf(() => optimizers.adam({ learningRate: learningRate as number }));
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(/learningRate.*received/);
    const optimizer = optimizers.sgd();
    expect(errorOf(() => (optimizer.learningRate = learningRate as number))).toMatchObject({
      code: 'ARGUMENT',
    });
    expect(optimizer.learningRate).toBe(0.01);
  });
});

describe('names, configurations and errors', () => {
  it.each([
    optimizers.sgd({ learningRate: 0.2, momentum: 0.9, nesterov: true, clipnorm: 1 }),
    optimizers.rmsprop({ rho: 0.8, momentum: 0.1, epsilon: 1e-3, centered: true, clipvalue: 2 }),
    optimizers.adam({ beta1: 0.8, beta2: 0.9, epsilon: 1e-3, amsgrad: true, globalClipnorm: 3 }),
    optimizers.adamW({ learningRate: 0.2, weightDecay: 0.3 }),
    optimizers.adadelta({ rho: 0.8, epsilon: 1e-3, weightDecay: 0.1 }),
    optimizers.adagrad({ initialAccumulatorValue: 0.5, epsilon: 1e-3, name: 'mine' }),
    optimizers.adamax({ beta1: 0.8, useEma: true, emaMomentum: 0.5, emaOverwriteFrequency: 7 }),
    optimizers.nadam({ beta2: 0.8, lossScaleFactor: 8, gradientAccumulationSteps: 3 }),
    optimizers.adafactor({
      beta2Decay: -0.5,
      epsilon1: 1e-3,
      epsilon2: 1e-2,
      clipThreshold: 2,
      relativeStep: false,
    }),
    optimizers.ftrl({
      learningRatePower: -0.3,
      initialAccumulatorValue: 1,
      beta: 2,
      l1RegularizationStrength: 3,
    }),
    optimizers.ftrl({ l2RegularizationStrength: 4, l2ShrinkageRegularizationStrength: 5 }),
    optimizers.lamb({ beta1: 0.5, epsilon: 1e-3 }),
    optimizers.lion({ beta1: 0.5, beta2: 0.6 }),
    optimizers.muon({
      adamBeta1: 0.5,
      adamBeta2: 0.6,
      adamWeightDecay: 0.1,
      epsilon: 1e-3,
      excludeLayers: ['out'],
    }),
    optimizers.muon({
      excludeEmbeddings: false,
      muonA: 1,
      muonB: 2,
      muonC: 3,
      adamLrRatio: 0.5,
      momentum: 0.4,
    }),
    optimizers.muon({ nsSteps: 2, nesterov: false, rmsRate: null }),
    optimizers.scheduleFreeAdamW({ beta1: 0.5, warmupSteps: 10 }),
    optimizers.lossScaleOptimizer({
      innerOptimizer: optimizers.adam({ beta1: 0.5 }),
      initialScale: 8,
      dynamicGrowthSteps: 5,
    }),
    optimizers.multiOptimizer({
      optimizerMap: optimizers.optimizerMap({
        defaultOptimizer: optimizers.adam({ beta1: 0.5 }),
        optimizerMap: { 'a/.*': optimizers.sgd({ momentum: 0.5 }) },
      }),
      lossScaleFactor: 2,
      name: 'two',
    }),
  ])('$className: the configuration makes an equal one', (optimizer) => {
    const config = JSON.parse(JSON.stringify(optimizer.getConfig())) as Record<string, unknown>;
    const again = optimizerOf({ className: optimizer.className, config });
    expect(again.constructor).toBe(optimizer.constructor);
    expect(again.getConfig()).toEqual(optimizer.getConfig());
  });

  it.each<[optimizers.OptimizerName, number]>([
    ['sgd', 0.01],
    ['SGD', 0.01],
    ['RMSprop', 0.001],
    ['adam', 0.001],
    ['AdamW', 0.001],
    ['adadelta', 1],
    ['Adafactor', 0.001],
    ['Adagrad', 0.001],
    ['Adamax', 0.001],
    ['Ftrl', 0.001],
    ['Lamb', 0.001],
    ['Lion', 0.001],
    ['Muon', 0.001],
    ['Nadam', 0.001],
    ['scheduleFreeAdamW', 0.0025],
  ])('%s is known, with its learning rate', (name, rate) => {
    expect(optimizerOf(name).learningRate).toBe(rate);
  });

  it('takes lists of pairs and of variables, without holes', () => {
    const w = variable([1]);
    const step = (list: (optimizer: optimizers.Optimizer, g: Sym) => unknown) =>
      rejectionOf(compile((g: Sym) => ({ ...(list(optimizers.adam(), g) as object) }))([1]));
    const holes = (item: unknown) => {
      const list = new Array<unknown>(2);
      list[0] = item;
      return list as never;
    };
    return Promise.all([
      expect(step((optimizer, g) => optimizer.applyGradients(holes([g, w])))).resolves.toMatchObject({
        code: 'ARGUMENT',
      }),
      expect(step((optimizer, g) => optimizer.minimize(ops.sum(g), holes(w)))).resolves.toMatchObject({
        code: 'ARGUMENT',
      }),
    ]);
  });

  it('an unknown name tells the nearest', () => {
    expect(errorOf(() => optimizerOf('adamm' as never)).message).toMatch(/did you mean 'adam'/);
  });

  it.each([
    [{ clipnorm: 1, clipvalue: 1 }, /clip/],
    [{ clipnorm: -1 }, /clipnorm/],
    [{ weightDecay: Number.NaN }, /weightDecay/],
    [{ emaMomentum: 1.1 }, /emaMomentum from 0 to 1/],
    [{ emaOverwriteFrequency: 0 }, /emaOverwriteFrequency/],
    [{ gradientAccumulationSteps: 1 }, /gradientAccumulationSteps/],
    [{ lossScaleFactor: 0 }, /lossScaleFactor/],
    [{ name: 5 as never }, /name/],
  ])('refuses %j', (options, message) => {
    expect(errorOf(() => optimizers.sgd(options)).message).toMatch(message);
  });

  it('needs a scalar loss inside compile()', async () => {
    const w = variable([1, 2]);
    const step = compile((x: Sym) => ({ ...optimizers.sgd().minimize(ops.multiply(w, x), [w]) }));
    expect(await rejectionOf(step([1, 2]))).toMatchObject({ code: 'SHAPE' });
    expect(errorOf(() => optimizers.sgd().minimize(tensor(1), [w]))).toMatchObject({ code: 'ARGUMENT' });
  });
});

// Products of matrices and convolutions on the emulated GPU: what the op table does not reach, and steps that run there while all else is the
// CPU's.
import { beforeAll, describe, expect, it } from 'vitest';
import { itemAt } from '../../../lib/base/list.js';
import {
  Model,
  Sequential,
  type StepData,
  type Sym,
  type Tensor,
  compile,
  getDevice,
  grad,
  layers,
  ops,
  optimizers,
  setDevice,
  tensor,
  variable,
} from '../../../lib/index.js';
import { apart, boundOf, numbers } from './compare.js';
import { largest } from '../../support/updates.js';
import { useEmulatedGpu } from './gpu.js';

beforeAll(() => {
  useEmulatedGpu();
  setDevice('cpu');
});

describe('products', () => {
  it.each<[string, Tensor, Tensor]>([
    ['one matrix for a stack', numbers(3, 4, 5), numbers(5, 7)],
    ['a stack for one matrix', numbers(4, 5), numbers(3, 5, 7)],
    ['two stacks', numbers(6, 4, 5), numbers(6, 5, 7)],
    // Neither one stack of stacks nor one of matrices: several calls.
    ['stacks along different dimensions', numbers(2, 1, 4, 5), numbers(3, 5, 7)],
    ['stacks with a gap between', numbers(2, 1, 3, 4, 5), numbers(2, 3, 1, 5, 7)],
    ['columns', numbers(9, 1), numbers(1, 9)],
  ])('%s', async (_, a, b) => {
    expect(await apart((x: Sym, y: Sym) => ops.matmul(x, y), a, b)).toBeLessThanOrEqual(boundOf(9));
  });

  it('of no numbers are zeros, and of no features none at all', async () => {
    const product = compile((a: Sym, b: Sym) => ops.matmul(a, b), { device: 'cuda' });
    const result = await product(tensor([], [2, 0]), tensor([], [0, 3]));
    expect([...result.dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('take a bias along, and leave activations to the chain after them, by which NaN stays NaN', async () => {
    const w = variable(numbers(5, 3));
    const b = variable([1, 2, 3]);
    const layer = (x: Sym) => ops.relu(ops.add(ops.matmul(x, w), b));
    expect(await apart(layer, numbers(4, 5))).toBeLessThanOrEqual(boundOf(5) + 8 * 2 ** -24);
    const step = compile(layer, { device: 'cuda' });
    const [first] = (await step([[NaN, 0, 0, 0, 0]])).dataSync();
    expect(first).toBeNaN();
    expect(step.describe()).toMatch(/innerProduct.*cublaslt/);
  });
});

describe('convolutions', () => {
  const conv = (x: Sym, w: Sym) => ops.conv(x, w, { padding: 'same' });
  it.each<[string, Tensor, Tensor]>([
    ['sequences', numbers(2, 9, 3), numbers(3, 3, 4)],
    ['pictures', numbers(2, 5, 6, 3), numbers(3, 2, 3, 4)],
    ['volumes', numbers(1, 3, 4, 5, 2), numbers(2, 3, 2, 2, 3)],
  ])('of %s, with both gradients', async (_, x, w) => {
    const n = w.shape.reduce((a, b) => a * b, 1);
    expect(await apart(conv, x, w)).toBeLessThanOrEqual(boundOf(n));
    for (const which of [0, 1]) {
      const gradient = (a: Sym, b: Sym) => {
        const y = conv(a, b);
        return itemAt(grad(ops.multiply(y, y), [a, b]), which);
      };
      // Twice the sum of at most m products of y, up to n and as exact as above, with a number up to 1.
      const m = Math.max(n, x.size);
      expect(await apart(gradient, x, w)).toBeLessThanOrEqual(2 * m * (boundOf(n) + (m + 1) * n * 2 ** -24));
    }
  });

  it('of groups, of which cuDNN compiles the engine', async () => {
    const groups = (x: Sym, w: Sym) => ops.conv(x, w, { groups: 2 });
    const [x, w] = [numbers(2, 5, 5, 4), numbers(3, 3, 2, 6)];
    expect(await apart(groups, x, w)).toBeLessThanOrEqual(boundOf(18));
    const step = compile(groups, { device: 'cuda' });
    await step(x, w);
    expect(step.describe()).toMatch(/cudnn:compiled/);
  });
});

describe('the option device', () => {
  it('has a function run there, and nothing else', async () => {
    const twice = (x: Sym) => ops.matmul(x, ops.add(x, x));
    const there = compile(twice, { device: 'cuda' });
    const here = compile(twice);
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect([...(await there(x)).dataSync()]).toEqual([...(await here(x)).dataSync()]);
    expect(there.describe()).toMatch(/cublaslt/);
    expect(here.describe()).not.toMatch(/cublaslt/);
    expect(getDevice()).toBe('cpu');
  });

  it('has a model train there, with the results of the CPU', async () => {
    // Its loss is a product, too: nothing else adds numbers up, so that all is exact.
    class Net extends Model {
      readonly conv = layers.conv2d({ filters: 2, kernelSize: 3, useBias: false, kernelInitializer: 'ones' });
      readonly dense = layers.dense({ units: 2, useBias: false, kernelInitializer: 'ones' });
      override call(x: Sym): Sym {
        return this.dense.apply(ops.reshape(this.conv.apply(x), [-1, 3 * 3 * 2]));
      }
      override trainStep([x, y]: StepData) {
        const difference = ops.reshape(ops.subtract(this.apply(x as Sym), y as Sym), [1, 8]);
        const loss = ops.reshape(ops.matmul(difference, ops.transpose(difference)), []);
        const weights = this.trainableWeights;
        this.optimizer.applyGradients(grad(loss, weights).map((g, i) => [g, itemAt(weights, i)]));
        return { loss };
      }
    }
    const whole = (...shape: readonly number[]) => ops.floor(ops.multiply(numbers(...shape), 2));
    const x = whole(4, 5, 5, 1);
    const y = whole(4, 2);
    const trained = async (device: 'cpu' | 'cuda') => {
      using model = new Net();
      model.compile({ optimizer: optimizers.sgd({ learningRate: 2 ** -12 }), device });
      // All numbers of the first step are whole, up to the rate, and so exact on both.
      const first = await model.fit(x, y, { epochs: 1, verbose: 0 });
      const weights = (await model.getWeights()).map((w) => [...w.data]);
      const { history } = await model.fit(x, y, { epochs: 20, verbose: 0 });
      const predicted = await model.predict(x);
      return { loss: first.history['loss'], weights, last: history['loss']?.at(-1), predicted };
    };
    const there = await trained('cpu');
    const here = await trained('cuda');
    expect(here.loss).toEqual(there.loss);
    expect(here.weights).toEqual(there.weights);
    expect(here.last).toBeLessThan(itemAt(there.loss ?? [], 0) / 2);
    expect(here.predicted.shape).toEqual([4, 2]);
  });

  it('is refused where it is no device', () => {
    const wrong = { device: 'gpu' as 'cuda' };
    const message = "[compile] expected 'cpu', 'cuda' or 'cuda:1', received 'gpu'";
    expect(() => compile((x: Sym) => x, wrong)).toThrow(message);
    using model = new Sequential([layers.dense({ units: 1 })]);
    expect(() => {
      model.compile(wrong);
    }).toThrow(message);
  });
});

describe('bfloat16', () => {
  /** The largest difference from float32 of the CPU, over the root mean square of what that gives. */
  const error = async (fn: (x: Sym) => Sym, x: Tensor) => {
    const numbersOf = async (options: object) => {
      const step = compile(fn, options);
      const data = [...(await step(x)).dataSync()];
      return { data, plan: step.describe() };
    };
    const there = await numbersOf({});
    const here = await numbersOf({ device: 'cuda', dtypePolicy: 'mixedBfloat16' });
    expect(here.plan).toMatch(/bfloat16/);
    const square = there.data.reduce((sum, y) => sum + y * y, 0) / there.data.length;
    return largest(there.data.map((y, i) => y - itemAt(here.data, i))) / Math.sqrt(square);
  };
  // Two layers, of which each rounds its factors and its result to 8 bits, by up to 2^-9 each of numbers up to 4 of their root mean
  // squares; errors of the factors of a sum have all signs and add up as their squares do.
  const bound = 2 * 3 * 4 * 2 ** -9;
  const w1 = variable(numbers(3, 3, 2, 8));
  const w2 = variable(numbers(8, 5));
  const b2 = variable(numbers(5));
  const net = (x: Sym) => {
    const y = ops.relu(ops.conv(x, w1, { padding: 'same' }));
    return ops.add(ops.matmul(ops.reshape(y, [-1, 8]), w2), b2);
  };

  it('is what convolutions and products have on the policy mixedBfloat16', async () => {
    const apart = await error(net, numbers(2, 6, 6, 2));
    expect(apart).toBeLessThanOrEqual(bound);
    expect(apart).toBeGreaterThan(2 ** -12);
  });

  it('has gradients of weights in float32, of which cuDNN rounds its own', async () => {
    const whole = (...shape: readonly number[]) => ops.floor(ops.multiply(numbers(...shape), 2));
    const [a, b] = [variable(whole(3, 3, 2, 8)), variable(whole(8, 5))];
    const gradients = (x: Sym) => grad(ops.matmul(ops.reshape(ops.conv(x, a), [-1, 8]), b), [a, b]);
    const x = whole(8, 6, 6, 2);
    const there = await compile(gradients)(x);
    const here = await compile(gradients, { device: 'cuda', dtypePolicy: 'mixedBfloat16' })(x);
    // Whole numbers up to 256 are exact in bfloat16: the sums of products of the layer before are.
    const [da, db] = there.map((g) => [...g.dataSync()]);
    expect([...itemAt(here, 1).dataSync()]).toEqual(db);
    expect(largest(db ?? [])).toBeGreaterThan(256);
    const rounded = [...itemAt(here, 0).dataSync()];
    (da ?? []).forEach((g, i) => {
      expect(Math.abs(itemAt(rounded, i) - g)).toBeLessThanOrEqual(Math.abs(g) * 2 ** -9);
    });
  });
});

describe('TF32', () => {
  const [w, k] = [variable(numbers(7, 5)), variable(numbers(3, 3, 2, 7))];
  const net = (x: Sym) => {
    const y = ops.conv(x, k, { padding: 'same' });
    const loss = ops.sum(ops.square(ops.matmul(ops.reshape(y, [-1, 7]), w)));
    return [y, ops.matmul(ops.reshape(y, [-1, 7]), w), ...grad(loss, [x, w, k])];
  };
  const x = numbers(2, 6, 6, 2);
  const results = async (options: object) => {
    const step = compile(net, options);
    return { results: (await step(x)).map((y) => [...y.dataSync()]), plan: step.describe() };
  };
  /** The largest difference of each result, over its root mean square. */
  const difference = (a: readonly number[][], b: readonly number[][]) =>
    a.map((numbersOf, i) => {
      const square = numbersOf.reduce((sum, y) => sum + y * y, 0) / numbersOf.length;
      return largest(numbersOf.map((y, j) => y - itemAt(itemAt(b, i), j))) / Math.sqrt(square);
    });
  // Up to five products one after another round their two factors by up to 2^-11 of numbers up to 4 of their root mean squares; errors of
  // the factors of a sum have all signs and add up as their squares do.
  const bound = 5 * 2 * 4 * 2 ** -11;

  it('is what products and convolutions may have on the policy tensorFloat32, and no tensor is', async () => {
    const there = await results({});
    const here = await results({ device: 'cuda', dtypePolicy: 'tensorFloat32' });
    for (const apart of difference(there.results, here.results)) {
      expect(apart).toBeLessThanOrEqual(bound);
      expect(apart).toBeGreaterThan(2 ** -16);
    }
    expect(here.plan).not.toMatch(/bfloat16/);
    expect(await results({ device: 'cuda', dtypePolicy: 'tensorFloat32' })).toEqual(here);
  });

  it('is left out by default, and by the CPU', async () => {
    const exact = await results({});
    for (const apart of difference(exact.results, (await results({ device: 'cuda' })).results))
      expect(apart).toBeLessThan(2 ** -18);
    expect((await results({ dtypePolicy: 'tensorFloat32' })).results).toEqual(exact.results);
  });

  it('is the choice of a layer, too', async () => {
    const predicted = async (dtypePolicy: 'float32' | 'tensorFloat32', dtype?: string) => {
      using model = new Sequential(
        [layers.input({ shape: [6, 6, 2] }), layers.conv2d({ filters: 4, kernelSize: 3, dtype })],
        { dtypePolicy, seed: 1 },
      );
      model.compile({ device: 'cuda' });
      return [...(await model.predict(x)).dataSync()];
    };
    const exact = await predicted('float32');
    const rounded = await predicted('tensorFloat32');
    expect(rounded).not.toEqual(exact);
    expect(await predicted('float32', 'tensorFloat32')).toEqual(rounded);
    expect(await predicted('tensorFloat32', 'float32')).toEqual(exact);
  });
});

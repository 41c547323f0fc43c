import { firstOf } from '../lib/base/list.js';
import { Model, Sequential, grad, compile, layers, ops, tensor, type Sym } from 'nodegrad';
import { expect, test } from 'vitest';

// A model's depth is limited by memory alone: neither JavaScript's stack nor the time to plan ends it.
test('ten thousand layers one behind the other make a model', async () => {
  const inputs = layers.input({ shape: [2] });
  let x = inputs;
  for (let i = 0; i < 10_000; i++) x = layers.relu({ name: `relu${i}` }).apply(x);
  const model = new Model({ inputs, outputs: x });
  expect(model.layers.length).toBe(10_001);
  const y = await model.predict(tensor([[1, -2]]));
  expect([...(await y.data())]).toEqual([1, 0]);
  model.dispose();
}, 120_000);

test('a thousand dense layers train', async () => {
  const model = new Sequential([
    layers.input({ shape: [1] }),
    ...Array.from({ length: 1000 }, () => layers.dense({ units: 1, kernelInitializer: 'ones' })),
  ]);
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const { loss } = await model.trainOnBatch(tensor([[4]]), tensor([[6]]));
  expect(loss).toBeCloseTo(4, 6); // layers that pass on what they get: 2²
  model.dispose();
}, 120_000);

test('the gradient of a chain of four thousand ops is the product of theirs', async () => {
  const chain = compile((x: Sym) => {
    let y = x;
    for (let i = 0; i < 4000; i++) y = ops.tanh(y);
    return firstOf(grad(ops.sum(y), [x]));
  });
  let [value, derivative] = [0.5, 1];
  for (let i = 0; i < 4000; i++) {
    value = Math.tanh(value);
    derivative *= 1 - value * value;
  }
  const [result] = await (await chain(tensor([0.5]))).data();
  // Each factor is rounded about four times, by up to 2⁻²⁴ of it.
  expect(Math.abs(result! / derivative - 1)).toBeLessThan(4000 * 4 * 2 ** -24);
}, 120_000);

// Layers that compute in another dtype than their model.
import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  type Sym,
  Model,
  Sequential,
  compile,
  getEngineInfo,
  grad,
  layers,
  mixedPrecision,
  modelFromJson,
  ops,
} from '../lib/index.js';
import { worst } from './fixtures/read.js';
import { errorOf } from './support/run.js';

/** Small numbers that bfloat16 holds exactly, so that only weights and products are rounded. */
const x = ops.divide(ops.round(ops.randomUniform([16, 64], { seed: 1, minval: -8, maxval: 8 })), 8);
const weights = [ops.randomUniform([64, 32], { seed: 2 }), ops.randomUniform([32], { seed: 3 })];

/** Outputs and gradients of a dense layer in a program of a policy. */
async function run(policy: mixedPrecision.DtypePolicy, options: object) {
  mixedPrecision.setDtypePolicy(policy);
  try {
    const layer = layers.dense({ units: 32, ...options });
    layer.build([-1, 64]);
    layer.setWeights(weights);
    const step = compile((given: Sym) => {
      const y = layer.apply(given);
      return [y, ...grad(ops.sum(ops.square(y)), [given, ...layer.trainableWeights])];
    });
    return await Promise.all((await step(x)).map(async (made) => (await made.data()) as Float32Array));
  } finally {
    mixedPrecision.setDtypePolicy('float32');
  }
}
const apart = (a: Float32Array[], b: Float32Array[]) =>
  a.map((values, i) => worst(values, itemAt(b, i), Math.max(...Array.from(itemAt(b, i), Math.abs))));
/** Sums of at most 64 products in float32, and their squares' gradients. */
const FLOAT32 = 128 * 2 ** -24;

describe.runIf(getEngineInfo().bfloat16)('the dtype of a layer', () => {
  it('float32 in a mixed model computes as in a float32 model, gradients too', async () => {
    const exact = await run('float32', {});
    const mixed = await run('mixedBfloat16', {});
    for (const difference of apart(mixed, exact)) expect(difference).toBeGreaterThan(FLOAT32);
    for (const options of [{ dtype: 'float32' }, { autocast: false }])
      for (const difference of apart(await run('mixedBfloat16', options), exact))
        expect(difference).toBeLessThan(FLOAT32);
  });

  it('mixedBfloat16 in a float32 model computes as in a mixed model', async () => {
    const exact = await run('float32', {});
    const mixed = await run('mixedBfloat16', {});
    const own = await run('float32', { dtype: 'mixedBfloat16' });
    expect(apart(own, exact)[0]).toBeGreaterThan(FLOAT32);
    expect(apart(own, mixed)[0]).toBe(0);
    // The gradient of a sum of squares, outside of the layer, is float32 here: one rounding of each output less.
    for (const difference of apart(own, mixed)) expect(difference).toBeLessThan(4 * 2 ** -8);
  });

  it('of the way back of an embedding may be another than its own', async () => {
    const back = async (dtypePolicy: 'float32' | 'mixedBfloat16', options: object) => {
      const embedding = layers.reversibleEmbedding({ inputDim: 48, outputDim: 64, ...options });
      embedding.build([-1, 2]);
      embedding.setWeights([ops.randomUniform([48, 64], { seed: 7 })]);
      const x = layers.input({ shape: [64] });
      const outputs = embedding.apply(x, { reverse: true });
      const model = new Model({ inputs: x, outputs, dtypePolicy });
      const copy = Model.fromConfig({ ...model.getConfig(), dtypePolicy }) as unknown as Model;
      copy.setWeights(await model.getWeights());
      const given = ops.randomUniform([3, 64], { seed: 8 });
      const [own, again] = await Promise.all(
        [model, copy].map(async (one) => (await one.predict(given)).data()),
      );
      expect(again).toEqual(own);
      return own;
    };
    const exact = await back('float32', {});
    const mixed = await back('mixedBfloat16', {});
    expect(mixed).not.toEqual(exact);
    expect(await back('mixedBfloat16', { reverseDtype: 'float32' })).toEqual(exact);
    expect(await back('float32', { reverseDtype: 'bfloat16' })).toEqual(mixed);
  });

  it('reaches the layers within, and none after it', async () => {
    const results: Float32Array[] = [];
    for (const dtype of ['float32', undefined]) {
      const inner = new Sequential(
        [layers.input({ shape: [64] }), layers.dense({ units: 32 }), layers.dense({ units: 32 })],
        { dtype },
      );
      inner.setWeights([...weights, ops.randomUniform([32, 32], { seed: 5 }), itemAt(weights, 1)]);
      const input = layers.input({ shape: [64] });
      const model = new Model({ inputs: input, outputs: inner.apply(input), dtypePolicy: 'mixedBfloat16' });
      const plain = new Model({ inputs: input, outputs: inner.apply(input), dtypePolicy: 'float32' });
      for (const one of [model, plain])
        results.push((await (await one.predictOnBatch(x)).data()) as Float32Array);
    }
    const scale = Math.max(...Array.from(itemAt(results, 1), Math.abs));
    expect(worst(firstOf(results), itemAt(results, 1), scale)).toBeLessThan(FLOAT32);
    expect(worst(itemAt(results, 2), itemAt(results, 3), scale)).toBeGreaterThan(FLOAT32);
  });

  it('trains nets whose layers differ', async () => {
    const model = new Sequential(
      [
        layers.input({ shape: [64] }),
        layers.dense({ units: 16, activation: 'relu' }),
        layers.batchNormalization({ dtype: 'float32' }),
        layers.activation({ activation: 'tanh', dtype: 'mixedBfloat16' }),
        layers.dense({ units: 4 }),
        layers.activation({ activation: 'softmax', dtype: 'float32' }),
      ],
      { dtypePolicy: 'mixedBfloat16', seed: 1 },
    );
    model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
    const y = ops.oneHot(ops.argMax(ops.slice(x, [0, 0], [16, 4]), { axis: -1 }), { depth: 4 });
    const { history } = await model.fit(x, y, { epochs: 40, verbose: 0 });
    expect(history['loss']!.at(-1)).toBeLessThan(firstOf(history['loss']!) / 2);
    const sums = await ops.sum(await model.predictOnBatch(x), { axis: -1 }).data();
    // A softmax in bfloat16 would miss 1 by up to 2⁻⁹ for each of its four numbers.
    for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(8 * 2 ** -24);
  });
});

describe('what layers tell about dtypes', () => {
  it('by default, and with options', () => {
    const plain = layers.dense({ units: 2 });
    const told = ({ dtypePolicy, computeDtype, inputDtype, variableDtype, dtype }: layers.Layer) => [
      dtypePolicy,
      computeDtype,
      inputDtype,
      variableDtype,
      dtype,
    ];
    expect(told(plain)).toEqual(['float32', 'float32', 'float32', 'float32', 'float32']);
    const mixed = layers.dense({ units: 2, dtype: 'mixed_bfloat16' });
    expect(told(mixed)).toEqual(['mixedBfloat16', 'bfloat16', 'bfloat16', 'float32', 'float32']);
    expect(layers.dense({ units: 2, dtype: 'mixedBfloat16', autocast: false }).computeDtype).toBe('float32');
    expect(new layers.InputLayer({ shape: [2], dtype: 'int32' }).dtype).toBe('int32');
  });

  it('is kept in configurations, and in JSON as Keras has it', () => {
    const dense = layers.dense({ units: 2, dtype: 'mixedBfloat16', autocast: false });
    expect(layers.Dense.fromConfig(dense.getConfig()).getConfig()).toEqual(dense.getConfig());
    expect(dense.getConfig()).toMatchObject({ dtype: 'mixedBfloat16', autocast: false });
    expect(layers.dense({ units: 2 }).getConfig()).not.toHaveProperty('dtype');
    const input = layers.input({ shape: [3] });
    const outputs = layers
      .activation({ activation: 'softmax', dtype: 'float32' })
      .apply(layers.dense({ units: 2 }).apply(input));
    const model = new Model({ inputs: input, outputs, dtypePolicy: 'mixedBfloat16' });
    const text = JSON.stringify(model);
    const policies = [...text.matchAll(/"DTypePolicy","config":\{"name":"(\w+)"\}/g)].map(([, name]) => name);
    expect(policies).toEqual(['mixed_bfloat16', 'float32']);
    const again = modelFromJson(text);
    expect([again.dtypePolicy, ...again.layers.slice(1).map((layer) => layer.getConfig()['dtype'])]).toEqual([
      'mixedBfloat16',
      undefined,
      'float32',
    ]);
    expect(JSON.stringify(again)).toBe(text);
  });

  it.each(['float64', 'float16', 'bfloat16', 'int8', 3])('%s is refused', (dtype) => {
    expect(errorOf(() => layers.dense({ units: 2, dtype: dtype as never }))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('float32, tensorFloat32, mixedBfloat16') as string,
    });
  });
});

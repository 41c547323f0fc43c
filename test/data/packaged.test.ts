import { Sequential, datasets, layers, optimizers } from 'nodegrad';
import { describe, expect, it } from 'vitest';

describe('datasets of packages', () => {
  it('iris', async () => {
    const { x, y, featureNames, classNames } = await datasets.iris();
    expect([x.shape, x.dtype, y.shape, y.dtype]).toEqual([[150, 4], 'float32', [150], 'int32']);
    expect([...x.data.subarray(0, 4)]).toEqual([5.1, 3.5, 1.4, 0.2].map(Math.fround));
    expect([featureNames.length, classNames]).toEqual([4, ['setosa', 'versicolor', 'virginica']]);
    expect([0, 1, 2].map((one) => y.data.filter((n) => n === one).length)).toEqual([50, 50, 50]);
    // Of each column the mean that the set is published with.
    const means = [0, 0, 0, 0];
    x.data.forEach((value, i) => (means[i % 4]! += value / 150));
    [5.8433, 3.0573, 3.758, 1.1993].forEach((mean, c) => expect(means[c]).toBeCloseTo(mean, 3));
  });

  it('iris is learned', async () => {
    const { x, y } = await datasets.iris();
    const model = new Sequential(
      [
        layers.input({ shape: [4] }),
        layers.dense({ units: 16, activation: 'relu' }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ],
      { seed: 1 },
    );
    model.compile({
      optimizer: optimizers.adam({ learningRate: 0.02 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    await model.fit(x, y, { epochs: 60, verbose: 0, seed: 1 });
    expect((await model.evaluate(x, y, { verbose: 0 }))['accuracy']).toBeGreaterThan(0.93);
  });

  it('penguins', async () => {
    const { x, y, classNames, island, sex } = await datasets.penguins();
    expect([x.shape, y.dtype, classNames]).toEqual([[344, 4], 'int32', ['Adelie', 'Chinstrap', 'Gentoo']]);
    expect([...x.data.subarray(0, 4)]).toEqual([39.1, 18.7, 181, 3750].map(Math.fround));
    expect([...x.data.subarray(12, 16)]).toEqual([NaN, NaN, NaN, NaN]);
    expect([0, 1, 2].map((one) => y.data.filter((n) => n === one).length)).toEqual([152, 68, 124]);
    expect([island[0], sex[0], sex[3], sex.length]).toEqual(['Torgersen', 'MALE', '', 344]);
  });
});

import { Sequential, layers, losses, optimizers } from 'nodegrad';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

describe('warnings', () => {
  let texts: string[];
  beforeEach(() => {
    texts = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void texts.push(String(warning)));
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const x = [
    [1, 2],
    [3, 4],
  ];

  const model = (activation: 'linear' | 'sigmoid' | 'softmax', loss: losses.Loss) => {
    const made = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 2, activation })]);
    made.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss });
    return made;
  };

  it.each<['sigmoid' | 'softmax', (fromLogits: boolean) => losses.Loss, number[] | number[][]]>([
    ['sigmoid', (fromLogits) => losses.binaryCrossentropy({ fromLogits }), x],
    ['softmax', (fromLogits) => losses.sparseCategoricalCrossentropy({ fromLogits }), [0, 1]],
  ])('logits that are the output of %s: once', async (activation, loss, y) => {
    await model('linear', loss(true)).evaluate(x, y, { verbose: 0 });
    await model(activation, loss(false)).evaluate(x, y, { verbose: 0 });
    expect(texts).toEqual([]);
    await model(activation, loss(true)).evaluate(x, y, { verbose: 0 });
    await model(activation, loss(true)).evaluate(x, y, { verbose: 0 });
    expect(texts).toHaveLength(1);
    expect(texts[0]).toMatch(new RegExp(`fromLogits.*${activation}`));
  });

  it('a model that trains nothing: once', async () => {
    const discriminator = model('linear', losses.meanSquaredError());
    await discriminator.trainOnBatch(x, x);
    expect(texts).toEqual([]);
    discriminator.trainable = false;
    await discriminator.testOnBatch(x, x);
    expect(texts).toEqual([]);
    await discriminator.trainOnBatch(x, x);
    await discriminator.trainOnBatch(x, x);
    expect(texts).toEqual([expect.stringMatching(`\\[${discriminator.name}\\] trains nothing`)]);
    discriminator.trainable = true;
    await discriminator.trainOnBatch(x, x);
    expect(texts).toHaveLength(1);
  });
});

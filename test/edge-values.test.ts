import {
  callbacks,
  compile,
  initializers,
  layers,
  losses,
  ops,
  type Sym,
  type Tensor,
  tensor,
} from '../lib/index.js';
import { describe, expect, it } from 'vitest';
import { factoryName } from '../lib/base/names.js';
import { layerCases } from './cases/classes.js';

const sequence = tensor(
  Array.from({ length: 24 }, (_, i) => Math.sin(i)),
  [2, 4, 3],
);
const volumes = tensor(
  Array.from({ length: 48 }, (_, i) => Math.sin(i)),
  [2, 4, 3, 2],
);
const trained = (layer: layers.Layer, x: Tensor): Promise<Tensor> =>
  compile((given: Sym) => layer.apply(given, { training: true }))(x);

/** What a layer gives is read once it has weights, so that both calls have the same. */
const numbers = async (y: Promise<Tensor>) => Array.from(await (await y).data());

describe('a dropout of 1, as in Keras, drops', () => {
  it.each<[string, layers.Layer, Tensor]>([
    ['lstm', layers.lstm({ units: 2, dropout: 1, seed: 1, biasInitializer: 'randomNormal' }), sequence],
    ['gru', layers.gru({ units: 2, dropout: 1, seed: 1, biasInitializer: 'randomNormal' }), sequence],
    ['simpleRNN', layers.simpleRNN({ units: 2, dropout: 1, biasInitializer: 'randomNormal' }), sequence],
    [
      'convLSTM1d',
      layers.convLSTM1d({ filters: 2, kernelSize: 2, dropout: 1, biasInitializer: 'randomNormal' }),
      volumes,
    ],
  ])('all inputs of %s', async (_, layer, x) => {
    const y = await numbers(trained(layer, x));
    expect(y).toEqual(await numbers(trained(layer, ops.zerosLike(x))));
    expect(y.some((n) => n !== 0)).toBe(true);
    expect(y).not.toEqual(await numbers(compile((given: Sym) => layer.apply(given))(x)));
  });

  it('all states: each step is one from zeros', async () => {
    const layer = layers.simpleRNN({ units: 2, recurrentDropout: 1 });
    const whole = await numbers(trained(layer, sequence));
    const last = await numbers(trained(layer, ops.stridedSlice(sequence, [0, 3, 0], [2, 4, 3])));
    whole.forEach((n, i) => {
      expect(n).toBeCloseTo(last[i]!, 6);
    });
  });

  it.each<[string, layers.Layer]>([
    ['attention', layers.attention({ dropout: 1 })],
    ['additiveAttention', layers.additiveAttention({ dropout: 1 })],
    ['multiHeadAttention', layers.multiHeadAttention({ numHeads: 2, keyDim: 3, dropout: 1 })],
    [
      'groupQueryAttention',
      layers.groupQueryAttention({ headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2, dropout: 1 }),
    ],
  ])('all weights of %s', async (_, layer) => {
    const run = compile((x: Sym) => {
      return { y: layer.apply([x, x], { training: true }), same: layer.apply([x, x]) };
    });
    const { y, same } = await run(sequence);
    expect(Array.from(await y.data())).toEqual(Array<number>(24).fill(0));
    expect(Array.from(await same.data()).every((n) => n !== 0)).toBe(true);
  });
});

describe('null is as good as nothing where it is the default of Keras', () => {
  const seeded = Object.keys(initializers).filter((name) => {
    const { optionNames = {} } = (initializers as unknown as Record<string, { optionNames?: object }>)[name]!;
    return 'seed' in optionNames;
  });
  it.each(seeded)('as the seed of the initializer %s', async (name) => {
    const make = (initializers as unknown as Record<string, (o: object) => initializers.Initializer>)[
      factoryName(name)
    ]!;
    expect(make({ seed: null }).getConfig()).toEqual(make({}).getConfig());
    expect((await make({}).tensor([2, 2], { seed: null }).data()).length).toBe(4);
  });

  it.each(Object.keys(layerCases).filter((name) => /^(LSTM|GRU|SimpleRNN|ConvLSTM)/.test(name)))(
    'as the seed of %s',
    (name) => {
      const Made = (layers as unknown as Record<string, new (o: object) => layers.Layer>)[name]!;
      const options = { ...(layerCases[name]!.options as object), name: 'one', dropout: 0.5 };
      expect(new Made({ ...options, seed: null }).getConfig()).toEqual(new Made(options).getConfig());
    },
  );

  it('elsewhere', () => {
    expect(losses.huber({ dtype: null }).getConfig()).toEqual(losses.huber().getConfig());
    const none = layers.activityRegularization({ l1: null, l2: null, name: 'none' });
    expect(none.getConfig()).toMatchObject({ l1: 0, l2: 0 });
    expect(callbacks.earlyStopping({ baseline: null })).toBeInstanceOf(callbacks.EarlyStopping);
    const checkpoint = callbacks.modelCheckpoint({ filepath: 'x.keras', initialValueThreshold: null });
    expect(checkpoint).toBeInstanceOf(callbacks.ModelCheckpoint);
  });
});

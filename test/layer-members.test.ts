// Members of layers that Keras's layers have, and the options of inputs and weights.
import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { type Shape, type Sym, Model, compile, layers, ops, optimizers, random } from '../lib/index.js';
import { errorOf } from './support/run.js';

class Block extends layers.Layer {
  readonly className = 'Block';
  readonly inner = layers.dense({ units: 2, name: 'inner' });
  readonly seeds = [random.seedGenerator({ seed: 3 })];
  count!: ReturnType<Block['addWeight']>;
  override build(shape: Shape) {
    this.count = this.addVariable({
      name: 'count',
      shape: [2],
      initializer: 'ones',
      trainable: false,
      dtype: 'int32',
    });
    this.addWeight({ name: 'scale', shape: [], initializer: 'zeros' });
    this.inner.build(shape);
  }
  call(x: Sym) {
    return this.inner.apply(x);
  }
}

describe('variables and paths', () => {
  it('tells all state, and what of it training changes', () => {
    const block = new Block({ name: 'block' });
    expect(block.path).toBeUndefined();
    block.apply(layers.input({ shape: [3] }));
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
    expect(names(block.variables)).toEqual([
      'block/scale',
      'block/count',
      'inner/kernel',
      'inner/bias',
      'seed_generator_state',
    ]);
    expect(names(block.trainableVariables)).toEqual(['block/scale', 'inner/kernel', 'inner/bias']);
    expect(names(block.nonTrainableVariables)).toEqual(['block/count', 'seed_generator_state']);
    expect([block.path, block.inner.path]).toEqual(['block', 'block/inner']);
    expect([block.count.dtype, ...block.count.dataSync()]).toEqual(['int32', 1, 1]);
    block.trainable = false;
    expect(block.trainableVariables).toEqual([]);
  });

  it('saves and loads its own weights, not those of layers within', async () => {
    const block = new Block();
    block.build([-1, 3]);
    const store: Record<string, never> = {};
    await block.saveOwnVariables(store);
    expect(Object.keys(store)).toEqual(['0', '1']);
    block.loadOwnVariables({ 0: 5, 1: [7, 8] });
    const [scale, count] = atLeast(await block.getWeights(), 2);
    expect([scale.data[0], ...count.data]).toEqual([5, 7, 8]);
    block.loadOwnVariables(store);
    expect(firstOf(await block.getWeights()).data[0]).toBe(0);
    for (const wrong of [{ 0: 5 }, { 0: 5, 2: 1 }, { 0: 5, 1: [1, 2], 2: 3 }, null])
      expect(
        errorOf(() => {
          block.loadOwnVariables(wrong as never);
        }),
      ).toMatchObject({ code: 'ARGUMENT' });
    expect(
      errorOf(() => {
        block.loadOwnVariables({ 0: 5, 1: [1] });
      }),
    ).toMatchObject({ code: 'SHAPE' });
  });

  it('weights of other dtypes are not trained', () => {
    class Wrong extends layers.Layer {
      readonly className = 'Wrong';
      override build(_shape: Shape) {
        this.addWeight({ name: 'ids', shape: [2], dtype: 'int32' });
      }
      call(x: Sym) {
        return x;
      }
    }
    expect(
      errorOf(() => {
        new Wrong().build([-1]);
      }),
    ).toMatchObject({ code: 'DTYPE' });
  });

  it('a weight that is overwritten with its gradient takes it as it is', async () => {
    class Scale extends layers.Layer {
      readonly className = 'Scale';
      override build() {
        for (const overwriteWithGradient of [true, false])
          this.addWeight({
            name: `w${overwriteWithGradient}`,
            shape: [],
            initializer: 'ones',
            overwriteWithGradient,
          });
      }
      call(x: Sym) {
        return this.weights.reduce<Sym>((y, weight) => ops.multiply(y, weight), x);
      }
    }
    for (const gradientAccumulationSteps of [undefined, 2]) {
      const layer = new Scale();
      const sgd = optimizers.sgd({ learningRate: 0.5, gradientAccumulationSteps });
      const step = compile((x: Sym) => ({
        ...sgd.minimize(ops.sum(layer.apply(x)), layer.trainableWeights),
      }));
      await step([3]);
      const first = (await layer.getWeights()).map(({ data }) => data[0]);
      expect(first).toEqual([3, gradientAccumulationSteps ? 1 : 1 - 0.5 * 3]);
    }
  });
});

describe('specs and configurations', () => {
  it('tells what comes out without a place in a model', () => {
    const x = layers.input({ shape: [3] });
    const dense = layers.dense({ units: 2 });
    const spec = dense.computeOutputSpec(x) as layers.KerasTensor;
    expect([spec.shape, spec.dtype]).toEqual([[-1, 2], 'float32']);
    expect(errorOf(() => dense.output)).toMatchObject({ code: 'STATE' });
    for (const wrong of [undefined, [], [1, 2], 'x'])
      expect(errorOf(() => dense.symbolicCall(wrong as never))).toMatchObject({ code: 'ARGUMENT' });
    const states = layers.lstm({ units: 2, returnState: true }).symbolicCall(layers.input({ shape: [4, 3] }));
    expect((states as layers.KerasTensor[]).map(({ shape }) => shape)).toEqual([
      [-1, 2],
      [-1, 2],
      [-1, 2],
    ]);
  });

  it('makes an equal layer of a configuration', () => {
    const dense = layers.dense({ units: 2, kernelInitializer: 'ones' });
    const again = layers.Dense.fromConfig(dense.getConfig());
    expect(again).toBeInstanceOf(layers.Dense);
    expect(again.getConfig()).toEqual(dense.getConfig());
    expect(errorOf(() => layers.Dense.fromConfig({ units: 2, lines: 3 }))).toMatchObject({
      code: 'ARGUMENT',
    });
  });
});

describe('inputs', () => {
  it('take the shape of a batch, and null for any size', () => {
    expect(layers.input({ batchShape: [4, null, 3] }).shape).toEqual([4, -1, 3]);
    const layer = new layers.InputLayer({ batchShape: [null, 3] });
    expect([layer.shape, layer.batchSize]).toEqual([[3], undefined]);
    expect(new layers.InputLayer({ shape: [null, 2] }).output.shape).toEqual([-1, -1, 2]);
  });

  it('take what a layer puts out as the input', async () => {
    const x = layers.input({ shape: [3] });
    const doubled = ops.multiply(x, 2);
    const same = layers.input({ tensor: doubled });
    expect(same).toBe(doubled);
    const layer = new layers.InputLayer({ inputTensor: doubled, shape: [3], dtype: 'float32' });
    expect([layer.output, layer.shape, layer.dtype]).toEqual([doubled, [3], 'float32']);
    const model = new Model({ inputs: same, outputs: ops.add(same, 1) });
    const y = await model.predictOnBatch([[1, 2, 3]]);
    expect(Array.from(await y.data())).toEqual([2, 3, 4]);
  });

  it.each<[object, string]>([
    [{}, 'ARGUMENT'],
    [{ shape: [2], batchShape: [1, 2] }, 'ARGUMENT'],
    [{ batchSize: 1, batchShape: [1, 2] }, 'ARGUMENT'],
    [{ batchShape: [0, 2] }, 'ARGUMENT'],
    [{ tensor: 3 }, 'ARGUMENT'],
    [{ tensor: layers.input({ shape: [2] }), shape: [3] }, 'ARGUMENT'],
    [{ tensor: layers.input({ shape: [2] }), batchSize: 4 }, 'ARGUMENT'],
    [{ tensor: layers.input({ shape: [2] }), dtype: 'int32' }, 'ARGUMENT'],
  ])('refuse %j', (options, code) => {
    expect(errorOf(() => layers.input(options as never))).toMatchObject({
      code,
      message: expect.stringContaining('[input]') as string,
    });
  });
});

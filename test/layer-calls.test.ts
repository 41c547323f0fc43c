import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, Sequential, type Shape, type Sym, compile, layers, ops, tensor } from '../lib/index.js';

const typed = (code: string, message: string): unknown =>
  expect.objectContaining({ name: 'EngineError', code, message: expect.stringContaining(message) });

/** A layer that calls another one by itself. */
class Outer extends layers.Layer {
  readonly className = 'Outer';
  constructor(
    readonly inner: layers.Layer,
    readonly isBuilder = false,
  ) {
    super();
  }
  override build(shape: readonly number[]) {
    if (this.isBuilder) this.inner.build(shape);
  }
  call(x: Sym) {
    return (this.inner.call as (x: Sym) => Sym)(x);
  }
}

describe('call of a layer within another', () => {
  const image = layers.input({ shape: [4, 4, 2] });
  const sequence = layers.input({ shape: [4, 2] });

  it.each([
    ['dropout', layers.dropout({ rate: 0.5 }), sequence],
    ['gaussianNoise', layers.gaussianNoise({ stddev: 1 }), sequence],
    ['spatialDropout2d', layers.spatialDropout2d({ rate: 0.5 }), image],
    ['batchNormalization', layers.batchNormalization(), sequence],
    ['lstm', layers.lstm({ units: 2 }), sequence],
  ])('%s without a context tells of apply', (_, inner, x) => {
    expect(() => new Outer(inner).apply(x)).toThrow(typed('STATE', 'write layer.apply(x)'));
    expect(() => new Outer(inner, true).apply(x)).toThrow(typed('STATE', 'write layer.apply(x)'));
  });

  it.each([
    ['dense', layers.dense({ units: 2 }), sequence],
    ['conv2d', layers.conv2d({ filters: 2, kernelSize: 1 }), image],
    ['layerNormalization', layers.layerNormalization(), sequence],
  ])('%s that is not built tells of apply', (_, inner, x) => {
    expect(() => new Outer(inner).apply(x)).toThrow(typed('STATE', 'write layer.apply(x)'));
    expect(new Outer(inner, true).apply(x).shape).toEqual(x.shape);
  });

  it('works where nothing is missing', () => {
    expect(new Outer(layers.flatten()).apply(image).shape).toEqual([-1, 32]);
  });
});

it('a class without call is told so, and one with call in a field works', () => {
  class Bare extends (layers.Layer as unknown as new () => object) {
    readonly className = 'Bare';
  }
  expect(() => (new Bare() as unknown as layers.Layer).apply(layers.input({ shape: [2] }))).toThrow(
    typed('ARGUMENT', '[bare] expected a class with a method call'),
  );
  class Field extends layers.Layer {
    readonly className = 'Field';
    override call = (x: Sym) => ops.multiply(x, 2);
  }
  expect(new Field().apply(layers.input({ shape: [2] })).shape).toEqual([-1, 2]);
});

describe('build', () => {
  it('says that it was called, and adds weights once', () => {
    const dense = layers.dense({ units: 2 });
    dense.build([-1, 3]);
    expect(dense.built).toBe(true);
    const [kernel] = dense.weights;
    dense.build([-1, 3]);
    expect(dense.apply(layers.input({ shape: [3] })).shape).toEqual([-1, 2]);
    expect(dense.weights).toHaveLength(2);
    expect(dense.weights[0]).toBe(kernel);
    const flatten = layers.flatten();
    flatten.build([-1, 2, 2]);
    expect(flatten.built).toBe(true);
  });

  it('says nothing where it failed', () => {
    const conv = layers.conv2d({ filters: 1, kernelSize: 1 });
    expect(() => conv.build([-1, 3])).toThrow(typed('SHAPE', 'rank 4'));
    expect(conv.built).toBe(false);
  });
});

describe('a layer of several inputs', () => {
  class Sum extends layers.MultiInputLayer {
    readonly className = 'Sum';
    readonly seen: unknown[] = [];
    override build(shapes: readonly [Shape, ...Shape[]]) {
      this.seen.push(shapes);
    }
    call(inputs: readonly Sym[]) {
      this.seen.push(inputs.length);
      return inputs.reduce((a, b) => ops.add(a, b));
    }
    override computeMask(inputs: readonly Sym[], masks: readonly (Sym | undefined)[]) {
      this.seen.push([inputs.length, masks.length]);
      return masks[0];
    }
  }
  const x = layers.input({ shape: [3] });

  it.each([1, 2])('gets lists: %s', (count) => {
    const sum = new Sum();
    sum.apply(Array<typeof x>(count).fill(x));
    expect(sum.seen).toEqual([Array(count).fill([-1, 3]), count, [count, count]]);
  });

  it('takes one alone where its methods are called by hand', async () => {
    const sum = new Sum();
    const layer: layers.Layer = sum;
    layer.build([-1, 3]);
    expect(layer.getBuildConfig()).toEqual({ inputShape: [-1, 3] });
    await compile((one: Sym) => {
      layer.computeMask(one, undefined);
      return firstOf([layer.call(one, { training: false })].flat());
    })(tensor([1, 2, 3]));
    expect(sum.seen).toEqual([[[-1, 3]], [1, 1], 1]);
  });
});

describe('several outputs', () => {
  const x = layers.input({ shape: [2] });
  const inner = new Model({ inputs: x, outputs: [x, layers.rescaling({ scale: 2 }).apply(x)] });
  const lstm = layers.lstm({ units: 3, returnState: true, name: 'states' });

  it('are all in applyAll, and an error in apply', () => {
    expect(inner.applyAll(layers.input({ shape: [2] })).map(({ shape }) => shape)).toEqual([
      [-1, 2],
      [-1, 2],
    ]);
    expect(() => inner.apply(layers.input({ shape: [2] }))).toThrow(
      typed('ARGUMENT', 'received 2: applyAll gives all of them'),
    );
    expect(() => lstm.apply(layers.input({ shape: [4, 2] }))).toThrow(
      typed('ARGUMENT', '[states] expected one output'),
    );
    expect(() => new Sequential([layers.input({ shape: [4, 2] }), lstm])).toThrow(
      typed('ARGUMENT', "'states' with 3"),
    );
  });

  it('of symbolic values are all there, too', async () => {
    const sum = compile((a: Sym) => {
      const [one, two] = atLeast(inner.applyAll(a, { training: false }), 2);
      return ops.add(one, two);
    });
    expect(await (await sum(tensor([[1, 2]]))).array()).toEqual([[3, 6]]);
    const first = compile((a: Sym) => inner.apply(a));
    await expect(first([[1, 2]])).rejects.toThrow(typed('ARGUMENT', 'applyAll gives all of them'));
  });
});

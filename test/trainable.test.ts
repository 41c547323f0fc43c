import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import {
  Model,
  Sequential,
  type Shape,
  type Sym,
  type Variable,
  compile,
  layers,
  ops,
  optimizers,
  variable,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';

const sgd = (learningRate = 0.1) => optimizers.sgd({ learningRate });

/** The numbers of a layer's first weight. */
const kernelOf = async (layer: layers.Layer) => Array.from(firstOf(await layer.getWeights()).data);

/** Inner layers a and b in a base, and a head. */
function nested() {
  const base = new Sequential([
    layers.input({ shape: [3] }),
    layers.dense({ units: 3 }),
    layers.dense({ units: 3 }),
  ]);
  const model = new Sequential([layers.input({ shape: [3] }), base, layers.dense({ units: 1 })]);
  return { base, model };
}

describe('trainable', () => {
  it('reaches the layers within, which can be set otherwise afterwards', () => {
    const { base, model } = nested();
    base.trainable = false;
    expect(model.trainableWeights).toHaveLength(2);
    base.layers.at(-1)!.trainable = true;
    expect(model.trainableWeights).toHaveLength(4);
    expect(base.trainableWeights).toHaveLength(0);
    for (const layer of base.layers) layer.trainable = false;
    base.trainable = true;
    expect(model.trainableWeights).toHaveLength(6);
    expect(base.layers.map(({ trainable }) => trainable)).toEqual([true, true]);
  });

  it('leaves what is never trained alone, and says of each weight whether it is', () => {
    const norm = layers.batchNormalization();
    norm.computeOutputShape([-1, 2]);
    norm.trainable = false;
    expect(norm.weights.map(({ trainable }) => trainable)).toEqual([false, false, false, false]);
    norm.trainable = true;
    expect(norm.weights.map(({ trainable }) => trainable)).toEqual([true, true, false, false]);
  });

  it('given to a layer or model when it is made, holds for what it contains', () => {
    const dense = layers.dense({ units: 2, trainable: false });
    const model = new Sequential([layers.input({ shape: [3] }), dense, layers.dense({ units: 1 })]);
    expect(model.trainableWeights).toHaveLength(2);
    dense.trainable = true;
    expect(model.trainableWeights).toHaveLength(4);
    const inner = new Sequential([layers.input({ shape: [3] }), layers.dense({ units: 2 })], {
      trainable: false,
    });
    const outer = new Sequential([layers.input({ shape: [3] }), inner, layers.dense({ units: 1 })]);
    expect(outer.trainableWeights).toHaveLength(2);
  });
});

describe('a compiled function after a change of what is trained', () => {
  const x = [[1, 2, 3]];

  function training(model: Model) {
    const optimizer = sgd();
    let traces = 0;
    const step = compile((x: Sym) => {
      traces++;
      const loss = ops.mean(ops.square(model.apply(x, { training: true })));
      return { loss, ...optimizer.minimize(loss, model.trainableWeights) };
    });
    return { step, traces: () => traces };
  }

  it('trains what is trainable now, and traces once for each state', async () => {
    const { base, model } = nested();
    const { step, traces } = training(model);
    const [first, second] = atLeast(base.layers.slice(-2), 2);
    let before: number[][] = [];
    const changed = async () => {
      const now = [await kernelOf(first), await kernelOf(second)];
      const different = now.map((numbers, i) => String(numbers) !== String(before[i]));
      before = now;
      return different;
    };
    await changed();
    await step(x);
    expect(await changed()).toEqual([true, true]);
    second.trainable = false;
    await step(x);
    expect(await changed()).toEqual([true, false]);
    base.trainable = false;
    await step(x);
    expect(await changed()).toEqual([false, false]);
    base.trainable = true;
    await step(x);
    expect(await changed()).toEqual([true, true]);
    second.trainable = false;
    await step(x);
    await step(x);
    expect(await changed()).toEqual([true, false]);
    expect(traces()).toBe(3);
  });

  it('follows single weights and layers without any', async () => {
    const norm = layers.batchNormalization({ scale: false, center: false });
    const model = new Sequential([layers.input({ shape: [3] }), norm]);
    const step = compile((x: Sym) => model.apply(x, { training: true }));
    const batch = [
      [1, 2, 3],
      [3, 2, 1],
    ];
    // The batch has its own mean, the moving one is near 0.
    expect((await (await step(batch)).data())[0]).toBeLessThan(-0.9);
    norm.trainable = false;
    expect((await (await step(batch)).data())[0]).toBeGreaterThan(0.5);
    const dense = layers.dense({ units: 1 });
    const line = new Sequential([layers.input({ shape: [3] }), dense]);
    const { step: train, traces } = training(line);
    await train(x);
    firstOf(dense.weights).trainable = false;
    const kernel = await kernelOf(dense);
    await train(x);
    expect(await kernelOf(dense)).toEqual(kernel);
    expect(traces()).toBe(2);
  });

  it('sees a layer that joins', async () => {
    const model = new Sequential([layers.input({ shape: [2] }), layers.rescaling({ scale: 2 })]);
    const step = compile((x: Sym) => model.apply(x));
    expect(await (await step([[1, 2]])).array()).toEqual([[2, 4]]);
    model.add(layers.rescaling({ scale: 3 }));
    expect(await (await step([[1, 2]])).array()).toEqual([[6, 12]]);
  });

  it('is not traced again for layers that it does not apply', async () => {
    const { model } = nested();
    const { step, traces } = training(model);
    await step(x);
    layers.dense({ units: 1 }).trainable = false;
    variable(1).trainable = false;
    await step(x);
    expect(traces()).toBe(1);
  });
});

describe('a step after a change of what is trained', () => {
  it('trains the right one of two layers with one name', async () => {
    const inner = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 2, name: 'fc' })]);
    const outer = layers.dense({ units: 1, name: 'fc' });
    const model = new Sequential([layers.input({ shape: [2] }), inner, outer]);
    model.compile({ optimizer: sgd(), loss: 'mse' });
    const changed = async (frozen: layers.Layer, trained: layers.Layer) => {
      frozen.trainable = false;
      trained.trainable = true;
      const before = [await kernelOf(frozen), await kernelOf(trained)];
      await model.trainOnBatch([[1, 2]], [[30]]);
      const after = [await kernelOf(frozen), await kernelOf(trained)];
      return before.map((numbers, i) => numbers.some((n, k) => n !== itemAt(after, i)[k]));
    };
    expect(await changed(inner, outer)).toEqual([false, true]);
    expect(await changed(outer, inner)).toEqual([false, true]);
    expect(await changed(inner, outer)).toEqual([false, true]);
  });

  it('moves the statistics of a normalization without weights of its own only while it is trainable', async () => {
    const norm = layers.batchNormalization({ center: false, scale: false, momentum: 0.5 });
    const model = new Sequential([layers.input({ shape: [1] }), norm, layers.dense({ units: 1 })]);
    model.compile({ optimizer: sgd(0), loss: 'mse' });
    const mean = async () => firstOf(await norm.getWeights()).data[0];
    // Half of the way from 0 to the batch's mean, 5, at each step.
    await model.trainOnBatch([[4], [6]], [[0], [0]]);
    expect(await mean()).toBe(2.5);
    norm.trainable = false;
    await model.trainOnBatch([[4], [6]], [[0], [0]]);
    expect(await mean()).toBe(2.5);
    norm.trainable = true;
    await model.trainOnBatch([[4], [6]], [[0], [0]]);
    expect(await mean()).toBe(3.75);
    model.trainable = false;
    await model.trainOnBatch([[4], [6]], [[0], [0]]);
    expect(await mean()).toBe(3.75);
  });

  it('takes in layers that a list gained and lost since', async () => {
    class Stack extends layers.Layer {
      readonly className = 'Stack';
      readonly list = [layers.dense({ units: 2 })];
      call(x: Sym): Sym {
        return this.list.reduce((y, layer) => layer.apply(y), x);
      }
    }
    const stack = new Stack();
    const more = layers.dense({ units: 2 });
    const model = new Sequential([layers.input({ shape: [2] }), stack]);
    model.compile({ optimizer: sgd(), loss: 'mse' });
    const step = () => model.trainOnBatch([[1, 2]], [[3, 4]]);
    await step();
    stack.list.push(more);
    await step(); // builds it
    const before = await kernelOf(more);
    await step();
    expect(await kernelOf(more)).not.toEqual(before);
    stack.list.pop();
    const last = await kernelOf(more);
    await step();
    expect(await kernelOf(more)).toEqual(last);
  });
});

/** y = d(x), with d held in a way that a test chooses. */
abstract class Holder extends layers.Layer {
  readonly className = 'Holder';
  protected abstract inner(): readonly layers.Layer[];
  call(x: Sym): Sym {
    return this.inner().reduce((y, layer) => layer.apply(y), x);
  }
}

const dense = () => layers.dense({ units: 2 });

const holders: Record<string, () => Holder> = {
  'private fields': () =>
    new (class extends Holder {
      #a = dense();
      #b = dense();
      protected inner = () => [this.#a, this.#b];
    })(),
  'nested lists': () =>
    new (class extends Holder {
      readonly rows = [[dense()], [dense()]];
      protected inner = () => this.rows.flat();
    })(),
  records: () =>
    new (class extends Holder {
      readonly parts = { a: dense(), deeper: { b: dense() } };
      protected inner = () => [this.parts.a, this.parts.deeper.b];
    })(),
  Maps: () =>
    new (class extends Holder {
      readonly map = new Map([
        ['a', dense()],
        ['b', dense()],
      ]);
      protected inner = () => [...this.map.values()];
    })(),
  Sets: () =>
    new (class extends Holder {
      readonly set = new Set([dense(), dense()]);
      protected inner = () => [...this.set];
    })(),
  'objects of another class': () =>
    new (class extends Holder {
      readonly pair = new (class {
        readonly a = dense();
        readonly b = dense();
      })();
      protected inner = () => [this.pair.a, this.pair.b];
    })(),
  closures: () => {
    const [a, b] = [dense(), dense()];
    return new (class extends Holder {
      protected inner = () => [a, b];
    })();
  },
};

describe('layers within a layer', () => {
  it.each(Object.entries(holders))('in %s are trained, frozen and counted', async (_, make) => {
    const holder = make();
    const model = new Sequential([layers.input({ shape: [2] }), holder]);
    expect(model.countParams()).toBe(12);
    expect(holder.trainableWeights).toHaveLength(4);
    model.compile({ optimizer: sgd(), loss: 'mse' });
    const changed = async () => {
      const before = await holder.getWeights();
      await model.trainOnBatch([[1, 2]], [[30, 40]]);
      const after = await holder.getWeights();
      return before.map(({ data }, i) => data.some((n, k) => n !== itemAt(after, i).data[k]));
    };
    expect(await changed()).toEqual([true, true, true, true]);
    holder.trainable = false;
    expect(await changed()).toEqual([false, false, false, false]);
    const frozen = make();
    frozen.trainable = false;
    expect(new Sequential([layers.input({ shape: [2] }), frozen]).trainableWeights).toHaveLength(0);
  });

  it('are found where only training applies them, or `build` makes them', async () => {
    class Late extends layers.Layer {
      readonly className = 'Late';
      readonly #late = dense();
      #built!: layers.Layer;
      override build(shape: Shape) {
        this.#built = dense();
        this.#built.computeOutputShape(shape);
      }
      call(x: Sym, { training }: layers.CallContext): Sym {
        const y = this.#built.apply(x);
        return training ? this.#late.apply(y) : y;
      }
    }
    const model = new Sequential([layers.input({ shape: [2] }), new Late()]);
    expect(model.weights).toHaveLength(2);
    model.compile({ optimizer: sgd(), loss: 'mse' });
    await model.trainOnBatch([[1, 2]], [[3, 4]]);
    expect(model.weights).toHaveLength(4);
    const before = await model.getWeights();
    await model.trainOnBatch([[1, 2]], [[3, 4]]);
    const after = await model.getWeights();
    expect(before.map(({ data }, i) => data.some((n, k) => n !== itemAt(after, i).data[k]))).toEqual(
      Array<boolean>(4).fill(true),
    );
  });

  it('are called as the layer is, where their call does not say otherwise', async () => {
    class Twice extends layers.Layer {
      readonly className = 'Twice';
      readonly drop = layers.dropout({ rate: 0.5 });
      constructor(readonly context?: Partial<layers.CallContext>) {
        super();
      }
      call(x: Sym): Sym {
        return this.drop.apply(x, this.context);
      }
    }
    const zeros = async (context?: Partial<layers.CallContext>) => {
      const model = new Sequential([layers.input({ shape: [1000] }), new Twice(context)]);
      model.compile({ optimizer: sgd(), loss: 'mse' });
      const ones = [Array<number>(1000).fill(1)];
      // Each number that is dropped is 1 off, each other is 2 where it should be 1.
      return (await model.trainOnBatch(ones, ones))['loss'];
    };
    expect(await zeros()).toBe(1);
    expect(await zeros({ training: true })).toBe(1);
    expect(await zeros({ training: false })).toBe(0);
  });
});

describe('input and output of a layer', () => {
  it('are those of its first call', async () => {
    const x = layers.input({ shape: [2] });
    const hidden = layers.dense({ units: 3 });
    const h = hidden.apply(x);
    const sum = layers.add();
    const y = sum.apply([h, h]);
    expect(hidden.input).toBe(x);
    expect(hidden.output).toBe(h);
    expect(sum.input).toEqual([h, h]);
    const model = new Model({ inputs: x, outputs: y });
    const part = new Model({ inputs: firstOf(model.layers).output, outputs: itemAt(model.layers, 1).output });
    const features = await part.predict([[1, 2]], { verbose: 0 });
    expect(features).toMatchObject({ shape: [1, 3] });
    expect(() => layers.dense({ units: 1, name: 'lone' }).output).toThrow(/\[lone\].*applied/);
  });

  it('of a Sequential lead from its input to each layer, also after add', () => {
    const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 3 })]);
    model.add(layers.dense({ units: 4 }));
    const [first, second] = atLeast(model.layers, 2);
    expect(second.input).toBe(first.output);
    expect(first.input).toBe(model.inputs[0]);
  });
});

describe('the order of a layer’s weights', () => {
  it('is first what is trained, then what is not', () => {
    class Mixed extends layers.Layer {
      readonly className = 'Mixed';
      readonly weightsMade: Variable[] = [];
      override build() {
        const add = (name: string, trainable: boolean) =>
          this.weightsMade.push(this.addWeight({ name, shape: [1], trainable }));
        add('a', false);
        add('b', true);
        add('c', false);
      }
      call(x: Sym): Sym {
        return x;
      }
    }
    const layer = new Mixed({ name: 'm' });
    layer.computeOutputShape([-1, 1]);
    expect(layer.weights.map(({ name }) => name)).toEqual(['m/b', 'm/a', 'm/c']);
  });
});

import {
  Model,
  Sequential,
  type Shape,
  type Sym,
  constraints,
  initializers,
  layers,
  ops,
  optimizers,
  regularizers,
  tensor,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { errorOf } from './support/run.js';

const quiet = { verbose: 0 } as const;

class Offset extends layers.Layer {
  static override readonly optionNames = { ...layers.Layer.optionNames, by: 'required' };
  readonly className = 'Offset';
  readonly by: number;
  constructor(options: { by: number; name?: string }) {
    super(options);
    this.by = options.by;
  }
  call(x: Sym): Sym {
    return ops.add(x, this.by);
  }
  override getConfig() {
    return { ...super.getConfig(), by: this.by };
  }
}

describe('configurations with classes of one’s own', () => {
  const copyOf = (config: unknown) => JSON.parse(JSON.stringify(config)) as never;

  it('take classes of one’s own before those of the library, by their exact names', () => {
    class LeakyReLU extends Offset {}
    class LeakyRelu extends layers.Layer {
      readonly className = 'LeakyRelu';
      call(x: Sym): Sym {
        return x;
      }
    }
    const model = new Sequential([layers.input({ shape: [2] }), new LeakyRelu({ name: 'own' })]);
    const config = copyOf(model.getConfig());
    expect(Sequential.fromConfig(config, { LeakyRelu }).layers[0]).toBeInstanceOf(LeakyRelu);
    expect(errorOf(() => Sequential.fromConfig(config)).message).toMatch(/did you mean 'LeakyReLU'/);
    const given = copyOf(
      new Sequential([layers.input({ shape: [2] }), layers.leakyReLU({ name: 'leaky' })]).getConfig(),
    );
    expect(Sequential.fromConfig(given).layers[0]).toBeInstanceOf(layers.LeakyReLU);
    const config2 = JSON.parse(
      JSON.stringify(
        new Sequential([layers.input({ shape: [2] }), new Offset({ by: 3, name: 'off' })]).getConfig(),
      ).replace('"Offset"', '"LeakyReLU"'),
    ) as never;
    expect(Sequential.fromConfig(config2, { LeakyReLU }).layers[0]).toBeInstanceOf(LeakyReLU);
  });

  it('keep initializers, regularizers and constraints of one’s own', async () => {
    class Sevens extends initializers.Initializer {
      readonly className = 'Sevens';
      constructor() {
        super(0);
      }
      protected draw(shape: Shape) {
        return tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(7), shape);
      }
    }
    class Half extends regularizers.Regularizer {
      readonly className = 'Half';
      call(x: Sym): Sym {
        return ops.multiply(ops.sum(x), 0.5);
      }
    }
    class Zero extends constraints.Constraint {
      readonly className = 'Zero';
      call(x: Sym): Sym {
        return ops.multiply(x, 0);
      }
    }
    const head = layers.dense({
      units: 1,
      kernelInitializer: new Sevens(),
      kernelRegularizer: new Half(),
      kernelConstraint: new Zero(),
    });
    const options = { activityRegularizer: new Half() };
    const x = layers.input({ shape: [2] });
    const models = [
      new Sequential([layers.input({ shape: [2], name: 'points' }), head], options),
      new Model({ inputs: x, outputs: head.apply(x), ...options }),
    ];
    for (const model of models) {
      const made = model instanceof Sequential ? Sequential : Model;
      const again = made.fromConfig(copyOf(model.getConfig()), { Sevens, Half, Zero }) as Model;
      expect(again.getConfig()).toEqual(model.getConfig());
      expect(again.inputNames).toEqual(model.inputNames);
      again.compile({ optimizer: optimizers.sgd({ learningRate: 0.1 }), loss: 'mse' });
      // (14 - 14)², half of the kernel's sum of 14, and half of the output 14.
      expect((await again.trainOnBatch([[1, 1]], [[14]]))['loss']).toBe(14);
      expect(Array.from((await again.getWeights())[0].data)).toEqual([0, 0]);
    }
  });

  it('make subclasses of Model again, in others too', async () => {
    class Mlp extends Model {
      override readonly className = 'Mlp';
      readonly head: layers.Layer;
      constructor(readonly options: { units: number; name?: string }) {
        const { units, ...rest } = options;
        super(rest);
        this.head = layers.dense({ units });
      }
      override call(x: Sym): Sym {
        return this.head.apply(x);
      }
      override getConfig() {
        return { ...super.getConfig(), units: this.options.units };
      }
    }
    class Part extends Model {
      override readonly className = 'Part';
    }
    const inner = layers.input({ shape: [3] });
    const part = new Part({ inputs: inner, outputs: layers.dense({ units: 1 }).apply(inner) });
    const model = new Sequential([layers.input({ shape: [2] }), new Mlp({ units: 3 }), part]);
    const again = Sequential.fromConfig(copyOf(model.getConfig()), {
      Mlp: Mlp,
      Part: Part,
    });
    expect(again.layers[0]).toBeInstanceOf(Mlp);
    expect(again.layers[1]).toBeInstanceOf(Part);
    expect(again.countParams()).toBe(9 + 4);
    expect(await again.predict([[1, 2]], quiet)).toMatchObject({ shape: [1, 1] });
  });
});

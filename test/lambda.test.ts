// Layers that are functions, layers that are called in two ways, and what layers expect of their inputs.
import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Model,
  Sequential,
  type Sym,
  type Tensor,
  cloneModel,
  layers,
  modelFromJson,
  ops,
  saving,
} from '../lib/index.js';
import { errorOf } from './support/run.js';

const scaled = saving.registerKerasSerializable(
  'lambdas',
  'scaled',
)((x: Sym, { training, by = 3 }: layers.LambdaContext) => ops.multiply(x, training ? 0 : (by as number)));
const firstInput = saving.registerKerasSerializable(
  'lambdas',
  'firstInput',
)((xs: readonly Sym[]) => firstOf(xs));
const lastAlone = saving.registerKerasSerializable(
  'lambdas',
  'lastAlone',
)((shape: readonly number[]) => shape.slice(0, 2));
const ofNonzero = saving.registerKerasSerializable(
  'lambdas',
  'ofNonzero',
)((x: Sym) => ops.notEqual(ops.max(x, { axis: -1 }), 0));

const predicted = async (model: Model, x: number[][] | number[][][]) =>
  Array.from(await (await model.predict(x, { verbose: 0 })).data());

describe('lambda', () => {
  it('calls its function with its arguments, and is kept by the name of it', async () => {
    const x = layers.input({ shape: [2] });
    const model = new Model({
      inputs: x,
      outputs: layers.lambda({ function: scaled, arguments: { by: 5 } }).apply(x),
    });
    expect(await predicted(model, [[1, 2]])).toEqual([5, 10]);
    const text = JSON.stringify(model);
    expect((JSON.parse(text) as { config: { layers: object[] } }).config.layers.at(-1)).toMatchObject({
      module: 'keras.layers',
      class_name: 'Lambda',
      config: {
        function: { module: 'builtins', class_name: 'function', registered_name: 'lambdas>scaled' },
        arguments: { by: 5 },
      },
    });
    expect(await predicted(modelFromJson(text) as Model, [[1, 2]])).toEqual([5, 10]);
    expect(await predicted(cloneModel(model) as Model, [[1, 2]])).toEqual([5, 10]);
  });

  it('tells the function whether the call trains, and gives it several inputs in a list', async () => {
    const inputs = [layers.input({ shape: [2] }), layers.input({ shape: [3] })];
    const first = layers.lambda({ function: firstInput }).apply(inputs);
    const trained = layers.lambda({ function: scaled }).apply(first, { training: true });
    const model = new Model({ inputs, outputs: [first, trained] });
    const [one, zero] = atLeast((await model.predictOnBatch([[[1, 2]], [[3, 4, 5]]])) as Tensor[], 2);
    expect([Array.from(await one.data()), Array.from(await zero.data())]).toEqual([
      [1, 2],
      [0, 0],
    ]);
  });

  it('says what is masked: by a function, or one mask for all', async () => {
    const x = layers.input({ shape: [3, 1] });
    for (const mask of [ofNonzero, [[true, true, false]]]) {
      const steps = layers.lambda({ function: scaled, arguments: { by: 1 }, mask }).apply(x);
      const kept = layers.lambda({
        // A model's description has no masks.
        function: (y: Sym, context: layers.LambdaContext) =>
          context.mask ? ops.cast(context.mask as Sym, 'float32') : ops.max(y, { axis: -1 }),
      });
      const model = new Model({ inputs: x, outputs: kept.apply(steps) });
      expect(await predicted(model, [[[1], [2], [0]]])).toEqual([1, 1, 0]);
    }
  });

  it('checks outputShape, and takes sizes from it that the function does not tell', () => {
    const x = layers.input({ shape: [-1, 2] });
    const given = layers.lambda({ function: (y: Sym) => ops.sum(y, { axis: -1 }), outputShape: [7] });
    expect(given.apply(x).shape).toEqual([-1, 7]);
    const byShape = layers.lambda({ function: (y: Sym) => ops.sum(y, { axis: -1 }), outputShape: lastAlone });
    expect(byShape.apply(layers.input({ shape: [3, 2] })).shape).toEqual([-1, 3]);
    expect(errorOf(() => given.apply(layers.input({ shape: [3, 2] })))).toMatchObject({
      code: 'SHAPE',
      message: expect.stringContaining('as outputShape says') as string,
    });
  });

  it('refuses functions without a name where it is kept, and the code of Python', () => {
    const nameless = layers.lambda({ function: (x: Sym) => x });
    expect(errorOf(() => nameless.getConfig())).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('registerKerasSerializable') as string,
    });
    expect(errorOf(() => layers.lambda({ function: 'unheard' }))).toMatchObject({ code: 'ARGUMENT' });
    const python = { class_name: '__lambda__', config: { code: '4wEAAAA=', defaults: null, closure: null } };
    const config = { name: 'lambda', trainable: true, dtype: 'float32', function: python, arguments: {} };
    const wrong = errorOf(() =>
      saving.deserializeKerasObject({
        module: 'keras.layers',
        class_name: 'Lambda',
        config,
        registered_name: null,
      }),
    );
    expect(wrong).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/register_keras_serializable.*registerKerasSerializable/) as string,
    });
  });
});

describe('reversibleEmbedding', () => {
  const table = [
    [1, 0],
    [0, 2],
    [3, 4],
  ];

  it('multiplies by its table on the way back, with a bound', async () => {
    const embedding = layers.reversibleEmbedding({
      inputDim: 3,
      outputDim: 2,
      maskZero: true,
      logitSoftCap: 10,
    });
    const ids = layers.input({ shape: [2], dtype: 'int32' });
    const vectors = embedding.apply(ids);
    const model = new Model({ inputs: ids, outputs: [vectors, embedding.apply(vectors, { reverse: true })] });
    expect(embedding.weights).toHaveLength(1);
    embedding.setWeights([table]);
    const run = async (one: Model) =>
      Promise.all(
        ((await one.predictOnBatch([[1, 2]])) as unknown as Tensor[]).map(async (y) =>
          Array.from(await y.data()),
        ),
      );
    const [there, back] = atLeast(await run(model as unknown as Model), 2);
    expect(there).toEqual([0, 2, 3, 4]);
    // tanh in float32: 2 ulp, times 10.
    [0, 4, 8, 3, 8, 25].forEach((logit, i) => {
      expect(back[i]).toBeCloseTo(10 * Math.tanh(logit / 10), 5);
    });

    const text = JSON.stringify(model);
    const nodes = (
      JSON.parse(text) as { config: { layers: { inbound_nodes: { kwargs: object }[] }[] } }
    ).config.layers.at(-1)!.inbound_nodes;
    expect(nodes.map(({ kwargs }) => kwargs)).toEqual([{}, { reverse: true }]);
    for (const again of [modelFromJson(text), cloneModel(model)]) {
      again.setWeights([table]);
      expect(await run(again as unknown as Model)).toEqual([there, back]);
    }
  });

  it('has a weight for the way back where weights are not tied', async () => {
    const embedding = layers.reversibleEmbedding({ inputDim: 3, outputDim: 2, tieWeights: false });
    const x = layers.input({ shape: [2] });
    embedding.build([-1, 2]);
    const model = new Model({ inputs: x, outputs: embedding.apply(x, { reverse: true }) });
    embedding.setWeights([
      table,
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
    expect(await predicted(model, [[1, 2]])).toEqual([9, 12, 15]);
    expect(errorOf(() => embedding.apply(x, { reversed: true } as never))).toMatchObject({
      code: 'ARGUMENT',
    });
    expect(errorOf(() => embedding.apply(x, { reverse: 1 } as never))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('a call that says whether it trains', () => {
  it('does so whatever the model does, in JSON and copies too', async () => {
    const x = layers.input({ shape: [200] });
    const model = new Model({
      inputs: x,
      outputs: layers.dropout({ rate: 0.5, seed: 1 }).apply(x, { training: true }),
    });
    const ones = [Array<number>(200).fill(1)];
    for (const one of [model, modelFromJson(JSON.stringify(model)) as Model, cloneModel(model) as Model])
      expect(await predicted(one, ones)).toContain(0);
    const never = new Model({
      inputs: x,
      outputs: layers.dropout({ rate: 0.5, seed: 1 }).apply(x, { training: false }),
    });
    expect(JSON.stringify(never)).toContain('"kwargs":{"training":false}');
    never.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
    expect(await never.trainOnBatch(ones, ones)).toEqual({ loss: 0 });
    expect(errorOf(() => layers.dropout({ rate: 0.5 }).apply(x, { training: 'yes' } as never))).toMatchObject(
      { code: 'ARGUMENT' },
    );
  });
});

describe('inputSpec', () => {
  class Expecting extends layers.Layer {
    readonly className = 'Expecting';
    constructor(spec: layers.InputSpec | (layers.InputSpec | null)[]) {
      super();
      this.inputSpec = spec;
    }
    call(x: Sym | readonly Sym[]) {
      return x;
    }
  }
  const { inputSpec } = layers;

  it.each<[layers.InputSpecOptions, number[], string | undefined]>([
    [{ ndim: 3 }, [4, 2], undefined],
    [{ ndim: 3 }, [4], '3 axes'],
    [{ minNdim: 3 }, [4], '3 axes at least'],
    [{ maxNdim: 2 }, [4, 2], '2 axes at most'],
    [{ axes: { '-1': 3 } }, [4, 3], undefined],
    [{ axes: { '-1': 3 } }, [4, -1], undefined],
    [{ axes: { '-1': 3, 1: 5 } }, [4, 3], 'size 5 along axis 1'],
    [{ shape: [null, 28, 28, 1], allowLastAxisSqueeze: true }, [28, 28], undefined],
    [{ shape: [null, 28, 28, 1], allowLastAxisSqueeze: true }, [28, 28, 1], undefined],
    [{ shape: [null, 28, 28, 1] }, [28, 28], '4 axes'],
    [{ shape: [null, 28] }, [27], 'shape [?, 28]'],
    [{ dtype: 'int32' }, [4], 'the dtype int32'],
  ])('%j of a sample %j', (options, shape, complaint) => {
    const layer = new Expecting(inputSpec({ ...options, name: 'it' }));
    const apply = () => layer.apply(layers.input({ shape }));
    if (complaint === undefined) expect(apply().shape).toEqual([-1, ...shape]);
    else expect(errorOf(apply).message).toContain(`expected ${complaint} of it`);
    const again = layers.InputSpec.fromConfig((layer.inputSpec as layers.InputSpec).getConfig());
    expect(again).toEqual(layer.inputSpec);
  });

  it('counts inputs, and refuses what it cannot mean', () => {
    const x = layers.input({ shape: [2] });
    const two = new Expecting([inputSpec({ ndim: 2 }), null]);
    expect(two.applyAll([x, x])).toHaveLength(2);
    expect(errorOf(() => two.apply(x))).toMatchObject({ code: 'ARGUMENT' });
    for (const options of [{ axes: { 3: 1 }, ndim: 3 }, { axes: { a: 1 } }, { ndim: -1 }, { rank: 2 }])
      expect(errorOf(() => inputSpec(options as never))).toMatchObject({ code: 'ARGUMENT' });
  });

  it('holds in a Sequential, too', () => {
    const layer = new Expecting(inputSpec({ axes: { '-1': 3 } }));
    expect(errorOf(() => new Sequential([layers.input({ shape: [2] }), layer]))).toMatchObject({
      code: 'SHAPE',
    });
  });
});

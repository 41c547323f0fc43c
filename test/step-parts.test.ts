import { atLeast, firstOf } from '../lib/base/list.js';
import {
  Model,
  NDArray,
  type ComputeLossOptions,
  type ComputeMetricsOptions,
  type StepData,
  type Sym,
  cloneModel,
  compile,
  grad,
  layers,
  metrics,
  ops,
  optimizers,
  variable,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from './support/run.js';
import { apart, numbers, weightsOf } from './support/steps.js';

const quiet = { verbose: 0 } as const;
type Pair = readonly [Sym, Sym];

describe('parts of steps', () => {
  const inputs = () => {
    const a = layers.input({ shape: [3, 2], name: 'a' });
    const b = layers.input({ shape: [2], name: 'b' });
    const masked = layers.lstm({ units: 2, returnSequences: true }).apply(layers.masking().apply(a));
    return {
      inputs: [a, b],
      outputs: {
        steps: layers.dense({ units: 1, name: 'd' }).apply(masked),
        flat: layers.dense({ units: 1 }).apply(b),
      },
    };
  };
  const data = {
    x: {
      a: new NDArray(
        numbers(30).map((v, i) => (i % 6 > 3 ? 0 : v)),
        [5, 3, 2],
      ),
      b: new NDArray(numbers(10), [5, 2]),
    },
    y: { steps: new NDArray(numbers(15, 2), [5, 3, 1]), flat: new NDArray(numbers(5, 3), [5, 1]) },
    sampleWeight: { steps: [1, 2, 3, 4, 5], flat: [5, 4, 3, 2, 1] },
  };

  it.each(['float32', 'mixedBfloat16'] as const)(
    'agree with Model for named inputs and outputs, masks and weights, %s',
    async (dtypePolicy) => {
      class Own extends Model<Record<'steps' | 'flat', layers.KerasTensor>> {
        override trainStep([x, y, sampleWeight]: StepData) {
          expect(x).toHaveLength(2);
          const yPred = this.applyAll(x as readonly Sym[], { training: true });
          expect(firstOf(yPred).mask).toBeDefined();
          // By their names, too.
          const [first, second] = atLeast(y as readonly Sym[], 2);
          const loss = this.computeLoss({ y: { flat: second, steps: first }, yPred, sampleWeight });
          this.optimizer.minimize(loss, this.trainableWeights);
          return { now: loss, ...this.computeMetrics({ y, yPred, sampleWeight }) };
        }
      }
      const plain = new Model({ ...inputs(), dtypePolicy });
      const own = new Own({ ...inputs(), dtypePolicy });
      own.setWeights(await plain.getWeights());
      const histories = [];
      for (const model of [plain, own] as unknown as Model[]) {
        model.compile({
          optimizer: 'adam',
          loss: { steps: 'mse', flat: 'mae' } as never,
          lossWeights: [1, 0.5],
          metrics: ['mse'],
          weightedMetrics: ['mae'],
        });
        const { x, y, sampleWeight } = data;
        const { history } = await model.fit(x, y, {
          ...quiet,
          epochs: 3,
          batchSize: 2,
          seed: 4,
          sampleWeight,
        });
        histories.push(history);
      }
      expect(await weightsOf(own)).toEqual(await weightsOf(plain));
      const [theirs, ours] = atLeast(histories, 2);
      expect(Object.keys(ours)).toEqual(['now', ...Object.keys(theirs)]);
      for (const key of Object.keys(theirs).filter((key) => key !== 'loss'))
        // Sums of few float32 numbers below 4, one rounded again when it is read: a unit in the last place each.
        expect(apart([ours[key]!], [theirs[key]!]), key).toBeLessThan(2 ** -21);
      expect(Object.keys(await own.evaluate(data.x, data.y, quiet))).toEqual(Object.keys(theirs));
    },
  );

  it('computeMetrics, metrics and resetMetrics may be a subclass’s own', async () => {
    const resets: number[] = [];
    class Own extends Model {
      readonly seen = metrics.sum({ name: 'seen' });
      override computeMetrics(given: ComputeMetricsOptions) {
        void this.seen.updateState(ops.sum(given.x as Sym));
        return { ...super.computeMetrics(given), extra: ops.multiply(this.seen.result(), 2) };
      }
      override resetMetrics() {
        resets.push(1);
        super.resetMetrics();
      }
    }
    const input = layers.input({ shape: [1] });
    const model = new Own({ inputs: input, outputs: layers.dense({ units: 1 }).apply(input) });
    model.compile({ loss: 'mse', metrics: ['mae'] });
    const { history } = await model.fit([[1], [2], [4]], [1, 2, 3], { ...quiet, epochs: 2, batchSize: 1 });
    expect(Object.keys(history)).toEqual(['loss', 'mae', 'seen', 'extra']);
    expect(history['seen']).toEqual([7, 7]);
    expect(history['extra']).toEqual([14, 14]);
    expect(resets).toHaveLength(2);
    expect((await model.evaluate([[1], [2]], [1, 2], quiet))['extra']).toBe(6);
    class Few extends Own {
      override get metrics() {
        return [this.seen as metrics.Metric];
      }
    }
    const few = new Few({ inputs: input, outputs: layers.dense({ units: 1 }).apply(input) });
    few.compile({ loss: 'mse', metrics: ['mae'] });
    expect((await few.fit([[1], [2], [4]], [1, 2, 3], quiet)).history).toEqual({ seen: [7], extra: [14] });
  });

  it('testStep and predictStep may be a subclass’s own', async () => {
    class Own extends Model {
      override testStep([x, y]: Pair) {
        return { gap: ops.sum(ops.subtract(this.apply(x), y)) };
      }
      override predictStep([x]: readonly [Sym]) {
        return [ops.multiply(super.predictStep([x]) as Sym, 2), x];
      }
    }
    const input = layers.input({ shape: [1] });
    const outputs = layers.dense({ units: 1, kernelInitializer: 'ones' }).apply(input);
    const model = new Own({ inputs: input, outputs });
    model.compile({ loss: 'mse' });
    expect(await model.evaluate([[3], [4]], [1, 2], quiet)).toEqual({ gap: 4 });
    expect(await model.testOnBatch([[3], [4]], [1, 2])).toEqual({ gap: 4 });
    const [twice, same] = atLeast(
      (await model.predict([[3], [4]])) as unknown as { data(): Promise<Float32Array> }[],
      2,
    );
    expect(Array.from(await twice.data())).toEqual([6, 8]);
    expect(Array.from(await same.data())).toEqual([3, 4]);
    const copy = cloneModel(model);
    expect(copy.className).toBe('Model');
  });

  it('getMetricsResult gives what was measured', async () => {
    const model = new Model(inputs());
    model.compile({ loss: 'mse' });
    const logs = await model.evaluate(data.x, data.y, quiet);
    const results = Object.entries(model.getMetricsResult());
    expect(results.map(([name]) => name)).toEqual(Object.keys(logs));
    for (const [name, value] of results)
      expect(await (value as { item(): Promise<number> }).item()).toBeCloseTo(logs[name]!, 6);
  });

  it('are refused for unknown options, missing targets and no loss', async () => {
    const input = layers.input({ shape: [1] });
    const outputs = layers.dense({ units: 1 }).apply(input);
    const failing = (given: ComputeLossOptions, loss?: 'mse') => {
      class Own extends Model {
        override trainStep([x]: readonly [Sym]) {
          return { loss: this.computeLoss({ yPred: this.apply(x), ...given }) };
        }
      }
      const model = new Own({ inputs: input, outputs });
      model.compile(loss ? { loss } : {});
      return rejectionOf(model.fit([[1]], [1], quiet));
    };
    expect((await failing({ yTrue: 1 } as never, 'mse')).message).toMatch(/one of the options x, y, yPred/);
    expect((await failing({}, 'mse')).message).toMatch(/expected targets y/);
    expect((await failing({})).message).toMatch(/give compile a loss/);
    const plain = new Model({ inputs: input, outputs });
    plain.compile({ loss: 'mse' });
    expect((await rejectionOf(plain.fit([[1]], undefined, quiet))).message).toMatch(
      /expected targets y with x/,
    );
  });

  it('several updates of one variable follow one another', async () => {
    const w = variable([1, 2]);
    const sgd = optimizers.sgd({ learningRate: 0.25 });
    const step = compile((x: Sym) => {
      // d/dw w² = 2w halves w each time.
      for (let i = 0; i < 3; i++) sgd.minimize(ops.sum(ops.multiply(ops.square(w), x)), [w]);
      const [slope] = grad(ops.sum(ops.multiply(ops.square(w), x)), [w]);
      return { slope };
    });
    const { slope } = await step([1, 1]);
    expect(Array.from(await w.data())).toEqual([0.125, 0.25]);
    expect(Array.from(await slope!.data())).toEqual([0.25, 0.5]);
    expect(await sgd.iterations.data()).toEqual(Float32Array.of(3));
  });
});

import { itemAt } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../lib/core/compile.js';
import type { Sym } from '../lib/core/sym.js';
import { variable } from '../lib/core/variable.js';
import * as ops from '../lib/ops/index.js';
import * as optimizers from '../lib/optimizers/index.js';
import { optimizerConfig, optimizerOf } from '../lib/optimizers/registry.js';
import { scheduleOf } from '../lib/optimizers/schedules/registry.js';
import { errorOf } from './support/run.js';

const { schedules } = optimizers;

interface Entry {
  name: string;
  options: { decaySteps: number };
  rates: number[];
}
const { steps, entries } = JSON.parse(
  readFileSync(new URL('fixtures/schedules.json', import.meta.url), 'utf8'),
) as { steps: number[]; entries: Entry[] };

const made = ({ name, options }: Omit<Entry, 'rates'>) =>
  scheduleOf({ className: name.charAt(0).toUpperCase() + name.slice(1), config: options });

/** What a schedule gives at each of the steps. */
async function ratesOf(schedule: optimizers.schedules.LearningRateSchedule): Promise<number[]> {
  const rate = compile((step: Sym) => schedule.call(step));
  const rates = [];
  for (const step of steps) rates.push(await (await rate(step)).item());
  return rates;
}

describe('schedules against Keras and PyTorch', () => {
  it.each(entries)('$name $options', async ({ name, options, rates }) => {
    const actual = await ratesOf(made({ name, options }));
    // At most 16 roundings of numbers not above 1, each of which may be multiplied by the steepest slope, a power of 2 or the quarter turn;
    // a power's exponent, up to 142, multiplies the rounding of its logarithm.
    const top = Math.max(...rates);
    actual.forEach((rate, i) => {
      const exponent =
        name === 'exponentialDecay' ? (itemAt(steps, i) / options.decaySteps) * itemAt(rates, i) : 0;
      const bound = 2 ** -24 * (16 * 2 * top + 4 * exponent);
      expect(Math.abs(rate - itemAt(rates, i)), `step ${steps[i]}`).toBeLessThanOrEqual(bound);
    });
    expect(new Set(actual).size > 1).toBe(new Set(rates).size > 1);
  });
});

describe('a schedule in an optimizer', () => {
  const halving = () => schedules.exponentialDecay({ initialLearningRate: 1, decaySteps: 1, decayRate: 0.5 });

  it('decides each step, without another trace', async () => {
    const optimizer = optimizers.sgd({ learningRate: halving() });
    const w = variable([0]);
    let traces = 0;
    const step = compile((g: Sym) => {
      traces++;
      return { ...optimizer.applyGradients([[g, w]]) };
    });
    expect(optimizer.learningRate).toBe(1);
    const weights = [];
    for (let t = 0; t < 4; t++) {
      await step([1]);
      weights.push(w.dataSync()[0]);
    }
    expect(weights).toEqual([-1, -1.5, -1.75, -1.875]);
    expect(optimizer.learningRate).toBe(2 ** -4);
    expect(optimizer.variables.map(({ name }) => name)).toEqual(['iterations']);
    expect(traces).toBe(1);
  });

  it('goes into the kernels and into weight decay', async () => {
    const make = (learningRate: number | optimizers.schedules.LearningRateSchedule) =>
      optimizers.adamW({ learningRate, weightDecay: 0.5 });
    const after = async (optimizer: optimizers.Optimizer, rates: number[]) => {
      const w = variable([1, -2]);
      const step = compile((g: Sym) => ({ ...optimizer.applyGradients([[g, w]]) }));
      for (const rate of rates) {
        if (rate > 0) optimizer.learningRate = rate;
        await step([0.5, 3]);
      }
      return [...w.dataSync()];
    };
    const rates = schedules.piecewiseConstantDecay({ boundaries: [0, 1], values: [0.5, 0.25, 0.125] });
    expect(await after(make(rates), [0, 0, 0])).toEqual(await after(make(1), [0.5, 0.25, 0.125]));
  });

  it('cannot be set over', () => {
    const optimizer = optimizers.adam({ learningRate: halving() });
    const error = errorOf(() => (optimizer.learningRate = 0.1));
    expect(error).toMatchObject({ code: 'STATE' });
    expect(error.message).toMatch(/\[adam\].*ExponentialDecay.*number/);
    expect(optimizer.learningRate).toBe(1);
  });

  it.each(entries)('$name $options: the configuration makes an equal one', async ({ name, options }) => {
    const optimizer = optimizers.adam({ learningRate: made({ name, options }) });
    const config = optimizerConfig(optimizer);
    const again = optimizerOf(JSON.parse(JSON.stringify(config)) as optimizers.OptimizerLike);
    expect(optimizerConfig(again)).toEqual(config);
    expect(again.learningRate).toBe(optimizer.learningRate);
  });

  it.each(entries)('$name has a name', ({ name, options }) => {
    const schedule = made({ name, options });
    expect(schedule.name).toBe(schedule.className);
    expect(made({ name, options: { ...options, name: 'mine' } as never }).name).toBe('mine');
  });

  it('may be of the user', async () => {
    class Inverse extends schedules.LearningRateSchedule {
      readonly className = 'Inverse';
      call(step: Sym) {
        return ops.divide(1, ops.add(step, 1));
      }
    }
    const optimizer = optimizers.sgd({ learningRate: new Inverse() });
    const w = variable([0]);
    const step = compile((g: Sym) => ({ ...optimizer.applyGradients([[g, w]]) }));
    for (let t = 0; t < 2; t++) await step([1]);
    expect([...w.dataSync()]).toEqual([-1.5]);
  });
});

describe('refusals', () => {
  const first = { initialLearningRate: 0.1 };
  it.each<[RegExp, () => unknown]>([
    [
      /\[exponentialDecay\].*decayRate/,
      () => schedules.exponentialDecay({ ...first, decaySteps: 3 } as never),
    ],
    [/\[cosineDecay\].*decaySteps.*received 0/, () => schedules.cosineDecay({ ...first, decaySteps: 0 })],
    [
      /\[cosineDecayRestarts\].*tMul of 1 or more.*received 0.5/,
      () => schedules.cosineDecayRestarts({ ...first, firstDecaySteps: 1, tMul: 0.5 }),
    ],
    [
      /\[piecewiseConstantDecay\].*2 values/,
      () => schedules.piecewiseConstantDecay({ boundaries: [1], values: [1] }),
    ],
    [
      /\[piecewiseConstantDecay\].*growing boundaries/,
      () => schedules.piecewiseConstantDecay({ boundaries: [2, 1], values: [1, 1, 1] }),
    ],
    [/\[oneCycle\].*totalSteps/, () => schedules.oneCycle({ maxLearningRate: 1, totalSteps: 1.5 })],
    [
      /\[oneCycle\].*pctStart from 0 to 1/,
      () => schedules.oneCycle({ maxLearningRate: 1, totalSteps: 2, pctStart: 2 }),
    ],
    [
      /\[warmUp\].*a schedule as learningRate/,
      () => schedules.warmUp({ learningRate: {} as never, warmupSteps: 1 }),
    ],
    [/\[sgd\].*learningRate/, () => optimizers.sgd({ learningRate: {} as never })],
    [/learningRate.*received null/, () => optimizers.sgd({ learningRate: null as never })],
  ])('%s', (message, make) => {
    const error = errorOf(make);
    expect(error).toMatchObject({ code: 'ARGUMENT' });
    expect(error.message).toMatch(message);
  });
});

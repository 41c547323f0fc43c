import { itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { compile } from '../lib/core/compile.js';
import type { Sym } from '../lib/core/sym.js';
import { variable } from '../lib/core/variable.js';
import * as ops from '../lib/ops/index.js';
import * as optimizers from '../lib/optimizers/index.js';
import type { Optimizer, UpdateContext } from '../lib/optimizers/index.js';
import { rejectionOf } from './support/run.js';
import { boundOf, largest, trained } from './support/updates.js';

/** The same optimizer by its `update` alone. */
function composed(optimizer: Optimizer): Optimizer {
  const plain = Object.create(optimizer.constructor.prototype as object, {
    fused: { value: () => undefined },
  }) as object;
  const make = optimizer.constructor as new (config: object) => Optimizer;
  return Object.setPrototypeOf(new make(optimizer.getConfig()), plain) as Optimizer;
}

describe('the fused update is what `update` says', () => {
  const decay = { weightDecay: 0.1 };
  it.each([
    optimizers.sgd({ learningRate: 0.1, ...decay }),
    optimizers.sgd({ learningRate: 0.05, momentum: 0.9, ...decay }),
    optimizers.sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true, globalClipnorm: 0.7 }),
    optimizers.rmsprop({ learningRate: 0.02, rho: 0.8, epsilon: 0.01, ...decay }),
    optimizers.rmsprop({ learningRate: 0.02, momentum: 0.5, epsilon: 0.01 }),
    optimizers.rmsprop({ learningRate: 0.02, momentum: 0.5, epsilon: 0.1, centered: true }),
    optimizers.adam({ learningRate: 0.02 }),
    optimizers.adam({ learningRate: 0.02, beta1: 0.8, beta2: 0, epsilon: 0.01, clipnorm: 0.5 }),
    optimizers.adam({ learningRate: 0.02, epsilon: 0.01, amsgrad: true, ...decay }),
    optimizers.adamW({ learningRate: 0.02, weightDecay: 0.1 }),
    optimizers.adadelta({ rho: 0.9, epsilon: 0.01, ...decay }),
    optimizers.adam({ learningRate: 0.02, useEma: true, emaMomentum: 0.8, emaOverwriteFrequency: 3 }),
    optimizers.sgd({ learningRate: 0.05, momentum: 0.9, useEma: true, lossScaleFactor: 8, ...decay }),
    optimizers.rmsprop({
      learningRate: optimizers.schedules.exponentialDecay({
        initialLearningRate: 0.02,
        decaySteps: 2,
        decayRate: 0.5,
      }),
      epsilon: 0.01,
      useEma: true,
    }),
  ])('$className', async (optimizer) => {
    const kernel = await trained(optimizer);
    const rule = await trained(composed(optimizer));
    expect(rule.values.map(({ name }) => name)).toEqual(kernel.values.map(({ name }) => name));
    kernel.values.forEach(({ name, data }, v) => {
      const apart = largest(data.map((x, i) => x - itemAt(itemAt(rule.values, v).data, i)));
      expect(apart, name).toBeLessThanOrEqual(boundOf(kernel, v));
      expect(largest(data), name).toBeGreaterThan(0);
    });
  });
});

/** Adagrad (Duchi et al., 2011) with a scalar that counts, too. */
class Adagrad extends optimizers.Optimizer {
  readonly className = 'ownAdagrad';
  protected override update({ weight, gradient, rate, slot, assign, assignWeight }: UpdateContext): void {
    const sum = slot('sum', { initialValue: 1 });
    const total = assign('sum', ops.add(sum, ops.square(gradient)));
    assign('count', ops.add(slot('count', { shape: [] }), 1));
    assignWeight(ops.subtract(weight, ops.divide(ops.multiply(rate, gradient), ops.sqrt(total))));
  }
}

/** One step of such an optimizer on a weight [1, 2] with the gradient [3, 4]. */
async function stepWith(optimizer: Optimizer, steps = 1) {
  const w = variable([1, 2], { name: 'w' });
  const step = compile((g: Sym) => ({ ...optimizer.applyGradients([[g, w]]) }));
  for (let t = 0; t < steps; t++) await step([3, 4]);
  return [...w.dataSync()];
}

describe('an optimizer of the user', () => {
  it('has slots that begin as it says', async () => {
    const own = new Adagrad({ learningRate: 1 });
    const [a, b] = await stepWith(own, 2);
    expect(a).toBeCloseTo(1 - 3 / Math.sqrt(10) - 3 / Math.sqrt(19), 6);
    expect(b).toBeCloseTo(2 - 4 / Math.sqrt(17) - 4 / Math.sqrt(33), 6);
    const slots = own.variables.slice(2).map((slot) => ({
      name: slot.name,
      shape: slot.shape,
      data: [...slot.dataSync()],
    }));
    expect(slots).toEqual([
      { name: 'w/sum', shape: [2], data: [19, 33] },
      { name: 'w/count', shape: [], data: [2] },
    ]);
  });

  it('sees the weight after its decay', async () => {
    const [a] = await stepWith(new Adagrad({ learningRate: 1, weightDecay: 0.5 }));
    expect(a).toBeCloseTo(0.5 - 3 / Math.sqrt(10), 6);
  });

  it('is followed where it overrides `update` of one that has a kernel', async () => {
    class Still extends optimizers.Adam {
      protected override update({ weight, assignWeight }: UpdateContext): void {
        assignWeight(ops.multiply(weight, 2));
      }
    }
    expect(await stepWith(new Still())).toEqual([2, 4]);
  });

  const failing = (update: (context: UpdateContext) => void) => {
    class Failing extends optimizers.Optimizer {
      readonly className = 'failing';
      protected override update(context: UpdateContext): void {
        update(context);
      }
    }
    return rejectionOf(stepWith(new Failing()));
  };

  it('has to assign the weight', async () => {
    const error = await failing(() => undefined);
    expect(error).toMatchObject({ code: 'STATE' });
    expect(error.message).toMatch(/\[failing\] expected update\(\) to call assignWeight/);
  });

  it('has to read a slot before it assigns it', async () => {
    const error = await failing(({ slot, assign, gradient }) => {
      slot('velocity');
      assign('velocty', gradient);
    });
    expect(error).toMatchObject({ code: 'ARGUMENT' });
    expect(error.message).toMatch(/\[failing\].*slot\('velocty'\).*did you mean 'velocity'/);
  });

  it('assigns values in the shape of the slot', async () => {
    const error = await failing(({ slot, assign, gradient }) => {
      slot('mean');
      assign('mean', ops.sum(gradient));
    });
    expect(error).toMatchObject({ code: 'SHAPE' });
    expect(error.message).toMatch(/'w\/mean'/);
  });
});

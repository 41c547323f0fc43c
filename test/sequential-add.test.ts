import { firstOf } from '../lib/base/list.js';
import { Sequential, layers } from 'nodegrad';
import { describe, expect, it } from 'vitest';

/** A layer that counts how often its name is asked for: whatever looks at all layers of a model does. */
class Counted extends layers.Flatten {
  static reads = 0;
  override get name(): string {
    Counted.reads++;
    return super.name;
  }
}

function readsOf(count: number): number {
  Counted.reads = 0;
  const model = new Sequential([layers.input({ shape: [2] })]);
  for (let i = 0; i < count; i++) model.add(new Counted());
  expect(firstOf(model.outputs).shape).toEqual([-1, 2]);
  return Counted.reads;
}

describe('Sequential.add', () => {
  it('costs the same for each layer, however many there are', () => {
    // Four times as many layers, four times the work; it was sixteen times when each looked at all before it.
    expect(readsOf(200)).toBeLessThan(5 * readsOf(50));
  });

  it('refuses a name that another layer has, and leaves the model as it was', () => {
    const model = new Sequential([
      layers.input({ shape: [2], name: 'in' }),
      layers.dense({ units: 2, name: 'a' }),
    ]);
    for (const name of ['a', 'in'])
      expect(() => model.add(layers.dense({ units: 1, name }))).toThrow(`received '${name}' twice`);
    expect(model.layers).toHaveLength(1);
    model.add(layers.dense({ units: 3, name: 'b' }));
    expect(() => model.add(layers.dense({ units: 1, name: 'b' }))).toThrow("received 'b' twice");
    expect(firstOf(model.outputs).shape).toEqual([-1, 3]);
  });

  it('freezes a layer that joins a frozen model at once', () => {
    const model = new Sequential([layers.input({ shape: [2] })], { trainable: false });
    const dense = layers.dense({ units: 2 });
    model.add(dense);
    expect(dense.trainable).toBe(false);
    dense.trainable = true;
    expect(model.trainableWeights).toHaveLength(0);
    expect(dense.trainable).toBe(true);
  });
});

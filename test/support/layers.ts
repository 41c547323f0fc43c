import { firstOf } from '../../lib/base/list.js';
import { expect, it } from 'vitest';
import { compile } from '../../lib/core/compile.js';
import type { Shape } from '../../lib/engine/engine.js';
import * as layers from '../../lib/layers/index.js';
import type { Sym } from '../../lib/core/sym.js';
import type { Tensor, TensorData } from '../../lib/core/tensor.js';

export type Make = (config?: Record<string, unknown>) => layers.Layer;

/** A layer with options, the shapes that go in, the shape that comes out and its parameters, as Keras 3.15 says. */
export type LayerRow = [name: string, make: Make, inputs: Shape[], output: Shape, count: number];

export const one = (shape: Shape) => [shape];

const placeholders = (shapes: Shape[]) => shapes.map((shape) => layers.input({ shape: shape.slice(1) }));

/** Declares what holds for every layer. */
export function testRows(table: LayerRow[]): void {
  it.each(table)('%s: shape and parameters', (_, make, inputs, output, count) => {
    expect(make().computeOutputShape(inputs.length === 1 ? firstOf(inputs) : inputs)).toEqual(output);
    const layer = make();
    const y = layer.applyAll(placeholders(inputs));
    expect(y).toHaveLength(1);
    expect(firstOf(y).shape).toEqual(output);
    expect(layer.countParams()).toBe(count);
    expect(layer.trainableWeights).toEqual(layer.weights);
  });

  it.each(table)('%s: the configuration makes an equal layer', (_, make, inputs, output, count) => {
    const layer = make({ name: 'mine', trainable: false });
    expect(layer.name).toBe('mine');
    const config = JSON.parse(JSON.stringify(layer.getConfig())) as Record<string, unknown>;
    const again = new (layer.constructor as new (config: object) => layers.Layer)(config);
    expect(again.getConfig()).toEqual(layer.getConfig());
    expect(firstOf(again.applyAll(placeholders(inputs))).shape).toEqual(output);
    expect(again.countParams()).toBe(count);
    expect(again.trainableWeights).toEqual([]);
  });
}

/** A layer's numbers for data. */
export async function output(
  layer: layers.Layer,
  data: Tensor | TensorData,
  training = false,
): Promise<number[]> {
  const run = compile((x: Sym) => ({ y: layer.apply(x, { training }) }));
  return Array.from(await (await run(data)).y.data());
}

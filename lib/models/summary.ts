import type { LayerGraph } from './layerGraph.js';
import type { Layer } from '../layers/layer.js';

const WIDTHS = [32, 24, 12, 26];

/** A table of a model's layers, as Keras prints it. */
export function summaryOf(name: string, graph: LayerGraph, trainable: readonly { size: number }[]): string {
  const row = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (cell.length < WIDTHS[i] ? cell.padEnd(WIDTHS[i]) : `${cell} `))
      .join('')
      .trimEnd();
  const line = '─'.repeat(WIDTHS.reduce((sum, width) => sum + width, 0));
  const seen = new Set<Layer>();
  const rows = graph.nodes.map(({ layer, inputs, outputs }) => {
    const first = !seen.has(layer);
    seen.add(layer);
    const shapes = outputs.map(({ shape }) => `(${shape.map((n) => (n < 0 ? '?' : n)).join(', ')})`);
    return row([
      `${layer.name} (${layer.className})`,
      shapes.join(', '),
      first ? layer.countParams().toLocaleString('en') : '(shared)',
      inputs.map((place) => place.node.layer.name).join(', '),
    ]);
  });
  const total = graph.layers.reduce((sum, layer) => sum + layer.countParams(), 0);
  const learned = trainable.reduce((sum, weight) => sum + weight.size, 0);
  return [
    `Model: "${name}"`,
    line,
    row(['Layer (type)', 'Output shape', 'Params', 'Connected to']),
    line,
    ...rows,
    line,
    `Total params: ${total.toLocaleString('en')} (${(total * 4).toLocaleString('en')} bytes)`,
    `Trainable params: ${learned.toLocaleString('en')}`,
    `Non-trainable params: ${(total - learned).toLocaleString('en')}`,
  ].join('\n');
}

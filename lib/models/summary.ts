import type { Shape } from '../engine/engine.js';
import { type OptionNames, checkEach, expected, isPattern } from '../base/checks.js';
import { atLeast, firstOf, itemAt, lastOf } from '../base/list.js';
import type { OperationNode } from '../core/kerasTensor.js';
import type { Operation } from '../core/operation.js';
import { Layer, isBuilt } from '../layers/layer.js';
import type { Variable } from '../core/variable.js';
import type { LayerGraph } from './layerGraph.js';

/** What `summary` takes. */
export interface SummaryOptions {
  /** What prints the text. Default `console.log`. */
  printFn?: (text: string) => void;
  /**
   * Characters a line, an integer of 40 or more. Default 88, 108 with connections, 12 more with `showTrainable`; no more than the
   * terminal has.
   */
  lineLength?: number;
  /** Whether each model within is followed by its layers. Default false. */
  expandNested?: boolean;
  /** Whether a column tells which layers are trained. Default false. */
  showTrainable?: boolean;
  /**
   * Where the columns end, as growing shares of the line up to 1, one for each but that of `showTrainable`, which takes a tenth of each.
   * Default [0.45, 0.8, 1], with connections [0.3, 0.56, 0.74, 1].
   */
  positions?: readonly number[];
  /** The names of the first and the last layer that are shown, or regular expressions that match their beginnings. Default: all. */
  layerRange?: readonly [first: string, last: string];
}

export const summaryNames = {
  printFn: 'optional',
  lineLength: 'optional',
  expandNested: 'boolean',
  showTrainable: 'boolean',
  positions: 'optional',
  layerRange: 'optional',
} satisfies OptionNames<SummaryOptions>;

/** The layers and calls of ops of a model, and how they are connected where that is known. */
export interface Stack {
  readonly operations: readonly Operation[];
  readonly graph: LayerGraph | undefined;
}

/** What {@link summaryOf} tells of a model. */
export interface Summarized extends Stack {
  readonly name: string;
  readonly weights: readonly Variable[];
  readonly trainableWeights: readonly Variable[];
  /** Of the optimizer, where it has made them. */
  readonly optimizerWeights: readonly Variable[];
}

type Align = 'left' | 'right' | 'center';

interface Column {
  readonly title: string;
  readonly align: Align;
  /** Where it ends, as a share of the line. */
  readonly end: number;
}

/**
 * A table of a model's layers, laid out as Keras prints it.
 *
 * @param stackOf The layers of a layer that is a model.
 */
export function summaryOf(
  model: Summarized,
  stackOf: (layer: Layer) => Stack | undefined,
  options: SummaryOptions,
): string {
  const { expandNested = false, showTrainable = false } = options;
  const connected = model.graph !== undefined && !isChain(model.graph);
  const columns = columnsOf(connected, showTrainable, options.positions);
  const row = (operation: Operation, { graph }: Stack, level: number): string[] => {
    const nodes = graph?.nodes.filter((node) => node.operation === operation) ?? [];
    const layer = operation instanceof Layer ? operation : undefined;
    const cells = [
      `${level > 0 ? `${'   '.repeat(level)}└ ` : ''}${operation.name} (${operation.className})`,
      shapeOf(nodes.at(-1)),
      !layer || isBuilt(layer) ? (layer?.countParams() ?? 0).toLocaleString('en') : '0 (unbuilt)',
    ];
    if (connected) cells.push(level === 0 ? connections(nodes, graph!) : '-');
    if (showTrainable) cells.push(!layer?.weights.length ? '-' : layer.trainable ? 'Y' : 'N');
    return cells;
  };
  const rows = (stack: Stack, level: number): string[][] =>
    stack.operations.flatMap((operation) => {
      const inner = expandNested && operation instanceof Layer ? stackOf(operation) : undefined;
      return [row(operation, stack, level), ...(inner ? rows(inner, level + 1) : [])];
    });
  const width = widthOf(options.lineLength, (connected ? 108 : 88) + (showTrainable ? 12 : 0));
  const { weights, trainableWeights, optimizerWeights } = model;
  const trained = new Set(trainableWeights);
  const count = (what: string, list: readonly Variable[]) => {
    const size = list.reduce((sum, weight) => sum + weight.size, 0);
    return ` ${what} params: ${size.toLocaleString('en')} (${memory(list)})`;
  };
  return [
    `Model: "${model.name}"`,
    ...table(columns, rows({ ...model, operations: shown(model.operations, options.layerRange) }, 0), width),
    count('Total', [...weights, ...optimizerWeights]),
    count('Trainable', trainableWeights),
    count(
      'Non-trainable',
      weights.filter((weight) => !trained.has(weight)),
    ),
    ...(optimizerWeights.length > 0 ? [count('Optimizer', optimizerWeights)] : []),
  ].join('\n');
}

/** Whether each layer is called once, on what the one before it gives. */
function isChain({ nodes, operations }: LayerGraph): boolean {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map((place) => place.node)));
  const single = nodes.every(({ inputs }) => inputs.length <= 1);
  return single && nodes.length === operations.length && read.size === nodes.length - 1;
}

/** The operations from the first to the last of a range, as Keras finds them. */
function shown(
  operations: readonly Operation[],
  range: readonly unknown[] | undefined,
): readonly Operation[] {
  if (range === undefined) return operations;
  checkEach('summary', 'two names or regular expressions as layerRange', range, isPattern);
  const found = range.map((pattern) => {
    const named = new RegExp(`^(?:${pattern as string})`);
    return [...operations.keys()].filter((i) => named.test(itemAt(operations, i).name));
  });
  const [first, last] = found;
  if (found.length !== 2 || !first?.length || !last?.length) {
    const names = operations.map(({ name }) => name).join(', ');
    throw expected('summary', `two of ${names} as layerRange`, range.join(', '));
  }
  // In the other order it is the same range.
  const inOrder = firstOf(first) <= lastOf(last);
  const [from, to] = inOrder ? [firstOf(first), lastOf(last)] : [firstOf(last), lastOf(first)];
  return operations.slice(from, to + 1);
}

function columnsOf(connected: boolean, showTrainable: boolean, positions?: readonly number[]): Column[] {
  const ends: readonly unknown[] = positions ?? (connected ? [0.3, 0.56, 0.74, 1] : [0.45, 0.8, 1]);
  const growing = (end: unknown, i: number) => fractionOf(end) > (i === 0 ? 0 : fractionOf(ends[i - 1]));
  if (!Array.isArray(ends) || ends.length !== (connected ? 4 : 3) || !ends.every(growing))
    throw expected('summary', `${connected ? 4 : 3} growing shares of the line as positions`, positions);
  const [name, shape, count] = atLeast(ends as readonly number[], 3);
  const columns: Column[] = [
    { title: 'Layer (type)', align: 'left', end: name },
    { title: 'Output Shape', align: 'left', end: shape },
    { title: 'Param #', align: 'right', end: count },
  ];
  if (connected)
    columns.push({ title: 'Connected to', align: 'left', end: itemAt(ends as readonly number[], 3) });
  if (!showTrainable) return columns;
  return [
    ...columns.map((column) => ({ ...column, end: column.end * 0.9 })),
    { title: 'Trainable', align: 'center', end: 1 },
  ];
}

const fractionOf = (end: unknown): number => (typeof end === 'number' && end > 0 && end <= 1 ? end : NaN);

function widthOf(given: number | undefined, preferred: number): number {
  if (given === undefined) return Math.min(preferred, Math.max((process.stdout.columns ?? 80) - 4, 40));
  if (Number.isSafeInteger(given) && given >= 40) return given;
  throw expected('summary', 'an integer of at least 40 for lineLength', given);
}

function shapeOf(node: OperationNode | undefined): string {
  if (!node) return '?';
  const text = ({ shape }: { shape: Shape }) => `(${shape.map((n) => (n < 0 ? 'null' : n)).join(', ')})`;
  const shapes = node.outputs.map(text);
  return shapes.length === 1 ? firstOf(shapes) : `[${shapes.join(', ')}]`;
}

/** What goes in: for each input the layer or op, which of its calls, which of its outputs. */
function connections(nodes: readonly OperationNode[], { nodes: all }: LayerGraph): string {
  const places = nodes.flatMap(({ inputs }) =>
    inputs.map((place) => {
      const { node } = place;
      const call = all.filter(({ operation }) => operation === node.operation).indexOf(node);
      return `${node.operation.name}[${call}][${node.outputs.indexOf(place)}]`;
    }),
  );
  return places.join(', ') || '-';
}

const BYTES = { float32: 4, int32: 4, uint8: 1, bool: 1 };

function memory(weights: readonly Variable[]): string {
  let amount = weights.reduce((sum, { size, dtype }) => sum + size * BYTES[dtype], 0);
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  while (amount >= 1024 && units.length > 1) {
    amount /= 1024;
    units.shift();
  }
  return `${amount.toFixed(2)} ${units[0]}`;
}

function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const ends = columns.map(({ end }) => Math.trunc(end * width));
  // What the edges and spaces between columns take, 3 a column and 1, is taken from them evenly.
  const widths = ends.map((end, i) => end - (ends[i - 1] ?? 0) - (i === ends.length - 2 ? 4 : 3));
  if (widths.some((width) => width < 1))
    throw expected('summary', 'positions and a lineLength with room for each column', widths.join(', '));
  const rule = (left: string, line: string, cross: string, right: string) =>
    left + widths.map((n) => line.repeat(n + 2)).join(cross) + right;
  const lines = (cells: readonly string[], edge: string) => {
    const wrapped = cells.map((cell, i) => wrap(cell, itemAt(widths, i)));
    const height = Math.max(...wrapped.map((cell) => cell.length));
    return Array.from({ length: height }, (_, k) => {
      const texts = wrapped.map(
        (cell, i) => ` ${aligned(cell[k] ?? '', itemAt(widths, i), itemAt(columns, i).align)} `,
      );
      return edge + texts.join(edge) + edge;
    });
  };
  const titles = columns.map(({ title }) => title);
  return [
    rule('┏', '━', '┳', '┓'),
    ...lines(titles, '┃'),
    rule('┡', '━', '╇', '┩'),
    ...rows.flatMap((cells, i) => [...(i > 0 ? [rule('├', '─', '┼', '┤')] : []), ...lines(cells, '│')]),
    rule('└', '─', '┴', '┘'),
  ];
}

/** Lines of whole words; a word that is too long is cut. */
function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.match(/\s*\S+\s*/g) ?? []) {
    const line = lastOf(lines);
    if (line !== '' && line.length + word.trimEnd().length > width) lines.push(word);
    else lines[lines.length - 1] = line + word;
  }
  return lines
    .map((line) => line.trimEnd())
    .map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
}

function aligned(text: string, width: number, align: Align): string {
  if (align === 'left') return text.padEnd(width);
  if (align === 'right') return text.padStart(width);
  return text.padStart(text.length + Math.floor((width - text.length) / 2)).padEnd(width);
}

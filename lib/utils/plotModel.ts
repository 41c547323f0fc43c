import { type OptionNames, expected, isPlainObject, knownOptions, oneOf, positive } from '../base/checks.js';
import { loadPeer } from '../base/peer.js';
import { escapedText, pictureEnding, writePicture } from '../base/picture.js';
import { writeWhole } from '../base/wholeFile.js';
import type { KerasTensor, OperationNode } from '../core/kerasTensor.js';
import type { Operation } from '../core/operation.js';
import type { Shape } from '../engine/engine.js';
import { Layer } from '../layers/layer.js';
import { Model } from '../models/model.js';
import type { OutputStructure } from '../models/structure.js';

/** What `utils.modelToDot` takes. */
export interface ModelToDotOptions {
  /** Whether each layer tells the shapes of what goes in and comes out. Default false. */
  showShapes?: boolean;
  /** Whether it tells the dtype of its output. Default false. */
  showDtype?: boolean;
  /** Whether it has its name besides its class. Default false. */
  showLayerNames?: boolean;
  /** `TB` draws from the top to the bottom, `LR` from the left to the right. Default `TB`. */
  rankdir?: 'TB' | 'LR' | 'BT' | 'RL';
  /** Whether the layers of models within are drawn, in a frame. Default false. */
  expandNested?: boolean;
  /** Pixels an inch, of a PNG file. Default 200. */
  dpi?: number;
  /** Whether each layer tells its activation. Default false. */
  showLayerActivations?: boolean;
  /** Whether each layer with weights tells if it is trained. Default false. */
  showTrainable?: boolean;
  /** The form of the lines: `ortho` has right angles alone. Default `ortho`. */
  splines?: 'ortho' | 'curved' | 'polyline' | 'spline' | 'line';
}

/** What `utils.plotModel` takes. */
export interface PlotModelOptions extends ModelToDotOptions {
  /** The file to write, with the ending `.svg`, `.png` or `.dot`. Default: none. */
  toFile?: string;
}

const dotNames = {
  showShapes: 'boolean',
  showDtype: 'boolean',
  showLayerNames: 'boolean',
  rankdir: 'optional',
  expandNested: 'boolean',
  dpi: 'optional',
  showLayerActivations: 'boolean',
  showTrainable: 'boolean',
  splines: 'optional',
} satisfies OptionNames<ModelToDotOptions>;
const plotNames = { ...dotNames, toFile: 'string' } satisfies OptionNames<PlotModelOptions>;
const DIRECTIONS = ['TB', 'LR', 'BT', 'RL'] as const;
const SPLINES = ['ortho', 'curved', 'polyline', 'spline', 'line'] as const;
const DPI = 200;
const ENDINGS = ['.svg', '.png', '.dot'] as const;

type AnyModel = Model<OutputStructure>;

/** Between which nodes of the drawing the edges of an operation are. */
interface Ends {
  /** For each input the node that takes it; the last one takes further ones. */
  readonly entries: readonly string[];
  /** For each output the node that gives it. */
  readonly exits: readonly string[];
}

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
const shapeText = (shape: Shape): string => `(${shape.map((size) => (size < 0 ? 'null' : size)).join(', ')})`;

/**
 * A model's layers and what leads from one to another, in Graphviz's language DOT. A model that has no graph, as one with its own `call`,
 * is one node. https://keras.io/api/utils/model_plotting_utils/#model_to_dot-function
 *
 * @throws EngineError `ARGUMENT` for what is no model, and for options that are unknown or out of their range.
 * @example console.log(utils.modelToDot(model, { showShapes: true }));
 */
export function modelToDot(model: AnyModel, options: ModelToDotOptions = {}): string {
  knownOptions('modelToDot', options, dotNames);
  return dotOf('modelToDot', model, options);
}

function dotOf(who: string, model: AnyModel, options: ModelToDotOptions): string {
  if (!(model instanceof Model)) throw expected(who, 'a model', model);
  const { rankdir = 'TB', splines = 'ortho', dpi = DPI } = options;
  oneOf(who, 'rankdir', rankdir, DIRECTIONS);
  oneOf(who, 'splines', splines, SPLINES);
  positive(who, 'dpi', dpi);
  const lines: string[] = [];
  const edges = new Set<string>();
  draw(model, '', options, lines, edges);
  // Letters of one width have it in every font, so that texts fit the cells that Graphviz has measured.
  return [
    'digraph {',
    `  graph [rankdir=${rankdir}, splines=${splines}, ranksep=0.4, fontname=Courier];`,
    '  node [shape=plain, fontname=Courier, fontsize=10];',
    ...lines.map((line) => `  ${line}`),
    ...[...edges].map((edge) => `  ${edge};`),
    '}',
    '',
  ].join('\n');
}

/** Adds the nodes and edges of a model. @param path Of the models that it is in, to be put before the names of nodes. */
function draw(
  model: AnyModel,
  path: string,
  options: ModelToDotOptions,
  lines: string[],
  edges: Set<string>,
): Ends {
  const graph = model.callsLayers ? undefined : model.knownGraph();
  if (!graph) {
    const id = quoted(`${path}${model.name}`);
    lines.push(`${id} [label=${label(model, [], options)}];`);
    return { entries: [id], exits: [id] };
  }
  const ends = new Map<Operation, Ends>();
  for (const operation of graph.operations) {
    const id = `${path}${operation.name}`;
    if (options.expandNested && operation instanceof Model) {
      lines.push(`subgraph ${quoted(`cluster_${id}`)} {`, `label=${quoted(operation.name)}; style=dashed;`);
      ends.set(operation, draw(operation as AnyModel, `${id}/`, options, lines, edges));
      lines.push('}');
      continue;
    }
    const calls = graph.nodes.filter((node) => node.operation === operation);
    lines.push(`${quoted(id)} [label=${label(operation, calls, options)}];`);
    ends.set(operation, { entries: [quoted(id)], exits: [quoted(id)] });
  }
  const endsOf = (operation: Operation) => ends.get(operation) ?? { entries: [], exits: [] };
  /** The node that gives a value. */
  const from = (tensor: KerasTensor): string => {
    const { exits } = endsOf(tensor.node.operation);
    return exits[Math.min(tensor.node.outputs.indexOf(tensor), exits.length - 1)] ?? '';
  };
  for (const node of graph.nodes) {
    const { entries } = endsOf(node.operation);
    node.inputs.forEach((tensor, i) => {
      edges.add(`${from(tensor)} -> ${entries[Math.min(i, entries.length - 1)]}`);
    });
  }
  return { entries: graph.inputs.map(from), exits: graph.outputs.map(from) };
}

/** The table that stands for a layer or a call of an op. */
function label(operation: Operation, calls: readonly OperationNode[], options: ModelToDotOptions): string {
  const { showShapes, showDtype, showLayerNames, showLayerActivations, showTrainable } = options;
  const last = calls.at(-1);
  const config = operation instanceof Layer ? operation.getConfig() : {};
  const name = showLayerNames
    ? `${escapedText(operation.name)} (${operation.className})`
    : operation.className;
  const shapes = (list: readonly { readonly shape: Shape }[]) =>
    list.map(({ shape }) => shapeText(shape)).join(', ');
  const details: string[] = [];
  if (showLayerActivations && 'activation' in config)
    details.push(`Activation: ${escapedText(nameOf(config['activation']))}`);
  if (showShapes && last) {
    if (last.inputs.length > 0) details.push(`Input shape: ${shapes(last.inputs)}`);
    details.push(`Output shape: ${shapes(last.outputs)}`);
  }
  if (showDtype && last) details.push(`Output dtype: ${last.outputs.map(({ dtype }) => dtype).join(', ')}`);
  if (showTrainable && operation instanceof Layer && operation.weights.length > 0)
    details.push(`Trainable: ${operation.trainable}`);
  const cells = details.map((detail) => `<td>${detail}</td>`).join('');
  const head = `<tr><td bgcolor="black"${details.length > 1 ? ` colspan="${details.length}"` : ''}><font color="white"><b>${name}</b></font></td></tr>`;
  const rest = details.length > 0 ? `<tr>${cells}</tr>` : '';
  return `<<table border="0" cellborder="1" cellspacing="0" cellpadding="8">${head}${rest}</table>>`;
}

/** The name of an activation in a configuration: a layer has its class. */
function nameOf(given: unknown): string {
  if (typeof given === 'string') return given;
  return isPlainObject(given) && typeof given['className'] === 'string' ? given['className'] : 'none';
}

/** Of the package what is used here. */
interface Viz {
  instance(): Promise<{ renderString(dot: string, options: { format: 'svg' }): string }>;
}
/**
 * A picture of a model: its layers and what leads from one to another, drawn by Graphviz, which the package `@viz-js/viz` has in
 * WebAssembly. PNG files need the package `sharp`, too. https://keras.io/api/utils/model_plotting_utils/#plot_model-function
 *
 * @returns The picture in SVG.
 * @throws EngineError `ARGUMENT` as {@link modelToDot}, and for a file with another ending; `STATE` where a package is missing; `IO` where
 *   the file cannot be written.
 * @example await utils.plotModel(model, { toFile: `${folder}/model.svg`, showShapes: true, showLayerNames: true });
 */
export async function plotModel(model: AnyModel, options: PlotModelOptions = {}): Promise<string> {
  const who = 'plotModel';
  knownOptions(who, options, plotNames);
  const { toFile, ...others } = options;
  const ending = toFile === undefined ? undefined : pictureEnding(who, 'toFile', toFile, ENDINGS);
  const dot = dotOf(who, model, others);
  const viz = await ((await loadPeer(who, '@viz-js/viz')) as Viz).instance();
  const svg = viz.renderString(dot, { format: 'svg' });
  if (toFile === undefined) return svg;
  if (ending === '.dot') await writeWhole(who, toFile, [new TextEncoder().encode(dot)]);
  else await writePicture(who, toFile, svg, others.dpi ?? DPI);
  return svg;
}

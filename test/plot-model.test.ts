// Pictures of models.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Model, Sequential, layers, ops, utils } from '../lib/index.js';
import { errorOf, rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-plot-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Two inputs, a model within, an op and two outputs. */
function made() {
  const [image, tag] = [
    layers.input({ shape: [8, 8, 1], name: 'image' }),
    layers.input({ shape: [3], name: 'tag' }),
  ];
  const encoder = new Sequential(
    [
      layers.input({ shape: [8, 8, 1], name: 'given' }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ units: 4, activation: 'relu', name: 'code' }),
    ],
    { name: 'encoder' },
  );
  const joined = layers.concatenate({ name: 'join' }).apply([encoder.apply(image), tag]);
  const head = layers.dense({ units: 2, name: 'head' });
  return new Model({
    inputs: [image, tag],
    outputs: [head.apply(joined), ops.mean(joined, { axis: 1 })],
    name: 'net',
  });
}
/** The edges of a drawing. */
const edgesOf = (dot: string) =>
  [...dot.matchAll(/^ {2}"(\S+)" -> "(\S+)";$/gm)].map(([, from, to]) => `${from} ${to}`);

describe('modelToDot', () => {
  it('has a node for each layer and call of an op, and an edge for each value', () => {
    const dot = utils.modelToDot(made());
    const edges = edgesOf(dot);
    expect(edges.slice().sort()).toEqual(
      [
        'image encoder',
        'encoder join',
        'tag join',
        'join head',
        `join ${edges.find((edge) => edge.startsWith('join mean'))?.slice(5)}`,
      ].sort(),
    );
    expect(dot.match(/ \[label=/g)).toHaveLength(6);
    expect(dot).not.toContain('<b>head');
  });

  it('draws the layers of models within', () => {
    const dot = utils.modelToDot(made(), { expandNested: true, rankdir: 'LR', splines: 'curved' });
    expect(dot).toContain('subgraph "cluster_encoder" {');
    expect(dot).toContain('rankdir=LR, splines=curved');
    expect(edgesOf(dot)).toEqual(
      expect.arrayContaining([
        'image encoder/given',
        'encoder/given encoder/flat',
        'encoder/flat encoder/code',
        'encoder/code join',
      ]),
    );
  });

  it('tells names, shapes, dtypes, activations and what is trained', () => {
    const model = made();
    model.getLayer('head').trainable = false;
    const dot = utils.modelToDot(model, {
      expandNested: true,
      showLayerNames: true,
      showShapes: true,
      showDtype: true,
      showLayerActivations: true,
      showTrainable: true,
    });
    const nodeOf = (id: string) => dot.split('\n').find((line) => line.trimStart().startsWith(`"${id}" [`));
    expect(nodeOf('join')).toContain('<b>join (Concatenate)</b>');
    expect(nodeOf('join')).toContain('Input shape: (null, 4), (null, 3)');
    expect(nodeOf('join')).toContain('Output shape: (null, 7)');
    expect(nodeOf('head')).toContain('Output dtype: float32');
    expect(nodeOf('head')).toContain('Trainable: false');
    expect(nodeOf('encoder/code')).toContain('Activation: relu');
    expect(nodeOf('encoder/code')).toContain('Trainable: true');
    expect(nodeOf('image')).not.toContain('Input shape');
  });

  it('refuses what is no model, and wrong options', () => {
    expect(errorOf(() => utils.modelToDot(layers.dense({ units: 1 }) as never))).toMatchObject({
      code: 'ARGUMENT',
    });
    expect(errorOf(() => utils.modelToDot(made(), { rankdir: 'up' as never }))).toMatchObject({
      code: 'ARGUMENT',
    });
    expect(errorOf(() => utils.modelToDot(made(), { dpi: 0 }))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('plotModel', () => {
  it('gives SVG, with texts as they are', async () => {
    const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1, name: 'a<b&"c"' })]);
    const svg = await utils.plotModel(model, { showLayerNames: true });
    expect(svg).toMatch(/<svg [^]*<\/svg>\s*$/);
    expect(svg).toContain('a&lt;b&amp;&quot;c&quot;');
  });

  it('writes SVG, PNG and DOT', async () => {
    const model = made();
    for (const ending of ['svg', 'png', 'dot'])
      await utils.plotModel(model, {
        toFile: join(folder, `net.${ending}`),
        dpi: 96,
        showShapes: true,
        expandNested: true,
      });
    expect(readdirSync(folder).sort()).toEqual(['net.dot', 'net.png', 'net.svg']);
    expect(readFileSync(join(folder, 'net.png')).subarray(1, 4).toString()).toBe('PNG');
    expect(readFileSync(join(folder, 'net.svg'), 'utf8')).toContain('</svg>');
    expect(readFileSync(join(folder, 'net.dot'), 'utf8')).toContain('digraph {');
  });

  it('refuses files with other endings', async () => {
    expect(await rejectionOf(utils.plotModel(made(), { toFile: join(folder, 'net.pdf') }))).toMatchObject({
      code: 'ARGUMENT',
    });
  });
});

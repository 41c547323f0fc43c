import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as nodegrad from '../lib/index.js';

const lib = fileURLToPath(new URL('../lib/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nodegrad-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Examples that are a part of something larger, by how they begin. */
const FRAGMENTS = [
  'static override readonly optionNames',
  "mixedPrecision.setDtypePolicy('mixedBfloat16');", // would hold for the examples that follow
  'const { train, test } = await datasets.mnist(', // reads a data set
  'const { train, test } = await datasets.fashionMnist(', // reads a data set
  'const { train, test } = await datasets.cifar10(', // reads a data set
  'const { train, test } = await datasets.cifar100(', // reads a data set
  'const { train, test } = await datasets.imdb(', // reads a data set
  'const { train, test } = await datasets.reuters(', // reads a data set
  'const { train, test } = await datasets.bostonHousing(', // reads a data set
  'const { train, test } = await datasets.californiaHousing(', // reads a data set
  'const { images, labels } = await datasets.digits()', // reads a data set
  "const model = await applications.mobileNet({ weights: 'imagenet' })", // downloads
  'const cells = await utils.imageDatasetFromDirectory(', // reads a folder
  'layers.dense({ units: 1 }), // logits',
  'const copy = Model.fromConfig(',
  'const gradients = grad(',
  'model.compile({ loss: ownLoss,',
  'function* batches() {',
  'const { loss, accuracy } = await model.evaluate(batches());',
  'const net = await importOnnx(', // reads a file
  'const { y } = await net.infer(',
];

/** The examples of a file's documentation comments, without the stars and the indentation. */
function examplesOf(file: string): string[] {
  const comments = readFileSync(file, 'utf8').match(/\/\*\*(?:(?!\*\/)[^])*\*\//g) ?? [];
  return comments
    .filter((comment) => !comment.includes('@internal'))
    .flatMap((comment) => {
      const text = comment.slice(3, -2).replace(/^[ \t]*\* ?/gm, '');
      return [...text.matchAll(/@example([^]*?)(?=^@|(?![^]))/gm)].map(([, code]) => code!.trim());
    });
}

const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const examples = files
  .sort()
  .flatMap((name) =>
    examplesOf(join(lib, name)).map((code) => ({ file: relative(lib, join(lib, name)), code })),
  );

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<unknown>;

/** What examples may use without saying where it comes from. */
function surroundings() {
  const { Sequential, layers, optimizers, tensor, zeros, variable } = nodegrad;
  const model = new Sequential([
    layers.input({ shape: [3] }),
    layers.dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['accuracy'] });
  const adam = optimizers.adam();
  const x = zeros([8, 3]);
  return {
    model,
    adam,
    x,
    y: zeros([8, 3]),
    images: zeros([32, 3]),
    data: x,
    w: variable(tensor([[0], [0]])),
    folder,
  };
}

describe('examples in documentation comments', () => {
  beforeEach(() => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(console, 'log').mockReturnValue(undefined);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('are found', () => {
    expect(examples.length).toBeGreaterThan(100);
    for (const fragment of FRAGMENTS)
      expect(
        examples.filter(({ code }) => code.startsWith(fragment)),
        fragment,
      ).toHaveLength(1);
  });

  it.each(examples.filter(({ code }) => !FRAGMENTS.some((start) => code.startsWith(start))))(
    '$file: $code',
    async ({ code }) => {
      const { outputText } = ts.transpileModule(code, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      const known = { ...nodegrad, ...surroundings() };
      const names = Object.keys(known).filter((name) => name !== 'default');
      // A block of its own: an example may declare what the surroundings have.
      const run = new AsyncFunction(...names, `{\n${outputText}\n}`);
      await run(...names.map((name) => known[name as keyof typeof known]));
    },
  );
});

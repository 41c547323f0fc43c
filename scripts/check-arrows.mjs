// Checks that dependencies between folders point one way (docs/architecture.md draws the same arrows):
//   lib -> lib/engine.ts -> lib/loader.ts -> binding -> cpp/program -> cpp/plan -> cpp/graph -> cpp/core, and backends below cpp/backend.h.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// What each part of the engine may include: folders of cpp/, or single headers.
const CPP = {
  core: [],
  graph: ['core'],
  ops: ['core', 'graph'],
  'backend.h': ['core', 'graph'],
  spec: ['core', 'graph', 'ops', 'backend.h'],
  plan: ['core', 'graph', 'backend.h', 'spec'],
  cpu: ['core', 'graph', 'backend.h', 'spec'],
  data: ['core'],
  program: ['core', 'graph', 'plan', 'data', 'backend.h', 'cpu/cpu_backend.h'],
  binding: ['core', 'graph', 'ops', 'plan', 'backend.h', 'program', 'data', 'cpu/cpu_backend.h'],
};
// The lowest files of lib, and what they may import.
const LOWEST = {
  'lib/installed.ts': [],
  'lib/settings.ts': ['lib/errors.js'],
  'lib/loader.ts': ['lib/errors.js', 'lib/installed.js', 'lib/settings.js'],
  'lib/engine.ts': ['lib/errors.js', 'lib/loader.js'],
};
// The op registry starts itself up by calling the one function that lists the families.
const EXCEPTIONS = new Set(['cpp/graph/op.cpp -> ops/register.h']);
const NODE_HEADERS = /^(napi|node|uv|v8|js_native)/;
const ONEDNN_HEADERS = /^(oneapi\/dnnl|dnnl)/;
// Variables of the environment are read in one place of each language (docs/settings.md).
const SETTINGS = new Set(['cpp/core/settings.cpp', 'lib/settings.ts']);
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
    // Headers are named from cpp/; a name without a folder is one beside the file.
    const target = name.includes('/') || part(name) in CPP ? part(name) : own;
    const known = target === own || allowed.includes(target) || allowed.includes(name);
    if (!known && !EXCEPTIONS.has(`${file} -> ${name}`)) {
      complain(file, `includes ${name}; cpp/${own} may include ${[own, ...allowed].join(', ')}.`);
    }
  }
}

function checkLib(file, text) {
  if (file !== 'lib/loader.ts' && ADDON_LOADERS.test(text)) {
    complain(file, 'loads a native module; only lib/loader.ts loads the addon.');
  }
  for (const [, name] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)) {
    const target = relative('.', normalize(join(dirname(file), name)));
    if (!target.startsWith('lib/')) complain(file, `imports ${name}; lib/ imports nothing outside lib/.`);
    const allowed = LOWEST[file];
    if (allowed && !allowed.includes(target))
      complain(file, `imports ${name}; it is one of the lowest files and knows ${allowed.join(', ')} only.`);
  }
}

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', 'lib', 'cpp', 'binding'],
  { cwd: root, encoding: 'utf8' },
);
for (const file of files.split('\n').filter(Boolean)) {
  const text = readFileSync(join(root, file), 'utf8');
  if (ENVIRONMENT.test(text) && !SETTINGS.has(file))
    complain(file, `reads the environment; only ${[...SETTINGS].join(' and ')} may.`);
  if (file.endsWith('.ts')) checkLib(file, text);
  else if (/\.(cpp|h)$/.test(file)) checkCpp(file, text);
}
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);

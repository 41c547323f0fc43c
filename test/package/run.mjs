// Packs the package, installs it in an empty project elsewhere without network, scripts or a compiler, and uses it from there:
// from ES modules, CommonJS and strict TypeScript. Prints how many checks passed.
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBundlers, toolsFolder } from './bundlers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const consumer = join(here, 'consumer');
const scratch = mkdtempSync(join(tmpdir(), 'nodegrad-package-'));
const project = join(scratch, 'project');
const MAX_BYTES = 30e6;
// Debian 10, Ubuntu 18.04, RHEL 8 and Amazon Linux 2023 have at least these.
const GLIBC_FLOOR = '2.27';
const GLIBCXX_FLOOR = '3.4.19';

/** The licences of the libraries that the package brings, each with words of its beginning and its end. */
const LICENCES = {
  'oneDNN-LICENSE': ['Apache License', 'limitations under the License'],
  'oneDNN-THIRD-PARTY-PROGRAMS': ['(oneDNN) Third Party Programs File', 'with respect to the Combined'],
  'Eigen-MPL-2.0.txt': [
    'Mozilla Public License Version 2.0',
    'defined by the Mozilla Public License, v. 2.0',
  ],
  'libgomp-GPL-3.txt': ['GNU GENERAL PUBLIC LICENSE', 'why-not-lgpl'],
  'libgomp-GCC-exception-3.1.txt': ['GCC RUNTIME LIBRARY EXCEPTION', 'No Weakening of GCC Copyleft'],
  'node-addon-api-LICENSE.md': ['The MIT License', 'OTHER DEALINGS IN THE SOFTWARE'],
};

const bin = (name) => join(root, 'node_modules/.bin', name);

function run(command, args, options = {}) {
  return execFileSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
}

function assert(condition, message) {
  if (!condition) throw new Error(message);
}

function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

let passed = 0;
let failed = 0;
async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok     ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  }
}

/** What runs the installed package sees: no compiler, no library path, no hint of the clone. */
const bareEnvironment = { PATH: dirname(process.execPath), HOME: scratch };
const node = (...args) => run(process.execPath, args, { cwd: project, env: bareEnvironment });

function typeCheck(module, moduleResolution, files, emit) {
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'ES2022',
    lib: ['ES2023', 'DOM'],
    types: [],
    // Our declarations are to stand up to a build that checks its libraries too.
    skipLibCheck: false,
    noEmit: !emit,
    module,
    moduleResolution,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
  run(bin('tsc'), ['-p', project], { cwd: project });
}

run('npm', ['run', 'prebuild']);
run('npm', ['run', 'build:ts']);
run('npm', ['run', 'build:web']);
// With the script "prepare": what that prints must not get into the JSON.
const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', scratch]));
const tarball = join(scratch, packed.filename);
const size = statSync(tarball).size;
console.log(`${packed.filename}: ${(size / 1e6).toFixed(1)} MB packed, ${packed.files.length} files`);

await check('the tarball holds the build and nothing else', () => {
  const names = packed.files.map(({ path }) => path);
  const native = `prebuilds/${process.platform}-${process.arch}`;
  const wanted = [
    ...[
      'package.json',
      'LICENSE',
      'dist/index.cjs',
      'dist/index.mjs',
      'dist/bundle.mjs',
      'dist/index.d.mts',
      'dist/types/index.d.ts',
      'dist/board/index.html',
      'bin/nodegrad.mjs',
      'bin/doctor.mjs',
    ],
    ...['nodegrad.node', 'libdnnl.so.3', 'libgomp.so.1', 'NOTICE.txt', ...Object.keys(LICENCES)].map(
      (name) => `${native}/${name}`,
    ),
  ];
  for (const name of wanted) assert(names.includes(name), `${name} is missing`);
  const known =
    /^(package\.json|README\.md|LICENSE|dist\/index\.(cjs(\.map)?|mjs|d\.mts)|dist\/bundle\.mjs|dist\/types\/.+\.d\.ts|dist\/types\/package\.json|dist\/board\/(index\.html|icon\.svg|licenses\.md|assets\/[\w-]+\.(js|css))|bin\/(nodegrad|doctor)\.mjs|prebuilds\/.+)$/;
  for (const name of names) assert(known.test(name), `${name} does not belong into the package`);
});
await check('each library brings its licence', () => {
  const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  const notice = readFileSync(join(folder, 'NOTICE.txt'), 'utf8');
  for (const [name, words] of Object.entries(LICENCES)) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const word of words) assert(text.includes(word), `${name} lacks '${word}'`);
  }
  for (const name of readdirSync(folder))
    assert(name === 'NOTICE.txt' || notice.includes(name), `NOTICE.txt does not tell of ${name}`);
  const page = readFileSync(join(root, 'dist/board/licenses.md'), 'utf8');
  for (const name of ['preact', 'uplot']) assert(page.includes(`## ${name}`), `no licence of ${name}`);
  assert(page.includes('Permission is hereby granted'), 'the licences of the page have no text');
  const own = readFileSync(join(root, 'LICENSE'), 'utf8');
  for (const word of ['Apache License', 'limitations under the License'])
    assert(own.includes(word), `LICENSE lacks '${word}'`);
});
await check(`the libraries need glibc ${GLIBC_FLOOR} and libstdc++ ${GLIBCXX_FLOOR} at most`, () => {
  const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
  for (const name of ['nodegrad.node', 'libdnnl.so.3', 'libgomp.so.1']) {
    const symbols = run('objdump', ['-T', join(folder, name)]);
    for (const [line, library, version] of symbols.matchAll(/^.*\((GLIBC|GLIBCXX)_([\d.]+)\).*$/gm)) {
      const floor = library === 'GLIBC' ? GLIBC_FLOOR : GLIBCXX_FLOOR;
      assert(compareVersions(version, floor) <= 0, `${name} needs more: ${line}`);
    }
  }
  const own = run('objdump', ['-T', join(folder, 'nodegrad.node')]);
  assert(!/GLIBCXX|CXXABI/.test(own), 'the addon needs the C++ library of the system');
  const visible = own.split('\n').filter((line) => / (g|w|u) /.test(line) && !line.includes('*UND*'));
  assert(visible.length === 2, `the addon shows more than its entry: ${visible.join('; ')}`);
  // Its lines are short: a text may go on in the next.
  const loader = readFileSync(join(root, 'dist/index.cjs'), 'utf8').replaceAll('\\\n', '');
  assert(loader.includes(`"${GLIBC_FLOOR}"`), 'the loader tells another glibc');
});
await check('a copy of a built clone can be built again', () => {
  const copy = join(scratch, 'copy');
  const files = run('git', ['ls-files', '--cached', '--others', '--exclude-standard'])
    .split('\n')
    .filter(Boolean);
  for (const file of [...files, 'build/CMakeCache.txt'])
    if (existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  run(process.execPath, ['scripts/native.mjs', 'configure'], { cwd: copy });
});
await check(`the tarball has at most ${MAX_BYTES / 1e6} MB`, () =>
  assert(size <= MAX_BYTES, `${size} bytes`),
);
await check('nothing runs at install, and nothing else is installed', () => {
  const { scripts, dependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of ['preinstall', 'install', 'postinstall'])
    assert(!(name in scripts), `there is a script "${name}"`);
  assert(!packed.files.some(({ path }) => path === 'binding.gyp'), 'binding.gyp would start node-gyp');
  assert(Object.keys(dependencies).length === 0, 'an offline install cannot bring dependencies');
});
await check('the source map holds its sources', () => {
  const { sources, sourcesContent } = JSON.parse(readFileSync(join(root, 'dist/index.cjs.map'), 'utf8'));
  assert(sources.length > 0 && sources.length === sourcesContent?.length, 'sources without contents');
  assert(!sourcesContent.includes(null), 'a source without contents');
});
await check('publint finds nothing', () => run(bin('publint'), ['run', tarball, '--strict']));
await check('the types are right for every kind of import', () => run(bin('attw'), [tarball]));

mkdirSync(project);
writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }\n');
await check('it installs offline, from an empty cache, without scripts', () => {
  const flags = [
    '--offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--cache',
    join(scratch, 'cache'),
  ];
  run('npm', ['install', ...flags, tarball], { cwd: project });
});
await check('addon, libdnnl and libgomp are the ones of the package', () => {
  const program = `
    const { tensor } = require('nodegrad');
    tensor([1, 2]).dispose();
    const { realpathSync, readFileSync } = require('node:fs');
    const maps = readFileSync('/proc/self/maps', 'utf8');
    const home = realpathSync('node_modules/nodegrad/prebuilds') + '/';
    for (const name of ['nodegrad.node', 'libdnnl.so.3', 'libgomp.so.1']) {
      const place = maps.split('\\n').map((line) => line.split(/\\s+/)[5] ?? '').find((path) => path.endsWith('/' + name));
      if (!place?.startsWith(home)) throw new Error(name + ' came from ' + place);
    }`;
  node('-e', program);
});
await check('ES modules and CommonJS share every class', () => {
  const program = `
    import * as esm from 'nodegrad';
    import { createRequire } from 'node:module';
    const cjs = createRequire(process.cwd() + '/x.js')('nodegrad');
    const names = Object.keys(cjs);
    if (names.length < 2 || names.join() !== Object.keys(esm).filter((name) => name !== 'default').join()) throw new Error('other names');
    for (const name of names) if (esm[name] !== cjs[name]) throw new Error(name + ' differs');`;
  node('--input-type=module', '-e', program);
});
copyFileSync(join(consumer, 'names.mjs'), join(project, 'names.mjs'));
for (const target of ['nodegrad', join(project, 'node_modules/nodegrad/dist/bundle.mjs')])
  await check(`no name of a bundler is in ${basename(target)} or its messages`, () =>
    node('names.mjs', target),
  );
for (const extension of ['mts', 'cts'])
  copyFileSync(join(consumer, 'train.mts'), join(project, `train.${extension}`));
await check('strict TypeScript under node16', () =>
  typeCheck('Node16', 'Node16', ['train.mts', 'train.cts'], true),
);
await check('strict TypeScript under bundler', () => typeCheck('ESNext', 'Bundler', ['train.mts'], false));
await check('an ES module trains', () => assert(node('train.mjs').includes('trained'), 'it did not finish'));
await check('a CommonJS module trains', () =>
  assert(node('train.cjs').includes('trained'), 'it did not finish'),
);

await check('nodegrad board serves the page that is in the package', async () => {
  const runs = join(project, 'runs');
  mkdirSync(join(runs, 'one'), { recursive: true });
  writeFileSync(join(runs, 'one/log.jsonl'), '');
  const board = spawn(join(project, 'node_modules/.bin/nodegrad'), ['board', runs], { env: bareEnvironment });
  try {
    const url = await new Promise((resolve, reject) => {
      let said = '';
      for (const stream of [board.stdout, board.stderr])
        stream.on('data', (part) => {
          const found = /Dashboard: (\S+)/.exec((said += part));
          if (found) resolve(found[1]);
        });
      board.on('error', reject);
      board.on('exit', () => reject(new Error(`it has ended: ${said}`)));
    });
    const page = await (await globalThis.fetch(url)).text();
    const script = /src="\.\/(assets\/[^"]+)"/.exec(page)?.[1];
    assert(script !== undefined, `a page without a script: ${page}`);
    const { status, headers } = await globalThis.fetch(url + script);
    assert(status === 200 && headers.get('content-type').includes('javascript'), `${script}: ${status}`);
  } finally {
    board.kill();
  }
});

run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: toolsFolder });
await checkBundlers(check, project, join(scratch, 'far'), (folder, file) =>
  run(process.execPath, [file], { cwd: folder, env: bareEnvironment }),
);

const OTHER_REALM = ['data/', 'tensor.test', 'fit.test', 'layers.test', 'losses.test'].map(
  (name) => `test/${name}`,
);
// Both run tests in contexts of their own, whose arrays, functions and errors are not those of Node's.
const jest = join(toolsFolder, 'node_modules/jest/bin/jest.js');
await check('tests of ours run under Jest', () =>
  run(process.execPath, ['--experimental-vm-modules', jest, '--config', join(here, 'jest.config.mjs')]),
);
await check("tests of ours run in vitest's vmThreads", () =>
  run(bin('vitest'), ['run', '--pool=vmThreads', ...OTHER_REALM]),
);

rmSync(scratch, { recursive: true, force: true });
console.log(`package: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

// Every check of form: node scripts/check.mjs [--fix]. --fix formats and mends what the tools can mend by themselves.
import { execFileSync, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchTool } from './native.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fix = process.argv.includes('--fix');
const bin = (name) => join(root, 'node_modules/.bin', name);
const listed = execFileSync(
  'git',
  [
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    'cpp',
    'binding',
    'cuda',
    'test/cpp',
    'test/cuda',
    'bench',
  ],
  { cwd: root, encoding: 'utf8' },
);
const cppFiles = listed.split('\n').filter((file) => /\.(cpp|h|cu|cuh)$/.test(file));

const clangFormat = join(fetchTool('clang-format'), 'clang_format/data/bin/clang-format');

/** Runs a tool; true where it found nothing to say. */
function tool(command, ...args) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

/** As prettier does, name the files and not each place in them. */
function checkClangFormat() {
  const { stderr } = spawnSync(clangFormat, ['--dry-run', ...cppFiles], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const names = new Set(
    [...stderr.matchAll(/^(\S+?):\d+:\d+: (?:warning|error)/gm)].map((match) => match[1]),
  );
  for (const name of names) console.error(`${name}: not formatted; npm run format does it.`);
  return names.size === 0;
}

// C++ is linted by the compiler (-Wall -Wextra, errors in CI): clang-tidy takes 5 s a file, more than all the tests together.
const checks = {
  prettier: () => tool(bin('prettier'), fix ? '--write' : '--check', '--log-level', 'warn', '.'),
  eslint: () => tool(bin('eslint'), '.', ...(fix ? ['--fix'] : [])),
  types: () => tool(bin('tsc'), '--noEmit'),
  'types of the page': () => tool(bin('tsc'), '-p', 'web'),
  'clang-format': () => (fix ? tool(clangFormat, '-i', ...cppFiles) : checkClangFormat()),
  arrows: () => tool(process.execPath, 'scripts/check-arrows.mjs'),
  docs: () => tool(process.execPath, 'scripts/check-docs.mjs'),
  lines: () => tool(process.execPath, 'scripts/check-lines.mjs'),
};

const failed = Object.entries(checks).filter(([name, check]) => {
  const ok = check();
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
  return !ok;
}).length;
console.log(`checks: ${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);

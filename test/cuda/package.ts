// What the package nodegrad-cuda has to be: node --import tsx test/cuda/package.ts FOLDER. Ends with "package: N passed, N failed".
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineError } from '../../lib/base/errors.js';
import { engine } from '../../lib/engine/engine.js';

const MOST_BYTES = 15e6;
const GLIBC_FLOOR = '2.34';

const folder = process.argv[2] ?? '';
const file = join(folder, 'lib/libnodegrad_cuda.so');
const objdump = (option: string) => execFileSync('objdump', [option, file], { encoding: 'utf8' });
/** All that npm packs. */
const FILES = [
  'CUDA-LICENSE.txt',
  'GCC-exception-3.1.txt',
  'GPL-3.txt',
  'lib/libnodegrad_cuda.so',
  'LICENSE',
  'NOTICE.txt',
  'package.json',
  'README.md',
];
const compare = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

const checks: Record<string, () => void> = {
  'holds the library with its licences, and runs nothing when it is installed'() {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: folder, encoding: 'utf8' });
    const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
    assert.deepEqual(files.map(({ path }) => path).sort(compare), FILES);
    assert.match(readFileSync(join(folder, 'CUDA-LICENSE.txt'), 'utf8'), /NVIDIA/);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const [version] = engine().cudaAbi().split(' ');
    assert.equal(manifest['version'], version);
    assert.deepEqual(manifest['peerDependencies'], { nodegrad: version });
    assert.equal(manifest['scripts'], undefined);
  },
  'has a small library'() {
    assert(statSync(file).size <= MOST_BYTES, `${statSync(file).size} bytes`);
  },
  'exports what the addon looks for and nothing else'() {
    const exported = [...objdump('-T').matchAll(/^\S+ .{7} \.\w+\s+\S+\s+(?:\S+\s+)?(\w+)$/gm)];
    assert.deepEqual(exported.map(([, name]) => name).sort(), ['nodegradCudaAbi', 'nodegradCudaOpen']);
  },
  'needs no other library than those of every system'() {
    const needed = [...objdump('-p').matchAll(/NEEDED\s+(\S+)/g)].map(([, name]) => name ?? '');
    const others = needed.filter((name) => !/^(libc|libm|libgcc_s|ld-linux-x86-64)\.so\.\d+$/.test(name));
    assert.deepEqual(others, []);
    const versions = [...objdump('-T').matchAll(/\(?GLIBC_([\d.]+)\)?/g)].map(([, version]) => version ?? '');
    assert(versions.length > 0);
    const newest = versions.sort(compare).at(-1) ?? '';
    assert(compare(newest, GLIBC_FLOOR) <= 0, `needs glibc ${newest}`);
  },
  'opens, or says with CUDA’s words why not'() {
    try {
      engine().openCuda(file, 0, 'cuda');
    } catch (error) {
      const { code, message } = error as EngineError;
      assert.equal(code, 'DEVICE');
      assert.match(message, /^the GPU reports cudaError(InsufficientDriver|NoDevice): /);
    }
  },
};

const failed = Object.entries(checks).filter(([name, check]) => {
  try {
    check();
    return false;
  } catch (error) {
    console.log(`FAILED ${name}: ${(error as Error).message}`);
    return true;
  }
}).length;
console.log(`package: ${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

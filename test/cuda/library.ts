// What the built library of nodegrad-cuda has to be: node --import tsx test/cuda/library.ts FILE. Ends with "library: N passed, N failed".
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import type { EngineError } from '../../lib/base/errors.js';
import { engine } from '../../lib/engine/engine.js';

const MOST_BYTES = 15e6;
const GLIBC_FLOOR = '2.34';

const file = process.argv[2] ?? '';
const objdump = (option: string) => execFileSync('objdump', [option, file], { encoding: 'utf8' });
const compare = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

const checks: Record<string, () => void> = {
  'is small'() {
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
      engine().openCuda(file);
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
console.log(`library: ${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

// gpu-check/run with little work, on the emulated GPU: the table that it ends with, whatever a part does.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../../gpu-check/run', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'nodegrad-gpu-check-'));
afterAll(() => rmSync(out, { recursive: true }));

/** What the script answers, and the rows of its table: the part, its result, the seconds, what it told. */
function run(...args: string[]) {
  const all = ['--emulated', '--small', '--out', out, ...args];
  const { status, stdout, stderr } = spawnSync(script, all, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const table = stdout.slice(stdout.lastIndexOf('| part |'));
  const rows = table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.slice(2, -2).split(' | '));
  return { status, stdout, stderr, rows };
}

describe('gpu-check/run', () => {
  it('tells what each part has found', () => {
    const parts = ['self-check', 'products', 'determinism', 'host time', 'gaps', 'bandwidth'];
    const { status, rows, stdout } = run('--only', parts.join());
    expect(
      rows.map(([part, result]) => [part, result]),
      stdout,
    ).toEqual(parts.map((part) => [part, 'passed']));
    const [check, products, determinism, host, gaps, bandwidth] = rows.map((row) => row[3] ?? '');
    expect(check).toMatch(/^emulated GPU; sm_90; 1\.5 GiB; driver: 580.* as on the CPU$/);
    expect(products).toMatch(/^\d+ passed \(\d+\)$/);
    expect(determinism).toMatch(/^the same bits after 52 steps: first (\w{12}), again \1, not recorded \1$/);
    expect(host).toMatch(/^\d+\.\d µs a step/);
    expect(gaps).toMatch(
      /^mnist @2: a step takes [\d.]+ ms, its \d+ kernels one after another [\d.]+ ms: gaps -?\d+ %$/,
    );
    expect(bandwidth).toMatch(
      /^1 steps [\d.]+ TB\/s \([\d.]+ ms\), 6 steps .*, 20 steps .*, of 4096 numbers$/,
    );
    expect(status).toBe(0);
    expect(readFileSync(join(out, 'self-check.log'), 'utf8')).toContain('RESULT emulated GPU');
  });

  it('goes on after a part that fails and one whose program is missing', () => {
    const { status, rows } = run('--only', 'speed,memcheck,self-check');
    expect(rows.map(([part, result]) => [part, result])).toEqual([
      ['speed', 'failed'],
      ['memcheck', 'skipped'],
      ['self-check', 'passed'],
    ]);
    expect(rows[0]?.[3]).toBe('ended with 1');
    expect(rows[1]?.[3]).toBe('compute-sanitizer is not installed (ENOENT)');
    expect(status).toBe(1);
  });

  it('ends parts that take too long, and all when the time is over', () => {
    const { status, rows } = run('--only', 'determinism,self-check', '--seconds', '2');
    expect(rows.map(([part, result]) => [part, result])).toEqual([
      ['determinism', 'failed'],
      ['self-check', 'skipped'],
    ]);
    expect(rows[0]?.[3]).toBe('took more than 2 s');
    expect(rows[1]?.[3]).toBe('no time is left of 2 s');
    expect(status).toBe(1);
  });

  it('refuses parts that it does not have', () => {
    const { status, stderr } = run('--only', 'speeds');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^--only: expected some of self-check, .*, received speeds\.\n$/);
  });
});

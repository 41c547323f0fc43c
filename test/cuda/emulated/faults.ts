// What the emulation finds in kernels that a GPU would not run, or not as they are meant.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../../build/cuda/emulated/faults', import.meta.url));

function run(name: string) {
  const { status, signal, stdout } = spawnSync(program, [name], { encoding: 'utf8' });
  return { status, signal, said: stdout.trim() };
}

const numbers = (count: number, of: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => of(i)).join(' ');

describe('the emulation', () => {
  it('runs threads that wait for one another', () => {
    expect(run('turned').said).toBe(numbers(96, (i) => 95 - i));
    expect(run('warps').said).toBe(numbers(96, (i) => 32 * 32 * Math.floor(i / 32) + (31 * 32) / 2));
  });

  it('shows a barrier that is missing', () => {
    const { status, said } = run('missing');
    expect(status).toBe(0);
    expect(said).not.toBe(run('turned').said);
    // What shared memory holds before it is written.
    expect(said.split(' ')).toContain('-1');
  });

  it.each(['early', 'apart'])('names a barrier that not all threads come to: %s', (name) => {
    expect(run(name).said).toMatch(/^not all threads come to the barrier at \S*faults\.cu:\d+$/);
  });

  it.each(['beyond', 'before'])('ends where shared memory is not: %s', (name) => {
    expect(run(name).signal).toBe('SIGSEGV');
  });

  it.each(['threads', 'blocks', 'shared'])('refuses a launch of a size that no GPU takes: %s', (name) => {
    expect(run(name).said).toMatch(/^invalid configuration argument/);
  });
});

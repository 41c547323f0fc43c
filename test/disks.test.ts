// Disks that fail while a training keeps its state. Needs namespaces of Linux: without them it is skipped.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-disks-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** Runs a command where the folder is a file system of 1 MB. */
const onDisk = (command: readonly string[]) =>
  spawnSync(
    'unshare',
    ['-Urm', 'sh', '-c', `mount -t tmpfs -o size=1m tmpfs ${folder} && exec "$@"`, 'sh', ...command],
    { encoding: 'utf8' },
  );

interface Outcome {
  readonly alone: number[];
  readonly results: Record<string, unknown>;
}

describe.skipIf(onDisk(['true']).status !== 0)('a training whose disk', () => {
  const script = fileURLToPath(new URL('disks/train.ts', import.meta.url));
  const { stdout, stderr } = onDisk([process.execPath, '--import', 'tsx', script, folder]);
  const { alone, results } = (stdout === '' ? { results: {} } : JSON.parse(stdout)) as Outcome;
  it.each([
    ['full', 'is full', /no space left/],
    ['readOnly', 'is read-only', /read-only file system/],
  ])('%s: %s fails, leaves the files of the epoch before, and goes on later', (name, _, reason) => {
    expect(stderr).toBe('');
    expect(results[name]).toEqual({
      code: 'IO',
      message: expect.stringMatching(reason) as string,
      left: ['backup', 'last.keras'],
      whole: 64 * 64 + 64 + 65,
      backup: true,
      goesOn: alone,
    });
  });

  it('has no folder any more: fails, and begins anew later', () => {
    expect(results['gone']).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/no such file/) as string,
    });
    expect(results['gone']).toMatchObject({ goesOn: alone });
  });
});

describe.skipIf(onDisk(['true']).status !== 0)('each writer on a disk that', () => {
  const script = fileURLToPath(new URL('disks/writers.ts', import.meta.url));
  const { stdout, stderr } = onDisk([process.execPath, '--import', 'tsx', script, folder]);
  const results = (stdout === '' ? {} : JSON.parse(stdout)) as Record<string, Record<string, unknown>>;
  it.each(['full', 'readOnly'])(
    '%s: fails with one error, leaves the file of before, and writes later',
    (fault) => {
      expect(stderr).toBe('');
      const writers = Object.entries(results[fault] ?? {});
      expect(writers.length).toBeGreaterThan(12);
      for (const [name, outcome] of writers)
        expect(outcome, name).toEqual({ code: 'IO', names: true, kept: true, goesOn: true });
    },
  );
});

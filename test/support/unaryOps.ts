import { readFileSync, readdirSync } from 'node:fs';
import { allOps } from './ops.js';

interface Row {
  readonly op: string;
  readonly each?: string;
  readonly args?: readonly unknown[];
  readonly range?: readonly [low: number, high: number];
}
const folder = new URL('../cases/', import.meta.url);
const rows = readdirSync(folder)
  .filter((file) => /^ops.*\.json$/.test(file))
  .flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Row[]);

/** The element-wise ops of one operand that test/cases/ops*.json calls without options, and the range of its numbers. */
export const unaryOps: ReadonlyMap<string, readonly [low: number, high: number]> = new Map(
  rows
    .filter(({ op, each, args }) => each === 'unary' && args === undefined && op in allOps)
    .map(({ op, range = [-1, 1] }) => [op, range]),
);

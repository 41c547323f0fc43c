// Each class and activation of the library is compared with numbers of Keras, or it says why it cannot be.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  activations,
  callbacks,
  constraints,
  initializers,
  layers,
  losses,
  metrics,
  optimizers,
  regularizers,
} from '../lib/index.js';
import { sameName } from '../lib/base/names.js';
import { reasons } from './cases/classes.js';
import { type Source, sources } from './cases/references.js';

const read = (name: string) => readFileSync(new URL(name, import.meta.url));

/** A fixture's JSON; that of models has one a line. */
function contents({ fixture }: Source): unknown {
  const bytes = read(`fixtures/${fixture}`);
  if (!fixture.endsWith('.gz')) return JSON.parse(bytes.toString());
  return gunzipSync(bytes)
    .toString()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** The names at a property, at any depth, of objects that hold more than it. */
function namesAt(value: unknown, key: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { [key]: name, ...rest } = value as Record<string, unknown>;
  const own = typeof name === 'string' && Object.keys(rest).length > 0 ? [name] : [];
  return [...own, ...Object.values(rest).flatMap((part) => namesAt(part, key))];
}

/** The names that a source has numbers for. */
function namesOf(source: Source): string[] {
  const all = contents(source);
  const keyed = Object.entries(source.at ?? {}).filter(([, at]) =>
    /\d/.test(JSON.stringify((all as Record<string, unknown>)[at] ?? '')),
  );
  return [...(source.key === undefined ? [] : namesAt(all, source.key)), ...keyed.map(([name]) => name)];
}

/** The classes below a base that a namespace exports, without those that are there to be extended. */
const classesOf = (space: object, base: abstract new (...args: never[]) => unknown) =>
  Object.entries(space)
    .filter(
      ([name, member]) =>
        typeof member === 'function' &&
        (member as { prototype?: unknown }).prototype instanceof base &&
        !['DataLayer', 'MultiInputLayer', 'Optimizer', 'Wrapper'].includes(name),
    )
    .map(([name]) => name);

const names: Readonly<Record<string, readonly string[]>> = {
  activations: Object.keys(activations).filter((name) => !/^(activationOf|register)$/.test(name)),
  callbacks: classesOf(callbacks, callbacks.Callback),
  constraints: classesOf(constraints, constraints.Constraint),
  initializers: classesOf(initializers, initializers.Initializer),
  layers: classesOf(layers, layers.Layer),
  losses: classesOf(losses, losses.Loss),
  metrics: classesOf(metrics, metrics.Metric),
  optimizers: classesOf(optimizers, optimizers.BaseOptimizer),
  regularizers: classesOf(regularizers, regularizers.Regularizer),
  schedules: classesOf(optimizers.schedules, optimizers.schedules.LearningRateSchedule),
};

it('has the families of the library', () => {
  expect(Object.keys(sources).sort()).toEqual(Object.keys(names).sort());
  for (const family of Object.keys(reasons)) expect(names).toHaveProperty(family);
});

describe.each(Object.keys(names))('%s', (family) => {
  const found = [...new Set(sources[family]!.flatMap(namesOf))];
  const compared = (name: string) => found.some((one) => sameName(one, name));
  const why = reasons[family] ?? {};

  it('are compared with numbers of Keras, or say why not', () => {
    expect(names[family]!.length).toBeGreaterThan(0);
    expect(names[family]!.filter((name) => compared(name) === name in why)).toEqual([]);
    expect(Object.keys(why).filter((name) => !names[family]!.includes(name))).toEqual([]);
  });

  it.each(sources[family]!.map((source) => [source.fixture, source.test, source] as const))(
    '%s is read by %s, and has what it stands for',
    (fixture, test, source) => {
      const text = read(`${test}.test.ts`).toString();
      const isRead =
        text.includes(`fixtures/${fixture}`) || text.includes(`'${fixture.replace(/\.json(\.gz)?$/, '')}'`);
      expect(isRead).toBe(true);
      const there = namesOf(source);
      for (const [name, at] of Object.entries(source.at ?? {})) {
        expect(there).toContain(name);
        expect(text).toMatch(new RegExp(`\\b${at}\\b`));
      }
      const own = there.filter((one) => names[family]!.some((name) => sameName(one, name)));
      expect(own.length).toBeGreaterThan(0);
    },
  );
});

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as lib from '../lib/index.js';
import { factoryName } from '../lib/base/names.js';
import {
  type LayerCase,
  type MeasureCase,
  type Options,
  constraintCases,
  initializerCases,
  layerCases,
  lossCases,
  metricCases,
  optimizerCases,
  regularizerCases,
  scheduleCases,
} from './cases/classes.js';

// What the comment of an option says of its default has to be what the class takes where the option is not given: made with that value, an
// object has the same configuration as without.

const optionsOf = (rows: Readonly<Record<string, LayerCase | MeasureCase>>) =>
  Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row.options]));
const FAMILIES: Readonly<Record<string, Readonly<Record<string, Options | undefined>>>> = {
  layers: optionsOf(layerCases),
  losses: optionsOf(lossCases),
  metrics: optionsOf(metricCases),
  optimizers: optimizerCases,
  schedules: scheduleCases,
  initializers: initializerCases,
  regularizers: regularizerCases,
  constraints: constraintCases,
};

/** Configurations keep what was given, as Keras's: with `topK` the default is another. */
const KEPT = new Set(['thresholds']);

const LITERAL = /(\[[^\]]*\]|`[^`]+`|true|false|-?\d+(?:\.\d+)?(?:e-?\d+)?)(?=[.,;:)]|\s|$)/;

/** The value that the text names as the default of a class, if it is a literal for all that the class does. */
function defaultIn(text: string, className: string): unknown {
  const said = /Default:? ([^]*)/.exec(text)?.[1]?.replace(/\s+/g, ' ') ?? '';
  const factory = factoryName(className);
  // '0, of `adamW` and `muon` 0.004', 'false; of additiveAttention true'
  const own = new RegExp(`of [^.;]*?\\b${factory}\\b[^.;]*? (true|false|\\d[\\d.e-]*\\d)`).exec(said);
  const literal = (own ?? new RegExp(`^${LITERAL.source}(?! of)`).exec(said))?.[1];
  if (literal === undefined) return undefined;
  return literal.startsWith('`') ? literal.slice(1, -1) : (JSON.parse(literal) as unknown);
}

/** The options of the classes that lib exports, by namespace and class, with their comments. */
function documented(): Map<string, Map<string, string>> {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: ['lib'] }, ts.sys, root);
  const index = join(root, 'lib/index.ts');
  const program = ts.createProgram([index], options);
  const checker = program.getTypeChecker();
  const exportsOf = (symbol: ts.Symbol) =>
    checker.getExportsOfModule(symbol).map((given) => ({
      name: given.name,
      symbol: given.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(given) : given,
    }));
  const found = new Map<string, Map<string, string>>();
  const all = exportsOf(checker.getSymbolAtLocation(program.getSourceFile(index)!)!);
  const { symbol: optimizers } = all.find(({ name }) => name === 'optimizers')!;
  for (const space of [...all, ...exportsOf(optimizers)]) {
    if (!(space.name in FAMILIES)) continue;
    for (const { name, symbol } of exportsOf(space.symbol)) {
      if (!(symbol.flags & ts.SymbolFlags.Class)) continue;
      const parameters = checker.getTypeOfSymbol(symbol).getConstructSignatures()[0]?.parameters ?? [];
      const [taken] = parameters.map((parameter) =>
        checker.getNonNullableType(checker.getTypeOfSymbol(parameter)),
      );
      const comments = (taken?.getProperties() ?? []).map(
        (option) => [option.name, ts.displayPartsToString(option.getDocumentationComment(checker))] as const,
      );
      found.set(`${space.name}.${name}`, new Map(comments));
    }
  }
  return found;
}

/** A configuration without the names that are counted. */
const plain = (config: unknown): unknown =>
  JSON.parse(JSON.stringify(config, (key, value: unknown) => (key === 'name' ? undefined : value)));

const comments = documented();
const spaces = { ...lib, schedules: lib.optimizers.schedules } as unknown as Record<
  string,
  Record<string, unknown>
>;
const cases = Object.entries(FAMILIES).flatMap(([space, rows]) =>
  Object.entries(rows).flatMap(([name, given]) => {
    if (Array.isArray(given)) return [];
    const Class = spaces[space]![name] as new (options: object) => { getConfig(): object };
    const options = () => (typeof given === 'function' ? given() : (given ?? {})) as Record<string, unknown>;
    const texts = [...comments.get(`${space}.${name}`)!];
    const defaults = texts
      .map(([option, text]) => [option, defaultIn(text, name)] as const)
      // The word of a code may be another option, that it is taken from.
      .filter(
        ([option, value]) =>
          value !== undefined && !texts.some(([other]) => other === value) && !KEPT.has(option),
      );
    return defaults.length > 0 ? [[`${space}.${name}`, { Class, options, defaults }] as const] : [];
  }),
);

describe('documented defaults', () => {
  it.each(cases)('%s', (_, { Class, options, defaults }) => {
    const config = (changes: object, without: string) => {
      const others = Object.entries(options()).filter(([option]) => option !== without);
      return plain(new Class({ ...Object.fromEntries(others), ...changes }).getConfig());
    };
    for (const [option, value] of defaults) {
      const usual = config({}, option);
      expect(config({ [option]: value }, option), option).toEqual(usual);
      expect(config({ [option]: undefined }, option), option).toEqual(usual);
    }
  });

  it('are read from the comments', () => {
    expect(cases.flatMap(([, { defaults }]) => defaults).length).toBeGreaterThan(1000);
  });
});

import {
  checkEach,
  expected,
  finite,
  integer,
  isPlainObject,
  knownOptions,
  oneOf,
} from '../../base/checks.js';
import { fromBlocks, withoutRows } from '../stages/fromBlocks.js';
import type { Stage } from '../stages/stage.js';
import { CsvReader, type CsvType } from './csv.js';
import { filesOf } from './open.js';
import { tableForm } from './table.js';
import { type CsvOptions, type RowsOptions, csvNames } from './options.js';

const WHO = 'Dataset.csv';
const MISSING = ['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '?'];
const TYPES = ['float32', 'int32', 'bool', 'string'] as const;

/** The rows of CSV files. */
export function csv(given: unknown, options: CsvOptions): Stage<unknown> {
  knownOptions(WHO, options, csvNames);
  const files = filesOf(WHO, given);
  const { header = true, columnNames, types = {}, fill } = options;
  const texts = (name: 'columnNames' | 'missing', list: unknown) => {
    if (list !== undefined)
      checkEach(WHO, `a list of strings as ${name}`, list, (item) => typeof item === 'string');
  };
  texts('columnNames', columnNames);
  texts('missing', options.missing);
  if (!isPlainObject(types)) throw expected(WHO, 'types in a record by column', types);
  for (const [name, type] of Object.entries(types)) oneOf<CsvType>(WHO, `the type of '${name}'`, type, TYPES);
  if (isPlainObject(fill))
    for (const [name, value] of Object.entries(fill)) number(`fill for '${name}'`, value);
  else if (fill !== undefined) number('fill', fill);
  for (const [name, type] of Object.entries(types)) {
    const value = isPlainObject(fill) ? fill[name] : fill;
    if (type === 'int32' && value !== undefined && (value | 0) !== value)
      throw expected(WHO, `an integer of 32 bits as fill for '${name}'`, value);
  }
  const separator = character('separator', options.separator ?? ',');
  const quote = character('quote', options.quote ?? '"');
  if (separator === quote) throw expected(WHO, 'another character as quote than as separator', quote);
  const reader = new CsvReader({
    files,
    separator,
    quote,
    header,
    columnNames,
    form: tableForm(WHO, options),
    types,
    missing: options.missing ?? MISSING,
    fill,
  });
  const blocks = (_: number, from: number) =>
    from === 0 ? reader.blocks() : withoutRows(WHO, reader.blocks(), from);
  return fromBlocks(WHO, blocks, batchesOf(WHO, options), () => undefined);
}

/** Reads how rows become elements. */
export function batchesOf(who: string, { batchSize, dropRemainder = false }: RowsOptions) {
  return {
    batchSize: batchSize === undefined ? undefined : integer(who, 'batchSize', batchSize),
    dropRemainder,
  };
}

function number(name: string, value: unknown): void {
  if (!Number.isNaN(value)) finite(WHO, name, value);
}

function character(name: string, value: string): string {
  if (value.length === 1 && value.charCodeAt(0) < 128 && value !== '\n' && value !== '\r') return value;
  throw expected(WHO, `one ASCII character as ${name}`, value);
}

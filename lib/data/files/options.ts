import type { OptionNames } from '../../base/checks.js';
import type { NDArray } from '../../core/ndarray.js';
import type { CsvType } from './csv.js';

/** What all readers of files with many rows take. */
export interface RowsOptions {
  /** How many rows an element has, stacked as `batch` does; faster than that. Default: each row is an element. */
  batchSize?: number;
  /** Whether a last batch of fewer rows is left out. Default false. */
  dropRemainder?: boolean;
}

export const rowsNames = {
  batchSize: 'optional',
  dropRemainder: 'boolean',
} satisfies OptionNames<RowsOptions>;

/** What all readers of tables take. */
export interface TableOptions extends RowsOptions {
  /** The columns to read, in this order. Default: all. */
  columns?: readonly string[];
  /** The column that is the target: elements are [features, label] then. Default: none. */
  label?: string;
  /** Whether features are a record by column or one float32 array. Default `record`. */
  features?: 'record' | 'array';
}

export const tableNames = {
  ...rowsNames,
  columns: 'optional',
  label: 'string',
  features: 'optional',
} satisfies OptionNames<TableOptions>;

/** What `Dataset.csv` takes. */
export interface CsvOptions extends TableOptions {
  /** Whether the first record of each file has the columns' names. Default true; else they are '0', '1', …. */
  header?: boolean;
  /** Names of the columns, in place of those of the header. */
  columnNames?: readonly string[];
  /**
   * The types of columns by their names. Default, by the first 100 rows: `bool` where all values are true or false, `float32` where all
   * are numbers, else `string`.
   */
  types?: Readonly<Record<string, CsvType>>;
  /** What stands for a missing number. Default: '', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '?'. */
  missing?: readonly string[];
  /** What a missing number becomes, or by column. Default: NaN in float32; elsewhere it is an error. */
  fill?: number | Readonly<Record<string, number>>;
  /** The character between fields. Default ','. */
  separator?: string;
  /** The character around fields that hold separators, line breaks or itself, doubled. Default '"'. */
  quote?: string;
}

export const csvNames = {
  ...tableNames,
  header: 'boolean',
  columnNames: 'optional',
  types: 'optional',
  missing: 'optional',
  fill: 'optional',
  separator: 'string',
  quote: 'string',
} satisfies OptionNames<CsvOptions>;

/** One value or a batch of one column: text where a column is told to be, else numbers. */
type CsvCell<O> = O extends { types: Readonly<Record<string, infer T>> }
  ? 'string' extends T
    ? NDArray | (O extends { batchSize: number } ? string[] : string)
    : NDArray
  : NDArray;

type CsvFeatures<O> = O extends { features: 'array' } ? NDArray : Record<string, CsvCell<O>>;

/** What readers of tables give with their options. Of columns without a type TypeScript takes that they hold numbers. */
export type TableElement<O> = O extends { label: string } ? [CsvFeatures<O>, CsvCell<O>] : CsvFeatures<O>;

import { KerasTensor } from '../core/kerasTensor.js';

/** How a model's outputs are given, and its predictions come back: one, a list, or a record by names. */
export type OutputStructure = KerasTensor | readonly KerasTensor[] | Readonly<Record<string, KerasTensor>>;

/** The same structure of something else; a list of one is that one, as in Keras. */
export type Structured<S extends OutputStructure, T> = S extends KerasTensor
  ? T
  : S extends readonly KerasTensor[]
    ? S extends readonly [KerasTensor]
      ? T
      : number extends S['length']
        ? T | T[]
        : { -readonly [K in keyof S]: T }
    : { -readonly [K in keyof S]: T };

/** The outputs in their order, and their names where a record gives them. */
export function flatten(outputs: OutputStructure): {
  list: readonly KerasTensor[];
  names?: readonly string[];
} {
  if (outputs instanceof KerasTensor) return { list: [outputs] };
  if (Array.isArray(outputs)) return { list: outputs as readonly KerasTensor[] };
  return { list: Object.values(outputs), names: Object.keys(outputs) };
}

/** What belongs to each output, in the structure of these. */
export function structured<S extends OutputStructure, T>(
  names: readonly string[] | undefined,
  list: readonly T[],
): Structured<S, T> {
  const made = names
    ? Object.fromEntries(names.map((name, i) => [name, list[i]]))
    : list.length === 1
      ? list[0]
      : list;
  return made as Structured<S, T>;
}

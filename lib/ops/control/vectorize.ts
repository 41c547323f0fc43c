import { type OptionNames, checkEach, expected, knownOptions, wrongShape } from '../../base/checks.js';
import { itemAt, sizeOf } from '../../base/list.js';
import { type Operand, type Outcome, typeOf } from '../../core/apply.js';
import { op } from '../../core/op.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../composed.js';
import { broadcastTo, reshape } from '../shape.js';
import { map } from './loops.js';
import { checkFunction } from './nest.js';

/** What `ops.vectorize` takes. */
export interface VectorizeOptions {
  /** The places of arguments that the function gets as they are. Default none. */
  excluded?: readonly number[] | null;
  /** The axes that the function takes and gives, as NumPy writes them: '(m,n),(n)->(m)'. Default: scalars. */
  signature?: string | null;
}

const names = { excluded: 'optional', signature: 'optional' } satisfies OptionNames<VectorizeOptions>;

interface Signature {
  readonly inputs: readonly (readonly string[])[];
  /** Of each output; undefined: one value, of any axes. */
  readonly outputs: readonly (readonly string[])[] | undefined;
}

function parsed(signature: string): Signature {
  const group = '\\((?:\\w+(?:,\\w+)*)?\\)';
  const list = `${group}(?:,${group})*`;
  const text = typeof signature === 'string' ? signature.replaceAll(/\s/g, '') : '';
  const match = new RegExp(`^(${list})->(${list})$`).exec(text);
  if (!match) throw expected('vectorize', "a signature as '(m,n),(n)->(m)'", signature);
  const [inputs, outputs] = match
    .slice(1)
    .map((side) => [...side.matchAll(/\(([^)]*)\)/g)].map(([, axes]) => (axes ? axes.split(',') : []))) as [
    string[][],
    string[][],
  ];
  return { inputs, outputs };
}

/** The shape that several broadcast to. */
function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((size) => size !== 1);
    for (const size of sizes)
      if (size < 0 || size !== sizes[0])
        throw wrongShape('vectorize', 'known sizes that broadcast', itemAt(shapes, 0));
    return sizes[0] ?? 1;
  });
}

/**
 * A function of scalars, or of some axes, as one of arrays: it is called for each element of the other axes, which broadcast, as
 * `numpy.vectorize` does. It is traced once for each call; the elements are computed one after another.
 * https://keras.io/api/ops/numpy/
 *
 * @param pyfunc Gets symbolic values; gives one, or with a signature of several outputs a list.
 * @param options `excluded`: places of arguments that it gets as they are. `signature`: the axes that it takes and gives; default scalars.
 * @returns A function of arrays, all of known sizes.
 * @throws EngineError `ARGUMENT`; at a call `SHAPE` for shapes that do not broadcast or fit the signature.
 * @example ops.vectorize((a, b) => ops.add(a, b))(ops.array([1, 2, 3]), 2); // 3, 4, 5
 */
export function vectorize<Y extends Operand | readonly Operand[]>(
  pyfunc: (...args: never[]) => Y,
  options: VectorizeOptions = {},
): <T extends readonly Operand[]>(
  ...args: T
) => Y extends readonly unknown[] ? Outcome<T[number]>[] : Outcome<T[number]> {
  knownOptions('vectorize', options, names);
  checkFunction('vectorize', 'pyfunc', pyfunc);
  const excluded = options.excluded ?? [];
  checkEach('vectorize', 'a list of places of arguments', excluded, Number.isInteger);
  const signature = options.signature ?? undefined;
  const axes = signature === undefined ? undefined : parsed(signature);
  return op('vectorize', (...args: unknown[]) => {
    const taken = [...args.keys()].filter((i) => !excluded.includes(i));
    const inputs = axes?.inputs ?? taken.map(() => []);
    if (inputs.length !== taken.length)
      throw expected('vectorize', `${inputs.length} arguments`, taken.length);
    const operands = taken.map((i) => asSym(args[i] as Operand));
    const sizes = new Map<string, number>();
    const loops = operands.map((operand, i) => {
      const { shape } = typeOf(operand);
      const core = itemAt(inputs, i);
      const before = shape.length - core.length;
      if (before < 0) throw wrongShape('vectorize', `at least ${core.length} axes`, shape);
      core.forEach((name, axis) => {
        const size = itemAt(shape, before + axis);
        if ((sizes.get(name) ?? size) !== size)
          throw wrongShape('vectorize', `${sizes.get(name)} places for the axis ${name}`, shape);
        sizes.set(name, size);
      });
      return shape.slice(0, before);
    });
    const loop = broadcastShape(loops);
    const call = (given: readonly unknown[]): unknown => {
      const all = [...args];
      taken.forEach((place, i) => (all[place] = given[i]));
      return pyfunc(...(all as never[]));
    };
    const rows = operands.map((operand, i) => {
      const { shape } = typeOf(operand);
      const core = shape.slice(shape.length - itemAt(inputs, i).length);
      return reshape(broadcastTo(operand, [...loop, ...core]), [sizeOf(loop), ...core]);
    });
    if (rows.length === 0) return call([]);
    const unrolled = (y: Sym) => reshape(y, [...loop, ...typeOf(y).shape.slice(1)]);
    const made = map((given: readonly Sym[]) => call(given) as Sym, rows) as unknown as Sym | Sym[];
    return Array.isArray(made) ? made.map(unrolled) : unrolled(made);
  }) as never;
}

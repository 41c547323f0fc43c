import type { Operand, Outcome } from '../core/apply.js';
import { op } from '../core/op.js';
import type { Sym } from '../core/sym.js';

/** An op of one operand. */
export type Unary = <T extends Operand>(x: T) => Outcome<T>;
/** An op of two operands. */
export type Binary = <A extends Operand, B extends Operand>(x1: A, x2: B) => Outcome<A | B>;

/** Any operand in the type of a symbolic value: formulas of ops take all kinds, and are written for one. @internal */
export const asSym = (x: Operand): Sym => x as unknown as Sym;

/** What a formula on {@link asSym} gave, as the outcome of an op on operands of type T. @internal */
export const outcomeOf = <T extends Operand>(y: Operand): Outcome<T> => y as unknown as Outcome<T>;

/** The value of a formula. @internal */
export const compute = <T extends Operand>(x: T, formula: (x: Sym) => Operand): Outcome<T> =>
  outcomeOf<T>(formula(asSym(x)));

/** An op of one operand from its formula. @internal */
export const unaryOp = (name: string, formula: (x: Sym) => Operand): Unary =>
  op(name, <T extends Operand>(x: T) => compute(x, formula));

/** An op of two operands from its formula. @internal */
export const binaryOp = (name: string, formula: (x1: Sym, x2: Sym) => Operand): Binary =>
  op(name, <A extends Operand, B extends Operand>(x1: A, x2: B) =>
    outcomeOf<A | B>(formula(asSym(x1), asSym(x2))),
  );

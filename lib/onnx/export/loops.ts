// Loops and choices, whose bodies are graphs within the graph.
import { itemAt } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import type { Cond, Scan, While } from '../../engine/engine.js';
import { type Value, infoOf } from './graph.js';
import { type Lower, type Scope, dependents } from './scope.js';

const typesOf = (values: readonly Sym[]) => values.map(({ dtype, rank }) => ({ dtype, rank }));

/** What a body gives, with the shapes that are known. */
const results = (scope: Scope, values: readonly Sym[]) =>
  values.map((value) => [scope.valueOf(value), value.shape] as const);

const scan: Lower = (node, inputs, scope) => {
  const { states, sequences, results: made } = node.scan as Scan<Sym>;
  const elements = [...states.map(({ before }) => before), ...sequences.map(({ element }) => element)];
  const given = [...states.map(({ next }) => next), ...made.map(({ value }) => value)];
  const own = dependents(given, elements);
  const inner = scope.within((value) => own.has(value));
  const inputInfos = elements.map((element) => inner.bodyInput(element));
  const body = inner.graph.body(inputInfos, results(inner, given));
  return scope.graph.all('Scan', inputs, typesOf(node.outputs), {
    body: { g: body },
    num_scan_inputs: sequences.length,
    scan_input_directions: sequences.map(({ backwards }) => Number(backwards)),
    scan_output_directions: made.length > 0 ? made.map(({ backwards }) => Number(backwards)) : undefined,
  });
};

const whileLoop: Lower = (node, inputs, scope) => {
  const { states, condition, maximum } = node.whileLoop as While<Sym>;
  const before = states.map((state) => state.before);
  const next = states.map((state) => state.next);
  const own = dependents([...next, condition], before);
  const isOwn = (value: Sym) => own.has(value);
  // The condition is asked before the loop, of the first states, and in each step of the next ones.
  const ask = (outer: Scope, values: readonly Value[]) => {
    const asking = outer.within(isOwn, outer.graph);
    before.forEach((value, i) => {
      asking.give(value, itemAt(values, i));
    });
    return asking.valueOf(condition);
  };
  const inner = scope.within(isOwn);
  const { file } = scope;
  const [count, going] = [file.name('step'), file.name('going')];
  const inputInfos = [
    infoOf(count, 'int64', []),
    infoOf(going, 'bool', []),
    ...before.map((value) => inner.bodyInput(value)),
  ];
  const values = results(inner, next);
  const goesOn = ask(
    inner,
    values.map(([value]) => value),
  );
  const body = inner.graph.body(inputInfos, [[goesOn, []], ...values]);
  const most = maximum < 0 ? undefined : scope.graph.scalar(maximum, 'int64');
  return scope.graph.all('Loop', [most, ask(scope, inputs), ...inputs], typesOf(node.outputs), {
    body: { g: body },
  });
};

const cond: Lower = (node, [predicate], scope) => {
  const { first, then, otherwise } = node.cond as Cond<Sym>;
  const branch = (values: readonly Sym[]) => {
    // What is later than the first value is computed where its branch is chosen.
    const inner = scope.within((value) => value.id > first.id);
    return { g: inner.graph.body([], results(inner, values)) };
  };
  return scope.graph.all('If', [predicate], typesOf(node.outputs), {
    then_branch: branch(then),
    else_branch: branch(otherwise),
  });
};

export const LOOPS: Readonly<Record<string, Lower>> = {
  scan,
  whileLoop,
  cond,
  // The derivative alone is another.
  customGradient: ({ outputs }, inputs) => inputs.slice(0, outputs.length),
};

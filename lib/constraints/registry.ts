import { type NamesIn, type ObjectConfig, Registry } from '../base/registry.js';
import { Constraint } from './constraint.js';
import * as constraints from './index.js';

/** The names that layers take for a constraint, also as Keras writes them (`max_norm`, `MaxNorm`), and registered ones. */
export type ConstraintName = NamesIn<typeof constraints>;

/** What layers take for a constraint: an object, a name, or the configuration of one. */
export type ConstraintLike = Constraint | ConstraintName | ObjectConfig;

const registry = new Registry<Constraint>({
  family: 'constraint',
  takes: 'a constraint or its name',
  base: Constraint,
  members: constraints,
});

/** The constraint that a name or a configuration stands for. */
export const constraintOf = (given: ConstraintLike | null | undefined): Constraint | undefined =>
  given == null ? undefined : registry.get(given);

/** The configuration from which {@link constraintOf} makes an equal constraint. */
export const constraintConfig = (constraint: Constraint | undefined) =>
  constraint ? registry.config(constraint) : null;

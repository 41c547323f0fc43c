import { integer } from '../base/checks.js';

/** 0, 1, …, numClasses − 1. @internal */
export const classIds = (who: string, numClasses: number): number[] =>
  Array.from({ length: integer(who, 'numClasses', numClasses) }, (_, id) => id);

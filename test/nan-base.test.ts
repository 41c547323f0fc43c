process.env.NODEGRAD_ISA = 'base'; // read when the engine loads: before the import below
const { runNan } = await import('./cases/nan.js');
runNan('base');

process.env.NODEGRAD_ISA = 'avx512'; // read when the engine loads: before the import below
const { runNan } = await import('./cases/nan.js');
runNan('avx512');

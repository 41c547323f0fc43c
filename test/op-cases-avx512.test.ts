process.env.NODEGRAD_ISA = 'avx512'; // read when the engine loads: before the import below
const { runTable } = await import('./cases/table.js');
runTable('avx512');

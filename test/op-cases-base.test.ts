process.env.NODEGRAD_ISA = 'base'; // read when the engine loads: before the import below
const { runTable } = await import('./cases/table.js');
runTable('base');

process.env.NODEGRAD_CONV = 'direct'; // read when the engine loads: before the import below
const { runNets } = await import('./cases/nets.js');
runNets();

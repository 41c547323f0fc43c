process.env.NODEGRAD_CONV = 'direct'; // read when a plan is made
const { runNets } = await import('./cases/nets.js');
runNets();

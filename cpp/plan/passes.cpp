#include "plan/ir.h"
#include "plan/layer_precision.h"

namespace nodegrad::plan {

void runPasses(Ir& ir, Backend& backend, bool fuse, Compute compute, const PassObserver& ran) {
  // Without fusions nothing may stand in the way of a plan, other precisions neither.
  LayerPrecisions layers(ir, backend, compute, fuse);
  ir.compute = layers.compute();
  ir.habits = backend.habits();
  const auto run = [&](const char* name, const auto& pass, auto&&... more) {
    pass(ir, more...);
#ifndef NDEBUG
    verify(ir, name);
#endif
    if (ran) ran(ir, name);
  };
  layers.separate();
  run("simplify", simplify);
  if (fuse) {
    bool changed = false;
    run("foldPads", [&](Ir& given) { changed = foldPads(given); });
    if (changed) run("simplify", simplify);
  }
  run("dropBarriers", dropBarriers);
  run("fuseNorm", fuseNorm, backend);
  if (fuse) {
    run("foldScale", foldScale);
  }
  run("fuseQuantized", fuseQuantized, backend, fuse);
  if (fuse) {
    run("fuseCompute", fuseCompute, backend);
    run("keepQuantized", keepQuantized, backend);
    run("fuseConvolutions", fuseConvolutions, backend);
    run("fuseUpdates", fuseUpdates, backend);
  }
  run("fuseElementwise", fuseElementwise);
  if (fuse) run("dropOutputs", dropOutputs, backend);
  layers.join();
  if (ir.compute == Compute::BFloat16) run("choosePrecision", choosePrecision, backend);
  markInvariant(ir);
  run("chooseLayouts", chooseLayouts, backend);
  run("joinUpdates", joinUpdates);
  markInvariant(ir);  // what layouts added, too
  run("schedule", schedule);
}

}  // namespace nodegrad::plan

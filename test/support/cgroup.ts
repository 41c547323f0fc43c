import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

/** A control group of the kernel that limits what processes may use. */
export class Cgroup {
  private constructor(readonly folder: string) {}

  /** A new group with a limit, or undefined where this process may not make one. */
  static make(controller: 'memory' | 'pids', limit: string): Cgroup | undefined {
    const name = `nodegrad-test-${process.pid}`;
    const file = controller === 'pids' ? 'pids.max' : 'memory.limit_in_bytes';
    for (const [root, limitFile] of [
      [`/sys/fs/cgroup/${controller}`, file],
      ['/sys/fs/cgroup', `${controller}.max`], // version 2
    ]) {
      const group = new Cgroup(`${root}/${name}`);
      try {
        readFileSync(`${root}/cgroup.procs`);
        mkdirSync(group.folder);
        writeFileSync(`${group.folder}/${limitFile}`, limit);
        return group;
      } catch {
        group.remove();
      }
    }
    return undefined;
  }

  remove(): void {
    try {
      rmdirSync(this.folder);
    } catch {
      // It was never made.
    }
  }
}

// What benchmarks of servers share: CPU time of processes, a closed loop of connections, the median.
import fs from 'node:fs';

// CPU seconds of a process with all its threads.
export const cpu = (pid) => fs.readdirSync(`/proc/${pid}/task`)
  .reduce((sum, task) => sum + Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9, 0);

export async function each(connections, count, one) {
  let left = count;
  await Promise.all(Array.from({ length: connections }, async (_, number) => {
    while (left-- > 0) await one(number);
  }));
}

// How many a CPU second of these processes.
export async function rate(pids, connections, count, one) {
  const before = pids.map(cpu);
  await each(connections, count, one);
  return count / pids.reduce((sum, pid, i) => sum + cpu(pid) - before[i], 0);
}

export const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

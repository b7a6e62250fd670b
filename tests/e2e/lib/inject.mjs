// System calls of a running process that fail or take their time, by strace.
import { spawn, spawnSync } from 'node:child_process';
import { atEnd, skip, until } from './check.mjs';

// Our processes are not dumpable: their own user cannot attach to them, whatever the kernel's ptrace_scope.
export function whyNoTracer() {
  if (spawnSync('strace', ['-V']).status !== 0) return 'strace is not installed';
  return process.getuid() === 0 ? undefined : 'the processes are not dumpable, so that only root can trace them';
}

export function needTracer() {
  const why = whyNoTracer();
  if (why) skip(why);
}

// Every `call` of the process gets `what` (error=EIO, delay_enter=MICROSECONDS) until it is stopped.
export async function inject(pid, call, what) {
  const tracer = spawn('strace', ['-f', '-p', String(pid), '-e', `trace=${call}`, '-e', `inject=${call}:${what}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  tracer.stderr.on('data', (bytes) => (said += bytes));
  const ended = new Promise((resolve) => tracer.on('exit', resolve));
  atEnd(() => tracer.exitCode === null && tracer.kill('SIGKILL'));
  await until('strace to attach', () => {
    if (/Operation not permitted/.test(said)) skip(`no process may be traced here: ${said.trim()}`);
    return /attached/.test(said);
  });
  return {
    injected: () => (said.match(/\(INJECTED\)/g) ?? []).length,
    stop: async () => {
      tracer.kill('SIGINT');
      await ended;
    },
  };
}

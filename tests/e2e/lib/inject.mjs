// System calls of a running process that fail or take their time, by strace.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { atEnd, skip, until } from './check.mjs';

export function needTracer() {
  if (spawnSync('strace', ['-V']).status !== 0) skip('strace is not installed');
  if (process.getuid() !== 0 && fs.readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() !== '0') skip('only root may trace here');
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

#!/usr/bin/env node
// System calls that fail in a running keeper: a sync or a write that fails releases nothing, the keeper starts again from what
// is durable, and everything that was acknowledged is there (I3). The kernel's errors are given by strace's injection.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { assert, atEnd, main, skip, test, until } from './lib/check.mjs';
import { checkChain, readAudit } from './lib/ledger.mjs';
import { Worker } from './lib/worker.mjs';

// Makes every `call` on files of the process fail with `error` until it is stopped.
async function inject(pid, call, error) {
  const tracer = spawn('strace', ['-f', '-p', String(pid), '-e', `trace=${call}`, '-e', `inject=${call}:error=${error}`], { stdio: ['ignore', 'ignore', 'pipe'] });
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

async function oneFault(call, error) {
  const worker = await Worker.start();
  const owner = await worker.owner();
  const agent = await worker.agent(owner, 'agent-1', { rate: 10000 });
  const acknowledged = [];
  const sign = async (text) => {
    const answer = await agent.signLater(text).catch(() => undefined);
    if (answer?.status === 200) acknowledged.push(answer.requestId);
    return answer;
  };
  for (let i = 0; i < 5; i++) assert.equal((await sign(`before ${i}`)).status, 200);
  const keeper = worker.children().keeper;
  const fault = await inject(keeper, call, error);
  const during = await sign('while it fails');
  await until('the keeper to end', () => worker.children().keeper !== keeper, 20000);
  assert.ok(fault.injected() > 0, 'the error was given');
  await fault.stop();
  assert.ok(during === undefined || during.status !== 200, `an answer left although ${call} failed: ${during?.status} ${during?.text}`);
  await worker.ready();
  agent.proved = owner.proved = false;
  await until('a signature again', async () => (await sign('after'))?.status === 200, 20000, 50);
  const { entries } = await readAudit(owner);
  checkChain(entries);
  const written = new Set(entries.map((entry) => entry.requestId));
  assert.ok(acknowledged.length >= 6 && acknowledged.every((id) => written.has(id)), 'each acknowledged signature has its entry');
  await worker.stop();
}

await main(async () => {
  if (spawnSync('strace', ['-V']).status !== 0) skip('strace is not installed');
  if (process.getuid() !== 0 && fs.readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() !== '0') skip('only root may trace here');
  await test('fdatasync fails: nothing is released, and the keeper starts from what is durable', () => oneFault('fdatasync', 'EIO'));
  await test('a write of the ledger fails', () => oneFault('pwrite64', 'EIO'));
  await test('a write of the ledger finds no space', () => oneFault('pwrite64', 'ENOSPC'));
});

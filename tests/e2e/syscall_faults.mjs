#!/usr/bin/env node
// System calls that fail in a running keeper: a sync or a write that fails releases nothing, the keeper starts again from what
// is durable, and everything that was acknowledged is there (I3). The kernel's errors are given by strace's injection.
import { assert, main, test, until } from './lib/check.mjs';
import { inject, needTracer } from './lib/inject.mjs';
import { checkChain, readAudit } from './lib/ledger.mjs';
import { Worker } from './lib/worker.mjs';

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
  const fault = await inject(keeper, call, `error=${error}`);
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
  needTracer();
  await test('fdatasync fails: nothing is released, and the keeper starts from what is durable', () => oneFault('fdatasync', 'EIO'));
  await test('a write of the ledger fails', () => oneFault('pwrite64', 'EIO'));
  await test('a write of the ledger finds no space', () => oneFault('pwrite64', 'ENOSPC'));
});

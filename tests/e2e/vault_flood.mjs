#!/usr/bin/env node
// Many large values at once, and many changes at once of which one can stand: the worker goes on, everybody is answered, and the
// disk has what the ledger names (I14, I18). AK_VAULT_READS sets how many read together.
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, skip, test, until } from './lib/check.mjs';
import { inject, needTracer } from './lib/inject.mjs';
import { put, readerOf, sealed } from './lib/vault.mjs';
import { Worker } from './lib/worker.mjs';

const reads = Number(process.env.AK_VAULT_READS ?? 160);

await main(async () => {
  const worker = await Worker.start();
  const owner = await worker.owner();
  const reader = await worker.agent(owner, 'reader', { scope: ['large'], rate: 10000 });
  const blobs = () => fs.readdirSync(path.join(worker.dataDir, 'blobs'), { recursive: true }).filter((name) => name.endsWith('.enc')).length;

  await test(`${reads} read 64 KiB at the same time`, async () => {
    assert.equal((await put(owner, 'large', Buffer.alloc(65536, 7))).status, 200);
    const clients = Array.from({ length: reads }, () => worker.again(reader, worker.socket));
    for (const one of clients) readerOf(one);
    await Promise.all(clients.map((one) => one.call('account').catch(() => undefined))); // connected
    const before = worker.children().keeper;
    for (let i = 0; i < 4; i++) {
      const answers = await Promise.all(clients.map((one) => one.call('credential-read', { service: 'large', key: one.readerKey }).catch((err) => ({ status: err.message }))));
      for (const answer of answers) assert.equal(answer.status, 200, answer.text ?? answer.status);
    }
    for (const one of clients) one.close();
    assert.equal(worker.children().keeper, before, 'the keeper was started again');
  });

  await test('one change asked for many times at the same time leaves one blob', async () => {
    const before = blobs();
    const request = await sealed(owner, 'once', Buffer.alloc(40000, 1));
    const clients = Array.from({ length: 12 }, () => worker.again(owner));
    const answers = await Promise.all(clients.map((one) => one.call('credential-put', request, { headers: { 'Idempotency-Key': 'the-very-same' } })));
    for (const one of clients) one.close();
    for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    await until('blobs that no entry names to go', () => blobs() === before + 1, 10000, 20);
  });
  // With slow syncs the helper's queue decides: in the order of arrival about 120 of the flood would come first.
  await test('an account that stores much holds up no other', async () => {
    needTracer();
    const other = await worker.owner('email:bob@demo.example');
    assert.equal((await put(other, 'first', 'x')).status, 200);
    const request = await sealed(owner, 'much', Buffer.alloc(4096, 2));
    const clients = Array.from({ length: 160 }, () => worker.again(owner));
    let answered = 0;
    const slow = await inject(worker.children().keeper, 'fsync', 'delay_enter=4000');
    const all = clients.map((one) => one.call('credential-put', request).then(() => answered++, () => undefined));
    await until('some answers', () => answered > 30, 20000, 1);
    const before = answered;
    assert.equal((await put(other, 'second', 'y')).status, 200);
    const meanwhile = answered - before;
    await slow.stop();
    await Promise.all(all);
    for (const one of clients) one.close();
    assert.ok(meanwhile < 40, `${meanwhile} of another account came first`);
  });

  await test('the thread that makes data keys works on a locked stack', async () => {
    const { keeper } = worker.children();
    if (process.getuid() !== 0) skip('the keeper is not dumpable: only root sees how its memory is mapped');
    const stacks = fs.readFileSync(`/proc/${keeper}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
    const locked = stacks.map((map) => Number(/^Locked: +(\d+) kB/m.exec(map)?.[1] ?? 0)).filter((kib) => kib >= 220 && kib < 256);
    assert.ok(locked.length > 0 || /key_memory_not_locked|vault_stack_not_locked/.test(worker.logText()), 'no 224 KiB of stack are locked');
  });
  await worker.stop();
});

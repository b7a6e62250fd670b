#!/usr/bin/env node
// Refusals without end: the ledger stays small, everybody else is served, a person still suspends (I18).
// AK_REFUSALS sets how many.
import fs from 'node:fs';
import { assert, main, sleep, test } from './lib/check.mjs';
import { Device } from './lib/device.mjs';
import { readAudit } from './lib/ledger.mjs';
import { Worker } from './lib/worker.mjs';

const refusals = Number(process.env.AK_REFUSALS ?? 20000);

await main(async () => {
  const worker = await Worker.start();
  const owner = await worker.owner();
  const bad = await worker.agent(owner, 'bad', { scope: ['openrouter'] });
  const good = await worker.agent(owner, 'good', { rate: 10000 });
  const before = (await readAudit(owner)).entries.length;
  const began = Date.now();
  let worst = 0;
  let served = 0;

  await test(`${refusals} refusals, while another agent signs`, async () => {
    let left = refusals;
    let on = true;
    const clients = Array.from({ length: 16 }, (_, i) => worker.again(bad, i % 2 ? worker.socket : worker.url));
    const floods = clients.map(async (one) => {
      while (left-- > 0) {
        const answer = await one.sign('never');
        assert.equal(answer.status, 403, answer.text);
      }
    });
    const other = (async () => {
      while (on) {
        const at = Date.now();
        assert.equal((await good.sign('always')).status, 200);
        worst = Math.max(worst, Date.now() - at);
        served++;
        await sleep(20);
      }
    })();
    await Promise.all(floods);
    on = false;
    await other;
    assert.ok(worst < 2000, `the other agent waited ${worst} ms`);
    assert.ok(served > 10, `it was served ${served} times`);
  });

  await test('a person suspends at once', async () => {
    const at = Date.now();
    await owner.must('agent-suspend', { label: 'bad' });
    assert.ok(Date.now() - at < 2000);
    assert.equal((await bad.sign('never')).body.denial.rule, 'active');
  });

  await test('the ledger holds a few entries of it', async () => {
    const entries = (await readAudit(owner)).entries.slice(before);
    const denied = entries.filter((entry) => entry.type === 'Denied');
    const minutes = Math.ceil((Date.now() - began) / 60000) + 1;
    assert.ok(denied.length >= 1 && denied.length <= 4 * minutes, `${denied.length} entries of refusals in ${minutes} minutes`);
    assert.ok(entries.length <= served + denied.length + 5, `${entries.length} entries`);
  });

  await test('strangers by the thousand write nothing and hold up nobody', async () => {
    const size = (await owner.must('checkpoint-seal')).size;
    const device = new Device();
    const strangers = Array.from({ length: 16 }, () => worker.client(device, { token: good.token, account: owner.account }));
    await Promise.all(strangers.map(async (one) => {
      for (let i = 0; i < 200; i++) assert.equal((await one.sign('stolen', {})).error, 'bad_signature');
    }));
    assert.equal((await good.sign('still')).status, 200);
    const since = (await readAudit(owner)).entries.filter((entry) => entry.index >= size);
    // a minute that has ended meanwhile writes down how often the flooding agent was refused in it
    const others = since.filter((entry) => !(entry.type === 'Denied' && entry.map.get(17) === 'bad'));
    assert.equal(others.length, 1, others.map((entry) => entry.type).join());
    assert.equal((await owner.must('checkpoint-seal')).size, size + since.length);
  });

  await test('10,000 pair requests fill the table: new ones wait, everything else goes on', async () => {
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${worker.children().keeper}/status`, 'utf8'))[1]);
    const before10k = rss();
    const asked = [];
    const neighbours = [];
    await Promise.all(Array.from({ length: 10 }, async (_, lane) => {
      for (let i = 0; i < 10; i++) {
        const client = worker.client(new Device(), { localAddress: `127.0.${lane + 1}.${i + 1}` }); // a source of its own
        for (let n = 0; n < 100; n++) {
          const answer = await client.call('pair-request', { label: `l${lane}-${i}-${n}` });
          assert.equal(answer.status, 200, answer.text);
          if (n === 0) asked.push([client, answer.body]);
        }
        assert.equal((await client.call('pair-request', { label: 'one-more' })).error, 'rate_limit_exceeded');
      }
      const neighbour = worker.client(new Device(), { localAddress: `127.0.${lane + 1}.99` }); // of a network that has a thousand
      neighbours.push((await neighbour.call('pair-request', { label: 'neighbour' })).body.message);
    }));
    assert.match(neighbours[0], /its network 1000/, 'while nine more networks were not done');
    const late = worker.client(new Device(), { localAddress: '127.0.99.99' });
    const refused = await late.call('pair-request', { label: 'late' });
    assert.equal(refused.error, 'rate_limit_exceeded');
    assert.ok(refused.body.retry_after_secs > 0);
    assert.ok(rss() - before10k < 40 * 1024, `the keeper grew by ${rss() - before10k} KiB`);
    const [first, request] = asked[7];
    assert.equal((await first.must('pair-status', { id: request.request_id })).status, 'pending');
    const { requests: [shown] } = await owner.must('pair-list', { code: request.pairing_code });
    await owner.must('pair-approve', { request_id: shown.request_id, kind: 'agent', label: shown.label, device: shown.device, scope: [] });
    assert.ok((await first.must('pair-status', { id: request.request_id })).agent_token);
    assert.equal((await late.call('pair-request', { label: 'late' })).status, 200); // there is room again
    await owner.must('agent-suspend', { label: 'good' });
  });
});

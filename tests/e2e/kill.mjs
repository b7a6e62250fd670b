#!/usr/bin/env node
// kill -9 of keeper, gateway, re-encryptor and supervisor in turn, under load, at random moments. What was answered with 2xx is in the
// ledger, the chain is whole, no generation went back, no bucket was refilled (I3, I6, I7). AK_KILLS sets how many.
import fs from 'node:fs';
import { assert, main, sleep, test, until } from './lib/check.mjs';
import { hex, unhex } from './lib/bytes.mjs';
import { alive, Worker } from './lib/worker.mjs';
import { checkChain, checkNote, consistent, readAudit } from './lib/ledger.mjs';

const kills = Number(process.env.AK_KILLS ?? 300);
const rate = 10000;
const slowRate = 12;
const minuteUs = 60e6;

const roles = ['keeper', 'gateway', 'reencryptor'];

await main(async () => {
  const worker = await Worker.start();
  const owner = await worker.owner();
  const fast = await worker.agent(owner, 'fast', { rate });
  const slow = await worker.agent(owner, 'slow', { rate: slowRate });
  const turning = await worker.agent(owner, 'turning', { rate });
  const noted = []; // {id, index, leaf, what} of each 2xx that names an entry
  const checkpoints = [];
  let running = true;
  let unanswered = 0;
  let refused = 0;
  const slowTimes = [];

  // A caller that goes on whatever happens: connections that break are made anew.
  async function load(client, act, pauseMs) {
    let one = worker.again(client);
    while (running) {
      try {
        one.token = client.token;
        const answer = await act(one);
        if (answer.status < 300 && answer.body.entry) noted.push({ id: answer.requestId, index: answer.body.entry.index, leaf: answer.body.entry.leaf_hash, what: client.label ?? 'owner' });
        else if (answer.status >= 300) refused++;
        if (answer.status >= 500) await sleep(5);
      } catch {
        unanswered++;
        one.close();
        one = worker.again(client);
        await sleep(10);
      }
      if (pauseMs) await sleep(pauseMs);
    }
    one.close();
  }

  let generation = 0;
  let highest = 0;
  async function rotate(one) {
    const shown = await one.call('agent', { label: 'turning' });
    if (shown.status !== 200) return shown;
    assert.ok(shown.body.generation >= highest, `generation ${shown.body.generation} after ${highest}`);
    highest = generation = shown.body.generation;
    const answer = await one.call('agent-rotate', { label: 'turning', generation });
    if (answer.status === 200) highest = answer.body.generation;
    return answer;
  }

  async function signTurning(one) {
    const answer = await one.sign('turning');
    if (answer.body?.denial?.rule === 'generation' || answer.error === 'token_expired') await worker.renew(turning);
    return answer;
  }

  async function signSlow(one) {
    const answer = await one.sign('slow');
    if (answer.status === 200) slowTimes.push(Date.now());
    return answer;
  }

  async function checkpoint(one) {
    const answer = await one.call('checkpoint-seal');
    if (answer.status === 200) checkpoints.push(answer.body.checkpoint);
    return answer;
  }

  // One kill; returns once the worker serves again.
  async function strike(turn) {
    const children = worker.children();
    if (turn === 'supervisor') {
      await worker.kill();
      worker.launch();
    } else {
      process.kill(children[turn], 'SIGKILL');
      await until(`${turn} to end`, () => !alive(children[turn]), 5000, 2);
    }
    // new children, and an answer: the file with the URL is the new supervisor's
    await until('the worker after a kill', async () => {
      if (worker.exited) throw new Error(`the supervisor ended: ${JSON.stringify(worker.exited)}\n${worker.logText().slice(-1500)}`);
      const now = worker.children();
      return roles.every((role) => now[role] && now[role] !== children[role]) && (await worker.health()) === 'ready';
    }, 20000, 5);
  }

  const began = Date.now();
  const done = { keeper: 0, gateway: 0, reencryptor: 0, supervisor: 0 };
  let loads;

  await test(`${kills} kills under load`, async () => {
    loads = [
      load(fast, (one) => one.sign('fast')), load(fast, (one) => one.sign('fast too')), load(fast, (one) => one.sign('and more')),
      load(slow, signSlow, 5), load(turning, signTurning, 2), load(owner, rotate, 40), load(owner, checkpoint, 30)];
    const turns = Object.keys(done);
    for (let i = 0; i < kills; i++) {
      await sleep(Math.floor(Math.random() * 120));
      await strike(turns[i % turns.length]);
      done[turns[i % turns.length]]++;
    }
    await sleep(300);
  });
  running = false;
  await Promise.all(loads ?? []);
  const seconds = (Date.now() - began) / 1000;
  console.log(`     ${JSON.stringify(done)} in ${seconds.toFixed(0)} s: ${noted.length} answers with an entry, ${refused} refusals, ${unanswered} unanswered; ${slowTimes.length} uses at ${slowRate} a minute`);

  const again = await until('the owner', async () => {
    const one = worker.again(owner);
    return (await one.call('account').catch(() => ({}))).status === 200 && one;
  });
  let entries = [];

  await test('every 2xx is in the ledger, with its request id and hash', async () => {
    entries = (await readAudit(again)).entries;
    assert.ok(noted.length > kills, `only ${noted.length} answers`);
    const byIndex = new Map(entries.map((entry) => [entry.index, entry]));
    for (const one of noted) {
      const entry = byIndex.get(one.index);
      assert.ok(entry, `${one.what}: entry ${one.index} of request ${one.id} is missing`);
      assert.equal(entry.requestId, one.id);
      assert.equal(hex(entry.leaf), one.leaf);
    }
    assert.equal(new Set(noted.map((one) => one.index)).size, noted.length); // one entry an answer
  });

  await test("the account's chain is whole and every sealed checkpoint is part of the log", async () => {
    checkChain(entries);
    const { checkpoint: note, key } = await again.must('checkpoint-seal');
    const last = checkNote(note, key);
    assert.ok(checkpoints.length > 10);
    for (const at of checkpoints.filter((_, i) => i % 5 === 0)) {
      const past = checkNote(at, key);
      const { proof } = await again.must('consistency', { from: past.size, to: last.size });
      assert.ok(consistent(past.size, last.size, past.root, last.root, proof.map(unhex)), `checkpoint of size ${past.size}`);
    }
  });

  await test('no generation went back, and no retired one signed', async () => {
    let current = 0;
    for (const entry of entries.filter((one) => one.map.get(17) === 'turning')) {
      if (entry.type === 'PathRotated') {
        assert.equal(entry.map.get(42), current);
        current = entry.map.get(43);
      }
      if (['MessageSigned', 'AgentTokenIssued'].includes(entry.type)) assert.equal(entry.map.get(18), current, `entry ${entry.index}`);
    }
    assert.ok(current > 3, `${current} rotations`);
    assert.equal((await again.must('agent', { label: 'turning' })).generation, current);
  });

  await test('no bucket was refilled', async () => {
    for (const [label, perMinute] of [['fast', rate], ['turning', rate], ['slow', slowRate]]) {
      const interval = Math.ceil(minuteUs / perMinute);
      let before = 0;
      for (const entry of entries.filter((one) => one.map.get(17) === label && one.map.has(23))) {
        const tat = entry.map.get(23);
        assert.ok(tat >= before + interval, `${label}, entry ${entry.index}: ${tat} after ${before}`);
        before = tat;
      }
    }
    const minutes = seconds / 60;
    const most = slowRate + slowRate * minutes + 1;
    assert.ok(slowTimes.length <= most, `${slowTimes.length} uses where ${most} are the most`);
  });

  await test('a full verification agrees', async () => {
    assert.equal(await worker.stop(), 0);
    const verified = worker.command(['ledger', 'verify', '--data-dir', worker.dataDir]);
    assert.equal(verified.status, 0, verified.stderr);
    await worker.start(['--verify-all']);
    assert.equal(await worker.stop(), 0);
    assert.ok(!fs.existsSync(worker.socket));
  });
});

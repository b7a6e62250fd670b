#!/usr/bin/env node
// Evidence of a connection from a worker on a TPM: bound to that connection alone, shared by those who wait, and asked
// for without end while signing goes on.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { certificate, Channel, extraData, isBound } from '../e2e/lib/attest.mjs';
import { hex, sha256 } from '../e2e/lib/bytes.mjs';
import { assert, main, skip, test, until } from '../e2e/lib/check.mjs';
import { Connection } from '../e2e/lib/http.mjs';
import { build, program, tempDir, Worker } from '../e2e/lib/worker.mjs';
import { Chip, missing } from './chip.mjs';

const reason = missing();
const cli = path.join(build, 'src/programs/cli/agentkeys');

// What `agentkeys attest verify` says of the quote inside, with the given nonce.
function verify(evidence, nonce) {
  const dir = tempDir();
  const file = (name) => path.join(dir, name);
  const registers = [0, 2, 4, 7, 23];
  const image = Object.fromEntries(registers.map((pcr, i) => [`pcr${pcr}`, hex(evidence.pcrs.subarray(32 * i, 32 * i + 32))]));
  const name = `000b${hex(sha256(evidence.akPublic.subarray(2)))}`;
  fs.writeFileSync(file('policy'), JSON.stringify({ images: [image], nonce: hex(nonce), tpm: { ak_names: [name], pcrs: registers } }));
  for (const part of ['quote', 'signature', 'akPublic', 'pcrs']) fs.writeFileSync(file(part), evidence[part]);
  return spawnSync(cli, ['attest', 'verify', file('quote'), '--kind', 'tpm', '--signature', file('signature'), '--ak-public', file('akPublic'),
    '--pcrs', file('pcrs'), '--policy', file('policy')], { encoding: 'utf8' }).status;
}

await main(async () => {
  if (reason) {
    await test('evidence of a connection', () => skip(reason));
    return;
  }
  const chip = await Chip.start();
  const worker = new Worker({ env: chip.env(), args: ['--tls', 'on'] });
  worker.init();
  await worker.start();

  await test('it is bound to the connection that asked, and to no other', async () => {
    const identity = certificate();
    const [plain, known] = [await Channel.open(worker.port), await Channel.open(worker.port, identity)];
    for (const channel of [plain, known]) {
      const { evidence, status, body } = await channel.ask();
      assert.equal(status, 200, JSON.stringify(body));
      assert.ok(isBound(evidence, channel.view()));
      assert.equal(verify(evidence, extraData(evidence.quote)), 0);
      assert.equal(verify(evidence, randomBytes(32)), 3);
      for (const part of ['nonce', 'worker', 'client', 'exporter']) assert.ok(!isBound(evidence, { ...channel.view(), [part]: randomBytes(32) }), part);
    }
    assert.notDeepEqual(known.view().client, Buffer.alloc(32));
    const first = await plain.ask();
    const view = plain.view();
    const second = await plain.ask();
    assert.ok(!isBound(first.evidence, plain.view())); // a replay: the nonce is yesterday's
    assert.ok(!isBound(second.evidence, view));
    const other = await known.ask();
    assert.ok(!isBound(other.evidence, { ...known.view(), exporter: plain.view().exporter })); // a relay's
    plain.close();
    known.close();
  });

  await test('its claims are the worker\'s', async () => {
    const channel = await Channel.open(worker.port);
    const { evidence: { claims, pcrs, counter } } = await channel.ask();
    const ready = await channel.get('/readyz');
    const { body: { checkpoint, key } } = await channel.get('/v1/ledger/checkpoint');
    const { body: { public_key: delivery } } = await channel.get('/v1/delivery-key');
    assert.equal(claims.get(1), ready.body.version ?? claims.get(1));
    assert.deepEqual(pcrs.subarray(128), sha256(Buffer.alloc(32), claims.get(2)));
    assert.deepEqual(claims.get(3), ['ak1']);
    assert.equal(claims.get(4).toString(), checkpoint);
    assert.equal(claims.get(5) & 0x51, 0x01); // evidence; memory is not isolated; no development signer
    assert.deepEqual(claims.get(6), fs.readFileSync(path.join(worker.dataDir, 'sealed.bin')).subarray(100, 132));
    assert.equal(claims.get(7).toString('base64url'), delivery);
    assert.equal(hex(claims.get(8).subarray(0, 32)), key);
    assert.equal(counter.length > 0, true);
    channel.close();
  });

  await test('where there is no TLS there is no evidence', async () => {
    const plain = new Connection(worker.socket);
    const answer = await plain.request('GET', `/tee/attestation?nonce=${'00'.repeat(32)}`);
    assert.deepEqual([answer.status, answer.body.error], [404, 'no_evidence']);
    plain.close();
    const channel = await Channel.open(worker.port);
    for (const query of ['', '?nonce=', '?nonce=00', `?nonce=${'0'.repeat(63)}`, `?nonce=${'0'.repeat(65)}`, `?nonce=${'zz'.repeat(32)}`])
      assert.equal((await channel.get(`/tee/attestation${query}`)).status, 400, query);
    channel.close();
  });

  await test('a gateway that lies gets evidence that the client refuses', async () => {
    const other = await Chip.start();
    const ran = spawnSync(path.join(build, 'tests/hostile-gateway/test-hostile-evidence'), [program],
      { env: { ...worker.env, ...other.env() }, encoding: 'utf8', timeout: 60000 });
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  });

  await test('a flood of questions shares reports, and signing goes on', async () => {
    const owner = await worker.owner();
    const agent = worker.again(await worker.agent(owner, 'agent-1', { rate: 10000 }), worker.socket);
    const timed = async () => {
      const at = performance.now();
      assert.equal((await agent.sign('always')).status, 200);
      return performance.now() - at;
    };
    const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
    const quiet = [];
    for (let i = 0; i < 50; i++) quiet.push(await timed());
    const channels = await Promise.all(Array.from({ length: 40 }, () => Channel.open(worker.port)));
    const quotes = new Set();
    const until = performance.now() + 4000;
    let answers = 0;
    let largest = 0;
    const floods = channels.map(async (channel) => {
      while (performance.now() < until) {
        const { evidence, status } = await channel.ask();
        assert.equal(status, 200);
        assert.ok(isBound(evidence, channel.view()));
        quotes.add(hex(evidence.quote));
        largest = Math.max(largest, evidence.count);
        answers++;
      }
    });
    const signed = [];
    while (performance.now() < until) signed.push(await timed());
    await Promise.all(floods);
    for (const channel of channels) channel.close();
    const worst = Math.max(...signed);
    console.log(`# ${answers} answers from ${quotes.size} reports, at most ${largest} share one; ${signed.length} signatures, median ${median(signed).toFixed(1)} ms (${median(quiet).toFixed(1)} without), worst ${worst.toFixed(0)} ms`);
    assert.ok(quotes.size <= 11, `${quotes.size} reports in 4 s`);
    assert.ok(largest > 20, `at most ${largest} shared one`);
    assert.ok(signed.length > 50 && worst < 1000, `${signed.length} signatures, worst ${worst} ms`);
  });

  await test('a slow TPM and questions without end: signing and sealing go on', async () => {
    const owner = await worker.owner('email:carol@demo.example');
    const agent = worker.again(await worker.agent(owner, 'agent-2', { rate: 10000 }), worker.socket);
    chip.set('delay', 100);
    const channels = await Promise.all(Array.from({ length: 4 }, () => Channel.open(worker.port)));
    const quotes = new Set();
    let on = true;
    const floods = channels.map(async (channel) => {
      while (on) quotes.add(hex((await channel.ask()).evidence.quote));
    });
    const from = performance.now();
    for (let i = 0; i < 20; i++) assert.equal((await agent.sign('always')).status, 200);
    const signed = performance.now() - from;
    await owner.must('agent-suspend', { label: 'agent-2' }); // answers once it is sealed
    const sealed = performance.now() - from - signed;
    on = false;
    await Promise.all(floods);
    chip.set('delay', 0);
    for (const channel of channels) channel.close();
    console.log(`# 20 signatures in ${signed.toFixed(0)} ms, suspended and sealed in ${sealed.toFixed(0)} ms, ${quotes.size} reports meanwhile`);
    assert.ok(signed < 2000, `${signed} ms`);
    assert.ok(sealed < 8000, `${sealed} ms`);
  });

  await test('a TPM that is away: 503, and evidence again once the worker is back', async () => {
    let channel = await Channel.open(worker.port);
    chip.cutAt(2, false);
    const { status, body } = await channel.ask();
    assert.deepEqual([status, body.error], [503, 'not_ready']);
    channel.close();
    assert.match(worker.logText(), /"event":"report_failed".*no connection to the TPM/);
    await until('the worker to start anew', async () => {
      try {
        channel = await Channel.open(worker.port);
        return (await channel.ask()).status === 200;
      } catch {
        return false;
      } finally {
        channel.close();
      }
    }, 30000);
  });

  assert.equal(await worker.stop(), 0);
});

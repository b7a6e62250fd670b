#!/usr/bin/env node
// The trust configuration of a real worker: the host changes none of it, an operator does, and a crash between the ledger's entry and the
// sealed state is finished by the next start.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, test, until } from './lib/check.mjs';
import { Worker } from './lib/worker.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const seconds = (secs) => Buffer.concat([Buffer.from([0x1a]), Buffer.from(secs.toString(16).padStart(8, '0'), 'hex')]);

// What is in force with another recovery_wait, as the bytes that an operator signs.
function change(shown, from, to) {
  const bytes = Buffer.from(shown.trust, 'base64url');
  const at = bytes.indexOf(seconds(from));
  assert.ok(at > 0);
  seconds(to).copy(bytes, at);
  return { from: shown.config, to: sha256(bytes), trust: bytes.toString('base64url') };
}

await main(async () => {
  const worker = new Worker();
  const made = worker.command(['init', '--data-dir', worker.dataDir, '--operators', 'email:alice@demo.example', '--identity-providers', 'demo https://id.demo.example agentkeys']);
  assert.equal(made.status, 0, made.stderr);
  const config = /trust config:\s+([0-9a-f]{64})/.exec(made.stdout)[1];
  const header = () => fs.readFileSync(path.join(worker.dataDir, 'sealed.bin')).subarray(100, 132).toString('hex');
  const keep = () => ['sealed.bin', 'tee'].map((name) => [name, path.join(worker.dir, `kept-${name}`)]);
  let alice;
  let shown;

  await test('what init fixed is in the header, and the host changes none of it', async () => {
    assert.equal(header(), config);
    for (const [setting, value] of [['operators', 'email:mallory@demo.example'], ['recovery-wait', '8d'], ['recovery-wait-code', '23h'], ['issuer', 'https://mallory.example'],
      ['identity-providers', 'demo https://mallory.example agentkeys']]) {
      const { code, line } = await worker.bootFail([`--${setting}`, value]);
      assert.equal(code, 1);
      assert.match(line, new RegExp(`^BOOT_FAIL trust_config: ${setting.replaceAll('-', '_')}=${value}: sealed is`));
    }
    await worker.start(['--recovery-wait', '168h']);
    await worker.stop();
    await worker.start();
    assert.equal(header(), config);
  });

  await test('everyone reads it, only the operator changes it', async () => {
    alice = await worker.owner();
    const bob = await worker.owner('email:bob@demo.example');
    shown = await bob.must('trust');
    assert.equal(shown.config, config);
    assert.equal(shown.operator, false);
    const answer = await bob.call('trust-change', change(shown, 604800, 259200));
    assert.equal(answer.status, 403);
    assert.equal(answer.body.error, 'not_operator');
    bob.close();
  });

  await test('a change is sealed when it is answered, and the worker comes back with it', async () => {
    const wanted = change(shown, 604800, 259200);
    const { keeper } = worker.children();
    await alice.must('trust-change', wanted);
    assert.equal(header(), wanted.to);
    await until('another keeper', () => worker.children().keeper && worker.children().keeper !== keeper);
    await worker.ready();
    alice = worker.again(alice);
    shown = await alice.must('trust');
    assert.equal(shown.config, wanted.to);
    assert.equal(shown.operator, true);
    const { items: entries } = { items: (await alice.must('audit', { limit: 50 })).entries };
    assert.equal(entries.filter((one) => one.type === 'TrustChanged' || one.entry?.type === 'TrustChanged').length, 1);
  });

  await test('a crash between entry and seal is finished by the start', async () => {
    await worker.stop();
    await worker.start();
    alice = worker.again(alice);
    shown = await alice.must('trust');
    const wanted = change(shown, 259200, 345600);
    for (const [name, kept] of keep()) fs.cpSync(path.join(worker.dataDir, name), kept, { recursive: true });
    await alice.must('trust-change', wanted);
    await worker.kill();
    for (const [name, kept] of keep()) fs.cpSync(kept, path.join(worker.dataDir, name), { recursive: true });
    assert.equal(header(), shown.config); // the disk as it was before the seal, the ledger with the entry
    await worker.start();
    assert.match(worker.logText(), new RegExp(`"event":"trust_changed","config":"${wanted.to}"`));
    assert.equal(header(), wanted.to);
    alice = worker.again(alice);
    assert.equal((await alice.must('trust')).config, wanted.to);
    await worker.stop();
    const { line } = await worker.bootFail(['--recovery-wait', '3d']);
    assert.match(line, /^BOOT_FAIL trust_config: recovery_wait=3d: sealed is: 345600s;/);
    assert.equal(worker.command(['ledger', 'verify', '--data-dir', worker.dataDir]).status, 0);
  });

  await test('a setting that stands in the settings is not changed under it', async () => {
    await worker.start(['--recovery-wait', '4d']);
    alice = worker.again(alice);
    shown = await alice.must('trust');
    const answer = await alice.call('trust-change', change(shown, 345600, 604800));
    assert.equal(answer.status, 409);
    assert.equal(answer.body.error, 'trust_pinned');
    await worker.stop();
  });
});

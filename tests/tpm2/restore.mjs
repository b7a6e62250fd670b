#!/usr/bin/env node
// A machine with its TPM is lost; shares and ledger come to another one. A holder demands evidence of the machine that asks, and the
// request's key is of no use once the restored worker has sealed its first state.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { assert, main, skip, test, until } from '../e2e/lib/check.mjs';
import { build, tempDir, Worker } from '../e2e/lib/worker.mjs';
import { Chip, missing } from './chip.mjs';

const reason = missing();
const cli = path.join(build, 'src/programs/cli/agentkeys');
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const hex = (bytes) => Buffer.from(bytes).toString('hex');

await main(async () => {
  if (reason) skip(reason);
  const dir = tempDir();
  const file = (name) => path.join(dir, name);
  const here = (worker, program, ...args) => spawnSync(program, args, { cwd: dir, env: { ...worker.env, AGENTKEYS_STATE_DIR: file('state') }, encoding: 'utf8', timeout: 60000 });
  const share = (worker, name, request, ...more) => here(worker, cli, 'recovery', 'share', '--open', file(`${name}.cms`), '--key', file(`${name}.pem`),
    '--for', request, '--out', file(`${name}.reply`), '--yes', ...more);

  for (const name of ['ada', 'bob']) {
    const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-days', '2',
      '-keyout', file(`${name}.pem`), '-out', file(`${name}.crt`)], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
  }
  const lost = new Worker({ env: (await Chip.start()).env() });
  const made = lost.command(['init', '--data-dir', lost.dataDir, '--recovery-shares', '2-of-2', '--recipient', file('ada.crt'), '--recipient', file('bob.crt'), '--share-dir', dir]);
  assert.equal(made.status, 0, made.stderr);
  const shares = file(fs.readdirSync(dir).find((name) => name.startsWith('shares-')));
  for (const name of fs.readdirSync(shares)) fs.copyFileSync(path.join(shares, name), file(`${/-(ada|bob)\.cms/.exec(name)[1]}.cms`));
  await lost.start();
  const owner = await lost.owner();
  const agent = await lost.agent(owner, 'agent-1');
  assert.equal(await lost.stop(), 0);
  const exported = lost.command(['ledger', 'export', '--data-dir', lost.dataDir]);
  assert.equal(exported.status, 0, exported.stderr);
  fs.writeFileSync(file('ledger.jsonl'), exported.stdout);

  const found = new Worker({ env: (await Chip.start()).env() });
  const request = file('restore.request');
  const restore = () => found.command(['restore', '--data-dir', found.dataDir, '--ledger', file('ledger.jsonl'), '--share', file('ada.reply'), '--share', file('bob.reply')]);
  const policy = (change = {}) => {
    const where = file('evidence');
    const ran = found.command(['evidence', hex(Buffer.alloc(64)), where, '--data-dir', found.dataDir]);
    assert.equal(ran.status, 0, ran.stderr);
    const pcrs = fs.readFileSync(path.join(where, 'pcrs.bin'));
    const images = [Object.fromEntries([0, 2, 4, 7, 23].map((pcr, i) => [`pcr${pcr}`, hex(pcrs.subarray(32 * i, 32 * i + 32))]))];
    const name = `000b${hex(sha256(fs.readFileSync(path.join(where, 'ak.public')).subarray(2)))}`;
    fs.writeFileSync(file('policy.json'), JSON.stringify({ images, tpm: { ak_names: [name], pcrs: [0, 2, 4, 7, 23] }, ...change }));
    return file('policy.json');
  };

  await test('a holder sees which machine asks, and refuses another', async () => {
    const asked = found.command(['restore', '--data-dir', found.dataDir, '--request', request]);
    assert.equal(asked.status, 0, asked.stderr);
    assert.match(asked.stdout, /evidence: {5}of this machine's TEE/);
    const other = share(found, 'ada', request, '--policy', policy({ tpm: { ak_names: [`000b${'00'.repeat(32)}`], pcrs: [0, 2, 4, 7, 23] } }));
    assert.equal(other.status, 3, other.stderr);
    const altered = fs.readFileSync(request);
    altered[10] ^= 1; // the key
    fs.writeFileSync(file('altered.request'), altered);
    const swapped = share(found, 'ada', file('altered.request'), '--policy', policy());
    assert.equal(swapped.status, 3, swapped.stderr);
    assert.ok(!fs.existsSync(file('ada.reply')));
    for (const name of ['ada', 'bob']) {
      const good = share(found, name, request, '--policy', policy());
      assert.equal(good.status, 0, good.stderr);
    }
  });

  await test('the request opens on the chip that made it alone', async () => {
    const elsewhere = new Worker({ env: (await Chip.start()).env() });
    fs.cpSync(found.dataDir, elsewhere.dataDir, { recursive: true });
    for (const one of [elsewhere.dataDir, path.join(elsewhere.dataDir, 'tee')]) fs.chmodSync(one, 0o700);
    const ran = elsewhere.command(['restore', '--data-dir', elsewhere.dataDir, '--ledger', file('ledger.jsonl'), '--share', file('ada.reply'), '--share', file('bob.reply')]);
    assert.match(ran.stderr, /^BOOT_FAIL (tee_unavailable|restore_request): /m);
  });

  await test('the worker is there again, sealed to the other chip, its agents suspended', async () => {
    const kept = ['restore.key', 'restore.request'].map((name) => [name, fs.readFileSync(path.join(found.dataDir, name))]);
    const ran = restore();
    assert.equal(ran.status, 0, ran.stderr);
    await found.start();
    const again = await found.owner('email:alice@demo.example', owner.device);
    const late = found.client(agent.device, { account: owner.account });
    assert.equal((await late.call('token', { account: owner.account, label: 'agent-1' })).status, 403);
    await again.must('agent-resume', { label: 'agent-1' });
    let got;
    await until('the bucket', async () => (got = await late.call('token', { account: owner.account, label: 'agent-1' })).status === 200);
    assert.equal(got.body.address, agent.address);
    await found.stop();
    for (const [name, bytes] of kept) fs.writeFileSync(path.join(found.dataDir, name), bytes, { mode: 0o600 });
    fs.renameSync(path.join(found.dataDir, 'sealed.bin'), file('sealed.bin'));
    assert.match(restore().stderr, /^BOOT_FAIL restore_request: .*does not open/m); // the counter is past it
    fs.renameSync(file('sealed.bin'), path.join(found.dataDir, 'sealed.bin'));
    await found.start();
    await found.stop();
  });
});

#!/usr/bin/env node
// One suite, run over the software backend (/tee) and the development signer (/dev): the same client, the same answers.
import fs from 'node:fs';
import path from 'node:path';
import { recoverMessageAddress } from 'viem';
import { assert, main, skip, test } from './lib/check.mjs';
import { hex, sha256, unhex, utf8hex } from './lib/bytes.mjs';
import { described } from './lib/client.mjs';
import { Device } from './lib/device.mjs';
import { shared, Worker } from './lib/worker.mjs';

// Published in ../shared/vectors/derivation.json, its first case.
const typed = {
  msk: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  identity: 'email:alice@demo.example',
  omni: 'c420ac69e33cd22a6e6bdcba9bccd9e90d4a2e645b2527f150df0a0753017fd8',
  address: '0x0a31f4ce6921c1fcae4090fad3ef3f9168c20b7d',
  public_key: '03db09bb24a757457bb7515f44842000489acf325aaf5e850b12de808b38a0792c',
};

// What every signer must do, whichever prefix it is under.
async function conformance(name, worker) {
  const other = worker.prefix === '/dev' ? '/tee' : '/dev';
  let owner;
  const sign = (more) => owner.call('sign-message', { omni_account: owner.account, message_hex: utf8hex('hello'), ...more });
  const derive = (more) => owner.call('derive-address', { omni_account: owner.account, ...more });

  await test(`${name}: derive-address and sign-message as the user`, async () => {
    owner = await worker.owner(typed.identity);
    const derived = await derive({});
    assert.equal(derived.status, 200, derived.text);
    assert.equal(derived.body.key_version, 1);
    assert.equal('generation' in derived.body, false);
    assert.equal(owner.account, typed.omni);
    for (const text of ['hello', '', '\0\x01', 'x'.repeat(30720)]) {
      const { status, body } = await sign({ message_hex: utf8hex(text) });
      assert.equal(status, 200);
      assert.match(body.signature, /^0x[0-9a-f]{130}$/);
      assert.match(body.entry.leaf_hash, /^[0-9a-f]{64}$/);
      assert.equal(body.address, derived.body.address);
      const signer = await recoverMessageAddress({ message: { raw: `0x${utf8hex(text)}` }, signature: body.signature });
      assert.equal(signer.toLowerCase(), derived.body.address);
    }
    assert.equal((await sign({})).body.signature, (await sign({})).body.signature); // RFC 6979
  });

  await test(`${name}: the same error codes`, async () => {
    const omni = owner.account;
    const cases = [
      [await derive({ omni_account: omni.slice(1) }), 400, 'invalid_omni_account'],
      [await derive({ omni_account: omni.toUpperCase() }), 400, 'invalid_omni_account'],
      [await derive({ omni_account: `0x${omni}` }), 400, 'invalid_omni_account'],
      [await derive({ omni_account: 7 }), 400, 'invalid_omni_account'],
      [await owner.call('derive-address', {}, { body: {} }), 400, 'invalid_omni_account'],
      [await derive({ omni_account: hex(sha256('else')) }), 403, 'account_mismatch'],
      [await derive({ path: 'agent-1' }), 400, 'invalid_path'],
      [await derive({ path: '/agent-1/01' }), 400, 'invalid_path'],
      [await derive({ path: '/agent-1' }), 403, 'denied'],
      [await sign({ message_hex: 'abc' }), 400, 'invalid_message_hex'],
      [await sign({ message_hex: 'AB' }), 400, 'invalid_message_hex'],
      [await sign({ message_hex: '0x00' }), 400, 'invalid_message_hex'],
      [await sign({ message_hex: 'ab'.repeat(30721) }), 400, 'invalid_message_hex'],
      [await sign({ message_hex: 'ab'.repeat(33000) }), 413, 'too_large'],
      [await sign({ omni_account: hex(sha256('else')) }), 403, 'account_mismatch'],
      [await sign({ path: '/agent-1' }), 403, 'denied'],
      [await sign({ message_hex: utf8hex('example.org wants you to sign in with your Ethereum account:\n') }), 400, 'invalid_siwe'],
      [await owner.call('sign-message', {}, { body: '{"omni_account":' }), 400, 'invalid_json'],
      [await owner.call('derive-address', { omni_account: omni }, { token: 'e30.e30.e30', fresh: true }), 401, 'invalid_token'],
      [await owner.call('sign-message', {}, { headers: { Authorization: 'Bearer x' } }), 401, 'unauthorized'],
      [await owner.call('attestation'), 404, 'no_evidence'],
    ];
    cases.forEach(([answer, status, error], at) => {
      assert.equal(`${answer.status} ${answer.error}`, `${status} ${error}`, `case ${at}: ${answer.text}`);
      assert.ok(answer.body.message.length > 0);
      assert.match(answer.requestId, /^[0-9a-f]{32}$/);
    });
  });

  await test(`${name}: ${other} answers 503 signer_disabled`, async () => {
    for (const call of ['derive-address', 'sign-message']) {
      const answer = await owner.connection.request('POST', `${other}/${call}`, { body: {} });
      assert.equal(answer.status, 503);
      assert.equal(answer.body.error, 'signer_disabled');
    }
    assert.equal((await owner.connection.request('GET', `${other}/attestation`)).body.error, 'signer_disabled');
    assert.equal((await owner.connection.request('POST', '/dex/sign-message', { body: {} })).status, 404);
  });

  await test(`${name}: logout ends the session`, async () => {
    await owner.must('logout');
    assert.equal((await derive({})).error, 'invalid_token');
    owner.close();
  });
}

function cases() {
  const file = path.join(shared, 'vectors/derivation.json');
  if (!fs.existsSync(file)) skip(`${file} is not here`);
  return JSON.parse(fs.readFileSync(file, 'utf8')).cases;
}

// v is 27 or 28 on the wire, 0 or 1 in the vectors.
const recoveryId = (signature) => Number.parseInt(signature.slice(-2), 16) % 27;

const starts = (msk) => Worker.start({ env: { DEV_KEY_SERVICE_MASTER_SECRET: msk } });

await main(async () => {
  const tee = await Worker.start();
  await conformance('/tee', tee);
  await tee.stop();

  const dev = await starts(typed.msk);
  await conformance('/dev', dev);

  await test('/dev: the published address of the published secret', async () => {
    const owner = await dev.owner('email:bob@demo.example');
    assert.equal((await owner.call('pair-list')).status, 404); // user keys only
    assert.equal((await dev.client(new Device()).call('pair-request', { label: 'agent-1' })).status, 404);
    const alice = dev.client(owner.device);
    const again = await dev.owner(typed.identity, owner.device).catch((error) => error);
    assert.match(String(again), /device_not_enrolled/); // alice has a device, and it is not bob's
    assert.ok(dev.logText().includes('DEV ONLY: replaced by the TEE in production'));
    alice.close();
    owner.close();
  });
  await dev.stop();

  await test('/dev: addresses and signatures of derivation.json', async () => {
    const all = cases();
    let checked = 0;
    for (const msk of new Set(all.map((one) => one.msk))) {
      const worker = await starts(msk);
      for (const one of all.filter((c) => c.msk === msk)) {
        let owner;
        try {
          owner = await worker.owner(`${one.identity_type}:${one.identity_value}`);
        } catch (error) {
          assert.match(String(error), /invalid_request/, one.identity_value); // a type that signs in elsewhere
          continue;
        }
        assert.equal(owner.account, one.omni_account);
        assert.equal(owner.session.wallet_address, one.user.address);
        for (const vector of one.eip191.filter((v) => v.path === null)) {
          const answer = await owner.call('sign-message', { omni_account: owner.account, message_hex: vector.message_hex });
          if (answer.error === 'invalid_siwe') {
            assert.match(unhex(vector.message_hex).toString(), / wants you to sign in /); // no plain message: refused
            continue;
          }
          assert.equal(answer.body.signature.slice(0, -2), vector.signature.slice(0, -2));
          assert.equal(recoveryId(answer.body.signature), recoveryId(vector.signature));
          checked++;
        }
        owner.close();
      }
      await worker.stop();
    }
    assert.ok(checked > 0, 'no vector was checked');
  });

  await test('/dev: the typed-in value', async () => {
    const worker = await starts(typed.msk);
    const owner = await worker.owner(typed.identity);
    assert.equal((await owner.must('derive-address', { omni_account: typed.omni })).address, typed.address);
    owner.close();
    await worker.stop();
  });

  await test('every answer of these tests was as openapi.yaml describes it, and another would not be', () => {
    const signed = { signature: `0x${'0'.repeat(130)}`, address: `0x${'0'.repeat(40)}`, key_version: 1, entry: { index: 1, leaf_hash: '0'.repeat(64) } };
    const check = (body, status = 200) => described.check('POST', '/tee/sign-message', { status, body });
    assert.equal(check(signed), 'sign_reply');
    assert.throws(() => check({ ...signed, address: 7 }), /no string/);
    assert.throws(() => check({ ...signed, more: 1 }), /not in the description/);
    assert.throws(() => check({ ...signed, signature: undefined, address: signed.address.slice(2) }), /does not match|no string/);
    assert.throws(() => check({ error: 'denied' }, 403), /message is missing/);
  });

  await test('/dev: a secret of another form does not start', async () => {
    const worker = new Worker({ env: { DEV_KEY_SERVICE_MASTER_SECRET: 'ab'.repeat(31) } });
    const failed = await worker.bootFail();
    assert.equal(failed.code, 1);
    assert.match(failed.line, /^BOOT_FAIL bad_dev_secret: /);
    assert.ok(!failed.line.includes('abab'), 'the secret is in the message');
  });
});

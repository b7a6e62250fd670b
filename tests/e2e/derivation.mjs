#!/usr/bin/env node
// build/tests/derivation-vectors against docs/formats and libraries that know nothing of us (node:crypto, viem): the published file without
// its answers, inputs made up here, and inputs that are none.
import { createECDH, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { keccak256 } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { assert, main, skip, test } from './lib/check.mjs';
import { hex, sha256, unhex } from './lib/bytes.mjs';
import { build, shared, tempDir } from './lib/worker.mjs';

const n = BigInt('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
const scalar = (bytes) => BigInt(`0x${hex(bytes)}`);
const bytes32 = (value) => unhex(value.toString(16).padStart(64, '0'));
const dir = tempDir();

function compute(input) {
  const [from, to] = ['in.json', 'out.json'].map((name) => path.join(dir, name));
  fs.writeFileSync(from, typeof input === 'string' ? input : JSON.stringify(input));
  fs.rmSync(to, { force: true });
  const done = spawnSync(path.join(build, 'tests/derivation-vectors'), ['--compute', from, to], { encoding: 'utf8' });
  return { status: done.status, err: done.stderr, out: fs.existsSync(to) ? JSON.parse(fs.readFileSync(to, 'utf8')) : undefined };
}

// keys.md once more, from the text. Retries have a probability of 2^-127 and are left out.
function publicKey(k, form) {
  const ecdh = createECDH('secp256k1');
  ecdh.setPrivateKey(bytes32(k));
  return ecdh.getPublicKey(null, form);
}

const addressOf = (k) => `0x${keccak256(publicKey(k, 'uncompressed').subarray(1)).slice(-40)}`;
const shown = ({ k, c }) => ({ address: addressOf(k), public_key: hex(publicKey(k, 'compressed')), chain_code: hex(c), secret_key: hex(bytes32(k)) });

function userKey(msk, omni) {
  const okm = Buffer.from(hkdfSync('sha256', msk, '', `agentkeys-evm-wallet-v1:${hex(omni)}`, 64));
  return { k: scalar(okm.subarray(0, 32)), c: okm.subarray(32) };
}

function agentKey(user, name) {
  return name.slice(1).split('/').reduce(({ k, c }, part) => {
    const I = createHmac('sha512', c).update(publicKey(k, 'compressed')).update(sha256(`agentkeys-junction-v1:${part}`)).digest();
    return { k: (scalar(I.subarray(0, 32)) + k) % n, c: I.subarray(32) };
  }, user);
}

async function answer(one) {
  const msk = unhex(one.msk);
  const omni = sha256('agentkeys', one.identity_type, one.identity_value);
  const user = userKey(msk, omni);
  const old = hkdfSync('sha256', msk, 'agentkeys-signer-v0', Buffer.concat([Buffer.from([1]), Buffer.from('agentkeys-evm-wallet'), omni]), 32);
  const eip191 = await Promise.all(one.eip191.map(async ({ path: name, message_hex }) => {
    const { k } = name === null ? user : agentKey(user, name);
    const signature = await privateKeyToAccount(`0x${hex(bytes32(k))}`).signMessage({ message: { raw: `0x${message_hex}` } });
    return { path: name, message_hex, signature: signature.slice(0, -2) + { '1b': '00', '1c': '01' }[signature.slice(-2)] };
  }));
  return { msk: one.msk, identity_type: one.identity_type, identity_value: one.identity_value, omni_account: hex(omni), user: shown(user),
    signer_v0: { address: addressOf(scalar(Buffer.from(old))) }, paths: one.paths.map(({ path: name }) => ({ path: name, ...shown(agentKey(user, name)) })), eip191 };
}

const question = (one) => ({ msk: one.msk, identity_type: one.identity_type, identity_value: one.identity_value,
  paths: one.paths.map(({ path: name }) => ({ path: name })), eip191: one.eip191.map(({ path: name, message_hex }) => ({ path: name, message_hex })) });

await main(async () => {
  await test('the published file without its answers comes back with them', async () => {
    const file = path.join(shared, 'vectors/derivation.json');
    if (!fs.existsSync(file)) skip(`no ${file}`);
    const published = JSON.parse(fs.readFileSync(file, 'utf8'));
    const { status, out, err } = compute({ suite: published.suite, cases: published.cases.map(question) });
    assert.equal(status, 0, err);
    assert.deepEqual(out, published);
    for (const one of published.cases) assert.deepEqual(await answer(question(one)), one); // this file's own reading of keys.md
  });

  const identities = [['email', 'alice@demo.example'], ['email', `${'x'.repeat(300)}@demo.example`], ['evm', `0x${'ab'.repeat(20)}`], ['oauth2_google', '108234567890123456789'], ['oauth2_x1', 'Sub With Spaces']];
  const cases = identities.flatMap(([identity_type, identity_value]) => Array.from({ length: 4 }, () => ({
    msk: hex(randomBytes(32)), identity_type, identity_value,
    paths: ['/agent-1/0', '/a/4294967295', `/${'z'.repeat(64)}/7`, '/build.bot_2-x/1', `/r${hex(randomBytes(8))}/12`].map((name) => ({ path: name })),
    eip191: [null, '/agent-1/0', '/a/4294967295'].flatMap((name) => ['', '00', hex(randomBytes(32)), hex(randomBytes(3000))].map((message_hex) => ({ path: name, message_hex }))),
  })));

  await test('inputs made up here: every answer is the one of node:crypto and viem', async () => {
    const { status, out, err } = compute({ cases });
    assert.equal(status, 0, err);
    assert.equal(out.suite, 'ak1');
    assert.deepEqual(out.cases, await Promise.all(cases.map(answer)));
  });

  await test('inputs that are none: exit status 1, and nothing is written', () => {
    const [good] = cases;
    assert.equal(compute({ cases: [{ ...good, paths: [], eip191: [] }] }).status, 0);
    const bad = {
      'a short secret': { msk: good.msk.slice(2) }, 'a long secret': { msk: `${good.msk}00` }, 'a secret in upper case': { msk: 'AB'.repeat(32) }, 'no secret': { msk: undefined },
      'an unknown type': { identity_type: 'phone' }, 'upper case in an address': { identity_value: 'Alice@demo.example' }, 'an empty value': { identity_value: '' },
      'a path without generation': { paths: [{ path: '/agent-1' }] }, 'a leading zero': { paths: [{ path: '/agent-1/00' }] }, 'a generation of 33 bits': { paths: [{ path: '/agent-1/4294967296' }] },
      'a label of 65': { paths: [{ path: `/${'a'.repeat(65)}/0` }] }, 'two levels': { paths: [{ path: '/a/b/0' }] }, 'an odd message': { eip191: [{ path: null, message_hex: 'abc' }] },
    };
    for (const [name, change] of Object.entries(bad)) {
      const { status, out, err } = compute({ cases: [{ ...good, ...change }] });
      assert.equal(status, 1, name);
      assert.equal(out, undefined, name);
      assert.match(err, /^derivation-vectors: /, name);
    }
    for (const text of ['', '{', '[]', '{"cases":{}}', '{"suite":"ak2","cases":[]}', '{"cases":[],"cases":[]}', '\xff']) assert.equal(compute(text).status, 1, text);
    assert.equal(spawnSync(path.join(build, 'tests/derivation-vectors'), ['--compute', 'in']).status, 2);
  });
});

#!/usr/bin/env node
// Tokens and proofs that are not right, over real HTTP, and another account's everything (I8, I9, I10, I15, I20).
import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { assert, main, sleep, test } from './lib/check.mjs';
import { b64u, sha256, unb64u, utf8hex } from './lib/bytes.mjs';
import { callNames, callOf } from './lib/client.mjs';
import { Device } from './lib/device.mjs';
import { changes, meaning } from './lib/meaning.mjs';
import { readAudit } from './lib/ledger.mjs';
import { Worker } from './lib/worker.mjs';

const parts = (token) => token.split('.').map((part) => unb64u(part));
const join = (...list) => list.map((part) => b64u(typeof part === 'string' ? part : Buffer.from(part))).join('.');

await main(async () => {
  const worker = await Worker.start({ args: ['--agent-token-lifetime', '60', '--session-lifetime', '60s'] });
  const alice = await worker.owner('email:alice@demo.example');
  const agent = await worker.agent(alice, 'agent-1', { rate: 10000 });
  const bob = await worker.owner('email:bob@demo.example');
  const started = Date.now();

  // One signing try on a connection of its own, with the token or proof as given.
  async function tryToken(token, over = {}, device = agent.device) {
    const client = worker.client(device, { token, account: alice.account });
    client.nonce = agent.nonce;
    const answer = await client.call('sign-message', { omni_account: alice.account, message_hex: utf8hex('x') }, over);
    client.close();
    return answer;
  }

  async function refusesToken(name, token, want = ['invalid_token'], device = agent.device) {
    const answer = await tryToken(token, {}, device);
    assert.ok(answer.status === 401 || answer.status === 403, `${name}: ${answer.status}`);
    assert.ok(want.includes(answer.error), `${name}: ${answer.text}`);
  }

  await test('what is right is taken', async () => {
    assert.equal((await tryToken(agent.token)).status, 200);
  });

  await test('each part of a token altered', async () => {
    const [header, payload] = parts(agent.token).map((part) => part.toString());
    const signature = agent.token.split('.')[2];
    const head = JSON.parse(header);
    const body = JSON.parse(payload);
    const altered = {
      'no signature': `${join(header, payload)}.`,
      'two parts': join(header, payload),
      'four parts': `${agent.token}.e30`,
      'padded base64': `${agent.token}=`,
      'alg none': `${join(JSON.stringify({ ...head, alg: 'none' }), payload)}.`,
      'alg none, signature kept': `${join(JSON.stringify({ ...head, alg: 'none' }), payload)}.${signature}`,
      HS256: (() => {
        const text = join(JSON.stringify({ ...head, alg: 'HS256' }), payload);
        return `${text}.${b64u(createHmac('sha256', head.kid).update(text).digest())}`;
      })(),
      'other typ': `${join(JSON.stringify({ ...head, typ: 'ak-session+jwt' }), payload)}.${signature}`,
      'other kid': `${join(JSON.stringify({ ...head, kid: 'ak-session-0000000000000000' }), payload)}.${signature}`,
      'jwk in the header': `${join(JSON.stringify({ ...head, jwk: agent.device.jwk }), payload)}.${signature}`,
      empty: '.', letters: 'abc', long: 'a'.repeat(8193),
    };
    for (const [claim, value] of Object.entries({ sub: `${alice.account}/agent-2`, gen: 7, scope: 'cap:sign-message', exp: body.exp + 3600, iat: body.iat - 5, aud: 'x', iss: 'http://x', jti: 'x', cnf: { jkt: bob.device.jkt } }))
      altered[`claim ${claim}`] = `${join(header, JSON.stringify({ ...body, [claim]: value }))}.${signature}`;
    for (const [name, token] of Object.entries(altered)) await refusesToken(name, token);
    for (const at of [0, 10, 40]) {
      const bytes = unb64u(signature);
      bytes[at] ^= 1;
      await refusesToken(`signature byte ${at}`, `${agent.token.slice(0, -signature.length)}${b64u(bytes)}`);
    }
    assert.equal((await tryToken('')).error, 'unauthorized');
  });

  await test('a token signed by another key, even with our header', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [header, payload] = agent.token.split('.');
    const forged = sign('sha256', Buffer.from(`${header}.${payload}`), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    await refusesToken('forged', `${header}.${payload}.${b64u(forged)}`);
  });

  await test('a token of another kind or of another worker', async () => {
    for (const call of ['account', 'devices', 'agents', 'logout', 'checkpoint-seal', 'pair-list', 'recovery', 'epoch-list', 'agent-lineage']) {
      const answer = await worker.again(agent).call(call, call === 'agent-lineage' ? { label: 'agent-1' } : {});
      assert.equal(answer.error, 'invalid_token', call);
    }
    for (const call of changes) {
      const values = { label: 'agent-1', request_id: '0'.repeat(32), kind: 'agent', device: agent.device.jkt, id: agent.device.jkt, what: 'account-resume', scope: ['openrouter'],
        service: 'openrouter', enc: b64u(Buffer.alloc(32, 9)), sealed: b64u(Buffer.alloc(16)), version: 1, epoch: 1, hosts: ['a.example'], methods: ['GET'], path_prefixes: ['/'], inject: 'header', template: '{value}', from: '0'.repeat(64), to: '0'.repeat(64), trust: b64u(Buffer.alloc(7)), recovery_hash: '1'.repeat(64) };
      const wanted = { 'account-suspend': [], 'account-resume': [], 'recovery-cancel': ['what'], 'device-remove': ['id'], 'pair-approve': ['request_id', 'kind', 'label', 'device'], 'pair-refuse': ['request_id'], 'pair-invite': ['label'], 'agent-policy': ['label', 'scope'],
        'credential-put': ['service', 'enc', 'sealed'], 'credential-delete': ['service'], 'credential-rollback': ['service', 'version'], 'epoch-rotate': [], 'epoch-destroy': ['epoch'], 'trust-change': ['from', 'to', 'trust'], 'recovery-code': ['recovery_hash'],
        'service-define': ['service', 'hosts', 'methods', 'path_prefixes', 'inject', 'template'] }[call] ?? ['label'];
      const answer = await worker.again(agent).call(call, Object.fromEntries(wanted.map((name) => [name, values[name]])));
      assert.equal(answer.error, 'invalid_token', `${call}: ${answer.text}`);
    }
    const elsewhere = await Worker.start();
    const same = await elsewhere.owner('email:alice@demo.example', alice.device);
    await refusesToken("another worker's session", same.token, ['invalid_token'], alice.device);
    const there = elsewhere.client(alice.device, { token: alice.token, account: alice.account });
    assert.equal((await there.call('account')).error, 'invalid_token');
    there.close();
    await elsewhere.stop();
  });

  await test('a token on another device', async () => {
    await refusesToken('another device', agent.token, ['bad_signature'], new Device());
    await refusesToken("the owner's device", agent.token, ['bad_signature'], alice.device);
    await refusesToken("a session on the agent's device", alice.token, ['bad_signature'], agent.device);
  });

  await test('a token without a proof', async () => {
    assert.equal((await tryToken(agent.token, { proof: '' })).error, 'proof_required');
    const bare = worker.client(agent.device, { account: alice.account });
    const answer = await bare.connection.request('POST', '/tee/sign-message', { headers: { Authorization: `Bearer ${agent.token}` }, body: { omni_account: alice.account, message_hex: '00' } });
    assert.equal(answer.body.error, 'unauthorized');
    assert.match(answer.headers['www-authenticate'], /^DPoP /);
    bare.close();
  });

  // A proof by hand: what is changed of a good one.
  const url = `${worker.url}/tee/sign-message`;
  const facts = () => ({ method: 'POST', url, nonce: agent.nonce, token: agent.token });
  const make = (claims = {}, header = {}) => agent.device.jws({ ...agent.device.header(), ...header }, { ...agent.device.claims(facts()), ...claims });
  async function refusesProof(name, proof, want) {
    const answer = await tryToken(agent.token, { proof });
    assert.equal(answer.status, 401, `${name}: ${answer.text}`);
    assert.ok([want].flat().includes(answer.error), `${name}: ${answer.text}`);
  }

  await test('each claim of a proof altered', async () => {
    await agent.sign('fresh nonce');
    assert.equal((await tryToken(agent.token, { proof: make() })).status, 200);
    const now = Math.floor(Date.now() / 1000);
    const bad = {
      'another method': [{ htm: 'GET' }, 'bad_signature'], 'lower case method': [{ htm: 'post' }, 'bad_signature'],
      'another URL': [{ htu: `${worker.url}/tee/derive-address` }, 'bad_signature'], 'another host': [{ htu: 'http://evil.example/tee/sign-message' }, 'bad_signature'],
      'another port': [{ htu: 'http://127.0.0.1:1/tee/sign-message' }, 'bad_signature'], 'URL with query': [{ htu: `${url}?a=1` }, 'bad_signature'], 'URL with slash': [{ htu: `${url}/` }, 'bad_signature'],
      'another scheme': [{ htu: url.replace('http:', 'https:') }, 'bad_signature'],
      'another token': [{ ath: b64u(sha256(alice.token)) }, 'bad_signature'], 'no ath': [{ ath: undefined }, 'bad_signature'],
      'no nonce': [{ nonce: undefined }, 'use_dpop_nonce'], 'a made-up nonce': [{ nonce: b64u(randomBytes(16)) }, 'use_dpop_nonce'], 'an altered nonce': [{ nonce: `A${agent.nonce.slice(1)}` === agent.nonce ? `B${agent.nonce.slice(1)}` : `A${agent.nonce.slice(1)}` }, 'use_dpop_nonce'],
      'an hour old': [{ iat: now - 3600 }, 'nonce_expired'], 'an hour ahead': [{ iat: now + 3600 }, 'nonce_expired'], 'iat as text': [{ iat: String(now) }, 'bad_signature'], 'no iat': [{ iat: undefined }, 'bad_signature'],
      'no jti': [{ jti: undefined }, 'bad_signature'], 'a short jti': [{ jti: 'abc' }, 'bad_signature'], 'a long jti': [{ jti: 'a'.repeat(129) }, 'bad_signature'],
      'an unknown claim': [{ extra: 1 }, 'bad_signature'],
    };
    for (const [name, [claims, want]] of Object.entries(bad)) {
      const all = { ...agent.device.claims(facts()), ...claims };
      for (const key of Object.keys(all)) if (all[key] === undefined) delete all[key];
      await refusesProof(name, agent.device.jws(agent.device.header(), all), want);
    }
  });

  await test('each part of a proof altered', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = new Device();
    const jwk = agent.device.jwk;
    const headers = {
      'typ JWT': { typ: 'JWT' }, 'alg none': { alg: 'none' }, 'alg RS256': { alg: 'RS256' }, 'a kid': { kid: 'x' }, 'no jwk': { jwk: undefined }, 'a private part': { jwk: { ...jwk, d: b64u(randomBytes(32)) } },
      'a point off the curve': { jwk: { ...jwk, y: b64u(randomBytes(32)) } }, 'another curve': { jwk: { ...jwk, crv: 'P-384' } }, crit: { crit: ['b64'], b64: false },
    };
    for (const [name, header] of Object.entries(headers)) await refusesProof(name, make({}, header), 'bad_signature');
    await refusesProof('signed by another key', new Device(privateKey).jws(agent.device.header(), agent.device.claims(facts())), 'bad_signature');
    await refusesProof("another device's proof", other.proof(facts()), 'bad_signature');
    const good = make();
    for (let at = 0; at < good.length; at += 37) {
      const letter = good[at] === 'A' ? 'B' : 'A';
      if (good[at] === '.') continue;
      await refusesProof(`letter ${at}`, good.slice(0, at) + letter + good.slice(at + 1), ['bad_signature', 'use_dpop_nonce', 'nonce_expired']);
    }
    for (const text of ['x', '..', 'a.b.c', 'e30.e30.e30', 'a'.repeat(2049)]) await refusesProof(text.slice(0, 20), text, 'bad_signature');
    assert.equal((await tryToken(agent.token, { proof: good })).status, 200); // it was good, and still unused
  });

  await test('a proof works once', async () => {
    const proof = make();
    assert.equal((await tryToken(agent.token, { proof })).status, 200);
    await refusesProof('again', proof, 'proof_replayed');
    const [header, payload] = proof.split('.');
    const resigned = sign('sha256', Buffer.from(`${header}.${payload}`), { key: agent.device.key, dsaEncoding: 'ieee-p1363' });
    await refusesProof('signed anew', `${header}.${payload}.${b64u(resigned)}`, 'proof_replayed');
  });

  await test('of twelve uses of one proof at once one wins', async () => {
    for (let round = 0; round < 5; round++) {
      const proof = make();
      const answers = await Promise.all(Array.from({ length: 12 }, () => tryToken(agent.token, { proof })));
      assert.equal(answers.filter((one) => one.status === 200).length, 1);
      assert.equal(answers.filter((one) => one.error === 'proof_replayed').length, 11);
    }
  });

  await test('a change needs a proof of its own meaning', async () => {
    const values = { label: 'agent-1', rate: 9000 };
    const policy = (facts2, over = {}) => alice.call('agent-policy', values, { facts: facts2, ...over });
    assert.equal((await policy({ bh: undefined })).error, 'bad_signature');
    assert.equal((await policy({ bh: meaning('agent-policy', { label: 'agent-1', rate: 9001 }) })).error, 'bad_signature');
    assert.equal((await policy({ bh: meaning('agent-suspend', { label: 'agent-1' }) })).error, 'bad_signature');
    assert.equal((await policy({ bh: b64u(randomBytes(32)) })).error, 'bad_signature');
    assert.equal((await policy({ bh: 'short' })).error, 'bad_signature');
    assert.equal((await alice.call('agent-policy', values, { proof: '' })).error, 'proof_required'); // a proved connection is not enough
    assert.equal((await alice.must('agent', { label: 'agent-1' })).rate, 10000);
    assert.equal((await policy({})).status, 200);
    await alice.must('agent-policy', { label: 'agent-1', rate: 10000 });
  });

  await test('a proved connection serves one device', async () => {
    const client = worker.client(agent.device, { token: agent.token, account: alice.account });
    assert.equal((await client.sign('proved')).status, 200);
    assert.equal((await client.once('sign-message', { omni_account: alice.account, message_hex: '00' }, { proof: '' })).status, 200);
    assert.equal((await client.once('account', {}, { token: alice.token, proof: '' })).error, 'proof_required');
    assert.equal((await client.once('account', {}, { token: bob.token, proof: '' })).error, 'proof_required');
    client.close();
  });

  await test("another account's everything", async () => {
    const bobs = await worker.agent(bob, 'agent-1');
    const omni = alice.account;
    assert.equal((await bob.call('derive-address', { omni_account: omni })).error, 'account_mismatch');
    assert.equal((await bob.call('sign-message', { omni_account: omni, message_hex: '00' })).error, 'account_mismatch');
    assert.equal((await bobs.call('sign-message', { omni_account: omni, message_hex: '00' })).error, 'account_mismatch');
    assert.notEqual((await bob.must('agent', { label: 'agent-1' })).address, agent.address);
    await worker.agent(alice, 'only-alice');
    for (const call of ['agent', 'agent-suspend', 'agent-resume', 'agent-rotate', 'agent-decommission', 'agent-lineage'])
      assert.equal((await bob.call(call, { label: 'only-alice' })).error, 'not_found', call);
    assert.equal((await bob.call('agent-policy', { label: 'only-alice', rate: 1 })).error, 'not_found');
    assert.equal((await bob.call('device-remove', { id: alice.device.jkt })).error, 'not_found');
    const asks = [{ account: omni, label: 'agent-1' }, { account: bob.account.replace(/^../, '00'), label: 'agent-1' }];
    const [there, nowhere] = [await bobs.call('token', asks[0]), await bobs.call('token', asks[1])];
    assert.equal(there.error, 'denied');
    assert.equal(there.text, nowhere.text); // whether the account is there cannot be told
    assert.equal((await bobs.call('agent', { label: 'only-alice' })).error, 'not_found');
    const other = await worker.agent(alice, 'sibling', { scope: ['cap:sign-message'] });
    assert.equal((await other.call('sign-message', { omni_account: omni, message_hex: '00', path: '/agent-1' })).error, 'denied');
    assert.equal((await other.call('agent', { label: 'agent-1' })).error, 'not_found');
    assert.equal((await other.call('derive-address', { omni_account: omni, path: '/agent-1' })).error, 'denied');

    // a request that is addressed to alice is not there for bob
    const asker = worker.client(new Device());
    const asked = await asker.must('pair-request', { label: 'mine', account: omni });
    assert.equal((await bob.must('pair-list')).requests.length, 0);
    assert.equal((await bob.call('pair-list', { code: asked.pairing_code })).error, 'not_found');
    const shown = (await alice.must('pair-list')).requests[0];
    const request = { request_id: shown.request_id, kind: 'agent', label: 'mine', device: shown.device, scope: [] };
    assert.equal((await bob.call('pair-approve', request)).error, 'not_found');
    assert.equal((await bob.call('pair-refuse', { request_id: shown.request_id })).error, 'not_found');
    assert.equal((await worker.client(bob.device).call('pair-status', { id: shown.request_id })).error, 'not_found');
    for (const wrong of [{ label: 'mine2' }, { device: bob.device.jkt }, { kind: 'device' }])
      assert.equal((await alice.call('pair-approve', { ...request, ...wrong })).error, 'invalid_request');

    // entries: nothing of alice is in what bob sees, and no proof for one of hers
    const mine = await readAudit(bob);
    assert.ok(mine.entries.every((entry) => entry.anchor === bob.account));
    const hers = (await readAudit(alice)).entries;
    assert.ok(hers.every((entry) => entry.anchor === alice.account));
    for (const entry of hers.slice(0, 5)) assert.equal((await bob.call('inclusion', { index: entry.index })).error, 'not_found');
    assert.ok((await readAudit(bobs, { seal: false })).entries.every((entry) => entry.anchor === bob.account && entry.map.get(17) === 'agent-1'));
  });

  await test('a session for an account goes to its devices only', async () => {
    for (const device of [new Device(), bob.device, agent.device])
      await assert.rejects(worker.owner('email:alice@demo.example', device), /device_not_enrolled/);
    const closed = worker.client(new Device());
    assert.equal((await closed.call('local-session', { identity: 'email:new@demo.example' })).status, 404); // over TCP
    const unix = worker.client(new Device(), { where: worker.socket });
    assert.equal((await unix.call('local-session', { identity: 'email:new@demo.example' })).status, 404);
    for (const identity of ['alice@demo.example', 'email:', 'email:Alice@demo.example', 'email: alice@demo.example', 'phone:1', 'email:a@b\n', 'evm:0x00B1d3cd34de5506c84cbb24c69dcade8ed5a484'])
      await assert.rejects(worker.owner(identity), /invalid_request|invalid_json/, identity);
  });

  await test('eleven wrong pairing codes: the eleventh waits, whoever asks', async () => {
    const carol = await worker.owner('email:carol@demo.example');
    for (let i = 0; i < 10; i++) assert.equal((await carol.call('pair-list', { code: `ABCD-EF${i}${i}`.replace(/[01]/g, '2') })).error, 'not_found');
    const late = await carol.call('pair-list', { code: 'ABCD-EFGH' });
    assert.equal(late.error, 'rate_limit_exceeded');
    assert.ok(late.body.retry_after_secs > 0);
    const asked = await worker.client(new Device()).must('pair-request', { label: 'late' });
    assert.equal((await carol.call('pair-list', { code: asked.pairing_code })).error, 'rate_limit_exceeded');
    assert.equal((await bob.must('pair-list', { code: asked.pairing_code })).requests.length, 1); // counted by account
  });

  await test('one source cannot fill the table of requests for others', async () => {
    const client = worker.client(new Device());
    let answer;
    let taken = 0;
    for (let i = 0; i < 130; i++) {
      answer = await client.call('pair-request', { label: `flood-${i}` });
      if (answer.status !== 200) break;
      taken++;
    }
    assert.equal(answer.error, 'rate_limit_exceeded');
    assert.ok(taken <= 100 && taken > 50, `${taken} were taken`);
    const unix = worker.client(new Device(), { where: worker.socket });
    assert.equal((await unix.call('pair-request', { label: 'another-source' })).status, 200);
  });

  await test('nonce and proof of before a restart', async () => {
    const proof = make();
    const nonce = agent.nonce;
    await worker.kill();
    await worker.start();
    await refusesProof('a proof made before', proof, 'use_dpop_nonce');
    agent.nonce = nonce;
    agent.proved = false;
    const answer = await agent.once('sign-message', { omni_account: alice.account, message_hex: '00' });
    assert.equal(answer.error, 'use_dpop_nonce');
    assert.notEqual(answer.headers['dpop-nonce'], nonce);
    assert.equal((await agent.signLater('with a new one')).status, 200);
  });

  await test('logout ends sessions, not agents', async () => {
    const again = await worker.owner('email:bob@demo.example', bob.device);
    await again.must('logout');
    assert.equal((await again.call('account')).error, 'invalid_token');
    assert.equal((await worker.again(bob).call('account')).error, 'invalid_token');
  });

  await test('expired tokens', async () => {
    const left = 61500 - (Date.now() - started);
    if (left > 0) await sleep(left);
    assert.equal((await tryToken(agent.token)).error, 'token_expired');
    const old = worker.client(alice.device, { token: alice.token, account: alice.account });
    assert.equal((await old.call('account')).error, 'token_expired');
    await worker.renew(agent);
    assert.equal((await agent.signLater('renewed')).status, 200);
  });

  await test('no call takes nothing where the contract wants something', async () => {
    const bare = worker.client(new Device());
    for (const name of callNames) {
      const { method, path, auth } = callOf(name);
      if (auth === 'none' || name === 'local-session') continue;
      const answer = await bare.connection.request(method, path.replace('{signer}', '/tee').replace('{label}', 'agent-1').replace('{service}', 'openrouter').replace('{id}', name === 'pair-status' ? '0'.repeat(32) : b64u(randomBytes(32))));
      assert.equal(answer.status, 401, `${name}: ${answer.status} ${answer.text}`);
      assert.ok(['unauthorized', 'proof_required'].includes(answer.body.error), name);
    }
    bare.close();
  });
});

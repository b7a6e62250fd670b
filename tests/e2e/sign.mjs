#!/usr/bin/env node
// The whole way of an agent, checked by libraries that know nothing of us: siwe, viem, node:crypto.
import { SiweMessage } from 'siwe';
import { getAddress, recoverMessageAddress, verifyMessage, verifyTypedData } from 'viem';
import { assert, main, test, until } from './lib/check.mjs';
import { hex, sha256, unhex } from './lib/bytes.mjs';
import { Device } from './lib/device.mjs';
import { checkChain, checkNote, consistent, readAudit } from './lib/ledger.mjs';
import { Worker } from './lib/worker.mjs';

const scope = ['cap:sign-message', 'cap:sign-siwe?domain=app.example'];

function siweText(address, domain = 'app.example', more = {}) {
  return new SiweMessage({
    domain, address: getAddress(address), statement: 'Sign in.', uri: `https://${domain}/login`, version: '1',
    chainId: 1, nonce: 'abcdef0123456789', issuedAt: new Date().toISOString(), ...more,
  }).prepareMessage();
}

function denial(answer, status, rule) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.error, status === 429 ? 'rate_limit_exceeded' : 'denied');
  const { denial: why } = answer.body;
  assert.equal(why.rule, rule);
  for (const part of ['seen', 'limit', 'remedy']) assert.ok(why[part].length > 0, `denial.${part} is empty`);
}

await main(async () => {
  const worker = await Worker.start();
  let owner;
  let agent;

  await test('init over the operator socket opens an account whose only device is ours', async () => {
    owner = await worker.owner('email:alice@demo.example');
    assert.equal(owner.session.account_new, true);
    assert.equal(owner.session.device_count, 1);
    assert.equal(owner.session.anchor, hex(sha256('agentkeys', 'email', 'alice@demo.example')));
    const account = await owner.must('account');
    assert.equal(account.anchor, owner.account);
    assert.equal(account.suspended, false);
    const { address } = await owner.must('derive-address', { omni_account: owner.account });
    assert.equal(address, account.home_wallet);
  });

  await test('an agent is refused before approval', async () => {
    const early = worker.client(new Device(), { account: owner.account });
    const asked = await early.must('pair-request', { label: 'agent-1', want: scope });
    assert.match(asked.pairing_code, /^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
    assert.equal((await early.must('pair-status', { id: asked.request_id })).status, 'pending');
    denial(await early.call('token', { account: owner.account, label: 'agent-1' }), 403, 'path_unknown');
    await owner.must('pair-refuse', { request_id: asked.request_id });
    assert.equal((await early.must('pair-status', { id: asked.request_id })).status, 'refused');
    denial(await early.call('token', { account: owner.account, label: 'agent-1' }), 403, 'path_unknown');
    early.close();
  });

  await test('pair, approve, token', async () => {
    agent = await worker.agent(owner, 'agent-1', { scope, rate: 1000 });
    const shown = await owner.must('agent', { label: 'agent-1' });
    assert.equal(shown.status, 'active');
    assert.equal(shown.address, agent.address);
    assert.deepEqual(shown.scope, scope);
    assert.equal(shown.device, agent.device.jkt);
  });

  await test('siwe and viem verify what the agent signs', async () => {
    const text = siweText(agent.address);
    const signed = await agent.sign(text);
    assert.equal(signed.status, 200, signed.text);
    const { signature, address } = signed.body;
    assert.equal(address, agent.address);
    assert.ok((await new SiweMessage(text).verify({ signature })).success);
    assert.ok(await verifyMessage({ address, message: text, signature }));
    for (const message of ['hello', '', 'Grüße, 世界', 'x'.repeat(20000)]) {
      const { body } = await agent.sign(message);
      assert.ok(await verifyMessage({ address, message, signature: body.signature }), message.slice(0, 20));
    }
    const { body } = await owner.sign('from the owner');
    assert.equal((await recoverMessageAddress({ message: 'from the owner', signature: body.signature })).toLowerCase(), owner.session.wallet_address);
  });

  await test('what is out of scope is refused with rule, seen, limit, remedy', async () => {
    denial(await agent.sign(siweText(agent.address, 'evil.example')), 403, 'narrowing');
    denial(await agent.sign(Buffer.alloc(32, 7)), 403, 'narrowing');
    const narrow = await worker.agent(owner, 'narrow', { scope: ['openrouter'] });
    const answer = await narrow.sign('hello');
    denial(answer, 403, 'scope');
    assert.match(answer.body.denial.remedy, /agentkeys agents policy narrow --scope \+cap:sign-message/);
    const told = await narrow.must('explain', { operation: 'sign-message' });
    assert.equal(told.decision, 'deny');
    assert.equal(told.rule, 'scope');
    narrow.close();
  });

  await test('sign-ins that are not exactly one are refused', async () => {
    const good = siweText(agent.address);
    const bad = {
      expired: siweText(agent.address, 'app.example', { expirationTime: new Date(Date.now() - 1000).toISOString() }),
      early: siweText(agent.address, 'app.example', { notBefore: new Date(Date.now() + 3600e3).toISOString() }),
      'extra line': `${good}\nAnd more: yes`,
      'no version': good.replace('\nVersion: 1', ''),
      'other address': siweText('0x00b1d3cd34de5506c84cbb24c69dcade8ed5a484'),
      'address without checksum': good.replace(getAddress(agent.address), agent.address),
      'cyrillic letter': good.replace('app.example wants', 'аpp.example wants').replace('Chain ID', 'Chаin ID'),
      'zero-width space': good.replace('wants you', 'wants\u200b you'),
      'near text': 'app.example wants you to sign in with your Ethereum account:\nplease',
    };
    for (const [name, text] of Object.entries(bad)) {
      const answer = await agent.sign(text);
      assert.ok([400, 403].includes(answer.status), `${name}: ${answer.status} ${answer.text}`);
      assert.ok(['invalid_siwe', 'denied'].includes(answer.error), `${name}: ${answer.error}`);
    }
    const own = siweText(agent.address, new URL(worker.url).host);
    denial(await agent.sign(own), 403, 'operation');
    denial(await agent.sign('AgentKeys Lineage v1\n/agent-1'), 403, 'operation');
    denial(await owner.sign('AgentKeys Lineage v1\n/agent-1'), 403, 'operation');
  });

  await test('the rate limit answers 429 and when to come back, and lets pass again', async () => {
    const slow = await worker.agent(owner, 'slow', { rate: 30 });
    let answer;
    let passed = 0;
    for (let i = 0; i < 40; i++) {
      answer = await slow.sign(`message ${i}`);
      if (answer.status !== 200) break;
      passed++;
    }
    denial(answer, 429, 'rate');
    assert.ok(passed <= 30 && passed >= 29, `${passed} passed`); // the token at pairing counts as a use
    const wait = answer.body.retry_after_secs;
    assert.ok(wait >= 1 && wait <= 2, `retry after ${wait}`);
    assert.equal(answer.headers['retry-after'], String(wait));
    await until('the time it named', async () => (await slow.sign('again')).status === 200, wait * 1000 + 1500, 250);
    slow.close();
  });

  await test('suspend refuses a token that is still valid, at once; resume restores', async () => {
    const second = worker.again(agent, worker.socket);
    assert.equal((await second.sign('before')).status, 200);
    await owner.must('agent-suspend', { label: 'agent-1' });
    denial(await agent.sign('after'), 403, 'active');
    denial(await second.sign('after'), 403, 'active');
    const token = await agent.call('token', { account: owner.account, label: 'agent-1' });
    denial(token, 403, 'active');
    assert.equal((await owner.call('agent-suspend', { label: 'agent-1' })).error, 'already_done');
    await owner.must('agent-resume', { label: 'agent-1' });
    assert.equal((await agent.sign('again')).status, 200);
    second.close();
  });

  let lineage;
  await test('rotate: another address, and the old one never signs again', async () => {
    const old = { token: agent.token, address: agent.address };
    const before = await owner.must('agent', { label: 'agent-1' });
    const rotated = await owner.must('agent-rotate', { label: 'agent-1', generation: before.generation });
    assert.equal(rotated.path, '/agent-1/1');
    assert.notEqual(rotated.address, old.address);
    denial(await agent.sign('with the old token'), 403, 'generation');
    assert.equal((await owner.call('agent-rotate', { label: 'agent-1', generation: 0 })).error, 'generation_conflict');
    assert.equal((await owner.call('agent-rotate', { label: '%2Fagent-1%2F0' })).status >= 400, true);
    const fresh = await worker.renew(agent);
    assert.equal(fresh.generation, 1);
    assert.equal(fresh.address, rotated.address);
    denial(await agent.sign('by the old path', { path: '/agent-1/0' }), 403, 'generation');
    const { body } = await agent.sign('by the new key', { path: '/agent-1/1' });
    assert.ok(await verifyMessage({ address: rotated.address, message: 'by the new key', signature: body.signature }));
    assert.equal(await verifyMessage({ address: old.address, message: 'by the new key', signature: body.signature }), false);
  });

  await test('viem verifies both signatures of the lineage', async () => {
    lineage = await owner.must('agent-lineage', { label: 'agent-1' });
    const data = {
      domain: { name: 'AgentKeys', version: '1' },
      types: { Lineage: [{ name: 'basePath', type: 'string' }, { name: 'generation', type: 'uint32' }, { name: 'agent', type: 'address' }, { name: 'user', type: 'address' }] },
      primaryType: 'Lineage',
      message: { basePath: '/agent-1', generation: 1, agent: lineage.agent_address, user: lineage.user_address },
    };
    assert.equal(lineage.agent_address, agent.address);
    assert.equal(lineage.user_address, owner.session.wallet_address);
    assert.ok(await verifyTypedData({ ...data, address: lineage.agent_address, signature: lineage.agent_signature }));
    assert.ok(await verifyTypedData({ ...data, address: lineage.user_address, signature: lineage.user_signature }));
    assert.equal((await agent.call('agent-lineage', { label: 'agent-1' })).error, 'invalid_token');
  });

  let history;
  await test('kill -9: generation, rate debt and history are as before', async () => {
    const limited = await worker.agent(owner, 'limited', { rate: 5 });
    let uses = 0;
    while ((await limited.sign('use')).status === 200) assert.ok(++uses <= 5, 'more uses than the rate');
    history = await readAudit(owner);
    const before = await owner.must('agent', { label: 'agent-1' });
    const { checkpoint } = history;
    await worker.kill();
    await worker.start();
    owner.proved = agent.proved = limited.proved = false;
    assert.deepEqual({ ...(await owner.must('agent', { label: 'agent-1' })), uses_left: 0 }, { ...before, uses_left: 0 });
    denial(await limited.sign('after the crash'), 429, 'rate');
    const after = await readAudit(owner);
    history.entries.forEach((entry, at) => assert.deepEqual(after.entries[at].bytes, entry.bytes));
    const from = checkNote(checkpoint, history.key);
    const to = checkNote(after.checkpoint, after.key);
    assert.equal(after.key, history.key);
    const { proof } = await owner.must('consistency', { from: from.size, to: to.size });
    assert.ok(consistent(from.size, to.size, from.root, to.root, proof.map(unhex)));
    history = after;
    limited.close();
  });

  await test('the audit holds every step, its chain and proofs check out', async () => {
    checkChain(history.entries);
    const types = new Set(history.entries.map((entry) => entry.type));
    for (const type of ['AccountOpened', 'DeviceEnrolled', 'SessionIssued', 'PathActivated', 'AgentTokenIssued', 'MessageSigned', 'Denied', 'PathSuspended', 'PathResumed', 'PathRotated'])
      assert.ok(types.has(type), `no ${type}`);
    assert.ok(history.entries.some((entry) => entry.index === lineage.entry.index && hex(entry.leaf) === lineage.entry.leaf_hash));
    const own = await readAudit(agent, { seal: false, filter: { type: 'MessageSigned' } });
    assert.ok(own.entries.length > 0);
    assert.ok(own.entries.every((entry) => entry.type === 'MessageSigned' && entry.map.get(17) === 'agent-1'));
    const { body } = await agent.signLater('what was signed');
    await owner.must('checkpoint-seal');
    const [entry] = (await readAudit(owner)).entries.filter((one) => one.index === body.entry.index);
    assert.equal(hex(entry.leaf), body.entry.leaf_hash);
    assert.deepEqual(entry.map.get(20), sha256('what was signed'));
    const first = await owner.must('checkpoint');
    const proved = await owner.must('inclusion', { index: body.entry.index, size: first.size });
    assert.equal(proved.leaf_hash, body.entry.leaf_hash);
  });

  await test('a damaged checkpoint or proof is noticed by the checker itself', async () => {
    const note = history.checkpoint;
    assert.throws(() => checkNote(note.replace(/\n(\d+)\n/, (_, size) => `\n${Number(size) + 1}\n`), history.key));
    assert.throws(() => checkNote(note, hex(Buffer.alloc(32, 9))));
    assert.equal(consistent(3, 7, Buffer.alloc(32), Buffer.alloc(32), []), false);
  });

  await test('a clean stop and start serve on', async () => {
    assert.equal(await worker.stop(), 0);
    await worker.start();
    owner.proved = agent.proved = false;
    assert.equal((await agent.signLater('after a clean stop')).status, 200);
  });
});

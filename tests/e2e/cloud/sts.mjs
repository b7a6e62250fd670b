#!/usr/bin/env node
// A cloud that trusts the worker as OIDC issuer: Ceph's STS gives an agent temporary credentials for its own prefix and no
// other. The clients are awscli and curl. Needs Ceph: scripts/setup-dev-env.sh --with ceph.
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import * as jose from 'jose';
import { assert, atEnd, main, test } from '../lib/check.mjs';
import { audience, Cloud, needCloud, operator, roleOf } from '../lib/cloud.mjs';
import { tempDir, Worker } from '../lib/worker.mjs';

// An issuer that is none of ours: it signs whatever it is asked to.
async function rogueIssuer() {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const dir = tempDir();
  fs.writeFileSync(path.join(dir, 'key.pem'), await jose.exportPKCS8(privateKey), { mode: 0o600 });
  const cert = spawnSync('openssl', ['req', '-x509', '-key', path.join(dir, 'key.pem'), '-subj', '/CN=rogue', '-days', '2', '-outform', 'DER']);
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'rogue', use: 'sig', alg: 'ES256', x5c: [cert.stdout.toString('base64')] };
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url.endsWith('jwks.json') ? { keys: [jwk] } : { issuer: url, jwks_uri: `${url}/.well-known/jwks.json` }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  atEnd(() => server.close());
  const sign = (tags) => new jose.SignJWT({ ...(tags ? { 'https://aws.amazon.com/tags': { principal_tags: tags, transitive_tag_keys: Object.keys(tags) } } : {}) })
    .setProtectedHeader({ alg: 'ES256', kid: 'rogue', typ: 'JWT' }).setIssuer(url).setSubject('rogue').setAudience(audience)
    .setIssuedAt().setExpirationTime('5m').setJti('x').sign(privateKey);
  return { url, sign };
}

await main(async () => {
  needCloud();
  const worker = await Worker.start();
  const cloud = await Cloud.start();
  const alice = await worker.owner('email:alice@demo.example');
  const bob = await worker.owner('email:bob@demo.example');
  const [a, b] = [alice.session.wallet_address, bob.session.wallet_address];
  const scope = [`cap:oidc?aud=${audience}`];
  const agent = await worker.agent(alice, 'agent-1', { scope });
  const sibling = await worker.agent(alice, 'agent-2', { scope });
  const bobs = await worker.agent(bob, 'agent-1', { scope });
  const mint = async (who) => (await who.must('mint-oidc-jwt', { aud: audience })).jwt;
  const own = `data/${a}/agent-1/note`;
  let session;

  await test('an operator makes the cloud trust the worker: provider, a role an account', async () => {
    await cloud.trust(worker.url);
    await cloud.role(a, ['agent-1', 'agent-2'], [worker.url]);
    await cloud.role(b, ['agent-1'], [worker.url]);
    for (const key of [`data/${a}/agent-2/note`, `data/${b}/agent-1/note`, `vault/${a}/blob`]) assert.equal(await cloud.put(operator, key), 200);
  });

  await test("an agent's token is worth credentials for its own prefix", async () => {
    session = await cloud.credentials(roleOf(a), await mint(agent));
    const left = (Date.parse(session.Expiration) - Date.now()) / 1000;
    assert.ok(left > 800 && left <= 901, `${left} s`);
    assert.equal(await cloud.put(session, own), 200);
    assert.equal(await cloud.get(session, own), 200);
  });

  await test("it is refused another account's, another agent's and the vault's", async () => {
    for (const key of [`data/${b}/agent-1/note`, `data/${a}/agent-2/note`, `vault/${a}/blob`, `data/${a}/agent-11/note`, `data/${a}/note`]) {
      assert.equal(await cloud.get(session, key), 403, key);
      assert.equal(await cloud.put(session, key), 403, key);
    }
    assert.equal(await cloud.get(session, ''), 403); // the list
    const other = await cloud.credentials(roleOf(a), await mint(sibling));
    assert.equal(await cloud.get(other, `data/${a}/agent-2/note`), 200);
    assert.equal(await cloud.get(other, own), 403);
  });

  await test("another account's role is not for it", async () => {
    await cloud.refused(roleOf(b), await mint(agent));
    await cloud.refused(roleOf(a), await mint(bobs));
    assert.equal(await cloud.get(await cloud.credentials(roleOf(b), await mint(bobs)), `data/${b}/agent-1/note`), 200);
  });

  await test("a person's token names no agent and opens no agent's prefix", async () => {
    assert.equal(await cloud.get(await cloud.credentials(roleOf(a), await mint(alice)), own), 403);
  });

  await test('another audience, an altered token, a session of ours are refused', async () => {
    await cloud.refused(roleOf(a), (await alice.must('mint-oidc-jwt', { aud: 'sts.example' })).jwt);
    const good = (await mint(agent)).split('.');
    const forged = Buffer.from(good[1], 'base64url').toString().replaceAll('agent-1', 'agent-2');
    await cloud.refused(roleOf(a), [good[0], Buffer.from(forged).toString('base64url'), good[2]].join('.'));
    await cloud.refused(roleOf(a), alice.token);
  });

  await test('a token without the tag, with * in it, or from a second issuer is refused', async () => {
    const rogue = await rogueIssuer();
    await cloud.trust(rogue.url);
    const right = { agentkeys_user_wallet: [a], agentkeys_path: ['/agent-1'] };
    await cloud.refused(roleOf(a), await rogue.sign(right)); // known to the cloud, not to the role
    const lax = `0x${'5'.repeat(40)}`;
    const name = await cloud.role(lax, ['agent-1'], [rogue.url]); // a role that does trust it, to see what its tags are worth
    await cloud.credentials(name, await rogue.sign({ ...right, agentkeys_user_wallet: [lax] }));
    await cloud.refused(name, await rogue.sign(undefined));
    await cloud.refused(name, await rogue.sign({ agentkeys_path: ['/agent-1'] }));
    await cloud.refused(name, await rogue.sign({ ...right, agentkeys_user_wallet: ['*'] }));
    const star = await cloud.credentials(name, await rogue.sign({ agentkeys_user_wallet: [lax], agentkeys_path: ['*'] }));
    assert.equal(await cloud.put(star, `data/${lax}/agent-1/note`), 403);
  });

  await test('after suspend nothing more is minted, and cloud_until is no lie', async () => {
    const { expires_at: end } = await agent.must('mint-oidc-jwt', { aud: audience });
    const { cloud_until: until } = await alice.must('agent-suspend', { label: 'agent-1' });
    assert.equal(until, end + 900);
    assert.ok(Date.parse(session.Expiration) / 1000 <= until);
    const late = await agent.call('mint-oidc-jwt', { aud: audience });
    assert.equal(late.status, 403);
    assert.equal(late.body.denial.rule, 'active');
  });

  await test('a rotated issuer key goes on in the cloud', async () => {
    const old = await mint(sibling);
    assert.equal(await worker.stop(), 0);
    assert.equal(worker.command(['issuer', 'rotate', '--data-dir', worker.dataDir]).status, 0);
    await worker.start();
    const fresh = await mint(worker.again(sibling));
    await cloud.credentials(roleOf(a), fresh);
    assert.notEqual(jose.decodeProtectedHeader(old).kid, jose.decodeProtectedHeader(fresh).kid);
  });
});

#!/usr/bin/env node
// The worker as OIDC issuer, checked by libraries that know nothing of us: openid-client (discovery), jose (JWKS,
// verification), node:crypto (the certificates of x5c).
import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import * as jose from 'jose';
import { allowInsecureRequests, discovery } from 'openid-client';
import { assert, main, test } from './lib/check.mjs';
import { build, tempDir, Worker } from './lib/worker.mjs';

const sts = 'sts.amazonaws.com';
const scope = [`cap:oidc?aud=${sts}`, 'cap:sign-message'];
const cli = (worker, name, args) => spawnSync(path.join(build, `src/programs/${name === 'agentkeys' ? 'cli' : 'daemon'}/${name}`), args,
  { env: { ...worker.env, AGENTKEYS_SIGNER_URL: `${worker.url}/tee`,
    AGENTKEYS_OPERATOR_SOCKET: worker.operator, AGENTKEYS_STATE_DIR: path.join(worker.dir, name) }, encoding: 'utf8', timeout: 30000 });

await main(async () => {
  const worker = await Worker.start({ args: ['--oidc-mints-per-hour', '60'] });
  const issuer = worker.url;
  let owner;
  let agent;
  let metadata;
  let keys; // jose's view of the published ones

  // What any receiver does with a token.
  const verify = (jwt, audience = sts) => jose.jwtVerify(jwt, keys, { issuer, audience, algorithms: ['ES256'], typ: 'JWT' });
  const fresh = () => jose.createRemoteJWKSet(new URL(metadata.jwks_uri), { cooldownDuration: 0 });

  await test('openid-client discovers the issuer', async () => {
    const found = await discovery(new URL(issuer), 'any-client', undefined, undefined, { execute: [allowInsecureRequests] });
    metadata = found.serverMetadata();
    assert.equal(metadata.issuer, issuer);
    assert.equal(metadata.jwks_uri, `${issuer}/.well-known/jwks.json`);
    assert.deepEqual(metadata.id_token_signing_alg_values_supported, ['ES256']);
    assert.deepEqual(metadata.response_types_supported, ['id_token']);
    keys = fresh();
  });

  await test('x5c is a self-signed certificate over the very key', async () => {
    const { keys: [jwk, ...more] } = await (await fetch(metadata.jwks_uri)).json();
    assert.equal(more.length, 0);
    assert.equal(jwk.kid, `ak-oidc-${(await jose.calculateJwkThumbprint(jwk)).slice(0, 16)}`);
    const certificate = new X509Certificate(Buffer.from(jwk.x5c[0], 'base64'));
    const { x, y } = certificate.publicKey.export({ format: 'jwk' });
    assert.deepEqual([x, y], [jwk.x, jwk.y]);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(jwk.d, undefined);
  });

  await test("an agent's token verifies and says who it is", async () => {
    owner = await worker.owner('email:alice@demo.example');
    agent = await worker.agent(owner, 'agent-1', { scope });
    const minted = await agent.must('mint-oidc-jwt', { aud: sts });
    const { payload, protectedHeader } = await verify(minted.jwt);
    const wallet = owner.session.wallet_address;
    assert.equal(protectedHeader.typ, 'JWT');
    assert.equal(payload.sub, `agentkeys:agent:${wallet}:agent-1`);
    assert.equal(payload.agentkeys_user_wallet, wallet);
    assert.equal(payload.agentkeys_anchor, owner.account);
    assert.equal(payload.agentkeys_path, '/agent-1');
    assert.equal(payload.agentkeys_generation, 0);
    assert.equal(payload.exp - payload.iat, 300);
    assert.equal(payload.exp, minted.expires_at);
    assert.deepEqual(payload['https://aws.amazon.com/tags'], {
      principal_tags: { agentkeys_user_wallet: [wallet], agentkeys_path: ['/agent-1'] },
      transitive_tag_keys: ['agentkeys_user_wallet', 'agentkeys_path'],
    });
    const { entries } = await owner.must('audit', { type: 'OidcMinted' });
    const recorded = Buffer.from(entries.find(({ index }) => index === minted.entry.index).entry, 'hex');
    assert.ok(recorded.includes(payload.jti) && recorded.includes(sts));
    await assert.rejects(verify(minted.jwt, 'sts.example'), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
    const [head, body, signature] = minted.jwt.split('.');
    const forged = Buffer.from(body, 'base64url').toString().replace('agent-1', 'agent-2');
    await assert.rejects(verify(`${head}.${Buffer.from(forged).toString('base64url')}.${signature}`), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
  });

  await test("a person's token names no path, the default audience is the worker's", async () => {
    const { payload } = await verify((await owner.must('mint-oidc-jwt')).jwt);
    assert.equal(payload.sub, `agentkeys:agent:${owner.session.wallet_address}`);
    assert.equal(payload.agentkeys_path, undefined);
    const azure = await owner.must('mint-oidc-jwt', { aud: 'api://AzureADTokenExchange' });
    assert.equal((await verify(azure.jwt, 'api://AzureADTokenExchange')).payload.aud, 'api://AzureADTokenExchange');
  });

  await test('what nobody gets', async () => {
    const refused = async (client, aud, status, error) => {
      const answer = await client.call('mint-oidc-jwt', { aud });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.error, error);
      return answer.body.denial?.rule;
    };
    assert.equal(await refused(agent, 'agentkeys-vault', 403, 'denied'), 'operation');
    assert.equal(await refused(owner, 'agentkeys-vault', 403, 'denied'), 'operation');
    assert.equal(await refused(owner, issuer, 403, 'denied'), 'operation');
    assert.equal(await refused(agent, 'sts.example', 403, 'denied'), 'narrowing');
    for (const aud of ['*', 'sts.*', 'a b', '', 'x'.repeat(201), 7, ['sts.amazonaws.com']]) await refused(owner, aud, 400, 'invalid_request');
    const plain = await worker.agent(owner, 'plain', { scope: ['cap:sign-message'] });
    assert.equal(await refused(plain, sts, 403, 'denied'), 'scope');
    const anonymous = await fetch(`${issuer}/v1/mint-oidc-jwt`, { method: 'POST' });
    assert.equal(anonymous.status, 401);
    const { jwt } = await agent.must('mint-oidc-jwt');
    const worn = await worker.again(agent).call('mint-oidc-jwt', {}, { token: jwt });
    assert.equal(worn.error, 'invalid_token');
  });

  await test('suspend says until when, and nothing more is minted, across a restart too', async () => {
    const { expires_at: end } = await agent.must('mint-oidc-jwt');
    const suspended = await owner.must('agent-suspend', { label: 'agent-1' });
    assert.equal(suspended.cloud_until, end + 900);
    assert.equal((await agent.call('mint-oidc-jwt')).body.denial.rule, 'active');
    assert.equal(await worker.stop(), 0);
    await worker.start();
    owner = worker.again(owner);
    agent = worker.again(agent);
    assert.equal((await agent.call('mint-oidc-jwt')).body.denial.rule, 'active');
    const resumed = await owner.must('agent-resume', { label: 'agent-1' });
    assert.equal(resumed.cloud_until, end + 900);
    await agent.must('mint-oidc-jwt');
  });

  await test('the issuer key rotates with overlap, offline, and both verify', async () => {
    const before = await agent.must('mint-oidc-jwt');
    const busy = worker.command(['issuer', 'rotate', '--data-dir', worker.dataDir]);
    assert.equal(busy.status, 1);
    assert.match(busy.stderr, /BOOT_FAIL/);
    assert.equal(await worker.stop(), 0);
    const rotated = worker.command(['issuer', 'rotate', '--data-dir', worker.dataDir]);
    assert.equal(rotated.status, 0, rotated.stderr);
    assert.match(rotated.stdout, /version 2 signs/);
    const again = worker.command(['issuer', 'rotate', '--data-dir', worker.dataDir]);
    assert.equal(again.status, 1);
    assert.match(again.stderr, /BOOT_FAIL issuer_rotate/);
    await worker.start();
    owner = worker.again(owner);
    agent = worker.again(agent);
    const after = await agent.must('mint-oidc-jwt');
    const published = await (await fetch(metadata.jwks_uri)).json();
    assert.equal(published.keys.length, 2);
    keys = fresh();
    const { protectedHeader: old } = await verify(before.jwt);
    const { protectedHeader: now } = await verify(after.jwt);
    assert.equal(now.kid, published.keys[0].kid); // the one that signs stands first
    assert.equal(old.kid, published.keys[1].kid);
  });

  await test('thumbprints and published files', async () => {
    const published = await (await fetch(metadata.jwks_uri)).json();
    const printed = JSON.parse(cli(worker, 'agentkeys', ['issuer', 'thumbprint', '--json']).stdout);
    assert.deepEqual(printed.keys, published.keys.map(({ kid, x5c }) => ({
      kid, thumbprint: createHash('sha1').update(Buffer.from(x5c[0], 'base64')).digest('hex') })));
    const site = tempDir();
    const wrote = cli(worker, 'agentkeys', ['issuer', 'publish', site]);
    assert.equal(wrote.status, 0, wrote.stderr);
    const read = (name) => JSON.parse(fs.readFileSync(path.join(site, '.well-known', name), 'utf8'));
    assert.deepEqual(read('jwks.json'), published);
    assert.equal(read('openid-configuration').issuer, issuer);
    assert.equal(fs.statSync(path.join(site, '.well-known/jwks.json')).mode & 0o777, 0o644);
    assert.equal(cli(worker, 'agentkeys', ['issuer', 'publish', path.join(site, 'missing')]).status, 2);
    const revoked = await worker.stop().then(() => worker.command(['issuer', 'rotate', '--revoke', '--data-dir', worker.dataDir]));
    assert.equal(revoked.status, 0, revoked.stderr);
    await worker.start();
    const left = await (await fetch(metadata.jwks_uri)).json();
    assert.equal(left.keys.length, 1);
    assert.ok(!published.keys.some(({ kid }) => kid === left.keys[0].kid));
  });

  await test('the hour is full for the whole account', async () => {
    owner = worker.again(owner);
    agent = worker.again(agent);
    let answer;
    for (let i = 0; i < 61; i++) {
      answer = await (i % 2 ? owner : agent).call('mint-oidc-jwt');
      if (answer.status !== 200) break;
    }
    assert.equal(answer.status, 429);
    assert.equal(answer.body.denial.limit, '60 tokens an hour an account');
    assert.ok(answer.body.retry_after_secs <= 60);
    const bob = await worker.owner('email:bob@demo.example');
    await bob.must('mint-oidc-jwt');
  });

  await test('the commands print what verifies', async () => {
    const second = await Worker.start();
    const signedIn = cli(second, 'agentkeys', ['init', '--local', 'email:carol@demo.example', '--json']);
    assert.equal(signedIn.status, 0, signedIn.stderr);
    const { wallet_address: wallet, anchor } = JSON.parse(signedIn.stdout);
    const jwt = cli(second, 'agentkeys', ['oidc', '--aud', 'sts.example']).stdout.trim();
    const set = jose.createRemoteJWKSet(new URL(`${second.url}/.well-known/jwks.json`));
    const { payload } = await jose.jwtVerify(jwt, set, { issuer: second.url, audience: 'sts.example' });
    assert.equal(payload.sub, `agentkeys:agent:${wallet}`);
    await assert.rejects(jose.jwtVerify(jwt, keys, { issuer, audience: 'sts.example' })); // another issuer's
    const invite = cli(second, 'agentkeys', ['pair', 'invite', 'bot', '--scope', 'cap:oidc', '--json']);
    const file = path.join(second.dir, 'invite');
    fs.writeFileSync(file, JSON.parse(invite.stdout).code, { mode: 0o600 });
    const paired = cli(second, 'agentkeys-daemon', ['pair', '--label', 'bot', '--invite', file, '--account', anchor]);
    assert.equal(paired.status, 0, paired.stderr);
    const minted = cli(second, 'agentkeys-daemon', ['oidc', '--aud', sts, '--json']);
    const verified = await jose.jwtVerify(JSON.parse(minted.stdout).jwt, set, { issuer: second.url, audience: sts });
    assert.equal(verified.payload.sub, `agentkeys:agent:${wallet}:bot`);
    const suspended = cli(second, 'agentkeys', ['agents', 'suspend', 'bot', '--json', '--yes']);
    assert.equal(JSON.parse(suspended.stdout).cloud_until, verified.payload.exp + 900);
    const late = cli(second, 'agentkeys-daemon', ['oidc']);
    assert.notEqual(late.status, 0);
    assert.match(late.stderr, /suspended/);
  });
});

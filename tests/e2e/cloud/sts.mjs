#!/usr/bin/env node
// A cloud that trusts the worker as OIDC issuer: Ceph's STS gives an agent temporary credentials for its own prefix and no
// other. The clients are awscli and curl. Needs Ceph: scripts/setup-dev-env.sh --with ceph.
import { spawn, spawnSync } from 'node:child_process';
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import * as jose from 'jose';
import { assert, atEnd, main, skip, test } from '../lib/check.mjs';
import { Ceph, needCeph } from '../lib/ceph.mjs';
import { tempDir, Worker } from '../lib/worker.mjs';

const audience = 'sts.amazonaws.com';
const bucket = 'cloud';
const operator = { AccessKeyId: 'opkey', SecretAccessKey: 'opsecret' };
const host = (url) => new URL(url).host;
const providerArn = (issuer) => `arn:aws:iam:::oidc-provider/${host(issuer)}`;
const roleOf = (wallet) => `agentkeys-${wallet.slice(2, 12)}`;

let ceph;
const home = tempDir();

function run(program, args, input, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: 60000 });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    child.on('error', reject);
    child.on('close', (status) => (status === 0 ? resolve({ stdout, stderr }) : reject(new Error(`${program} ${args.join(' ')}: ${status} ${stderr}`))));
    child.stdin.end(input);
  });
}

// awscli as the operator: what docs/aws.md tells to type.
const aws = (...args) => run('aws', [...args, '--endpoint-url', ceph.endpoint, '--output', 'json'], '', {
  PATH: process.env.PATH, HOME: home, AWS_EC2_METADATA_DISABLED: 'true', AWS_DEFAULT_REGION: 'default',
  AWS_ACCESS_KEY_ID: operator.AccessKeyId, AWS_SECRET_ACCESS_KEY: operator.SecretAccessKey });

// Asks the STS as any client does; {status, text, credentials}.
async function assume(role, jwt) {
  const answer = await fetch(ceph.endpoint, { method: 'POST', body: new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: `arn:aws:iam:::role/${role}`,
    RoleSessionName: 'agent', DurationSeconds: '900', WebIdentityToken: jwt }) });
  const text = await answer.text();
  const part = (name) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1];
  return { status: answer.status, text, AccessKeyId: part('AccessKeyId'), SecretAccessKey: part('SecretAccessKey'),
    SessionToken: part('SessionToken'), Expiration: part('Expiration') };
}

async function credentials(role, jwt) {
  const got = await assume(role, jwt);
  assert.equal(got.status, 200, got.text);
  return got;
}

async function refused(role, jwt) {
  const got = await assume(role, jwt);
  assert.ok(got.status >= 400 && got.status < 500, `${got.status} ${got.text}`);
  assert.equal(got.SecretAccessKey, undefined);
}

// One object through curl's own SigV4; the HTTP status.
async function s3(who, method, key, more = []) {
  const { stdout } = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-X', method, '--aws-sigv4', 'aws:amz:default:s3',
    '-K', '-', '-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD', ...more, `${ceph.endpoint}/${bucket}/${key}`],
  `user = "${who.AccessKeyId}:${who.SecretAccessKey}"\n${who.SessionToken ? `header = "x-amz-security-token: ${who.SessionToken}"\n` : ''}`);
  return Number(stdout);
}
const put = (who, key) => s3(who, 'PUT', key, ['--data-binary', 'of the agent']);
const get = (who, key) => s3(who, 'GET', key);

async function trust(issuer) {
  await aws('iam', 'create-open-id-connect-provider', '--url', issuer, '--client-id-list', audience, '--thumbprint-list', '0'.repeat(40));
}

// The account's role: trusted by the wallet's tag, one statement an agent, each for its own prefix (docs/aws.md, Ceph).
async function role(wallet, labels, issuers) {
  const name = roleOf(wallet);
  const policy = (statements) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await aws('iam', 'create-role', '--role-name', name, '--assume-role-policy-document', policy(issuers.map((issuer) => ({
    Effect: 'Allow', Principal: { Federated: [providerArn(issuer)] }, Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
    Condition: { StringEquals: { 'aws:RequestTag/agentkeys_user_wallet': wallet } } }))));
  await aws('iam', 'put-role-policy', '--role-name', name, '--policy-name', 'own', '--policy-document', policy(labels.map((label) => ({
    Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: [`arn:aws:s3:::${bucket}/data/${wallet}/${label}/*`],
    Condition: { StringEquals: { 'aws:PrincipalTag/agentkeys_path': `/${label}` } } }))));
  return name;
}

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
  needCeph();
  if (spawnSync('aws', ['--version']).status !== 0) skip('awscli is not here');
  const worker = await Worker.start();
  ceph = await Ceph.start();
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
    ceph.admin('user', 'create', '--uid', 'op', '--display-name', 'op', '--access-key', operator.AccessKeyId,
      '--secret', operator.SecretAccessKey, '--caps', 'roles=*;oidc-provider=*');
    await aws('s3api', 'create-bucket', '--bucket', bucket);
    await trust(worker.url);
    await role(a, ['agent-1', 'agent-2'], [worker.url]);
    await role(b, ['agent-1'], [worker.url]);
    for (const key of [`data/${a}/agent-2/note`, `data/${b}/agent-1/note`, `vault/${a}/blob`]) assert.equal(await put(operator, key), 200);
  });

  await test("an agent's token is worth credentials for its own prefix", async () => {
    session = await credentials(roleOf(a), await mint(agent));
    const left = (Date.parse(session.Expiration) - Date.now()) / 1000;
    assert.ok(left > 800 && left <= 901, `${left} s`);
    assert.equal(await put(session, own), 200);
    assert.equal(await get(session, own), 200);
  });

  await test("it is refused another account's, another agent's and the vault's", async () => {
    for (const key of [`data/${b}/agent-1/note`, `data/${a}/agent-2/note`, `vault/${a}/blob`, `data/${a}/agent-11/note`, `data/${a}/note`]) {
      assert.equal(await get(session, key), 403, key);
      assert.equal(await put(session, key), 403, key);
    }
    assert.equal(await get(session, ''), 403); // the list
    const other = await credentials(roleOf(a), await mint(sibling));
    assert.equal(await get(other, `data/${a}/agent-2/note`), 200);
    assert.equal(await get(other, own), 403);
  });

  await test("another account's role is not for it", async () => {
    await refused(roleOf(b), await mint(agent));
    await refused(roleOf(a), await mint(bobs));
    assert.equal(await get(await credentials(roleOf(b), await mint(bobs)), `data/${b}/agent-1/note`), 200);
  });

  await test("a person's token names no agent and opens no agent's prefix", async () => {
    assert.equal(await get(await credentials(roleOf(a), await mint(alice)), own), 403);
  });

  await test('another audience, an altered token, a session of ours are refused', async () => {
    await refused(roleOf(a), (await alice.must('mint-oidc-jwt', { aud: 'sts.example' })).jwt);
    const good = (await mint(agent)).split('.');
    const forged = Buffer.from(good[1], 'base64url').toString().replaceAll('agent-1', 'agent-2');
    await refused(roleOf(a), [good[0], Buffer.from(forged).toString('base64url'), good[2]].join('.'));
    await refused(roleOf(a), alice.token);
  });

  await test('a token without the tag, with * in it, or from a second issuer is refused', async () => {
    const rogue = await rogueIssuer();
    await trust(rogue.url);
    const right = { agentkeys_user_wallet: [a], agentkeys_path: ['/agent-1'] };
    await refused(roleOf(a), await rogue.sign(right)); // known to the cloud, not to the role
    const lax = `0x${'5'.repeat(40)}`;
    const name = await role(lax, ['agent-1'], [rogue.url]); // a role that does trust it, to see what its tags are worth
    await credentials(name, await rogue.sign({ ...right, agentkeys_user_wallet: [lax] }));
    await refused(name, await rogue.sign(undefined));
    await refused(name, await rogue.sign({ agentkeys_path: ['/agent-1'] }));
    await refused(name, await rogue.sign({ ...right, agentkeys_user_wallet: ['*'] }));
    const star = await credentials(name, await rogue.sign({ agentkeys_user_wallet: [lax], agentkeys_path: ['*'] }));
    assert.equal(await put(star, `data/${lax}/agent-1/note`), 403);
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
    await credentials(roleOf(a), fresh);
    assert.notEqual(jose.decodeProtectedHeader(old).kid, jose.decodeProtectedHeader(fresh).kid);
  });
});

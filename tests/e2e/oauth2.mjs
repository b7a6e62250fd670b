#!/usr/bin/env node
// Signing in at OpenID Connect providers, with a real worker: npm oidc-provider as a provider that means well, and one that lies, is silent,
// sends elsewhere. I9, I10, I18, I19, I20.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Broker, SignIn, freePort, startBoth, writeSecret } from './lib/broker.mjs';
import { assert, main, sleep, test, until } from './lib/check.mjs';
import { Device } from './lib/device.mjs';
import { Browser, LyingProvider, hmacToken, now, realProvider, unsignedToken } from './lib/provider.mjs';
import { build, tempDir } from './lib/worker.mjs';

const issuer = 'http://127.0.0.1:8092';

await main(async () => {
  const dir = tempDir();
  const workerSocket = path.join(dir, 'broker.sock');
  const [port, second, real, lies] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const back = (name) => `http://127.0.0.1:${port}/auth/oauth2/callback/${name}`;
  const provider = await realProvider(real, [{ id: 'keys-basic', secret: 'b4sic-secret', redirect: back('acme') }, { id: 'keys-public', redirect: back('public') }]);
  const liar = await new LyingProvider(dir).start(lies, 'keys-liar', 'l1ar-secret');
  const secret = (name, text) => writeSecret(path.join(dir, `${name}.secret`), `${text}\n`);
  const file = path.join(dir, 'oauth2.conf');
  fs.writeFileSync(file, `[acme]\nissuer = ${provider.issuer}\nclient_id = keys-basic\nclient_secret_file = ${secret('acme', 'b4sic-secret')}\n` +
    `[public]\nissuer = ${provider.issuer}\nclient_id = keys-public\nscope = openid email\n` +
    `[liar]\nissuer = ${liar.issuer}\nclient_id = keys-liar\nclient_secret_file = ${secret('liar', 'l1ar-secret')}\nca_file = ${liar.authority}\n` +
    `[gone]\nissuer = http://127.0.0.1:${await freePort()}\nclient_id = nobody\n`, { mode: 0o644 });
  const args = ['--limit-starts-per-minute', '60', '--oauth2-providers', 'acme,public,liar,gone', '--oauth2-file', file, '--oauth2-timeout', '1s', '--trusted-proxies', '127.0.0.1'];
  const broker = new Broker({ dir, port, issuer, workerSocket, args });
  const known = `acme ${provider.issuer} keys-basic, public ${provider.issuer} keys-public, liar ${liar.issuer} keys-liar`;
  const worker = await startBoth(broker, { args: ['--identity-providers', known] });

  const alice = new Device();
  const self = { device_name: 'laptop', recovery_hash: '11'.repeat(32) };
  // Each from another place, so that limits of a source do not matter.
  let places = 0;
  const place = () => ({ headers: { 'X-Forwarded-For': `10.0.${++places >> 8}.${places & 255}` } });
  const start = async (name, device = new Device(), more) => {
    const who = new SignIn(broker, device, more);
    assert.equal((await who.oauth2(name, place())).status, 200, who.asked.text);
    return { who, url: who.asked.body.authorization_url, code: who.asked.body.match_code, id: who.asked.body.request_id };
  };
  // Up to the page of a provider that says what it is told to.
  const atLiar = async (tell = {}, device, sub) => {
    liar.tell(tell);
    const begun = await start('liar', device);
    const address = liar.approve(begun.url, sub);
    return { ...begun, address, page: await broker.comeBack(address) };
  };
  const failsAs = async ({ who, page }, reason) => {
    assert.equal(page.link, null, page.text);
    assert.match(page.text, /role="alert"/);
    const { body } = await who.status();
    assert.deepEqual(body, { state: 'failed', reason });
  };

  await test('settings: what is wrong stops the start', async () => {
    const bad = (text, more = args) => {
      const other = path.join(dir, 'bad.conf');
      fs.writeFileSync(other, text, { mode: 0o600 });
      return broker.command(['check-config', '--data-dir', broker.data, ...more.map((one) => (one === file ? other : one))]).stderr;
    };
    assert.match(bad('[acme]\nissuer = https://a.example\n'), /BOOT_FAIL bad_value: client_id=/);
    assert.match(bad('[acme]\nissuer = http://a.example\nclient_id = x\n'), /BOOT_FAIL bad_value: issuer=/);
    assert.match(bad('[other]\nissuer = https://a.example\nclient_id = x\n'), /BOOT_FAIL no_profile/);
    assert.match(bad('', ['--oauth2-providers', 'Acme']), /BOOT_FAIL bad_value: oauth2.providers=Acme/);
    assert.match(bad('', ['--oauth2-providers', 'acme', '--oauth2-file', '/nowhere']), /BOOT_FAIL/);
    fs.chmodSync(path.join(dir, 'acme.secret'), 0o640);
    const open = broker.command(['serve', '--data-dir', broker.data, '--listen', '127.0.0.1:0', '--worker-socket', workerSocket, ...args]);
    assert.match(open.stderr, /BOOT_FAIL bad_value: client_secret_file=\S+: must be closed to others/);
    fs.chmodSync(path.join(dir, 'acme.secret'), 0o600);
    assert.equal(broker.command(['check-config', '--data-dir', broker.data, ...args]).status, 0);
  });

  let anchor;
  await test('a new account at a real provider: its pages, the match code, one session', async () => {
    const { who, url, code, id } = await start('acme', alice, self);
    const asked = new URL(url).searchParams;
    assert.equal(asked.get('code_challenge_method'), 'S256');
    assert.equal(asked.get('redirect_uri'), back('acme'));
    assert.equal(asked.get('scope'), 'openid');
    assert.equal(who.asked.body.expires_in_seconds, 600);
    assert.equal(who.asked.body.poll_url, `${broker.url}/v1/auth/oauth2/status/${id}`);
    assert.equal((await who.status()).body.state, 'pending');
    const page = await broker.comeBack(await new Browser().signIn(url, 'alice', { back: back('acme') }));
    assert.equal(page.status, 200, page.text);
    assert.match(page.text, /signed in at acme/);
    assert.ok(!page.text.includes(code), 'the code is not on the page');
    assert.match(page.headers['content-security-policy'], /default-src 'none'/);
    assert.equal(page.headers['referrer-policy'], 'no-referrer');
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.equal((await who.status()).body.state, 'pending', 'until the code was typed');
    const done = await broker.form({ link: page.link, match_code: code.toLowerCase() }, '/auth/oauth2');
    assert.match(done.text, /Done/);
    const { body, text } = await who.status();
    assert.equal(body.state, 'verified', text);
    assert.equal(body.account_new, true);
    assert.equal(body.identity_type, 'oauth2_acme');
    assert.equal(body.identity_value, 'alice');
    anchor = body.anchor;
    const client = worker.client(alice, { token: body.session_jwt, account: anchor });
    assert.equal((await client.must('devices')).devices.length, 1);
    assert.equal((await who.status()).error, 'already_consumed');
  });

  await test('the same device again; another provider is another identity, with a client that has no secret', async () => {
    const again = await start('acme', alice);
    const page = await broker.comeBack(await new Browser().signIn(again.url, 'alice', { back: back('acme') }));
    await broker.confirm(page, again.code);
    assert.equal((await again.who.status()).body.anchor, anchor);
    const other = await start('public');
    const shown = await broker.comeBack(await new Browser().signIn(other.url, 'alice', { back: back('public') }));
    await broker.confirm(shown, other.code);
    const { body } = await other.who.status();
    assert.equal(body.state, 'verified', JSON.stringify(body));
    assert.notEqual(body.anchor, anchor);
  });

  // The command on a machine of somebody's: what it shows, and its end.
  const init = (home, ...more) => {
    const env = { PATH: process.env.PATH, HOME: home, AGENTKEYS_STATE_DIR: path.join(home, 'state'), AGENTKEYS_SIGNER_URL: `${worker.url}/tee`, AGENTKEYS_BROKER_URL: broker.url };
    const child = spawn(path.join(build, 'src/programs/cli/agentkeys'), more, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60000 });
    const run = { out: '', err: '' };
    child.stdout.on('data', (data) => { run.out += data; });
    child.stderr.on('data', (data) => { run.err += data; });
    run.done = new Promise((resolve) => child.on('close', (status) => resolve({ status, out: run.out, err: run.err })));
    run.shown = () => until('the address and the code', () => /\n {2}(http\S+)\n\n.*comes: (\w{6})\n/.exec(run.err)).then(([, url, code]) => ({ url, code }));
    return run;
  };
  const bob = tempDir();
  const signIn = async (run, { login = 'bob', at = 'acme', ...over } = {}) => {
    const { url, code } = await run.shown();
    const page = await broker.comeBack(await new Browser().signIn(url, login, { back: back(at), ...over }));
    if (page.link) await broker.form({ link: page.link, match_code: code }, '/auth/oauth2');
    return run.done;
  };
  await test('agentkeys init --oauth2: address and code, and the account; on another machine a recovery', async () => {
    const first = await signIn(init(bob, 'init', '--oauth2', 'acme', '--json'));
    assert.equal(first.status, 0, first.err);
    const body = JSON.parse(first.out);
    assert.equal(body.identity, 'oauth2_acme:bob');
    assert.equal(body.account_new, true);
    assert.equal((await init(bob, 'whoami', '--json').done).status, 0);
    const there = tempDir();
    const second = await signIn(init(there, 'recover', '--oauth2', 'acme'));
    assert.equal(second.status, 0, second.err);
    assert.match(second.out, /recovery has begun/);
    assert.match(second.out, /agentkeys recover --oauth2 acme\n/);
    const denied = await signIn(init(there, 'init', '--oauth2', 'acme'), { deny: true });
    assert.equal(denied.status, 3);
    assert.match(denied.err, /declined/);
    assert.equal((await init(there, 'init', '--oauth2', 'Acme').done).status, 2);
    assert.equal((await init(there, 'init', '--oauth2', 'nobody').done).status, 6);
    assert.equal((await init(there, 'init', '--oauth2', 'acme', '--email', 'a@b.example').done).status, 2);
  });

  await test('agentkeys link --oauth2: one more identity of the account, which signs in; taken, declined, unlinked', async () => {
    const link = (home, ...more) => init(home, 'link', '--oauth2', ...more);
    const linked = await signIn(link(bob, 'acme', '--json'), { login: 'bob.at.work' });
    assert.equal(linked.status, 0, linked.err);
    assert.equal(JSON.parse(linked.out).linked, true);
    assert.match((await init(bob, 'links').done).out, /broker {3}oauth2_acme:bob\.at\.work\n/);
    const again = await start('acme');
    await broker.confirm(await broker.comeBack(await new Browser().signIn(again.url, 'bob.at.work', { back: back('acme') })), again.code);
    assert.equal((await again.who.status()).body.anchor, JSON.parse(linked.out).anchor);
    const carol = tempDir();
    assert.equal((await signIn(init(carol, 'init', '--oauth2', 'acme', '--json'), { login: 'carol' })).status, 0);
    const taken = await signIn(link(carol, 'acme', '--json'), { login: 'bob.at.work' });
    assert.equal(taken.status, 7, taken.err);
    assert.equal(JSON.parse(taken.out).error, 'already_exists');
    const declined = await signIn(link(carol, 'acme'), { deny: true });
    assert.equal(declined.status, 3);
    assert.match(declined.err, /declined/);
    assert.equal((await link(carol, 'nobody').done).status, 6);
    assert.equal((await link(carol, 'Acme').done).status, 2);
    assert.equal((await link(carol, 'acme', '--derived').done).status, 2);
    assert.equal((await link(tempDir(), 'acme').done).status, 4, 'no session, no link');
    assert.equal((await init(bob, 'unlink', 'oauth2_acme:bob.at.work').done).status, 0);
    assert.ok(!(await init(bob, 'links').done).out.includes('bob.at.work'));
  });

  await test('who signed in is told to the device that asked, and changes nothing; a link of a sign-in that failed is denied', async () => {
    const { who, code, id, page } = await atLiar({}, new Device(), 'dora-1');
    const stranger = new SignIn(broker, new Device());
    assert.deepEqual((await who.identity()).body, { state: 'pending' });
    await broker.confirm(page, code);
    assert.equal((await stranger.identity(id)).status, 404);
    for (let i = 0; i < 2; i++) assert.deepEqual((await who.identity()).body, { state: 'answered', identity_type: 'oauth2_liar', identity_value: 'dora-1' });
    const session = (await who.status()).body;
    assert.equal(session.state, 'verified');
    assert.equal((await who.identity()).error, 'already_consumed');
    const link = (value, request_id = who.asked.body.request_id) => who.link(session.session_jwt, { identity_type: 'oauth2_liar', identity_value: value, request_id });
    assert.equal((await link('dora-1')).error, 'already_consumed');
    // On the same device: one more person of it, and one who did not want to.
    const over = place();
    assert.equal((await who.oauth2('liar', over)).status, 200);
    const second = await broker.comeBack(liar.approve(who.asked.body.authorization_url, 'dora-2'));
    assert.equal((await link('dora-2')).error, 'not_ready');
    await broker.confirm(second, who.asked.body.match_code);
    assert.equal((await link('dora-1')).error, 'already_done');
    assert.equal((await link('dora-3')).error, 'bad_signature', 'the word is for another one');
    assert.equal((await link('dora-2')).status, 200);
    assert.equal((await link('dora-2')).error, 'already_consumed');
    assert.equal((await who.oauth2('liar', over)).status, 200);
    const state = new URL(who.asked.body.authorization_url).searchParams.get('state');
    assert.equal((await broker.get(`/auth/oauth2/callback/liar?error=access_denied&state=${encodeURIComponent(state)}`)).status >= 400, true);
    assert.deepEqual((await who.identity()).body, { state: 'failed', reason: 'user_denied' });
    const denied = await link('dora-4');
    assert.equal(denied.error, 'denied', denied.text);
    assert.match(denied.body.message, /declined/);
    await who.oauth2('liar', over);
    liar.tell({ sign: unsignedToken });
    await broker.comeBack(liar.approve(who.asked.body.authorization_url, 'dora-5'));
    assert.match((await link('dora-5')).body.message, /word does not hold/);
  });

  await test('another device gets no session: a recovery that waits (I9)', async () => {
    const thief = await start('acme');
    const page = await broker.comeBack(await new Browser().signIn(thief.url, 'alice', { back: back('acme') }));
    await broker.confirm(page, thief.code);
    const { body } = await thief.who.status();
    assert.equal(body.state, 'recovery_pending', JSON.stringify(body));
    assert.equal(body.anchor, anchor);
    assert.equal(body.session_jwt, undefined);
  });

  await test('a person who declines', async () => {
    const { who, url } = await start('acme');
    const address = await new Browser().signIn(url, 'alice', { back: back('acme'), deny: true });
    assert.match(address, /error=access_denied/);
    const page = await broker.comeBack(address);
    await failsAs({ who, page }, 'user_denied');
    assert.equal((await broker.comeBack(address)).status, 409);
  });

  await test('only the page confirms: who merely started the sign-in cannot, and three wrong codes end it', async () => {
    const { who, code, id, page } = await atLiar();
    assert.ok(page.link, page.text);
    assert.equal((await broker.confirm({ request_id: id, token: 'A'.repeat(43) }, code)).body.error, 'not_found');
    assert.equal((await broker.post('/v1/auth/oauth2/confirm', { request_id: id, match_code: code })).status, 400);
    assert.equal((await broker.verify(page, code)).body.error, 'not_found', 'a page is no mail');
    const wrong = code === 'AAAAAA' ? 'BBBBBB' : 'AAAAAA';
    const tried = await broker.form({ link: page.link, match_code: wrong }, '/auth/oauth2');
    assert.match(tried.text, /2 tries are left/);
    assert.match(tried.text, new RegExp(`type="hidden" name="link" value="${page.link}"`));
    assert.equal((await broker.confirm(page, wrong)).body.error, 'invalid_request');
    assert.equal((await broker.confirm(page, wrong)).body.error, 'expired_request');
    assert.equal((await broker.confirm(page, code)).body.error, 'expired_request');
    assert.equal((await who.status()).error, 'expired_request');
  });

  await test('another device polls in vain; polls at once, one delivery (I10)', async () => {
    const { who, code, id, page } = await atLiar({}, new Device(), 'carol-1');
    const stranger = new SignIn(broker, new Device());
    stranger.way = 'oauth2';
    assert.equal((await stranger.status(id)).status, 404);
    await broker.confirm(page, code);
    assert.equal((await stranger.status(id)).status, 404);
    who.way = 'email';
    assert.equal((await who.status(id)).status, 404, 'a way of its own');
    const polls = [0, 1, 2, 3].map(() => {
      const poll = new SignIn(broker, who.device);
      Object.assign(poll, { nonce: who.nonce, way: 'oauth2' });
      return poll.status(id);
    });
    const states = (await Promise.all(polls)).map((answer) => answer.body.state ?? answer.error);
    assert.equal(states.filter((state) => state === 'verified').length, 1, states.join());
  });

  await test('state: forged, of another provider, without; code: none, too much, twice', async () => {
    liar.tell();
    const { who, url } = await start('liar');
    const address = new URL(liar.approve(url));
    const asked = liar.asked.token;
    const tryIt = async (change, where = address.pathname) => {
      const other = new URLSearchParams(address.search);
      change(other);
      return broker.get(`${where}?${other}`);
    };
    const state = address.searchParams.get('state');
    const flipped = state.slice(0, -2) + (state.at(-2) === 'A' ? 'B' : 'A') + state.at(-1);
    assert.equal((await tryIt((q) => q.set('state', flipped))).status, 404);
    assert.equal((await tryIt((q) => q.set('state', state.replace('liar', 'acme')))).status, 404);
    assert.equal((await tryIt(() => undefined, '/auth/oauth2/callback/acme')).status, 404);
    assert.equal((await tryIt(() => undefined, '/auth/oauth2/callback/nobody')).status, 404);
    assert.equal((await tryIt(() => undefined, '/auth/oauth2/callback')).status, 404);
    assert.equal((await tryIt((q) => q.delete('state'))).status, 400);
    assert.equal((await tryIt((q) => q.append('state', state))).status, 400);
    assert.equal((await tryIt((q) => q.delete('code'))).status, 400);
    assert.equal((await tryIt((q) => q.set('error', 'access_denied'))).status, 400);
    assert.equal((await tryIt((q) => q.set('code', 'c'.repeat(2049)))).status, 400);
    assert.equal((await tryIt((q) => q.set('iss', 'https://other.example'))).status, 400);
    const no = (iss) => (q) => [['code', ''], ['error', 'access_denied'], ['iss', iss]].forEach(([name, value]) => (value ? q.set(name, value) : q.delete(name)));
    assert.equal((await tryIt(no('https://other.example'))).status, 400, 'another provider does not say no for it');
    assert.equal((await who.call('GET', `/v1/auth/email/status/${who.asked.body.request_id}`)).error, 'not_found', 'it is no mail\'s');
    assert.equal((await broker.post(address.pathname + address.search, {})).status, 405);
    const form = await broker.get('/auth/oauth2');
    assert.equal(form.status, 405);
    assert.equal(form.headers.allow, 'POST');
    assert.equal(liar.asked.token, asked, 'nothing was exchanged');
    assert.equal((await who.status()).body.state, 'pending');
    assert.ok((await broker.comeBack(address.href)).link, 'and the right one works still');
  });

  await test('the callback twice, and ten at once: the code is exchanged once, the page is the same', async () => {
    liar.tell();
    const { who, url, code } = await start('liar');
    const address = liar.approve(url);
    const asked = liar.asked.token;
    const pages = await Promise.all(Array.from({ length: 10 }, () => broker.comeBack(address)));
    assert.equal(liar.asked.token, asked + 1);
    assert.ok(pages.every((page) => page.link || page.status === 503), pages.map((page) => page.status).join());
    const again = await broker.comeBack(address);
    assert.ok(again.link);
    assert.ok(pages.every((page) => !page.link || page.link === again.link));
    const guess = await broker.comeBack(address.replace(/code=[^&]+/, `code=${'x'.repeat(32)}`));
    assert.equal(guess.link, null, 'not without its code');
    assert.equal(liar.asked.token, asked + 1);
    await broker.confirm(again, code);
    const replayed = await broker.comeBack(address);
    assert.equal(replayed.status, 409);
    assert.equal((await who.status()).body.state, 'verified');
    assert.equal((await broker.comeBack(address)).status, 409);
  });

  await test('a code of another sign-in, and one that was used: PKCE', async () => {
    liar.tell();
    const [mine, theirs] = [await start('liar'), await start('liar')];
    const stolen = new URL(liar.approve(theirs.url)).searchParams.get('code');
    const page = await broker.comeBack(liar.approve(mine.url).replace(/code=[^&]+/, `code=${stolen}`));
    await failsAs({ ...mine, page }, 'code_exchange_failed');
    const used = liar.approve(theirs.url).replace(/code=[^&]+/, `code=${stolen}`);
    liar.codes.get(stolen).used = true;
    await failsAs({ ...theirs, page: await broker.comeBack(used) }, 'code_exchange_failed');
  });

  await test('id_tokens with wrong iss, aud, nonce, time, subject', async () => {
    const wrong = {
      iss: (code, good) => ({ ...good, iss: 'https://other.example' }), 'no iss': (code, { iss, ...good }) => good,
      aud: (code, good) => ({ ...good, aud: 'somebody-else' }), 'aud among others': (code, good) => ({ ...good, aud: ['x', good.aud] }),
      nonce: (code, good) => ({ ...good, nonce: 'A'.repeat(43) }), 'no nonce': (code, { nonce, ...good }) => good,
      over: (code, good) => ({ ...good, iat: now() - 3600, exp: now() - 61 }), early: (code, good) => ({ ...good, iat: now() + 120 }),
      'no sub': (code, { sub, ...good }) => good, 'empty sub': (code, good) => ({ ...good, sub: '' }), 'a sub with more': (code, good) => ({ ...good, sub: 'a\n"b' }),
    };
    for (const [name, change] of Object.entries(wrong)) {
      liar.tell();
      const honest = liar.say.claims;
      const got = await atLiar({ claims: (code) => change(code, honest(code)) });
      await failsAs(got, 'id_token_invalid').catch((error) => { throw new Error(`${name}: ${error.message}`); });
    }
  });

  await test('id_tokens with alg none, HS256 keyed with the public key, another key', async () => {
    await failsAs(await atLiar({ sign: unsignedToken }), 'id_token_invalid');
    await failsAs(await atLiar({ sign: (claims) => hmacToken(claims, liar.jwk.kid, liar.publicPem) }), 'id_token_invalid');
    await failsAs(await atLiar({ sign: (claims) => hmacToken(claims, liar.jwk.kid, JSON.stringify(liar.jwk)) }), 'id_token_invalid');
    const { key, jwk, publicPem } = liar;
    await liar.newKey('first');
    const other = liar.key;
    Object.assign(liar, { key, jwk, publicPem });
    const { SignJWT } = await import('jose');
    await failsAs(await atLiar({ sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'first' }).sign(other) }), 'id_token_invalid');
    assert.equal((await atLiar()).page.status, 200, 'and the right one is taken');
  });

  await test('a storm of unknown kids asks for the keys once; after it a new key is found', async () => {
    const before = liar.asked.jwks;
    const odd = (claims) => `${Buffer.from(JSON.stringify({ alg: 'ES256', kid: `k${Math.random()}` })).toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${'A'.repeat(86)}`;
    liar.tell({ sign: odd });
    const all = await Promise.all(Array.from({ length: 8 }, async () => {
      const begun = await start('liar');
      return { ...begun, page: await broker.comeBack(liar.approve(begun.url)) };
    }));
    for (const one of all) await failsAs(one, 'id_token_invalid');
    assert.ok(liar.asked.jwks - before <= 1, `${liar.asked.jwks - before} fetches`);
    assert.equal(liar.asked.discovery, 1, 'kept for an hour');
  });

  await test('a token endpoint that is silent, far away, endless, without sense, an error', async () => {
    const huge = { status: 200, text: `{"id_token":"${'x'.repeat(70000)}"}` };
    const elsewhere = { status: 302, headers: { Location: `${liar.issuer}/jwks` }, text: '' };
    const jwks = liar.asked.jwks;
    for (const token of [() => elsewhere, () => huge, () => ({ status: 200, text: 'no JSON' }), () => ({ status: 200, text: '{}' }),
      () => ({ status: 500, text: '{"error":"server_error"}' }), () => liar.json({ error: 'invalid_client' }, 401), () => undefined])
      await failsAs(await atLiar({ token }), 'code_exchange_failed');
    assert.equal(liar.asked.jwks, jwks, 'nobody was followed');
    liar.letGo();
  });

  await test('while a provider is silent, others and other calls are not', async () => {
    liar.tell({ token: () => undefined });
    const held = await Promise.all([0, 1, 2, 3].map(() => start('liar')));
    const pages = held.map(({ url }) => broker.comeBack(liar.approve(url)));
    await until('the provider to be asked', () => liar.held.length === 2);
    const began = Date.now();
    const { who, url, code } = await start('acme', alice);
    const page = await broker.comeBack(await new Browser().signIn(url, 'alice', { back: back('acme') }));
    await broker.confirm(page, code);
    assert.equal((await who.status()).body.state, 'verified');
    assert.equal((await held[0].who.status()).body.state, 'pending');
    assert.ok(Date.now() - began < 1900, `${Date.now() - began} ms`);
    for (const one of await Promise.all(pages)) assert.equal(one.link, null);
  });

  await test('a provider that is not there: told at once, and nothing is kept', async () => {
    const who = new SignIn(broker, new Device());
    assert.equal((await who.oauth2('gone')).error, 'upstream_error');
    assert.equal((await who.oauth2('gone')).error, 'upstream_error');
    assert.equal((await who.oauth2('nobody')).error, 'not_found');
    assert.equal((await who.oauth2('acme', { proof: 'x' })).status, 401);
  });

  await test('killed after each step of a sign-in, of a link, and in a poll: it goes on, with one session at the most (I10)', async () => {
    const again = async () => {
      await broker.kill();
      await broker.start();
    };
    liar.letGo();
    liar.tell();
    const { who, url, code } = await start('liar', new Device());
    await again();
    const address = liar.approve(url, 'erin-1');
    await broker.comeBack(address);
    await again();
    const page = await broker.comeBack(address);
    assert.ok(page.link, 'the page is the same');
    assert.equal((await who.status()).body.state, 'pending');
    await broker.confirm(page, code);
    await again();
    assert.equal((await who.identity()).body.identity_value, 'erin-1');
    await again();
    const lost = who.status().then((answer) => answer.body.session_jwt, () => undefined);
    await broker.kill();
    const first = await lost;
    await broker.start();
    const poll = new SignIn(broker, who.device);
    poll.way = 'oauth2';
    const second = await until('an answer', async () => {
      const { status, body } = await poll.status(who.asked.body.request_id);
      return (body.state === 'verified' || status === 409 || body.state === 'pending') && body;
    });
    assert.ok(!(first && second.session_jwt), 'two deliveries');
    // One that was killed in its hands is given back after its minute; a further sign-in needs no minute.
    const third = await start('liar', who.device);
    await broker.confirm(await broker.comeBack(liar.approve(third.url, 'erin-1')), third.code);
    const token = (await third.who.status()).body.session_jwt;
    assert.ok(token);
    const more = await start('liar', who.device);
    await broker.confirm(await broker.comeBack(liar.approve(more.url, 'erin-2')), more.code);
    const asked = { identity_type: 'oauth2_liar', identity_value: 'erin-2', request_id: more.id };
    const going = more.who.link(token, asked).then((answer) => answer.status, () => undefined);
    await broker.kill();
    await going;
    await broker.start();
    const links = async () => (await new SignIn(broker, who.device).links(token)).body.links.length;
    const before = await links();
    assert.ok(before === 1 || before === 2, `${before}`);
    const one = await start('liar', who.device);
    await broker.confirm(await broker.comeBack(liar.approve(one.url, 'erin-2')), one.code);
    const linked = await one.who.link(token, { ...asked, request_id: one.id });
    assert.ok(before === 2 ? linked.error === 'already_done' : linked.status === 200, linked.text);
    assert.equal(await links(), 2);
  });

  let killed;
  await test('a broker killed while it exchanges, and another one that shares the store (I10)', async () => {
    liar.letGo();
    liar.tell({ token: () => undefined });
    const { who, url } = await start('liar');
    const address = liar.approve(url);
    const lost = broker.comeBack(address).catch(() => undefined);
    await until('the code to be asked for', () => liar.held.length === 1);
    await broker.kill();
    await lost;
    liar.letGo();
    liar.tell();
    const two = new Broker({ dir, port: second, issuer, workerSocket, args: [...args, '--public-url', broker.url] });
    await two.start();
    assert.equal((await two.comeBack(address)).status, 503, 'another one has it');
    await broker.start();
    assert.equal((await broker.comeBack(address)).status, 503);
    assert.equal((await who.status()).body.state, 'pending');
    killed = { who, address };
    const next = await start('liar');
    const page = await two.comeBack(liar.approve(next.url));
    assert.equal((await broker.confirm(page, next.code)).status, 200, 'begun at one, completed at the other');
    assert.equal((await next.who.status()).body.state, 'verified');
    await two.kill('SIGTERM');
  });

  await test('discovery and keys that lie: nothing begins', async () => {
    const bad = [{ discovery: () => liar.json({}) }, { more: { issuer: 'https://other.example' } }, { more: { token_endpoint: 'http://other.example/token' } },
      { more: { code_challenge_methods_supported: ['plain'] } }, { discovery: () => ({ status: 200, text: 'x'.repeat(70000) }) },
      { discovery: () => ({ status: 301, headers: { Location: `${provider.issuer}/.well-known/openid-configuration` }, text: '' }) }];
    for (const lie of bad) {
      await broker.kill('SIGTERM');
      liar.tell(lie);
      await broker.start();
      const who = new SignIn(broker, new Device());
      assert.equal((await who.oauth2('liar', place())).error, 'upstream_error', JSON.stringify(lie));
    }
    await broker.kill('SIGTERM');
    liar.tell({ jwks: () => liar.json({ keys: [] }) });
    await broker.start();
    const { who, url, code } = await start('liar');
    const address = liar.approve(url);
    const page = await broker.comeBack(address);
    assert.equal(page.status, 502);
    assert.match(page.text, /load this page again/);
    liar.tell();
    await sleep(5100);
    const later = await broker.comeBack(address);
    assert.ok(later.link, 'the same address works once the provider does');
    await broker.confirm(later, code);
    assert.equal((await who.status()).body.state, 'verified');
  });

  await test('its time is over: the sign-in has failed, and the code was asked for once', async () => {
    const { who, address } = killed;
    await until('its time to be over', async () => (await who.status()).body.state === 'failed', 15000, 500);
    assert.equal((await who.status()).body.reason, 'code_exchange_failed');
    assert.equal((await broker.comeBack(address)).status, 409);
    assert.equal(liar.codes.get(new URL(address).searchParams.get('code')).asked, 1);
  });

  await test('nothing of it stands in logs or in the state (I19)', async () => {
    const texts = [broker.logText(), worker.logText()];
    for (const name of fs.readdirSync(broker.data)) texts.push(fs.readFileSync(path.join(broker.data, name), 'latin1'));
    for (const text of texts)
      for (const word of ['b4sic-secret', 'l1ar-secret', 'alice', 'carol-1', 'dora-1', ...[...liar.codes.keys()].slice(0, 3)]) assert.ok(!text.includes(word), word);
    const figures = await broker.metrics();
    assert.ok(figures.provider_fetches_total > 0);
  });
});

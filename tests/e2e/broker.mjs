#!/usr/bin/env node
// Signing in through the broker with a real worker and a real mail server: mail, match code, wallets by siwe and viem, and everything that
// must not work. I9, I10, I18, I19, I20.
import fs from 'node:fs';
import path from 'node:path';
import { SiweMessage } from 'siwe';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Broker, MailSink, SignIn, described, fitted, freePort, mailArgs, startBoth, writeSecret } from './lib/broker.mjs';
import { assert, main, sleep, test, until } from './lib/check.mjs';
import { Device } from './lib/device.mjs';
import { Raw } from './lib/http.mjs';
import { tempDir } from './lib/worker.mjs';

const issuer = 'http://127.0.0.1:8092';

await main(async () => {
  const dir = tempDir();
  const port = await freePort();
  const workerSocket = path.join(dir, 'broker.sock');
  const sink = await new MailSink({ tls: 'starttls', user: { name: 'keys', password: 'p4ssw0rd-of-mail' }, dir }).start();
  const mail = [...mailArgs(sink), '--mail-user', 'keys', '--mail-password-file', writeSecret(path.join(dir, 'mail.password'), 'p4ssw0rd-of-mail\n')];
  const loose = ['--limit-starts-per-minute', '60', '--worker-timeout', '3s', '--mail-timeout', '1s'];
  const broker = new Broker({ dir, port, issuer, workerSocket, args: [...mail, ...loose] });
  const worker = await startBoth(broker);

  const alice = new Device();
  const self = { device_name: 'laptop', recovery_hash: '11'.repeat(32) };
  let anchor;
  // From the request to the session; `who` is a SignIn.
  const byMail = async (who, address) => {
    assert.equal((await who.email(address)).status, 200, who.asked.text);
    const got = await sink.take(address);
    assert.equal((await broker.verify(got, who.asked.body.match_code)).status, 200);
    return who.status();
  };

  await test('a broker and a worker that are ready', async () => {
    assert.equal((await broker.get('/readyz')).body.status, 'ready');
    assert.equal(broker.command(['init', '--data-dir', broker.data]).status, 1);
    assert.match(broker.command(['check-config', '--listen', '0.0.0.0:1']).stderr, /BOOT_FAIL plain_off_loopback: listen=/);
  });

  await test('a new account by mail: link, match code, one session', async () => {
    const who = new SignIn(broker, alice, self);
    const asked = await who.email('Alice@Demo.Example');
    assert.equal(asked.status, 200, asked.text);
    assert.match(asked.body.match_code, /^[0-9A-HJKMNP-TV-Z]{6}$/);
    assert.equal(asked.body.expires_in_seconds, 600);
    assert.equal(asked.body.poll_url, `${broker.url}/v1/auth/email/status/${asked.body.request_id}`);
    assert.equal((await who.status()).body.state, 'pending');
    const got = await sink.take('alice@demo.example');
    assert.equal(got.secure, true);
    assert.equal(got.user, 'keys');
    assert.ok(!got.raw.includes(asked.body.match_code), 'the code is not in the mail');
    assert.deepEqual((await broker.verify(got, asked.body.match_code.toLowerCase())).body, { ok: true });
    const { body } = await who.status();
    assert.equal(body.state, 'verified', JSON.stringify(body));
    assert.equal(body.account_new, true);
    assert.equal(body.device_count, 1);
    assert.equal(body.identity_value, 'alice@demo.example');
    anchor = body.anchor;
    const client = worker.client(alice, { token: body.session_jwt, account: anchor });
    assert.equal((await client.must('devices')).devices.length, 1);
    assert.equal((await who.status()).error, 'already_consumed');
  });

  await test('the same device signs in again, by the page', async () => {
    const who = new SignIn(broker, alice);
    assert.equal((await who.email('alice@demo.example')).status, 200);
    const got = await sink.take('alice@demo.example');
    const page = await broker.form({ link: `${broker.url}/auth/email#${got.link}`, match_code: ` ${who.asked.body.match_code} ` });
    assert.equal(page.status, 200);
    assert.match(page.text, /Done/);
    const { body } = await who.status();
    assert.equal(body.state, 'verified', JSON.stringify(body));
    assert.equal(body.account_new, false);
    assert.equal(body.anchor, anchor);
  });

  await test('another device gets no session: a recovery that waits (I9)', async () => {
    const thief = new SignIn(broker, new Device());
    const first = await byMail(thief, 'alice@demo.example');
    assert.equal(first.body.state, 'recovery_pending', first.text);
    assert.equal(first.body.anchor, anchor);
    assert.ok(first.body.ready_at > Date.now() / 1000 + 3600);
    assert.equal(first.body.session_jwt, undefined);
    assert.equal((await thief.status()).body.state, 'recovery_pending');
  });

  await test('a link works once, with its own code, by POST, three times wrong is the end', async () => {
    const one = new SignIn(broker, new Device());
    const two = new SignIn(broker, new Device());
    await one.email('bob@demo.example');
    const first = await sink.take('bob@demo.example');
    await two.email('bob@demo.example');
    const second = await sink.take('bob@demo.example');
    const codes = [one.asked.body.match_code, two.asked.body.match_code];
    assert.equal((await broker.get(`/v1/auth/email/verify?token=${first.token}`)).status, 405);
    assert.equal((await broker.get('/auth/email')).status, 200);
    assert.equal((await one.status()).body.state, 'pending', 'GET answers nothing');
    assert.equal((await broker.verify({ ...first, token: second.token }, codes[0])).body.error, 'not_found');
    assert.equal((await broker.verify({ request_id: second.request_id, token: first.token }, codes[1])).body.error, 'not_found');
    assert.equal((await broker.verify({ ...first, token: 'A'.repeat(43) }, codes[0])).body.error, 'not_found');
    assert.equal((await broker.verify({ ...first, token: 'A'.repeat(44) }, codes[0])).body.error, 'not_found');
    assert.equal((await broker.verify({ ...first, request_id: '0'.repeat(32) }, codes[0])).body.error, 'not_found');
    const wrong = codes[0] === 'AAAAAA' ? 'BBBBBB' : 'AAAAAA';
    const tried = await broker.form({ link: first.link, match_code: wrong });
    assert.equal(tried.status, 400);
    assert.match(tried.text, /2 tries are left/);
    assert.match(tried.text, new RegExp(`value="${first.request_id}`));
    assert.equal((await broker.verify(first, 'not a code at all')).body.error, 'invalid_request');
    assert.equal((await broker.verify(first, wrong)).body.error, 'expired_request');
    assert.equal((await broker.verify(first, codes[0])).body.error, 'expired_request');
    assert.equal((await one.status()).error, 'expired_request');
    assert.equal((await broker.verify(second, codes[1])).status, 200);
    assert.equal((await broker.verify(second, codes[1])).body.error, 'already_consumed');
    assert.equal((await two.status()).body.state, 'verified');
  });

  await test('another device polls in vain; two polls at once, one delivery (I10)', async () => {
    const carol = new SignIn(broker, new Device());
    const thief = new SignIn(broker, new Device());
    await carol.email('carol@demo.example');
    const id = carol.asked.body.request_id;
    assert.equal((await thief.status(id)).status, 404);
    const got = await sink.take('carol@demo.example');
    await broker.verify(got, carol.asked.body.match_code);
    assert.equal((await thief.status(id)).status, 404);
    const polls = [0, 1, 2, 3].map(() => {
      const poll = new SignIn(broker, carol.device);
      poll.nonce = carol.nonce;
      return poll.status(id);
    });
    const states = (await Promise.all(polls)).map((answer) => answer.body.state ?? answer.error);
    assert.equal(states.filter((state) => state === 'verified').length, 1, states.join());
    assert.ok(states.every((state) => ['verified', 'pending', 'already_consumed'].includes(state)), states.join());
  });

  await test('proofs: of another URL, method, key, time, twice, without a nonce, with another self', async () => {
    const who = new SignIn(broker, new Device(), { device_name: 'mine' });
    const where = '/v1/auth/email/request';
    const body = { email: 'dora@demo.example', device_name: 'mine' };
    const none = await who.connection.request('POST', where, { body });
    assert.equal(none.status, 401);
    assert.equal(none.body.error, 'proof_required');
    assert.match(none.headers['www-authenticate'], /^DPoP /);
    assert.equal((await who.once('POST', where, body)).error, 'use_dpop_nonce');
    assert.ok(who.nonce);
    for (const facts of [{ url: `${broker.url}/v1/auth/email/verify` }, { url: `${worker.url}${where}` }, { method: 'GET' }])
      assert.equal((await who.once('POST', where, body, { facts })).error, 'proof_required');
    assert.equal((await who.once('POST', where, body, { facts: { iat: Math.floor(Date.now() / 1000) - 400 } })).error, 'nonce_expired');
    assert.equal((await who.once('POST', where, body, { facts: { nonce: 'A'.repeat(22) } })).error, 'use_dpop_nonce');
    const proof = who.proof('POST', where);
    assert.equal((await who.once('POST', where, body, { proof: `${proof.slice(0, -2)}AA` })).error, 'bad_signature');
    const good = await who.once('POST', where, body, { proof });
    assert.equal(good.status, 200, good.text);
    assert.equal((await who.once('POST', where, body, { proof })).error, 'proof_replayed');
    who.asked = good;
    await broker.verify(await sink.take('dora@demo.example'), good.body.match_code);
    const other = await who.status(undefined, { self: { device_name: 'other' } });
    assert.equal(other.error, 'bad_signature', 'what the device said of itself is bound by its proof');
    assert.equal((await who.status()).body.state, 'verified');
  });

  await test('a wallet opens an account and signs in again; siwe and viem agree with the text', async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    const device = new Device();
    const who = new SignIn(broker, device, { device_name: 'wallet' });
    const started = await who.walletStart(account.address, 8453);
    assert.equal(started.status, 200, started.text);
    const text = new SiweMessage(started.body.siwe_message);
    assert.equal(text.domain, '127.0.0.1:8092');
    assert.equal(text.chainId, 8453);
    assert.equal(text.address, account.address);
    assert.equal(text.nonce, started.body.nonce);
    assert.ok(text.resources.includes(`urn:agentkeys:device:${device.jkt}`));
    assert.ok(started.body.expires_in_seconds > 2600 && started.body.expires_in_seconds <= 2700);
    const signature = await account.signMessage({ message: started.body.siwe_message });
    const wrong = await privateKeyToAccount(generatePrivateKey()).signMessage({ message: started.body.siwe_message });
    assert.equal((await who.walletVerify(started.body.request_id, wrong)).error, 'bad_signature');
    const thief = new SignIn(broker, new Device());
    assert.equal((await thief.walletVerify(started.body.request_id, signature)).status, 404);
    const { body } = await who.walletVerify(started.body.request_id, signature);
    assert.equal(body.state, 'verified', JSON.stringify(body));
    assert.equal(body.identity_type, 'evm');
    assert.equal(body.account_new, true);
    assert.equal((await who.walletVerify(started.body.request_id, signature)).error, 'already_consumed');
    const again = await who.walletStart(account.address);
    const second = await who.walletVerify(again.body.request_id, await account.signMessage({ message: again.body.siwe_message }));
    assert.equal(second.body.state, 'verified', second.text);
    assert.equal(second.body.anchor, body.anchor);
    assert.equal((await who.walletStart('0x' + '0'.repeat(39))).error, 'invalid_request');
    assert.equal((await who.walletStart(account.address, 0)).error, 'invalid_request');
  });

  await test('identities are linked, listed, unlinked; a recovery is told by mail', async () => {
    const device = new Device();
    const who = new SignIn(broker, device);
    const first = await byMail(who, 'judy@demo.example');
    const token = first.body.session_jwt;
    const own = await who.link(token, { identity_type: 'evm', identity_value: first.body.wallet_address });
    assert.equal(own.status, 200, own.text);
    assert.equal(own.body.anchor, first.body.anchor);
    const account = privateKeyToAccount(generatePrivateKey());
    const started = (await who.walletStart(account.address)).body;
    const signature = await account.signMessage({ message: started.siwe_message });
    const evm = { identity_type: 'evm', identity_value: account.address.toLowerCase(), request_id: started.request_id, signature };
    const linked = await who.link(token, evm);
    assert.equal(linked.status, 200, linked.text);
    await who.email('judy.second@demo.example');
    const mailed = { identity_type: 'email', identity_value: 'judy.second@demo.example', request_id: who.asked.body.request_id };
    assert.equal((await who.link(token, mailed)).error, 'not_ready');
    await broker.verify(await sink.take('judy.second@demo.example'), who.asked.body.match_code);
    assert.equal((await who.link(token, { ...mailed, identity_value: 'alice@demo.example' })).status >= 400, true);
    assert.equal((await who.link(token, mailed)).status, 200);
    const { links } = (await who.links(token)).body;
    assert.equal(links.length, 4, JSON.stringify(links));
    assert.equal((await who.links('a.b.c')).status, 401);
    assert.equal((await who.call('GET', '/v1/wallet/links')).error, 'unauthorized');
    const stranger = new SignIn(broker, new Device());
    assert.ok((await stranger.links(token)).status >= 400, 'a session is of no use without its device');
    // Somebody else signs in by one of the addresses: both are told.
    const thief = await byMail(new SignIn(broker, new Device()), 'judy.second@demo.example');
    assert.equal(thief.body.state, 'recovery_pending');
    for (const address of ['judy@demo.example', 'judy.second@demo.example']) {
      await until(`a notice to ${address}`, () => sink.mails.some((mail) => mail.to.includes(address) && /being recovered/.test(mail.raw)), 20000);
    }
    sink.mails.length = 0;
    const gone = await who.unlink(token, linked.body.omni_account);
    assert.ok([200, 202].includes(gone.status), gone.text);
  });

  await test('killed at each step: the flow goes on', async () => {
    const again = async () => {
      await broker.kill();
      await broker.start();
    };
    const who = new SignIn(broker, new Device());
    await who.email('erin@demo.example');
    await again();
    const got = await sink.take('erin@demo.example');
    await again();
    assert.equal((await who.status()).body.state, 'pending');
    assert.equal((await broker.verify(got, who.asked.body.match_code)).status, 200);
    await again();
    assert.equal((await broker.verify(got, who.asked.body.match_code)).body.error, 'already_consumed');
    assert.equal((await who.status()).body.state, 'verified');
    await again();
    assert.equal((await who.status()).error, 'already_consumed');
  });

  await test('two brokers over one store', async () => {
    const other = new Broker({ dir, port: await freePort(), issuer, workerSocket, args: [...mail, ...loose, '--public-url', broker.url] });
    const urlFile = () => fs.readFileSync(path.join(broker.data, 'broker.url'), 'utf8');
    await other.start();
    assert.equal(urlFile(), `${broker.url}\n`, 'the first broker keeps broker.url');
    const who = new SignIn(broker, new Device());
    await who.email('frank@demo.example');
    const got = await sink.take('frank@demo.example');
    assert.equal((await other.verify(got, who.asked.body.match_code)).status, 200);
    assert.equal((await broker.verify(got, who.asked.body.match_code)).body.error, 'already_consumed');
    const proof = who.proof('GET', `/v1/auth/email/status/${got.request_id}`);
    const polled = await other.get(`/v1/auth/email/status/${got.request_id}`, { DPoP: proof });
    assert.equal(polled.body.state, 'verified', polled.text);
    assert.equal((await who.status(undefined, { proof })).error, 'proof_replayed');
    await other.kill('SIGTERM');
    assert.equal(other.exited.code, 0, other.logText().slice(-500));
    assert.equal(urlFile(), `${broker.url}\n`);
  });

  await test('a mail server that is down, refuses, hangs: mails wait, nobody else does', async () => {
    const down = sink.port;
    await sink.stop();
    const who = new SignIn(broker, new Device());
    assert.equal((await who.email('grace@demo.example')).status, 200);
    await until('a first try', async () => (await broker.metrics()).mails_failed_total > 0);
    const began = Date.now();
    assert.equal((await broker.get('/readyz')).status, 200);
    assert.ok(Date.now() - began < 1000);
    await broker.kill('SIGTERM');
    assert.equal(broker.exited.code, 0);
    await broker.start();
    await sink.start(down);
    const got = await sink.take('grace@demo.example', 30000);
    assert.equal((await broker.verify(got, who.asked.body.match_code)).status, 200);
    sink.refuse = (address) => (address.startsWith('nobody') ? 550 : undefined);
    await new SignIn(broker, new Device()).email('nobody@demo.example');
    await until('a refusal for good', async () => (await broker.metrics()).mails_given_up_total === 1);
    await until('nothing to wait', async () => (await broker.metrics()).mails_waiting === 0);
    sink.hang = true;
    const stalled = new SignIn(broker, new Device());
    await stalled.email('nina@demo.example');
    for (const from = Date.now(); Date.now() - from < 1500; await sleep(20)) {
      const asked = Date.now();
      assert.equal((await stalled.status()).body.state, 'pending');
      assert.ok(Date.now() - asked < 500);
    }
    sink.hang = false;
    assert.ok(await sink.take('nina@demo.example', 20000));
  });

  await test('limits: mails an address, starts and challenges a source, not by a stranger\'s word', async () => {
    const strict = new Broker({ dir: tempDir(), port: await freePort(), issuer, workerSocket,
      args: [...mail, '--public-url', broker.url, '--trusted-proxies', 'unix', '--limit-starts-per-minute', '8', '--limit-challenges-per-hour', '2'] });
    strict.init();
    await strict.start();
    const who = new SignIn(broker, new Device());
    who.connection = new SignIn(strict, who.device).connection;
    const results = [];
    for (let i = 0; i < 6; i++) results.push((await who.email('henry@demo.example')).status);
    assert.deepEqual(results, [200, 200, 200, 200, 200, 429]);
    assert.ok(Number(who.asked.headers['retry-after']) > 3500);
    assert.ok(who.asked.body.retry_after_secs > 3500);
    const from = (n) => ({ headers: { 'X-Forwarded-For': `203.0.113.${n}` } });
    assert.equal((await who.email('ida@demo.example', from(1))).status, 200);
    assert.equal((await who.email('ida@demo.example', from(2))).status, 200);
    assert.equal((await who.email('ida@demo.example', from(3))).error, 'rate_limit_exceeded', 'X-Forwarded-For of a stranger');
    await strict.kill();
    await strict.start();
    assert.equal((await who.email('ida@demo.example', from(4))).error, 'rate_limit_exceeded', 'limits outlive a restart');
    await strict.kill();
  });

  await test('the front: hostile heads, sizes, slow clients, methods', async () => {
    const say = async (bytes) => {
      const raw = new Raw(broker.url);
      raw.send(bytes);
      const answer = await raw.answer(5000);
      raw.close();
      return answer;
    };
    const post = (more, body = '{}') => `POST /v1/auth/email/verify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${more}\r\n${body}`;
    assert.equal((await say('GET /healthz HTTP/1.1\r\n\r\n')).status, 400);
    assert.equal((await say('GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).status, 400);
    assert.equal((await say('GET /healthz HTTP/1.1\r\nHost: evil.example"><script>\r\n\r\n')).body?.status ?? 'refused', 'ok');
    assert.equal((await say(post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'))).status, 400);
    assert.equal((await say(post('Content-Length: 2\r\nContent-Length: 3\r\n'))).status, 400);
    assert.equal((await say(post('X: a\r\n b\r\nContent-Length: 2\r\n'))).status, 400);
    assert.equal((await say(post(`Content-Length: ${65537}\r\n`, ''))).status, 413);
    const slow = Array.from({ length: 100 }, () => new Raw(broker.url));
    for (const one of slow) one.send('POST /v1/auth/email/verify HTTP/1.1\r\nHost: a\r\nContent-Le');
    const asked = Date.now();
    assert.equal((await broker.get('/healthz')).status, 200);
    assert.ok(Date.now() - asked < 500, 'slow clients hold nobody');
    for (const one of slow) one.close();
    assert.equal((await broker.post('/v1/auth/email/verify', '{"a":'.repeat(20) + '1' + '}'.repeat(20))).body.error, 'invalid_json');
    assert.equal((await broker.post('/v1/auth/email/verify', '{"token":"a","token":"b"}')).body.error, 'invalid_json');
    assert.equal((await broker.post('/v1/auth/email/verify', '{}', { 'Content-Type': 'text/plain' })).status, 400);
    assert.equal((await broker.post('/v1/auth/email/verify', { token: 'a', request_id: 'zz', match_code: 'b' })).body.error, 'invalid_request');
    assert.equal((await broker.post('/auth/email', 'link=%zz', { 'Content-Type': 'application/x-www-form-urlencoded' })).status, 400);
    assert.equal((await broker.post('/healthz', '{}')).status, 405);
    for (const path of ['/healthz', '/readyz', '/metrics']) assert.equal((await fetch(new URL(path, broker.url), { method: 'HEAD' })).status, 200, path);
    assert.equal((await broker.get('/internal/v1/nonce')).status, 404);
    assert.equal((await broker.get('/v1/account')).status, 404);
    assert.equal((await broker.get(`/${'a'.repeat(3070)}`)).status, 404);
    assert.equal((await broker.get(`/${'a'.repeat(3071)}`)).status, 400);
  });

  await test('pages: nothing foreign, nothing kept', async () => {
    const page = await broker.get('/auth/email');
    assert.match(page.headers['content-security-policy'], /^default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'/);
    assert.equal(page.headers['referrer-policy'], 'no-referrer');
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
    for (const found of page.text.matchAll(/(?:src|href|action)="([^"]*)"/g)) assert.match(found[1], /^\/[a-z]/);
    assert.equal((await broker.get('/assets/page.css')).headers['content-type'], 'text/css; charset=utf-8');
    for (const name of ['email', 'wallet']) assert.equal((await broker.get(`/assets/${name}.js`)).headers['content-type'], 'text/javascript; charset=utf-8');
    const wallet = await broker.get('/auth/wallet');
    assert.match(wallet.headers['content-security-policy'], /default-src 'none'/);
    assert.equal(wallet.headers['cache-control'], 'no-store');
    assert.equal((await broker.post('/auth/wallet', {})).status, 405);
    const hostile = await broker.form({ link: '"><script>alert(1)</script>', match_code: '<b>' });
    assert.equal(hostile.status, 400);
    assert.ok(!hostile.text.includes('alert(1)') && !hostile.text.includes('<b>'));
  });

  await test('a worker that is gone: said at once, and all goes on when it is back', async () => {
    const who = new SignIn(broker, alice);
    await who.email('alice@demo.example');
    await broker.verify(await sink.take('alice@demo.example'), who.asked.body.match_code);
    await worker.kill();
    assert.equal((await who.status()).error, 'upstream_error');
    await until('the broker to say so', async () => (await broker.get('/readyz')).status === 503);
    assert.equal((await broker.get('/healthz')).status, 200);
    await worker.start();
    await until('the worker to be asked again', async () => (await broker.get('/readyz')).status === 200);
    const back = await who.status();
    assert.equal(back.body.state, 'verified', back.text);
  });

  await test('every answer was as openapi-broker.yaml describes it', async () => {
    const replies = [...described.replies.values(), 'error_reply'].filter((name) => name !== 'oauth2_start_reply'); // that one in oauth2.mjs
    assert.deepEqual(replies.filter((name) => !fitted.has(name)), []);
    assert.throws(() => described.check('POST', '/v1/auth/email/verify', { status: 200, body: { ok: 'yes' } }), /no boolean/);
    assert.throws(() => described.check('POST', '/v1/auth/email/verify', { status: 200, body: { ok: true, more: 1 } }), /not in the description/);
    assert.throws(() => described.check('POST', '/v1/auth/email/verify', { status: 200, body: {} }), /missing/);
  });

  await test('no address, token, code or password in logs, and none in clear on the disk (I19)', async () => {
    const found = [];
    const files = fs.readdirSync(broker.data).map((name) => path.join(broker.data, name));
    for (const file of [broker.log, ...files]) {
      const text = fs.readFileSync(file, 'latin1').toLowerCase();
      for (const word of ['demo.example', 'alice@', 'grace', 'p4ssw0rd', 'laptop', '203.0.113'])
        if (text.includes(word) && !(word === 'demo.example' && file === broker.log && !text.includes('@demo.example'))) found.push(`${word} in ${path.basename(file)}`);
    }
    assert.deepEqual(found, []);
    for (const file of files) if (!/\.jwk$/.test(file)) assert.equal(fs.statSync(file).mode & 0o077, 0, file);
  });
});

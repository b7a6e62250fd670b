#!/usr/bin/env node
// What goes wrong around a broker: killed in the middle of every flow, links guessed and over, strangers that claim an address, hold
// connections, or say too much. I10, I18, I19.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Broker, MailSink, SignIn, described, freePort, startBoth } from './lib/broker.mjs';
import { assert, main, sleep, test, until } from './lib/check.mjs';
import { Device } from './lib/device.mjs';
import { Raw } from './lib/http.mjs';
import { tempDir } from './lib/worker.mjs';

const issuer = 'http://127.0.0.1:8092';

await main(async () => {
  const dir = tempDir();
  const workerSocket = path.join(dir, 'broker.sock');
  const sink = await new MailSink({ dir }).start();
  const mail = ['--mail-url', `smtp://127.0.0.1:${sink.port}`, '--mail-starttls=off', '--mail-from', 'keys@demo.example'];
  const broker = new Broker({ dir, port: await freePort(), issuer, workerSocket, args: [...mail, '--trusted-proxies', '127.0.0.1', '--limit-mails-per-hour', '60'] });
  const worker = await startBoth(broker);
  const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 2000', path.join(broker.data, 'broker.db'), text], { encoding: 'utf8' }).trim();
  // A source of its own for each, so that no limit is met but where one is meant.
  let sources = 0;
  const from = (address) => ({ headers: { 'X-Forwarded-For': address } });
  const elsewhere = () => from(`10.1.${(sources += 1) >> 8}.${sources & 255}`);
  const again = async () => {
    await broker.kill();
    await broker.start();
  };
  const quiet = (promise) => promise.then((answer) => answer, () => undefined);
  const mailed = async (who, address) => {
    const asked = await who.email(address, elsewhere());
    assert.equal(asked.status, 200, asked.text);
    return sink.take(address);
  };
  const account = privateKeyToAccount(generatePrivateKey());
  const byWallet = async (who) => {
    const started = (await who.call('POST', '/v1/auth/wallet/start', { address: account.address.toLowerCase(), chain_id: 1 }, elsewhere())).body;
    return { id: started.request_id, signature: await account.signMessage({ message: started.siwe_message }) };
  };

  await test('killed in the middle of a poll: one delivery at the most, and none is lost that was not asked for (I10)', async () => {
    for (const delay of [0, 2, 5, 12]) {
      const who = new SignIn(broker, new Device());
      const got = await mailed(who, `poll${delay}@demo.example`);
      await broker.verify(got, who.asked.body.match_code);
      const first = quiet(who.status());
      await sleep(delay);
      await again();
      const answers = [await first, await quiet(who.status())].map((answer) => answer?.body?.state ?? answer?.error);
      // A poll that was taken and not delivered is another's after a minute: its lease is over then.
      if (answers[1] === 'pending') {
        sql(`update signin set taken_until = 0 where hex(id) = upper('${who.asked.body.request_id}')`);
        answers.push((await who.status()).body.state);
      }
      const delivered = answers.filter((state) => state === 'verified').length;
      assert.ok(delivered <= 1, answers.join());
      if (delivered === 0) assert.equal(answers.at(-1), 'already_consumed', answers.join());
      assert.equal((await who.status()).error, 'already_consumed');
    }
  });

  await test('killed in each step of a wallet\'s sign-in: its text opens one session at the most', async () => {
    const device = new Device();
    for (const delay of [0, 3, 9]) {
      const who = new SignIn(broker, device);
      const { id, signature } = await byWallet(who);
      await again();
      const first = quiet(who.walletVerify(id, signature));
      await sleep(delay);
      await again();
      const answers = [await first, await quiet(who.walletVerify(id, signature))].map((answer) => answer?.body?.state ?? answer?.error);
      assert.ok(answers.filter((state) => state === 'verified').length <= 1, answers.join());
      assert.ok(answers.slice(1).every((state) => ['verified', 'already_consumed', 'pending'].includes(state)), answers.join());
      const second = await byWallet(who); // whatever was lost: a new text signs in
      assert.equal((await who.walletVerify(second.id, second.signature)).body.state, 'verified');
    }
  });

  await test('killed in each step of linking: linked once or not at all, and a new proof links', async () => {
    const who = new SignIn(broker, new Device());
    await broker.verify(await mailed(who, 'linker@demo.example'), who.asked.body.match_code);
    const { session_jwt: token } = (await who.status()).body;
    for (const delay of [0, 3, 9]) {
      const wallet = privateKeyToAccount(generatePrivateKey());
      const prove = async () => {
        const started = (await who.call('POST', '/v1/auth/wallet/start', { address: wallet.address.toLowerCase(), chain_id: 1 }, elsewhere())).body;
        return { identity_type: 'evm', identity_value: wallet.address.toLowerCase(), request_id: started.request_id, signature: await wallet.signMessage({ message: started.siwe_message }) };
      };
      const proved = await prove();
      await again();
      const first = quiet(who.link(token, proved));
      await sleep(delay);
      await again();
      await first;
      const last = await who.link(token, await prove());
      assert.ok(last.status === 200 || last.error === 'already_done', last.text);
      const { links } = (await who.links(token)).body;
      assert.equal(links.filter((one) => one.address?.toLowerCase() === wallet.address.toLowerCase()).length, 1, JSON.stringify(links));
    }
  });

  await test('killed while a mail is on its way: it comes, and its link works once', async () => {
    const who = new SignIn(broker, new Device());
    sink.hang = true;
    assert.equal((await who.email('late@demo.example', elsewhere())).status, 200);
    await until('a mail on its way', () => sink.server.connections.size > 0);
    await again();
    sink.hang = false;
    sql('update mail set next = 0');
    const got = await sink.take('late@demo.example');
    assert.equal((await broker.verify(got, who.asked.body.match_code)).status, 200);
    assert.equal((await broker.verify(got, who.asked.body.match_code)).body.error, 'already_consumed');
    assert.equal((await who.status()).body.state, 'verified');
    await until('nothing to wait', async () => (await broker.metrics()).mails_waiting === 0);
  });

  await test('a ledger that is shorter than what was read, as of a restored copy: recoveries are told all the same', async () => {
    const owner = new SignIn(broker, new Device());
    await broker.verify(await mailed(owner, 'restored@demo.example'), owner.asked.body.match_code);
    assert.equal((await owner.status()).body.state, 'verified');
    const thief = new SignIn(broker, new Device());
    await broker.verify(await mailed(thief, 'restored@demo.example'), thief.asked.body.match_code);
    assert.equal((await thief.status()).body.state, 'recovery_pending');
    sql('update notices set next = 1000000');
    sink.mails.length = 0; // what is young is told, and told again where it was
    await again(); // it asks at its start
    await until('a notice', () => sink.mails.some((mail) => mail.to.includes('restored@demo.example') && /being recovered/.test(mail.raw)), 20000);
    assert.ok(Number(sql('select next from notices')) < 1000000);
  });

  // As of an older copy that was put back and went on: its index means nothing in the log that was read.
  await test('a ledger that is another one, and longer than what was read: recoveries are told all the same', async () => {
    const read = await until('the end of the ledger', () => {
      const [next, page, root] = sql('select next, page, hex(root) from notices').split('|');
      return next === page && root.length === 64 && Number(next);
    }, 20000);
    sink.mails.length = 0;
    await again();
    await sleep(1500); // it asks at its start, and finds nothing new
    assert.deepEqual(sink.mails, []);
    sql('update notices set root = zeroblob(32)');
    await again();
    await until('a notice', () => sink.mails.some((mail) => mail.to.includes('restored@demo.example') && /being recovered/.test(mail.raw)), 20000);
    await until('the end of the ledger', () => Number(sql('select next from notices where next = page')) >= read, 20000);
    assert.match(broker.logText(), /notices_begin_again/);
  });

  await test('one way to sign in is not another, and a header counts once', async () => {
    const who = new SignIn(broker, new Device());
    const got = await mailed(who, 'ways@demo.example');
    const { match_code } = who.asked.body;
    assert.equal((await broker.confirm(got, match_code)).body.error, 'not_found', 'a mail\'s link on the page of a provider');
    assert.equal((await broker.form({ link: got.link, match_code }, '/auth/oauth2')).status, 404);
    const text = new URLSearchParams({ link: got.link, match_code }).toString();
    for (const type of ['text/plain', 'application/json', 'multipart/form-data'])
      assert.equal((await broker.post('/auth/email', text, { 'Content-Type': type })).status, 400, `${type}, which any page may send`);
    assert.equal((await who.status()).body.state, 'pending');
    assert.equal((await broker.verify(got, match_code)).status, 200);
    assert.equal((await who.call('GET', `/v1/auth/oauth2/status/${got.request_id}`)).error, 'not_found', 'its id as of a provider');
    const signature = `0x${'11'.repeat(65)}`;
    assert.equal((await who.call('POST', '/v1/auth/wallet/verify', { request_id: got.request_id, signature })).error, 'not_found', 'and of a wallet');
    const started = await who.call('POST', '/v1/auth/wallet/start', { address: account.address.toLowerCase(), chain_id: 1 }, elsewhere());
    assert.equal((await who.status(started.body.request_id)).error, 'not_found', 'a wallet\'s as of a mail');
    const { body } = await who.status();
    assert.equal(body.state, 'verified');
    const ask = (headers) => who.connection.request('POST', '/v1/auth/email/request', { headers, body: { email: 'twice@demo.example' } });
    const proof = () => who.proof('POST', '/v1/auth/email/request');
    assert.equal((await ask({ DPoP: [proof(), proof()], ...elsewhere().headers })).status, 400);
    assert.equal((await ask({ DPoP: proof(), 'X-Forwarded-For': ['10.9.9.1', '10.9.9.2'] })).status, 400, 'a stranger\'s line beside the proxy\'s');
    assert.equal((await ask({ DPoP: proof(), 'X-Forwarded-For': '10.9.9.1' })).status, 200);
    const token = `DPoP ${body.session_jwt}`;
    const list = (headers) => who.connection.request('GET', '/v1/wallet/links', { headers: { DPoP: who.proof('GET', '/v1/wallet/links', { token: body.session_jwt }), ...headers } });
    assert.equal((await list({ Authorization: [token, token] })).status, 401);
    assert.equal((await list({ Authorization: token })).status, 200);
  });

  await test('an address whose unlinking waits is told of recoveries until it is gone', async () => {
    const owner = new SignIn(broker, new Device());
    await broker.verify(await mailed(owner, 'leaving@demo.example'), owner.asked.body.match_code);
    const { session_jwt: token, omni_account } = (await owner.status()).body;
    await broker.verify(await mailed(owner, 'staying@demo.example'), owner.asked.body.match_code);
    assert.equal((await owner.link(token, { identity_type: 'email', identity_value: 'staying@demo.example', request_id: owner.asked.body.request_id })).status, 200);
    assert.equal((await owner.unlink(token, omni_account)).status, 202);
    const thief = new SignIn(broker, new Device());
    await broker.verify(await mailed(thief, 'leaving@demo.example'), thief.asked.body.match_code);
    assert.equal((await thief.status()).body.state, 'recovery_pending');
    await again();
    for (const address of ['leaving@demo.example', 'staying@demo.example'])
      await until(`a notice to ${address}`, () => sink.mails.some((mail) => mail.to.includes(address) && /being recovered/.test(mail.raw)), 20000);
  });

  await test('a link after its ten minutes is over, for page and device', async () => {
    const who = new SignIn(broker, new Device());
    const got = await mailed(who, 'old@demo.example');
    sql(`update signin set expires = strftime('%s', 'now') - 1 where hex(id) = upper('${got.request_id}')`);
    assert.ok(['expired_request', 'not_found'].includes((await broker.verify(got, who.asked.body.match_code)).body.error));
    assert.ok(['expired_request', 'not_found'].includes((await who.status()).error));
  });

  await test('a guessed token, and a GET with the right one, change nothing', async () => {
    const who = new SignIn(broker, new Device());
    const got = await mailed(who, 'guessed@demo.example');
    for (let i = 0; i < 20; i++) {
      const token = Buffer.from(Array.from({ length: 32 }, () => Math.floor(Math.random() * 256))).toString('base64url');
      assert.equal((await broker.verify({ ...got, token }, who.asked.body.match_code)).body.error, 'not_found');
    }
    for (const where of [`/v1/auth/email/verify?token=${got.token}&request_id=${got.request_id}&match_code=${who.asked.body.match_code}`, `/auth/email?link=${got.link}`])
      assert.ok([200, 405].includes((await broker.get(where)).status));
    assert.equal((await who.status()).body.state, 'pending');
    assert.equal((await broker.verify(got, who.asked.body.match_code)).status, 200, 'wrong tokens take no tries');
  });

  await test('sources: what a trusted proxy says counts, from the right; an IPv6 source is its /64', async () => {
    const ask = async (address) => (await new SignIn(broker, new Device()).email(`s${Math.random()}@demo.example`, from(address))).status;
    const many = async (address, times) => Promise.all(Array.from({ length: times }, () => ask(address)));
    assert.deepEqual(await many('203.0.113.1', 30), Array(30).fill(200));
    assert.equal(await ask('203.0.113.1'), 429);
    assert.equal(await ask('198.51.100.7, 203.0.113.1'), 429, 'what the stranger wrote stands to the left');
    assert.equal(await ask('203.0.113.2'), 200);
    assert.deepEqual(await many('2001:db8:1:2::1', 30), Array(30).fill(200));
    assert.equal(await ask('2001:db8:1:2:ffff::9'), 429);
    assert.equal(await ask('2001:db8:1:3::1'), 200);
    for (const bad of ['nonsense', '203.0.113.1, nonsense', ',,', '203.0.113.1'.repeat(200)]) assert.ok([200, 400, 429].includes(await ask(bad)), bad);
  });

  const paths = [...described.replies.keys()].map((key) => key.split(' ')).map(([method, where]) => [method, where.replace('{id}', '0'.repeat(32))]);
  paths.push(['GET', '/auth/wallet'], ['GET', '/auth/email'], ['POST', '/auth/email'], ['GET', '/healthz'], ['GET', '/readyz'], ['GET', '/metrics']);

  await test('slow-loris on each endpoint: nobody else waits', async () => {
    const held = [];
    for (const [method, where] of paths) {
      const head = `${method} ${where} HTTP/1.1\r\nHost: a\r\n`;
      const starts = [head, `${head}DPoP: ey`, `POST ${where} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a`];
      for (const start of starts) {
        const raw = new Raw(broker.url);
        raw.send(start);
        held.push(raw);
      }
    }
    const began = Date.now();
    const who = new SignIn(broker, new Device());
    const { id, signature } = await byWallet(who);
    assert.ok(['verified', 'recovery_pending'].includes((await who.walletVerify(id, signature)).body.state));
    assert.ok(Date.now() - began < 5000);
    for (const raw of held) raw.close();
  });

  await test('smuggled heads and hostile hosts, at each endpoint', async () => {
    const say = async (bytes) => {
      const raw = new Raw(broker.url);
      raw.send(bytes);
      const answer = await raw.answer(1500);
      const { text } = raw;
      raw.close();
      return { ...answer, text };
    };
    const inner = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
    const malformed = [`Content-Length: ${inner.length}\r\nTransfer-Encoding: chunked\r\n`, 'Content-Length: 0\r\nContent-Length: 1\r\n', 'Transfer-Encoding: chunked, identity\r\n',
      'Transfer-Encoding: xchunked\r\n', 'Content-Length: -1\r\n', 'Content-Length: 0x10\r\n', 'X-A: b\r\n c\r\n', 'Bad Name: b\r\n'];
    await Promise.all(paths.flatMap(([method, where]) => {
      const head = `${method} ${where} HTTP/1.1\r\nHost: evil.example\r\n`;
      return [...malformed.map(async (more) => {
        const { status, text } = await say(`${head}${more}\r\n${inner}`);
        assert.ok(status >= 400, `${method} ${where} ${more} ${status}`);
        assert.ok(!text.includes('HTTP/1.1 2'), `${method} ${where} ${more} answers what was smuggled`);
        assert.ok(!text.includes('evil.example'));
      }), say(`${head}Connection: close\r\n\r\n`).then(({ text }) => assert.ok(!text.includes('evil.example'), `${where} says its Host`))];
    }));
    const who = new SignIn(broker, new Device());
    const asked = await who.email('host@demo.example', { headers: { ...elsewhere().headers, Host: 'evil.example' } });
    assert.ok(asked.body.poll_url.startsWith(broker.url));
    const got = await sink.take('host@demo.example');
    assert.ok(got.raw.includes(`${broker.url}/auth/email#`) && !got.raw.includes('evil.example'));
  });

  await test('oversized everything is refused, and costs nobody else anything', async () => {
    const long = (length) => 'a'.repeat(length);
    const who = new SignIn(broker, new Device());
    const email = (address, more = {}) => who.call('POST', '/v1/auth/email/request', { email: address, ...more }, elsewhere());
    assert.equal((await email(`${long(400)}@demo.example`)).error, 'invalid_request');
    assert.equal((await email('big@demo.example', { device_name: long(2000) })).error, 'invalid_request');
    assert.equal((await email('big@demo.example', { recovery_hash: long(4000) })).error, 'invalid_request');
    assert.ok((await email('big@demo.example', { more: long(60000) })).status >= 200, 'unknown members are passed over');
    assert.equal((await email('big@demo.example', { more: long(70000) })).status, 413);
    for (const length of [3000, 9000, 60000]) {
      const answer = await quiet(who.connection.request('POST', '/v1/auth/email/request', { headers: { DPoP: long(length) }, body: { email: 'big@demo.example' } }));
      assert.ok(answer === undefined || answer.status >= 400, `a proof of ${length}`);
    }
    const heads = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`X-H${i}`, long(40)]));
    const answer = await quiet(who.connection.request('GET', '/healthz', { headers: heads }));
    assert.ok(answer === undefined || answer.status >= 400 || answer.status === 200);
    assert.equal((await broker.verify({ request_id: '0'.repeat(32), token: long(10000) }, long(10000))).status >= 400, true);
    assert.equal((await broker.get('/healthz')).status, 200);
    assert.equal((await new SignIn(broker, new Device()).email('after@demo.example', elsewhere())).status, 200);
  });

  await test('nothing of all this ended the broker, or stands in its log (I19)', async () => {
    assert.equal(broker.exited, undefined);
    assert.ok(!/@demo\.example|eyJ/.test(broker.logText().replaceAll('keys@demo.example', '')));
    assert.equal(await broker.kill('SIGTERM').then(({ code }) => code), 0);
  });
});

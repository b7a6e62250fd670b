#!/usr/bin/env node
// HTTP and JSON as nobody should send them: a stable error each, the worker lives on, others are not held up (I18).
import { assert, main, sleep, test, until } from './lib/check.mjs';
import { hex, sha256, utf8hex } from './lib/bytes.mjs';
import { Raw } from './lib/http.mjs';
import { Worker } from './lib/worker.mjs';

await main(async () => {
  const worker = await Worker.start({ args: ['--max-connections', '64'] });
  const owner = await worker.owner();
  const omni = owner.account;
  const agent = await worker.agent(owner, 'steady', { rate: 10000 });
  const children = worker.children();

  // Everything still serves, from the same processes.
  const lives = async () => {
    assert.deepEqual(worker.children(), children, 'a process ended');
    assert.equal((await agent.sign('alive')).status, 200);
  };

  // Raw bytes over TCP and the Unix socket: status and error, or an end without a word.
  async function refused(name, bytes, want, timeoutMs = 10000) {
    for (const where of [worker.url, worker.socket]) {
      const raw = new Raw(where);
      for (const part of Array.isArray(bytes) ? bytes : [bytes]) raw.send(part);
      const answer = await raw.answer(timeoutMs);
      const got = answer ? `${answer.status} ${answer.body?.error ?? ''}`.trim() : 'closed';
      assert.ok([want].flat().includes(got), `${name}: ${got}\n${raw.text.slice(0, 300)}`);
      raw.close();
    }
  }

  const head = (lines, method = 'POST', path = '/tee/sign-message') => `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  const host = 'Host: worker';
  const json = 'Content-Type: application/json';

  await test('heads that two readers could read in two ways', async () => {
    const bad = '400 invalid_request';
    await refused('Content-Length with Transfer-Encoding', head([host, json, 'Content-Length: 5', 'Transfer-Encoding: chunked']) + '0\r\n\r\n', bad);
    await refused('Transfer-Encoding alone', head([host, json, 'Transfer-Encoding: chunked']) + '2\r\n{}\r\n0\r\n\r\n', bad);
    await refused('Transfer-Encoding: identity', head([host, json, 'Transfer-Encoding: identity', 'Content-Length: 2']) + '{}', bad);
    await refused('two Content-Length', head([host, json, 'Content-Length: 2', 'Content-Length: 2']) + '{}', bad);
    await refused('two different Content-Length', head([host, json, 'Content-Length: 2', 'Content-Length: 40']) + '{}', bad);
    await refused('two Transfer-Encoding', head([host, json, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']) + '0\r\n\r\n', bad);
    await refused('Content-Length with a sign', head([host, json, 'Content-Length: +2']) + '{}', [bad, '413 too_large', '400']);
    await refused('negative Content-Length', head([host, json, 'Content-Length: -2']) + '{}', [bad, '413 too_large', '400']);
    await refused('Content-Length list', head([host, json, 'Content-Length: 2, 2']) + '{}', [bad, '413 too_large', '400']);
    await refused('huge Content-Length', head([host, json, 'Content-Length: 99999999999999999999999']) + '{}', [bad, '413 too_large', '413']);
    await refused('two Hosts', head([host, 'Host: other', json, 'Content-Length: 2']) + '{}', bad);
    await refused('no Host', head([json, 'Content-Length: 2']) + '{}', bad);
    await refused('folded header', head([host, 'X-A: one\r\n two', json, 'Content-Length: 2']) + '{}', bad);
    await refused('bare CR in a value', head([host, 'X-A: one\rX-B: two', json, 'Content-Length: 2']) + '{}', bad);
    await refused('bare LF', `POST /tee/sign-message HTTP/1.1\n${host}\n${json}\nContent-Length: 2\n\n{}`, [bad, 'closed']);
    await refused('space before the colon', head([host, 'X-A : one', json, 'Content-Length: 2']) + '{}', [bad, '400']);
    await refused('a control character', head([host, 'X-A: a\x01b', json, 'Content-Length: 2']) + '{}', bad);
    await refused('NUL in a value', head([host, 'X-A: a\0b', json, 'Content-Length: 2']) + '{}', [bad, '400', 'closed']);
    await refused('line without colon', head([host, 'nonsense', json, 'Content-Length: 2']) + '{}', [bad, '400', 'closed']);
    await refused('two Authorization', head([host, json, 'Authorization: DPoP a', 'Authorization: DPoP b', 'Content-Length: 2']) + '{}', bad);
    await refused('two DPoP', head([host, json, 'Authorization: DPoP a', 'DPoP: a', 'DPoP: b', 'Content-Length: 2']) + '{}', bad);
    await refused('another protocol', `GET / HTTP/3.0\r\n${host}\r\n\r\n`, [bad, '505', 'closed']);
    await refused('not HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + 'x'.repeat(100) + '\r\n\r\n', [bad, '400', 'closed']);
    await lives();
  });

  await test('what is too large is refused without being read', async () => {
    await refused('body over the limit', head([host, json, 'Content-Length: 65537']), '413 too_large');
    await refused('URL over the limit', `GET /${'a'.repeat(9000)} HTTP/1.1\r\n${host}\r\n\r\n`, ['400 invalid_request', '414', '414 invalid_request', '431']);
    await refused('headers over the limit', head([host, `X-A: ${'a'.repeat(70000)}`], 'GET', '/healthz'), ['431', '413', '400 invalid_request', 'closed']);
    await refused('ten thousand headers', head([host, ...Array.from({ length: 10000 }, (_, i) => `X-${i}: 1`)], 'GET', '/healthz'), ['431', '413', '400 invalid_request', 'closed']);
    await lives();
  });

  await test('unknown paths and methods', async () => {
    const ask = (method, path) => owner.connection.request(method, path);
    for (const path of ['/', '/v1', '/v1/', '/v2/account', '/tee', '/tee/', '/tee/sign', '/v1/agents/', '/v1/agents/a/b/c', '/v1//agents', '/v1/pair/x/y', '/metrics/', '/v1/mint-oidc-jwt', '/internal/v1/links', '/..%2f', '/v1/account/../account']) {
      const answer = await ask('GET', path);
      assert.ok([404, 405].includes(answer.status), `${path}: ${answer.status}`);
      assert.ok(['not_found', 'method_not_allowed'].includes(answer.body.error), path);
    }
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'GET', 'TRACE', 'BREW']) {
      const answer = await ask(method, '/tee/sign-message');
      assert.equal(`${answer.status} ${answer.body.error}`, '405 method_not_allowed', method);
      assert.equal(answer.headers.allow, 'POST');
    }
    assert.equal((await ask('POST', '/healthz')).headers.allow, 'GET, HEAD');
    for (const path of ['/healthz', '/readyz', '/metrics']) { // as probes ask
      const [whole, head] = [await ask('GET', path), await ask('HEAD', path)];
      assert.deepEqual([head.status, head.headers['content-type'], head.text], [200, whole.headers['content-type'], ''], path);
    }
    assert.equal((await ask('GET', '/v1/local/session')).status, 405);
    assert.equal((await owner.connection.request('POST', '/v1/local/session', { body: {} })).status, 404); // not the operator's socket
    await lives();
  });

  await test('JSON that is not one object within the limits', async () => {
    const send = async (body, name = 'sign-message') => (await owner.call(name, {}, { body })).error;
    const good = `"omni_account":"${omni}","message_hex":"00"`;
    const texts = {
      'not closed': `{${good}`, 'trailing comma': `{${good},}`, 'single quotes': `{'omni_account':'a'}`, 'a list': '[]', 'a number': '7',
      'a string': '"x"', null: 'null', 'two values': `{${good}}{}`, 'text behind': `{${good}} x`, 'a comment': `{${good}/* */}`,
      'a duplicate key': `{${good},"message_hex":"01"}`, 'a duplicate key, escaped': `{${good},"message\\u005fhex":"01"}`, 'a duplicate key inside': `{${good},"x":{"a":1,"a":2}}`,
      'invalid UTF-8': Buffer.concat([Buffer.from(`{${good},"x":"`), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
      'overlong UTF-8': Buffer.concat([Buffer.from(`{${good},"x":"`), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
      'a lone surrogate': `{${good},"x":"\\ud800"}`, 'a raw line feed': `{${good},"x":"a\nb"}`, 'a byte order mark': `\ufeff{${good}}`,
      'depth 17': `{${good},"x":${'['.repeat(16)}${']'.repeat(16)}}`, 'depth 10000': `{"x":${'['.repeat(10000)}${']'.repeat(10000)}}`,
      'an open depth': '['.repeat(60000), 'a leading zero': `{${good},"x":01}`, NaN: `{${good},"x":NaN}`, 'a NUL': `{${good},"x":"a\0"}`,
      'a huge number': `{${good},"x":1e999}`,
    };
    for (const [name, text] of Object.entries(texts)) assert.equal(await send(text), 'invalid_json', name);
    assert.notEqual(await send(`{${good},"x":${'['.repeat(14)}${']'.repeat(14)}}`), 'invalid_json');
    assert.equal((await owner.call('sign-message', {}, { body: `{${good},"unknown":1}` })).status, 200); // ignored in a use
    assert.equal(await send('{"rate":10,"unknown":1}', 'pair-refuse'), 'invalid_request'); // refused in a change
    await lives();
  });

  await test('fields of wrong form', async () => {
    const hexes = { short: omni.slice(2), long: `${omni}00`, odd: omni.slice(1), upper: omni.toUpperCase(), prefixed: `0x${omni}`, 'other letters': omni.replace(/^../, 'zz'), spaced: ` ${omni.slice(1)}`, empty: '' };
    for (const [name, value] of Object.entries(hexes))
      assert.equal((await owner.call('derive-address', { omni_account: value })).error, 'invalid_omni_account', name);
    for (const value of [null, 7, true, [], {}, [omni]])
      assert.equal((await owner.call('derive-address', {}, { body: { omni_account: value } })).error, 'invalid_omni_account');
    for (const value of ['a', 'AB', '0x00', 'zz', ' 00', 7, null, ['00']])
      assert.equal((await owner.call('sign-message', {}, { body: { omni_account: omni, message_hex: value } })).error, 'invalid_message_hex');
    const labels = ['', '-a', 'a-', '.a', 'A', 'a b', 'a/b', 'ä', 'a\0', 'a\n', 'a'.repeat(65), '../x', '*', 'a%2fb', '.', '..'];
    const client = worker.client(owner.device);
    for (const label of labels) {
      const answer = await client.call('pair-request', { label });
      assert.ok(['invalid_path', 'invalid_request', 'invalid_json'].includes(answer.error), `label ${JSON.stringify(label)}: ${answer.text}`);
    }
    for (const want of [['Open Router'], ['cap:nothing'], ['cap:sign-siwe?domain='], ['*'], ['a'.repeat(64)], Array.from({ length: 65 }, (_, i) => `s${i}`), 'openrouter', [7], [['a']]])
      assert.equal((await client.call('pair-request', { label: 'x', want })).error, 'invalid_request', JSON.stringify(want).slice(0, 60));
    for (const query of ['since=-1', 'since=x', 'since=18446744073709551616', 'limit=0', 'limit=1001', 'limit=1&limit=2', 'type=Nothing', 'path=x', 'proofs=maybe', 'since=%zz', 'since=1;2'])
      assert.ok([400].includes((await owner.connection.request('GET', `/v1/audit?${query}`, { headers: { Authorization: `DPoP ${owner.token}` } })).status), query);
    assert.equal((await owner.connection.request('POST', '/tee/derive-address', { headers: { Authorization: `DPoP ${owner.token}`, 'Content-Type': 'text/plain' }, body: `{"omni_account":"${omni}"}` })).body.error, 'invalid_request');
    client.close();
    await lives();
  });

  await test('strangers fill no ledger', async () => {
    await sleep(1100); // the figure comes once a second
    const before = (await worker.metrics()).ledger_size;
    const stranger = worker.client(owner.device, { token: 'e30.e30.e30', account: omni });
    for (let i = 0; i < 200; i++) await stranger.once('sign-message', { omni_account: omni, message_hex: '00' }, { fresh: true });
    await sleep(1100);
    assert.equal((await worker.metrics()).ledger_size, before);
    stranger.close();
  });

  await test('a thousand broken requests in a row on many connections', async () => {
    for (let round = 0; round < 20; round++) {
      const raws = Array.from({ length: 25 }, (_, i) => {
        const raw = new Raw(i % 2 ? worker.url : worker.socket);
        raw.send(sha256(`${round} ${i}`).toString('latin1'));
        raw.send('\r\n\r\n');
        raw.send(`GET /${hex(sha256(`${i}`))} HTTP/1.1\r\nHost: x\r\nContent-Length: ${i}\r\n\r\n`);
        return raw;
      });
      await Promise.all(raws.map((raw) => raw.answer(2000)));
      raws.forEach((raw) => raw.close());
    }
    await lives();
  });

  await test('slow clients hold up nobody and are ended', async () => {
    const body = JSON.stringify({ omni_account: omni, message_hex: utf8hex('slow') });
    const slow = Array.from({ length: 40 }, (_, i) => {
      const raw = new Raw(worker.url);
      raw.send(i % 2 ? 'POST /tee/sign-message HTTP/1.1\r\nHost: a\r\nX-Slow: ' : head([host, json, `Authorization: DPoP ${owner.token}`, "Content-Length: 5000"]) + body.slice(0, 10));
      return raw;
    });
    const drip = setInterval(() => slow.forEach((raw, i) => i >= 20 || raw.send('a')), 500); // half of them drip, half say nothing more
    try {
      const began = Date.now();
      let worst = 0;
      let signed = 0;
      while (Date.now() - began < 35000 || slow.some((raw) => !raw.ended)) {
        if (Date.now() - began > 75000) break;
        const at = Date.now();
        assert.equal((await agent.sign('meanwhile')).status, 200);
        worst = Math.max(worst, Date.now() - at);
        signed++;
        await sleep(250);
      }
      assert.ok(worst < 1500, `somebody else waited ${worst} ms`);
      assert.ok(signed > 100, `${signed} signatures meanwhile`);
      const ended = slow.filter((raw) => raw.ended).length;
      assert.equal(ended, 40, `${ended} of 40 were ended`);
    } finally {
      clearInterval(drip);
      slow.forEach((raw) => raw.close());
    }
    await lives();
  });

  await test('more connections than there is room for: those that were there are served', async () => {
    const crowd = Array.from({ length: 200 }, () => new Raw(worker.url));
    await sleep(300);
    assert.equal((await agent.sign('in the crowd')).status, 200);
    crowd.forEach((raw) => raw.close());
    const late = worker.again(agent);
    await until('a new connection', async () => (await late.call('agent', { label: 'steady' })).status === 200, 10000, 100);
    late.close();
    await lives();
  });
});
